"""In which state is what somebody holds? One word for each, said by the database: lists, filters and exports agree."""

from datetime import datetime

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from ..payments.gateway import SubscriptionStatus
from .models import FOR_GOOD, Subscription
from .queries import NO_PLACE, UNKNOWN_PRICE
from .told import OVER

LIVE, TRIAL, FAILING, CANCELLED = "live", "trial", "failing", "cancelled"
ENDED, PAUSED, GOOD, WAITING = "ended", "paused", "for_good", "waiting"

LABELS: dict[str, str | Promise] = {
    LIVE: pgettext_lazy("what somebody holds", "live"),
    TRIAL: pgettext_lazy("what somebody holds", "on trial"),
    FAILING: pgettext_lazy("what somebody holds", "payment failing"),
    CANCELLED: pgettext_lazy("what somebody holds", "cancelled, still running"),
    PAUSED: pgettext_lazy("what somebody holds", "paused"),
    WAITING: pgettext_lazy("what somebody holds", "waiting for the first payment"),
    GOOD: pgettext_lazy("what somebody holds", "open for good"),
    ENDED: pgettext_lazy("what somebody holds", "ended"),
}


def shown() -> QuerySet[Subscription]:
    """What people hold or held: without what never began, was bought twice, or is none of ours (C6, J5, S9)."""
    began = Q(opened_at__isnull=False)
    may_begin = ~Q(status__in=OVER) & ~Q(flag=UNKNOWN_PRICE)
    return Subscription.objects.filter(began | may_begin, duplicate_of=None).exclude(flag=NO_PLACE)


def conditions(now: datetime) -> dict[str, Q]:
    """For each state, what is true of a row in it and of no other row that is ``shown``."""
    statuses = SubscriptionStatus
    opened, for_good = Q(opened_at__isnull=False), Q(access_until=FOR_GOOD)
    is_open = opened & Q(access_until__gt=now, access_until__lt=FOR_GOOD)
    is_closed = opened & (Q(access_until=None) | Q(access_until__lte=now))
    running = Q(status__in=[statuses.TRIALING, statuses.ACTIVE])
    failing = Q(status__in=[statuses.PAST_DUE, statuses.UNPAID])
    over, not_good = Q(status__in=OVER), Q(access_until=None) | Q(access_until__lt=FOR_GOOD)
    return {
        GOOD: for_good,
        FAILING: opened & failing & not_good,
        PAUSED: Q(status=statuses.PAUSED) & not_good,
        WAITING: (Q(status=statuses.INCOMPLETE) | Q(opened_at=None) & (running | failing)) & not_good,
        TRIAL: is_open & Q(status=statuses.TRIALING, cancel_at=None),
        CANCELLED: is_open & running & Q(cancel_at__isnull=False),
        LIVE: is_open & Q(status=statuses.ACTIVE, cancel_at=None),
        ENDED: (over & not_good) | (is_closed & running),
    }


def with_state(rows: QuerySet[Subscription], *, now: datetime) -> QuerySet[Subscription]:
    """Each row with ``standing``: one of LABELS."""
    whens = [When(condition, then=Value(state)) for state, condition in conditions(now).items()]
    return rows.annotate(standing=Case(*whens, default=Value(ENDED), output_field=CharField()))


def next_date(subscription: Subscription, standing: str) -> datetime | None:
    """What a reader asks next: when it renews, begins to be paid, ends, or has ended. None: nothing comes."""
    if standing in {GOOD, WAITING}:
        return None
    if standing == TRIAL:
        return subscription.trial_end or subscription.access_until
    if standing == LIVE and subscription.is_recurring:
        return subscription.period_end or subscription.access_until
    if standing == ENDED:
        return subscription.ended_at or subscription.access_until
    return subscription.cancel_at or subscription.access_until
