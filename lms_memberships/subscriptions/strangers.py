"""Which subscriptions at Stripe are on our products, or in our names, and nobody's here? Noted; they open nothing (N3)."""

import uuid

from django.db import transaction
from django.db.models import Q

from ..memberships.models import Membership, Price
from ..payments.gateway import Gateway, SubscriptionSnapshot
from ..retrying import retried
from .models import Subscription
from .people import MEMBERSHIP_KEY
from .queries import BILLED
from .stranger_models import Stranger


def note(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> Stranger | None:
    """One that was read and is not ours. None: somebody else's affair, or over before we knew of it (guide §17)."""
    known = Stranger.objects.at(gateway).filter(stripe_id=snapshot.id)
    if snapshot.status not in BILLED and not known.exists():
        return None
    membership_id = _whose(snapshot, gateway)
    if membership_id is None:
        # It was ours once, and was moved to what the account sells beside us: nobody has to claim it.
        known.update(is_running=False)
        return None
    return _write(snapshot, membership_id, gateway)


def _whose(snapshot: SubscriptionSnapshot, gateway: Gateway) -> int | None:
    """The membership at whose price or product it is; else the one that it names, which tools copy along."""
    prices = Price.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    at = Q(stripe_id__in=snapshot.price_ids) | Q(product_id__in=snapshot.product_ids - {""})
    found = prices.filter(at).exclude(stripe_id="").order_by("pk").values_list("membership_id", flat=True).first()
    if found is None and (named := _uuid(snapshot.metadata.get(MEMBERSHIP_KEY, ""))) is not None:
        found = Membership.objects.filter(uuid=named).values_list("pk", flat=True).first()
    return found


def _uuid(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(word)
    except ValueError:
        return None


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
