"""How are members of an old price moved to another one? Looked at first, begun, called off, tried again (V38, X11).

Nobody is moved who was not told in time; who joined at another price, or later, is not touched. The work itself is
``price_moving``'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import clock, conf, leases
from ..errors import Refusal
from ..memberships.models import Membership, Price
from ..memberships.ways import ways
from ..money import Money
from ..payments.gateway import SubscriptionStatus
from ..retrying import retried
from .models import Subscription
from .price_move_models import OPEN, PriceMove, PriceMoveEntry
from .told import OVER

State = PriceMoveEntry.State

#: Notices older than this are forgotten by the site, and by people.
LONGEST_AHEAD = timedelta(days=365)
AT_ONCE = 1000

ENDED, ENDING, UNPAID, NOT_RUNNING = "ended", "ending", "unpaid", "not_running"
SCHEDULE, OTHER, OTHER_MOVE, NO_ADDRESS = "schedule", "other", "other_move", "no_address"
CALLED_OFF, NOT_TOLD, REFUSED, NO_ANSWER, BROKEN = "called_off", "not_told", "refused", "no_answer", "broken"
#: What stands in ``PriceMoveEntry.reason``, and what a creator reads.
REASONS: dict[str, str | Promise] = {
    ENDED: _("The membership has ended, or has another price by now."),
    ENDING: _("It is cancelled, and ends by itself."),
    UNPAID: _("A payment is missing."),
    NOT_RUNNING: _("It does not run: paused, or waiting for the first payment."),
    SCHEDULE: _("A schedule at Stripe changes or ends it later."),
    OTHER: _("It is billed in another amount, currency or interval."),
    OTHER_MOVE: _("Another price change is under way for it."),
    NO_ADDRESS: _("There is no e-mail address to tell."),
    CALLED_OFF: _("The price change was called off."),
    NOT_TOLD: _("The notice by e-mail could not be delivered: nobody is moved untold."),
    REFUSED: _("Stripe refused it."),
    NO_ANSWER: _("Stripe could not be reached, again and again."),
    BROKEN: _("Something went wrong on this site, again and again: its log says what."),
}


class NotATarget(Refusal):
    message = _("Choose a price on sale with the same currency and interval.")


class StillSold(Refusal):
    message = _("This price is offered to everybody: hide it or replace it first, then its members can be moved.")


class WrongDay(Refusal):
    message = _("This day is too early or too far ahead.")


class UnderWay(Refusal):
    message = _("Members of this price are being moved already.")


class NobodyToMove(Refusal):
    message = _("There is nobody who could be moved.")


class NotUnderWay(Refusal):
    message = _("This price change is over: there is nothing left to call off.")


class NothingFailed(Refusal):
    message = _("There is nothing to try again.")


@dataclass(frozen=True)
class Preview:
    """What would happen. Before discounts, and in one period; Stripe takes those off as before."""

    people: int
    #: Of those, how many are on trial: they pay the new price when it ends.
    trials: int
    skipped: tuple[tuple[str | Promise, int], ...]
    before: Money
    after: Money


def first_day(*, now: datetime) -> date:
    """The earliest day from which members can be moved."""
    return _local_day(now) + timedelta(days=conf.PRICE_CHANGE_NOTICE_DAYS)


def targets(old: Price, membership: Membership) -> list[Price]:
    """To which prices its members can be moved: sold now, hidden ones too, renewing in the same way."""
    alike = Price.objects.filter(
        membership=membership.pk,
        account=old.account,
        livemode=old.livemode,
        currency=old.currency,
        interval=old.interval,
        instalments=0,
        confirmed_at__isnull=False,
    )
    sold = {way.key for way in ways(membership)}
    return [price for price in alike.exclude(pk=old.pk).order_by("amount", "pk") if price.key in sold]


def can_be_left(old: Price, membership: Membership) -> bool:
    """Whether its members may be moved at all: it renews, and nobody new comes to it."""
    open_now = {way.key for way in ways(membership) if not way.is_hidden}
    return old.is_recurring and not old.instalments and old.key not in open_now


def preview(old: Price, new: Price) -> Preview:
    """One query, however many there are."""
    rows = classified(old).order_by().values("why_not")
    on_trial = Count("pk", filter=Q(status=SubscriptionStatus.TRIALING))
    counted = {row["why_not"]: row for row in rows.annotate(people=Count("pk"), trials=on_trial)}
    moved = counted.pop("", {"people": 0, "trials": 0})
    people = moved["people"]
    return Preview(
        people=people,
        trials=moved["trials"],
        skipped=tuple((REASONS[reason], row["people"]) for reason, row in sorted(counted.items())),
        before=Money(old.amount * people, old.currency),
        after=Money(new.amount * people, new.currency),
    )


def classified(old: Price, *, besides: int | None = None) -> QuerySet[Any]:
    """Whoever holds this price and is not over, each with ``why_not``: empty for those who can be moved.

    The one place that says it, asked before, when they are told, and when they are moved. ``besides``: the price change
    that they are in.
    """
    elsewhere = PriceMoveEntry.objects.filter(subscription=OuterRef("pk"), state__in=OPEN)
    if besides is not None:
        elsewhere = elsewhere.exclude(move=besides)
    is_as_sold = Q(currency=old.currency, interval=old.interval, amount=old.amount)
    reasons = (
        (Q(status__in=[SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID]), UNPAID),
        (~Q(status__in=[SubscriptionStatus.TRIALING, SubscriptionStatus.ACTIVE]), NOT_RUNNING),
        (Q(cancel_at__isnull=False), ENDING),
        (~Q(schedule_id=""), SCHEDULE),
        (~is_as_sold, OTHER),
        (Exists(elsewhere), OTHER_MOVE),
        (Q(user__email="") | Q(user__email=None), NO_ADDRESS),
    )
    rows = Subscription.objects.filter(price=old, is_recurring=True, duplicate_of=None).exclude(status__in=OVER)
    return rows.annotate(
        why_not=Case(
            *(When(condition, then=Value(reason)) for condition, reason in reasons),
            default=Value(""),
            output_field=CharField(),
        )
    )


@retried
def start(
    old: Price, new: Price, *, membership: Membership, on: date, by: AbstractBaseUser, now: datetime
) -> PriceMove:
    """Begin: everybody is in it from now on, and is told next. Raises a Refusal."""
    if not can_be_left(old, membership):
        raise StillSold
    if new not in targets(old, membership):
        raise NotATarget
    if not first_day(now=now) <= on <= _local_day(now + LONGEST_AHEAD):
        raise WrongDay
    with transaction.atomic():
        # Two who press at once: the second finds what the first has begun.
        Price.objects.select_for_update(no_key=True).get(pk=old.pk)
        if PriceMove.objects.filter(old_price=old, state=PriceMove.State.PLANNED).exists():
            raise UnderWay
        move = PriceMove.objects.create(
            account=old.account,
            livemode=old.livemode,
            membership=membership,
            old_price=old,
            new_price=new,
            move_at=timezone.make_aware(datetime.combine(on, time()), timezone.get_default_timezone()),
            created_at=now,
            created_by_id=by.pk,
        )
        if not _note_everybody(move, old):
            raise NobodyToMove
    return move


@retried
def call_off(move: PriceMove, *, now: datetime) -> None:
    """Nobody more is moved; those already moved stay moved. Raises NotUnderWay."""
    with transaction.atomic():
        locked = PriceMove.objects.select_for_update().get(pk=move.pk)
        if locked.state != PriceMove.State.PLANNED:
            raise NotUnderWay
        locked.state, locked.finished_at = PriceMove.State.CANCELLED, now
        locked.save(update_fields=["state", "finished_at"])
        # One that a worker has in its hands is settled by what it finds.
        rest = locked.entries.filter(leases.is_free(clock.wall_time()), state__in=OPEN)
        rest.update(state=State.SKIPPED, reason=CALLED_OFF)


@retried
def try_again(move: PriceMove) -> int:
    """Those that failed, once more. Who could not be told is told anew, and the days of notice begin again."""
    with transaction.atomic():
        locked = PriceMove.objects.select_for_update().get(pk=move.pk)
        others = PriceMove.objects.filter(old_price=locked.old_price_id, state=PriceMove.State.PLANNED)
        if locked.state == PriceMove.State.CANCELLED or others.exclude(pk=locked.pk).exists():
            raise NothingFailed
        failed = locked.entries.filter(state=State.FAILED)
        again = {"attempts": 0, "failure": "", "reason": "", "next_try_at": clock.wall_time()}
        untold = Q(reason=NOT_TOLD) | Q(told_at=None)
        count = failed.filter(untold).update(state=State.PLANNED, **again)
        count += failed.update(state=State.TOLD, **again)
        if not count:
            raise NothingFailed
        locked.state, locked.finished_at = PriceMove.State.PLANNED, None
        locked.save(update_fields=["state", "finished_at"])
    return count


def _note_everybody(move: PriceMove, old: Price) -> int:
    """A row a person, those that are left out too. Returns how many are to be moved."""
    due = clock.wall_time()
    found = list(classified(old).order_by("pk").values_list("pk", "why_not"))
    PriceMoveEntry.objects.bulk_create(_entries(move, found, due), batch_size=AT_ONCE)
    return sum(not reason for _pk, reason in found)


def _entries(move: PriceMove, found: Iterable[tuple[int, str]], due: datetime) -> Iterable[PriceMoveEntry]:
    for pk, reason in found:
        state = State.SKIPPED if reason else State.PLANNED
        yield PriceMoveEntry(move=move, subscription_id=pk, state=state, reason=reason, next_try_at=due)


def _local_day(moment: datetime) -> date:
    return timezone.localdate(moment, timezone.get_default_timezone())
