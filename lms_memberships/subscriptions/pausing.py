"""How does a student let a subscription rest, and go on with it? Only where the creator allows it (X14, guide §11)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..money import Money
from ..payments import intents
from ..payments.gateway import Gateway, NotFound, RequestRefused, SubscriptionSnapshot, SubscriptionStatus
from ..payments.models import Intent
from ..payments.switching import PreviewSnapshot, RunningDiscount
from ..retrying import retried
from . import (
    changes,
    freed_credit,
    instalments,
    kept_credit,
    leaving,
    letting_go,
    lifecycle,
    people,
    places,
    quotes,
    tiers,
)
from .models import Checkout, Subscription

PAUSE, GO_ON = "pause", "go_on"


class CannotPause(Refusal):
    """The message says why."""

    message = _("This membership cannot be paused.")


class NothingToGoOnWith(Refusal):
    message = _("This membership is not paused.")


class HasAnother(Refusal):
    """With both, the same would be paid twice (C6)."""

    message = _("You have this membership in another way by now, so the paused one does not go on. You can cancel it.")


class ClosedBySeller(Refusal):
    message = _("It was closed by the seller, so it does not go on. Please write to us.")


#: Of a ladder one tier is held: the other one was bought while this one rested (X8).
ANOTHER_TIER = _("You have “%(title)s” by now, so the paused one does not go on. You can cancel it.")
NOT_RUNNING = _("Only a membership that is running and paid can be paused.")
ENDING = _("It is cancelled already.")
PLANNED = _("A change is planned for it. Take that back first; then you can pause.")
OLD_KIND = _("It was made in a way that cannot be paused. Please write to us.")


@dataclass(frozen=True)
class GoneOn:
    """What came of going on. ``to_pay``: the provider's page, where the first payment waits for the person."""

    subscription: Subscription
    to_pay: str = ""


@dataclass(frozen=True)
class Resumption:
    """What is paid for going on. ``preview`` says how that comes about; None: it was asked for before, and waits to be paid.

    ``lasting``: what is taken off the payment after it too. ``is_reduced``: something is, and nobody has said what.
    """

    due: Money
    is_taxed: bool
    preview: PreviewSnapshot | None = None
    lasting: RunningDiscount | None = None
    is_reduced: bool = False


def why_not(subscription: Subscription) -> str | Promise:
    """Why it cannot be paused as it stands. Empty: it can, as far as our row knows. Asks the database nothing."""
    if not subscription.membership.may_pause or not subscription.is_recurring or not subscription.stripe_id:
        return CannotPause.message
    if subscription.cancel_at is not None:
        return ENDING
    if instalments.is_running(subscription) or subscription.paid_up_at is not None:
        return CannotPause.message
    if subscription.status != SubscriptionStatus.ACTIVE or subscription.opened_at is None:
        return NOT_RUNNING
    if subscription.taken_back_at is not None:
        # Closed by staff, or for a dispute: no time is left that could be credited.
        return NOT_RUNNING
    if subscription.collection_paused or subscription.must_be_undone:
        return CannotPause.message
    return PLANNED if subscription.schedule_id else ""


def look(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Money | None:
    """What Stripe would credit for the time that is paid and not used. None: it does not say. Raises CannotPause."""
    _refuse(subscription, gateway.read_subscription(subscription.stripe_id), gateway=gateway, now=now)
    try:
        return kept_credit.credit_in(gateway.preview_pause(subscription.stripe_id))
    except (NotFound, RequestRefused):
        # Where nothing is to be credited, there is no preview (guide §11).
        return None


def look_on(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Resumption | None:
    """What going on costs, as Stripe reckons it. None: it does not say, or it is not paused any more."""
    snapshot = gateway.read_subscription(subscription.stripe_id)
    if snapshot.status != SubscriptionStatus.PAUSED:
        return None
    latest = snapshot.latest_invoice
    if latest is not None and latest.status == "open":
        # Pressed before: it is this that waits to be paid.
        is_taxed = bool(latest.tax_added and latest.tax_added.minor)
        due = Money(max(0, latest.amount_due.minor - latest.amount_paid.minor), latest.amount_due.currency)
        return Resumption(due, is_taxed, is_reduced=snapshot.is_reduced)
    try:
        preview = gateway.preview_unpause(subscription.stripe_id)
    except (NotFound, RequestRefused):
        return None
    lasting = quotes.lasting_beyond(preview, quotes.after(now, subscription.interval))
    return Resumption(preview.due, bool(preview.tax_added.minor), preview, lasting)


def pause(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """From now on nothing is charged and nothing is open. Paused already, it is what was asked for."""
    snapshot = gateway.read_subscription(subscription.stripe_id)
    if snapshot.status != SubscriptionStatus.PAUSED:
        subscription = _refuse(subscription, snapshot, gateway=gateway, now=now)
        _write(subscription, PAUSE, gateway.pause, SubscriptionStatus.PAUSED, gateway=gateway)
        snapshot = gateway.read_subscription(subscription.stripe_id)
    return lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription


def go_on(subscription: Subscription, *, gateway: Gateway, now: datetime) -> GoneOn:
    """A new period begins as soon as it is paid. A payment that waits already is not asked for a second time."""
    snapshot = gateway.read_subscription(subscription.stripe_id)
    subscription = lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription
    if snapshot.status == SubscriptionStatus.ACTIVE:
        return GoneOn(subscription)
    if snapshot.status != SubscriptionStatus.PAUSED:
        raise NothingToGoOnWith
    _refuse_taken_back(subscription)
    _leave_pages(subscription, gateway=gateway, now=now)
    _refuse_beside_another(subscription, now=now)
    if not _open_invoice(snapshot):
        # Asked for before, and called off since: what was taken off in that pays for this one.
        freed_credit.from_void(subscription, snapshot, gateway=gateway)
        _write(subscription, GO_ON, gateway.unpause, SubscriptionStatus.ACTIVE, gateway=gateway)
        snapshot = gateway.read_subscription(subscription.stripe_id)
        subscription = lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription
        # Another window may have opened one while Stripe was asked; from here on it sells no second one.
        _leave_pages(subscription, gateway=gateway, now=now)
    is_on = snapshot.status == SubscriptionStatus.ACTIVE
    return GoneOn(subscription, to_pay="" if is_on else _open_invoice(snapshot))


def leave_unpaid(user_id: int, membership_id: int, *, gateway: Gateway, now: datetime) -> None:
    """Going on was asked for, and waits to be paid: nobody pays that beside what is bought now (C6, X8)."""
    mine = Subscription.objects.at(gateway).filter(user_id=user_id, status=SubscriptionStatus.PAUSED)
    ladder = Q(membership__tier__ladder__is_on=True, membership__tier__ladder__tiers__membership=membership_id)
    for paused in mine.filter(Q(membership_id=membership_id) | ladder).distinct():
        snapshot = gateway.read_subscription(paused.stripe_id)
        latest = snapshot.latest_invoice
        if snapshot.status == SubscriptionStatus.PAUSED and latest is not None and latest.status == "open":
            letting_go.let_go(latest, gateway=gateway)
            snapshot = gateway.read_subscription(paused.stripe_id)
        freed_credit.from_void(paused, snapshot, gateway=gateway)
        lifecycle.reconcile(snapshot, gateway=gateway, now=now)


def find_paused(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["subscription"]), SubscriptionStatus.PAUSED, gateway)


def find_gone_on(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["subscription"]), SubscriptionStatus.ACTIVE, gateway)


def _refuse_taken_back(subscription: Subscription) -> None:
    """Nobody pays for what stays closed (G7), and what their bank gives back is not taken off a bill as well."""
    if subscription.suspended_at is not None:
        raise changes.Disputed
    if subscription.taken_back_at is not None:
        raise ClosedBySeller


def _leave_pages(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    """The payment pages that are open for the same, or for another tier: with this one, they would be a second."""
    for attempt in Checkout.objects.running().filter(
        user_id=subscription.user_id, membership_id=subscription.membership_id
    ):
        leaving.leave(attempt, gateway=gateway, now=now)
    leaving.leave_other_tiers(subscription.user_id, subscription.membership_id, gateway=gateway, now=now)


@retried
def _refuse_beside_another(subscription: Subscription, *, now: datetime) -> None:
    """Raise for who would pay twice, or for whom no place is left: all of it read under their lock."""
    user, membership = subscription.user, subscription.membership
    with transaction.atomic():
        people.lock_person(user.pk)
        mine = Subscription.objects.of(user).filter(membership_id=membership.pk).held(now)
        if mine.exclude(pk=subscription.pk).exists():
            raise HasAnother
        other = tiers.billed_other_tier(membership, user, now=now)
        if other is not None:
            raise HasAnother(str(ANOTHER_TIER) % {"title": other.membership.title})
        if tiers.attempts_elsewhere(user.pk, membership.pk).exists():
            raise tiers.OtherPageIsOpen
        # One that rests has its place. A trial that ran out without a card has none (J7).
        places.reserve(user.pk, membership, now=now)


def _refuse(
    subscription: Subscription, snapshot: SubscriptionSnapshot, *, gateway: Gateway, now: datetime
) -> Subscription:
    """As Stripe has it now: our row may be older."""
    read = lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription
    reason = why_not(read)
    if not reason and not snapshot.is_flexible:
        reason = OLD_KIND
    latest = snapshot.latest_invoice
    if not reason and latest is not None and latest.status == "open":
        reason = NOT_RUNNING
    if reason:
        raise CannotPause(str(reason))
    return read


def _write(
    subscription: Subscription, purpose: str, do: Callable[..., None], wanted: SubscriptionStatus, *, gateway: Gateway
) -> None:
    stripe_id = subscription.stripe_id

    def call(key: str) -> str:
        do(stripe_id, key=key)
        return stripe_id

    intents.carry_out(
        purpose=purpose,
        subject=f"{stripe_id}:{subscription.turn}",
        parameters={"subscription": stripe_id},
        gateway=gateway,
        call=call,
        result_id=str,
        find=lambda: _find(stripe_id, wanted, gateway),
    )


def _find(stripe_id: str, wanted: SubscriptionStatus, gateway: Gateway) -> str | None:
    snapshot = gateway.read_subscription(stripe_id)
    if snapshot.status == wanted:
        return stripe_id
    # Going on was asked for, and waits for its payment: asked again, there would be a second invoice.
    waits = wanted == SubscriptionStatus.ACTIVE and snapshot.status == SubscriptionStatus.PAUSED
    return stripe_id if waits and _open_invoice(snapshot) else None


def _open_invoice(snapshot: SubscriptionSnapshot) -> str:
    """The page of what waits to be paid. Empty: nothing waits."""
    latest = snapshot.latest_invoice
    return latest.hosted_url if latest is not None and latest.status == "open" else ""
