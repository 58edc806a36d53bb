"""Which subscriptions at Stripe are on our products, and nobody's here? Noted; they open nothing (N3, guide §17)."""

from django.db import transaction

from ..memberships.models import Price
from ..payments.gateway import Gateway, SubscriptionSnapshot
from ..retrying import retried
from .models import Subscription
from .queries import BILLED
from .stranger_models import Stranger


def note(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> Stranger | None:
    """One that was read and is not ours. None: on a product of somebody else's, or over before we knew of it."""
    if snapshot.status not in BILLED and not Stranger.objects.at(gateway).filter(stripe_id=snapshot.id).exists():
        return None
    prices = Price.objects.filter(account=gateway.account_id, livemode=gateway.livemode).exclude(product_id="")
    membership_id = (
        prices.filter(product_id__in=snapshot.product_ids)
        .order_by("pk")
        .values_list("membership_id", flat=True)
        .first()
    )
    return None if membership_id is None else _write(snapshot, membership_id, gateway)


@retried
def _write(snapshot: SubscriptionSnapshot, membership_id: int, gateway: Gateway) -> Stranger | None:
    if Subscription.objects.at(gateway).filter(stripe_id=snapshot.id).exists():
        return None
    with transaction.atomic():
        row, is_new = Stranger.objects.select_for_update().get_or_create(
            account=gateway.account_id,
            livemode=gateway.livemode,
            stripe_id=snapshot.id,
            defaults={"membership_id": membership_id, **_columns(snapshot)},
        )
        if not is_new and snapshot.read_started_at >= row.read_started_at:
            for name, value in _columns(snapshot).items():
                setattr(row, name, value)
            row.save()
    return row


def _columns(snapshot: SubscriptionSnapshot) -> dict[str, object]:
    return {
        "customer_id": snapshot.customer_id,
        "price_id": snapshot.price_id,
        "amount": max(0, snapshot.money.minor),
        "currency": snapshot.money.currency,
        "is_running": snapshot.status in BILLED,
        "started_at": snapshot.started_at,
        "read_started_at": snapshot.read_started_at,
    }
