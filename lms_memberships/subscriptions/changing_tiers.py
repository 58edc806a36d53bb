"""How is a subscription changed to another tier? At once, or with its period, or kept after all. Once each (G15)."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from .. import killpoints
from ..errors import OutsideFailure, Refusal
from ..memberships.ladder_models import When
from ..payments.gateway import Gateway, GatewayFailure, SubscriptionSnapshot
from ..retrying import retried
from . import departures, holding, instalments, lifecycle, people, places, switching, tier_changes, tier_writes
from .change_models import BEGUN_FOR, TierChange
from .models import Subscription
from .quotes import Quote
from .switching import CannotChange

logger = logging.getLogger(__name__)

#: So long the first of two tabs may still be waiting for Stripe's answer.
ANSWERED_WITHIN = timedelta(minutes=5)


class ChangesAlready(Refusal):
    message = _("A change of this membership is on its way already. Please look again in a few minutes.")


class NothingPlanned(Refusal):
    message = _("There is no planned change to take back.")


class PlannedAtStripe(CannotChange):
    message = _(
        "Something else is planned for this membership at Stripe. Please write to us, and we change it for you."
    )


def look(subscription: Subscription, *, gateway: Gateway, now: datetime) -> tuple[Subscription, SubscriptionSnapshot]:
    """As Stripe has it now, and our row after that."""
    snapshot = gateway.read_subscription(subscription.stripe_id)
    return lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription, snapshot


def refuse(subscription: Subscription, snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> None:
    """Raise CannotChange for what cannot be changed as Stripe has it now."""
    reason = switching.why_not(subscription)
    if reason:
        raise CannotChange(str(reason))
    if snapshot.item_count > 1:
        raise CannotChange(str(switching.UNKNOWN))
    if snapshot.schedule_id and tier_changes.running_of(subscription) is None:
        # One that leads to nothing is what a change of ours has left behind, done or broken off.
        schedule = gateway.read_schedule(snapshot.schedule_id)
        if schedule.next_price_id or schedule.ends_subscription:
            raise PlannedAtStripe


def change(subscription: Subscription, quote: Quote, *, gateway: Gateway, now: datetime) -> TierChange:
    """Do what the quote says. What came of it stands in the row: done, waiting for the payment, or planned."""
    begun = _begin(subscription, quote, now=now)
    killpoints.reach("switch.begun")
    try:
        if quote.when == When.NOW:
            if quote.is_led:
                # A planned change that came true has left its schedule: while it leads, Stripe changes nothing.
                tier_writes.let_go(subscription, f"before:{begun.pk}", gateway=gateway)
            tier_writes.change_now(begun, quote, gateway=gateway)
        else:
            tier_writes.plan(begun, quote, gateway=gateway)
    except GatewayFailure as failure:
        if not failure.is_ambiguous:
            _drop(begun, now=now)
        raise
    killpoints.reach("switch.asked")
    # Read before it is noted: whatever was read earlier, and is written later, is refused by then.
    look(subscription, gateway=gateway, now=now)
    if quote.when == When.PERIOD_END:
        tier_writes.note_planned(begun.pk, quote.next_at)
    begun.refresh_from_db()
    return begun


def keep(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """Take a planned change back: the membership goes on as it is."""
    planned = tier_changes.running_of(subscription)
    if planned is None or planned.when != When.PERIOD_END:
        raise NothingPlanned
    tier_writes.let_go(subscription, str(planned.pk), gateway=gateway)
    return look(subscription, gateway=gateway, now=now)[0]


def tidy(subscription: Subscription, *, gateway: Gateway) -> None:
    """After a change: let go of a schedule that has done its work, and say at Stripe which membership it is now."""
    snapshot = gateway.read_subscription(subscription.stripe_id)
    schedule_id = snapshot.schedule_id
    is_left = bool(schedule_id) and _has_left_a_schedule(subscription) and not instalments.is_running(subscription)
    if is_left and not gateway.read_schedule(schedule_id).next_price_id:
        tier_writes.let_go(subscription, f"done:{schedule_id}", gateway=gateway)
    if snapshot.metadata.get(people.MEMBERSHIP_KEY) != str(subscription.membership.uuid):
        tier_writes.name(subscription, gateway=gateway)


def unanswered(*, now: datetime) -> "QuerySet[TierChange]":
    """Begun, and nobody noted what Stripe made of it; or waiting for a payment that can come no more."""
    state = TierChange.State
    begun = TierChange.objects.filter(state=state.BEGUN, created_at__lt=now - ANSWERED_WITHIN)
    waited = TierChange.objects.filter(state=state.WAITING, due_at__lt=now)
    return (begun | waited).select_related("subscription__membership", "price").order_by("pk")


def find_out(change: TierChange, *, gateway: Gateway, now: datetime) -> None:
    """Ask Stripe what came of it. What never arrived there, nor will, came to nothing."""
    subscription = change.subscription
    if not subscription.is_of(gateway):
        return
    look(subscription, gateway=gateway, now=now)
    change.refresh_from_db()
    if change.state != TierChange.State.BEGUN:
        return
    is_there = change.when == When.PERIOD_END and tier_writes.find_plan_at(
        subscription.stripe_id, change.price.stripe_id, gateway
    )
    if is_there and subscription.period_end is not None:
        tier_writes.note_planned(change.pk, subscription.period_end)
    elif change.created_at < now - BEGUN_FOR:
        _drop(change, now=now)


def find_out_all(*, gateway: Gateway, now: datetime) -> int:
    """The daily job. One that fails is there tomorrow."""
    done = 0
    for each in unanswered(now=now):
        try:
            find_out(each, gateway=gateway, now=now)
            done += 1
        except OutsideFailure:
            logger.warning("What came of change %s could not be found out", each.pk, exc_info=True)
    return done


@retried
def _begin(subscription: Subscription, quote: Quote, *, now: datetime) -> TierChange:
    """The one running change of this subscription: two tabs share it, and so one request."""
    with transaction.atomic():
        people.lock_person(subscription.user_id)
        row = Subscription.objects.select_related("user").get(pk=subscription.pk)
        running = tier_changes.running_of(row)
        if running is not None:
            return _again(running, quote, now=now)
        if row.price_id != subscription.price_id:
            # Another tab was first.
            raise ChangesAlready
        if departures.running_of(row) is not None:
            # They have said that they leave, and Stripe has not confirmed it: nothing is sold to them meanwhile (G24).
            raise CannotChange(switching.ENDING)
        membership = quote.price.membership
        if membership.pk != row.membership_id:
            # Only the rhythm of payment changes otherwise: what they hold, they hold.
            holding.refuse_a_second(row.user, membership, now=now)
            holding.refuse_without_required(row.user, membership, now=now)
            places.reserve(row.user_id, membership, now=now)
        return TierChange.objects.create(
            subscription=row,
            user_id=row.user_id,
            membership=membership,
            price=quote.price,
            when=quote.when,
            created_at=quote.at,
        )


def _again(running: TierChange, quote: Quote, *, now: datetime) -> TierChange:
    """The same wish goes on; with another moment only once the first cannot be on its way any more."""
    is_same = running.state == TierChange.State.BEGUN and (running.price_id, running.when) == (
        quote.price.pk,
        quote.when,
    )
    if not is_same or (running.created_at != quote.at and running.created_at > now - ANSWERED_WITHIN):
        raise ChangesAlready
    running.created_at = quote.at
    running.save(update_fields=["created_at"])
    return running


@retried
def _drop(begun: TierChange, *, now: datetime) -> None:
    """Refused: nothing was changed, and nothing will be."""
    with transaction.atomic():
        people.lock_person(begun.user_id)
        begun.refresh_from_db()
        if begun.state == TierChange.State.BEGUN:
            tier_changes.note(begun, TierChange.State.DROPPED, now=now)


def _has_left_a_schedule(subscription: Subscription) -> bool:
    """A planned change that came true: its schedule goes on for one period, and leads to nothing."""
    return subscription.tier_changes.filter(when=When.PERIOD_END, state=TierChange.State.DONE).exists()
