"""How does somebody's wish to end a subscription come true? Noted first, and kept until Stripe has confirmed it (G24)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from .. import events, killpoints
from ..errors import OutsideFailure, Refusal
from ..payments.gateway import Gateway, NotFound, SubscriptionSnapshot
from ..payments.leaving import Why
from ..retrying import retried
from . import changes, deeds, kept_credit, lifecycle, one_by_one, paying_back, people, settling, tier_changes
from .change_models import TierChange
from .deed_models import Deed
from .departure_models import LONGEST_COMMENT, Departure, Feedback
from .models import Subscription
from .queries import BILLED
from .told import OVER

logger = logging.getLogger(__name__)

State = Departure.State
PREFETCHED = "departures_under_way"


@dataclass(frozen=True)
class Wish:
    """What was said, and where."""

    why: Why = Why()
    way: str = Departure.Way.ACCOUNT

    @classmethod
    def said(cls, feedback: str, comment: str, *, way: str = Departure.Way.ACCOUNT) -> "Wish":
        """From a form. Whatever cannot be read keeps nobody from leaving: it is left out, or cut off."""
        visible = "".join(letter for letter in comment if letter.isprintable() or letter == "\n")
        known = feedback if feedback in Feedback.values else ""
        return cls(Why(known, visible.strip()[:LONGEST_COMMENT]), way)


def leave(subscription: Subscription, wish: Wish, *, gateway: Gateway | None, now: datetime) -> Departure | None:
    """Note it, and end it with the period that is paid for. None: it was ending already (G18).

    Still ``ASKED`` afterwards: Stripe has not confirmed it, or there is no way to it now (``gateway`` is None), and the
    job goes on asking. Raises NotCancellable.
    """
    departure = _note(subscription, wish, now=now)
    if departure is None:
        return None
    killpoints.reach("departure.noted")
    if gateway is None:
        return departure
    try:
        carry_out(departure, gateway=gateway, now=now)
    except OutsideFailure as failure:
        logger.warning("%r waits for Stripe: %s", departure, failure)
    departure.refresh_from_db()
    return departure


def carry_out(departure: Departure, *, gateway: Gateway, now: datetime) -> None:
    """Ask Stripe for it. What raises is to be tried again; a refusal drops it, for there is nothing left to end."""
    subscription = Subscription.objects.select_related("membership", "price").get(pk=departure.subscription_id)
    deeds.put_off_elsewhere(subscription, gateway)
    try:
        if not _end(subscription, departure, gateway=gateway, now=now):
            return
    except NotFound:
        lifecycle.end_what_is_gone(subscription.pk, now=now)
    except Refusal:
        # Without a moment: nobody has taken it back, and no report says so.
        _settle(departure.pk, State.DROPPED, now=None)
        raise
    killpoints.reach("departure.asked")
    if not _settle(departure.pk, State.DONE, now=now):
        _go_on_after_all(departure, gateway=gateway, now=now)


def stay(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """Take it back: what Stripe has not heard is dropped, what it has is taken back there. Raises NothingToResume."""
    running = list(under_way().filter(subscription_id=subscription.pk).values_list("pk", flat=True))
    if _settle_running(subscription.pk, now=now):
        # Stripe may have heard it all the same: its answer got lost.
        try:
            snapshot = gateway.read_subscription(subscription.stripe_id)
        except OutsideFailure:
            # Nobody knows whether it goes on: what they said stands, and so does the button that takes it back.
            _stand(subscription.pk, running)
            raise
        subscription = lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription
        if subscription.status in OVER:
            # It came true before: they have left, and nothing goes on.
            _settle_as_done(running)
            raise changes.NothingToResume
        if subscription.cancel_at is None:
            return subscription
    kept = changes.resume(subscription, gateway=gateway, now=now)
    _take_back(subscription.pk)
    return kept


def under_way() -> "QuerySet[Departure]":
    """Those that Stripe has not confirmed, the oldest first."""
    return Departure.objects.filter(state=State.ASKED).order_by("asked_at", "pk")


def carry_out_all(departures: Iterable[Departure], *, gateway: Gateway, now: datetime) -> int:
    """One that fails does not stop the others. Raises the first failure when all were tried."""
    here = (each for each in departures if each.subscription.is_of(gateway))

    def end(departure: Departure) -> bool:
        try:
            carry_out(departure, gateway=gateway, now=now)
        except Refusal as refusal:
            logger.info("%r had nothing to end any more: %s", departure, refusal)
            return False
        return True

    return one_by_one.each(here, end)


def prefetch() -> Prefetch:
    """For pages that show many subscriptions."""
    return Prefetch("departures", queryset=under_way(), to_attr=PREFETCHED)


def running_of(subscription: Subscription) -> Departure | None:
    """What Stripe has not confirmed yet. Asks nothing where it was prefetched."""
    known = getattr(subscription, PREFETCHED, None)
    if known is None:
        return under_way().filter(subscription_id=subscription.pk).first()
    return known[0] if known else None


def asked_at(subscription_id: int) -> datetime | None:
    """When the person said so who brought about the present end; None: it was not said here."""
    rows = Departure.objects.filter(subscription_id=subscription_id).exclude(state=State.DROPPED)
    return rows.values_list("asked_at", flat=True).first()


def plan_dropped_by(subscription: Subscription) -> TierChange | None:
    """The change that was planned when its present end was said, by them or by staff; with that it was dropped."""
    deeds = Deed.objects.filter(subscription=subscription, kind=Deed.Kind.CANCELLED)
    said = [asked_at(subscription.pk), deeds.values_list("done_at", flat=True).first()]
    latest = max(filter(None, said), default=None)
    return None if latest is None else tier_changes.dropped_since(subscription, latest)


@retried
def _note(subscription: Subscription, wish: Wish, *, now: datetime) -> Departure | None:
    """Under the person's lock, so that of two presses one is noted. What was said first stands."""
    with transaction.atomic():
        people.lock_person(subscription.user_id)
        row = Subscription.objects.select_related("membership", "price").get(pk=subscription.pk)
        if changes.is_ending(row):
            return None
        changes.refuse_uncancellable(row)
        departure, _is_new = Departure.objects.get_or_create(
            subscription=row,
            state=State.ASKED,
            defaults={
                "feedback": wish.why.feedback,
                "comment": wish.why.comment,
                "way": wish.way,
                "asked_at": now,
            },
        )
    return departure


def _end(subscription: Subscription, departure: Departure, *, gateway: Gateway, now: datetime) -> bool:
    """False: they stay after all, and nothing was asked of Stripe."""
    snapshot = gateway.read_subscription(subscription.stripe_id)
    read = lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription
    # Stripe was slow, or this one stood long in a list: whoever stays by now is not cancelled.
    if not _is_still_asked(departure):
        return False
    if _was_billed_since(departure, snapshot):
        # Billed once more while nobody could be reached: never silently. It ends now, and that money goes back; also
        # where it has ended already, and the money has not.
        _end_what_was_billed_since(read, departure, gateway=gateway, now=now)
    else:
        why = Why(departure.feedback, departure.comment)
        changes.cancel(read, why=why, gateway=gateway, now=now)
    return True


def _is_still_asked(departure: Departure) -> bool:
    return Departure.objects.filter(pk=departure.pk, state=State.ASKED).exists()


def _was_billed_since(departure: Departure, snapshot: SubscriptionSnapshot) -> bool:
    """A period began since; or an invoice was collected after all that was unpaid when they left."""
    if kept_credit.resumption(snapshot) is not None:
        # It rests still: going on was asked for, and no payment has made it go on.
        return False
    if snapshot.current_period_start > departure.asked_at:
        return True
    latest = snapshot.latest_invoice
    if latest is None or latest.paid_at is None or latest.amount_paid.minor <= 0:
        return False
    # A debit is paid days after it was asked for, at the first attempt: that period was theirs when they left.
    return latest.attempts > 1 and latest.paid_at > departure.asked_at


def _go_on_after_all(departure: Departure, *, gateway: Gateway, now: datetime) -> None:
    """Somebody took it back while Stripe was ending it, and was told that it goes on. What is over stays over."""
    theirs = Departure.objects.filter(subscription_id=departure.subscription_id)
    if not theirs.filter(pk=departure.pk, state=State.DROPPED).exists():
        return
    if theirs.exclude(state=State.DROPPED).exists():
        # They have thought better of it once more: that end is the one they want.
        return
    row = Subscription.objects.select_related("membership", "price").get(pk=departure.subscription_id)
    try:
        changes.resume(row, gateway=gateway, now=now)
    except changes.NothingToResume:
        logger.warning("%r was taken back, and there is nothing to take up again", departure)


def _end_what_was_billed_since(
    subscription: Subscription, departure: Departure, *, gateway: Gateway, now: datetime
) -> None:
    is_all = paying_back.end_and_pay_back(
        subscription, since=departure.asked_at, reason="cancelled_before", gateway=gateway, now=now
    )
    settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)
    if not is_all:
        raise PaymentOnItsWay


class PaymentOnItsWay(OutsideFailure):
    """A debit that the bank has not answered: what comes of it is given back, and until then nothing is settled."""


@retried
def _settle(pk: int, state: str, *, now: datetime | None) -> int:
    with transaction.atomic():
        return Departure.objects.filter(pk=pk, state=State.ASKED).update(state=state, settled_at=now)


def after_return(fact: events.SubscriptionResumed) -> None:
    """For reactions: taken back, here or in Stripe's dashboard. The same is told where a dispute closes what was ending."""
    if Subscription.objects.filter(pk=fact.subscription_id, cancel_at=None, status__in=BILLED).exists():
        _drop_done(fact.subscription_id)


@retried
def _take_back(subscription_id: int) -> None:
    with transaction.atomic():
        _drop_done(subscription_id)


def _drop_done(subscription_id: int) -> None:
    """Nobody has left who came back in time: no mail names that day, and the report says that it was taken back."""
    Departure.objects.filter(subscription_id=subscription_id, state=State.DONE).update(state=State.DROPPED)


@retried
def _settle_as_done(pks: list[int]) -> None:
    with transaction.atomic():
        Departure.objects.filter(pk__in=pks, state=State.DROPPED).update(state=State.DONE)


@retried
def _stand(subscription_id: int, pks: list[int]) -> None:
    with transaction.atomic():
        people.lock_person(Subscription.objects.values_list("user_id", flat=True).get(pk=subscription_id))
        if not under_way().filter(subscription_id=subscription_id).exists():
            Departure.objects.filter(pk__in=pks, state=State.DROPPED).update(state=State.ASKED, settled_at=None)


@retried
def _settle_running(subscription_id: int, *, now: datetime) -> int:
    with transaction.atomic():
        running = Departure.objects.filter(subscription_id=subscription_id, state=State.ASKED)
        return running.update(state=State.DROPPED, settled_at=now)
