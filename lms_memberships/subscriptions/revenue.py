"""What does a subscription bring in every month, and since when? Noted as it changes, for the reports (X21, H10)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Min, Q
from django.db.models.functions import Coalesce

from ..payments.gateway import InvoiceSnapshot, SubscriptionSnapshot, SubscriptionStatus
from ..retrying import retried
from . import instalments
from .copies import VOID
from .models import Invoice, Subscription
from .queries import NO_PLACE, UNKNOWN_PRICE
from .revenue_models import RevenueChange

Kind = RevenueChange.Kind

#: Paying, or asked to pay again. A trial brings nothing yet.
PAYING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
SOLD = (Subscription.Origin.BOUGHT, Subscription.Origin.IMPORTED)
PAID = "paid"
#: In so many months it is paid so many times.
TIMES = {"day": (12, 365), "week": (12, 52), "month": (1, 1), "year": (12, 1)}
_SAID = "_revenue_said"


@dataclass(frozen=True)
class Said:
    """What Stripe said about it just now."""

    monthly: int
    now: datetime
    latest_invoice: InvoiceSnapshot | None


def monthly(snapshot: SubscriptionSnapshot) -> int:
    """Minor units a month, rounded down. What is taken off for good counts; what is taken off for a time does not (H10)."""
    if snapshot.interval is None:
        return 0
    amount = snapshot.money.minor
    for each in snapshot.lasting_discounts:
        if each.amount_off is not None and each.amount_off.currency == snapshot.money.currency:
            amount -= each.amount_off.minor
        elif each.percent_off is not None:
            # Basis points, and the half rounded up, as Stripe's invoices do it.
            amount -= (amount * each.percent_off + 5000) // 10000
    months, times = TIMES[snapshot.interval]
    return max(0, amount) * times // (months * snapshot.interval_count)


def hear(subscription: Subscription, snapshot: SubscriptionSnapshot, *, now: datetime) -> None:
    """Keep what was said until the row is written: then it is noted."""
    setattr(subscription, _SAID, Said(monthly(snapshot), now, snapshot.latest_invoice))


def note(subscription: Subscription | None) -> None:
    """Write down what changed by it, once it is committed: nobody's access waits for a report.

    Whoever dies before that leaves it to the next read of the same subscription, which finds the same difference.
    """
    if subscription is not None and _changes(subscription):
        _note(subscription)


@retried
def _note(subscription: Subscription) -> None:
    with transaction.atomic():
        rows = Subscription.objects.filter(pk=subscription.pk, read_started_at=subscription.read_started_at)
        # Of two at once the second one finds nothing left; and what was read later is noted by whoever read it.
        if rows.select_for_update(no_key=True).values_list("pk", flat=True).first() is not None:
            RevenueChange.objects.bulk_create(_changes(subscription))


def counts(subscription: Subscription) -> bool:
    """Sold, paid for again and again without an end, at a price of ours: only that is recurring revenue."""
    return (
        subscription.is_recurring
        and subscription.status in PAYING
        and subscription.opened_at is not None
        and subscription.origin in SOLD
        and subscription.duplicate_of_id is None
        and subscription.flag not in (UNKNOWN_PRICE, NO_PLACE)
        # Instalments end by themselves.
        and instalments.wanted(subscription) == 0
        and subscription.paid_up_at is None
        # Stripe voids every invoice meanwhile: nothing comes in.
        and subscription.collection_paused != VOID
    )


def _changes(subscription: Subscription) -> list[RevenueChange]:
    """What is not noted yet. One query for what never counted, and for what is as it was."""
    said: Said | None = getattr(subscription, _SAID, None)
    is_counted = counts(subscription)
    if (said is None and is_counted) or subscription.opened_at is None or not subscription.is_recurring:
        # Never begun; or nothing was heard about what it costs, and what is noted stays true.
        return []
    now = said.now if said is not None else subscription.ended_at
    amount = said.monthly if said is not None and is_counted else 0
    last = RevenueChange.objects.filter(subscription_id=subscription.pk).order_by("-pk").first()
    if now is None or amount == (0 if last is None else last.monthly) == 0:
        return []
    if last is None:
        at = _first_paid_at(subscription, said)
        # A trial's own invoice opens it, and Stripe calls it active before the first real payment has come (X21).
        return [] if at is None else [_row(subscription, _how_won(subscription), at, amount)]
    if last.monthly == 0:
        return [_row(subscription, _how_won(subscription), now, amount)]
    return _differences(subscription, last, amount, now)


def _differences(subscription: Subscription, last: RevenueChange, amount: int, now: datetime) -> list[RevenueChange]:
    was = last.monthly
    if amount == 0:
        lost = _row(subscription, Kind.LOST, subscription.ended_at or now, 0, delta=-was, members=-1)
        lost.membership_id = last.membership_id
        return [lost]
    if last.membership_id != subscription.membership_id:
        out = _row(subscription, Kind.SWITCHED, now, 0, delta=-was, members=-1)
        out.membership_id = last.membership_id
        return [out, _row(subscription, Kind.SWITCHED, now, amount)]
    return [_row(subscription, Kind.CHANGED, now, amount, delta=amount - was, members=0)] if amount != was else []


def _how_won(subscription: Subscription) -> Kind:
    """Had the same person lost the same membership before?"""
    theirs = RevenueChange.objects.filter(subscription__user_id=subscription.user_id, kind=Kind.LOST)
    is_back = theirs.filter(membership_id=subscription.membership_id).exists()
    return Kind.WON_BACK if is_back else Kind.NEW


def _first_paid_at(subscription: Subscription, said: Said | None) -> datetime | None:
    """After the trial, if there was one; None: not yet. Stripe says it to the second, also when we hear of it much later.

    One query where there was a trial. The newest invoice may not be written yet, and need not be the first.
    """
    ended = subscription.trial_end
    if ended is None:
        return subscription.opened_at
    billed = Invoice.objects.filter(subscription_id=subscription.pk, period_start__gte=ended)
    moment = Min(Coalesce("paid_at", "created_at"), filter=Q(status=PAID, total__gt=0))
    found = billed.aggregate(begins=Min("period_start"), paid_at=moment)
    latest = said.latest_invoice if said is not None else None
    if latest is not None and latest.period_start is not None and latest.period_start >= ended:
        found["begins"] = _earliest(found["begins"], latest.period_start)
        if latest.status == PAID and latest.total.minor > 0:
            found["paid_at"] = _earliest(found["paid_at"], latest.paid_at or latest.created_at)
    if found["paid_at"] is None:
        return None
    # The bill of the first period is not known here: heard of long after, and taken as paid when it was due.
    return ended if found["begins"] > ended else max(found["paid_at"], ended)


def _earliest(known: datetime | None, other: datetime) -> datetime:
    return other if known is None else min(known, other)


def _row(
    subscription: Subscription,
    kind: Kind,
    at: datetime,
    amount: int,
    *,
    delta: int | None = None,
    members: int = 1,
) -> RevenueChange:
    return RevenueChange(
        subscription=subscription,
        membership_id=subscription.membership_id,
        kind=kind,
        at=at,
        currency=subscription.currency,
        delta=amount if delta is None else delta,
        members=members,
        monthly=amount,
    )
