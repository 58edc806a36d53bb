"""In which state is what somebody holds? One word for each, said by the database: lists, filters and exports agree."""

from datetime import datetime

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from ..payments.gateway import SubscriptionStatus
from ..payments.refunds import DisputeStatus
from .models import FOR_GOOD, Subscription
from .money_back_models import Dispute
from .queries import NO_PLACE, UNKNOWN_PRICE
from .told import OVER

LIVE, TRIAL, FAILING, CANCELLED = "live", "trial", "failing", "cancelled"
ENDED, PAUSED, GOOD, WAITING = "ended", "paused", "for_good", "waiting"
DISPUTED, CHECKED = "disputed", "checked"

LABELS: dict[str, str | Promise] = {
    LIVE: pgettext_lazy("what somebody holds", "live"),
    TRIAL: pgettext_lazy("what somebody holds", "on trial"),
    FAILING: pgettext_lazy("what somebody holds", "payment failing"),
    DISPUTED: pgettext_lazy("what somebody holds", "disputed"),
    CHECKED: pgettext_lazy("what somebody holds", "being checked"),
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
    kept = Q(suspended_at=None)
    # Of what nobody has revoked, and is billed on: an end that is set is known, whatever else is not.
    renews = kept & Q(revoked_at=None, cancel_at=None)
    priced = ~Q(flag=UNKNOWN_PRICE)
    unknown = renews & ~priced & (is_open & Q(status=statuses.ACTIVE) | is_closed & running)
    rests = renews & is_closed & running & Q(void_from__isnull=False) & priced
    failed = kept & opened & failing & not_good
    paused = kept & Q(status=statuses.PAUSED) & not_good
    waits = kept & (Q(status=statuses.INCOMPLETE) | Q(opened_at=None) & (running | failing)) & not_good
    return {
        # Closed, and the bank has not decided (G7). Few are: only of these other rows are asked for.
        DISPUTED: ~kept & Q(revoked_at=None) & ~_is_decided(),
        GOOD: kept & for_good,
        FAILING: failed & Q(revoked_at=None),
        CHECKED: unknown,
        PAUSED: paused & Q(revoked_at=None) | rests,
        WAITING: waits & Q(revoked_at=None),
        TRIAL: kept & is_open & Q(status=statuses.TRIALING, cancel_at=None),
        CANCELLED: kept & is_open & running & Q(cancel_at__isnull=False),
        LIVE: kept & is_open & Q(status=statuses.ACTIVE, cancel_at=None) & (priced | Q(revoked_at__isnull=False)),
        ENDED: (kept & ((over & not_good) | (is_closed & running & ~unknown & ~rests)))
        # Closed by staff, also until Stripe has heard of its end.
        | (failed | paused | waits) & Q(revoked_at__isnull=False)
        | (~kept & (Q(revoked_at__isnull=False) | _is_decided())),
    }


def _is_decided() -> Q:
    """What ``disputed.is_lost`` answers of what is closed for a dispute: whoever paid has the money."""
    theirs = Dispute.objects.filter(subscription=OuterRef("pk"))
    is_lost, runs = (Exists(theirs.filter(status=each)) for each in (DisputeStatus.LOST, DisputeStatus.OPEN))
    return Q(is_lost) & Q(~runs)


def with_state(rows: QuerySet[Subscription], *, now: datetime) -> QuerySet[Subscription]:
    """Each row with ``standing``: one of LABELS."""
    # What is none of the others has ended.
    asked = {state: condition for state, condition in conditions(now).items() if state != ENDED}
    whens = [When(condition, then=Value(state)) for state, condition in asked.items()]
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
    if standing == DISPUTED:
        # Since when it is closed: what was planned before says nothing of when it opens again.
        return subscription.suspended_at
    return subscription.cancel_at or subscription.access_until
