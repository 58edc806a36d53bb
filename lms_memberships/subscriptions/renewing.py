"""Whose membership renews soon, and what will they pay? Told once for each period, where the site wants it (X17)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from .. import events
from ..memberships.intervals import Interval
from ..memberships.models import Membership
from ..payments.gateway import Gateway, GatewayFailure, SubscriptionStatus
from ..retrying import retried
from .mended_models import RenewalNotice
from .models import Subscription
from .told import take_turns


@dataclass(frozen=True)
class Notice:
    """``days`` before the end of the period are members told, if it is on."""

    is_on: bool
    days: int


#: What holds where nobody has said otherwise: who pays once a year has forgotten it, who pays each month has not.
DEFAULTS: Mapping[str, Notice] = {
    Interval.MONTH: Notice(is_on=False, days=3),
    Interval.QUARTER: Notice(is_on=False, days=7),
    Interval.HALF_YEAR: Notice(is_on=False, days=7),
    Interval.YEAR: Notice(is_on=True, days=7),
    Interval.WEEK: Notice(is_on=False, days=2),
}
#: Nobody remembers longer what they were told.
MOST_DAYS = 60

logger = logging.getLogger(__name__)


def notices() -> dict[str, Notice]:
    """What holds for each rhythm. One query."""
    said = {row.interval: Notice(row.is_on, row.days) for row in RenewalNotice.objects.all()}
    return {interval: said.get(interval, notice) for interval, notice in DEFAULTS.items()}


def set_notices(wanted: Mapping[str, Notice]) -> None:
    """Write what holds from now on."""
    with transaction.atomic():
        for interval, notice in wanted.items():
            values = {"is_on": notice.is_on, "days": notice.days}
            RenewalNotice.objects.update_or_create(interval=interval, defaults=values)


def renews(subscription: Subscription) -> bool:
    """Its period's end is a payment. While payments are paused at Stripe, nothing is charged then (G4)."""
    is_charged = subscription.status == SubscriptionStatus.ACTIVE and not subscription.collection_paused
    return is_charged and subscription.cancel_at is None


def due(memberships: "QuerySet[Membership]", *, now: datetime) -> list[Subscription]:
    """Of these memberships, those that renew within the days of their rhythm, and were not told of this period's end."""
    soon = Q(pk__in=[])
    for interval, notice in notices().items():
        if notice.is_on:
            soon |= Q(interval=interval, period_end__lte=now + timedelta(days=notice.days))
    rows = Subscription.objects.filter(soon, period_end__gt=now, is_recurring=True, status=SubscriptionStatus.ACTIVE)
    rows = rows.filter(opened_at__isnull=False, cancel_at=None, paid_up_at=None, duplicate_of=None)
    rows = rows.filter(collection_paused="", membership__in=memberships)
    untold = Q(renewal_reminded_for=None) | ~Q(renewal_reminded_for=F("period_end"))
    return list(rows.filter(untold).order_by("period_end", "pk"))


def remind(subscriptions: list[Subscription], *, gateway: Gateway) -> int:
    """Tell each, with the amount that Stripe reckons: discounts, tax, and whatever is planned."""
    return sum(_remind(each.pk, each.period_end, _amount(each, gateway)) for each in subscriptions)


def _amount(subscription: Subscription, gateway: Gateway) -> int | None:
    """In minor units. None: Stripe did not say; the mail then names the price, and calls it that."""
    if not subscription.is_at(gateway, subscription.stripe_id):
        return None
    try:
        due = gateway.preview_renewal(subscription.stripe_id).due
    except GatewayFailure as failure:
        logger.warning("%s: what its renewal costs is not known: %s", subscription.stripe_id, failure)
        return None
    return due.minor if due.currency == subscription.currency else None


@retried
def _remind(subscription_id: int, period_end: datetime | None, amount: int | None) -> bool:
    with transaction.atomic():
        row = Subscription.objects.select_for_update().get(pk=subscription_id)
        if renews(row) and row.period_end == period_end and row.renewal_reminded_for != period_end:
            row.renewal_reminded_for = period_end
            turn = take_turns(row, [events.RenewalSoon])
            row.save(update_fields=["renewal_reminded_for", "turn", "cancel_turn"])
            events.publish(events.RenewalSoon(subscription_id=row.pk, turn=turn, amount=amount))
            return True
    return False
