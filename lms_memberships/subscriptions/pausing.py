"""How does a student let a subscription rest, and go on with it? Only where the creator allows it (X14, guide §11)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..money import Money
from ..payments import intents
from ..payments.gateway import Gateway, SubscriptionSnapshot, SubscriptionStatus
from ..payments.models import Intent
from . import instalments, lifecycle
from .models import Subscription

PAUSE, GO_ON = "pause", "go_on"


class CannotPause(Refusal):
    """The message says why."""

    message = _("This membership cannot be paused.")


class NothingToGoOnWith(Refusal):
    message = _("This membership is not paused.")


class HasAnother(Refusal):
    """With both, the same would be paid twice (C6)."""

    message = _("You have this membership in another way by now, so the paused one does not go on. You can cancel it.")


NOT_RUNNING = _("Only a membership that is running and paid can be paused.")
ENDING = _("It is cancelled already.")
PLANNED = _("A change is planned for it. Take that back first; then you can pause.")
OLD_KIND = _("It was made in a way that cannot be paused. Please write to us.")


@dataclass(frozen=True)
class GoneOn:
    """What came of going on. ``to_pay``: the provider's page, where the first payment waits for the person."""

    subscription: Subscription
    to_pay: str = ""


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
    if subscription.collection_paused or subscription.must_be_undone:
        return CannotPause.message
    return PLANNED if subscription.schedule_id else ""


def look(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Money | None:
    """What Stripe would credit for the time that is paid and not used. None: it does not say. Raises CannotPause."""
    _refuse(subscription, gateway.read_subscription(subscription.stripe_id), gateway=gateway, now=now)
    shares = [line.money for line in gateway.preview_pause(subscription.stripe_id).lines if line.is_share]
    given = [money for money in shares if money.minor < 0]
    return Money(-sum(money.minor for money in given), given[0].currency) if given else None


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
    mine = Subscription.objects.filter(user_id=subscription.user_id, membership_id=subscription.membership_id)
    if mine.held(now).exclude(pk=subscription.pk).exists():
        raise HasAnother
    if not _open_invoice(snapshot):
        _write(subscription, GO_ON, gateway.unpause, SubscriptionStatus.ACTIVE, gateway=gateway)
        snapshot = gateway.read_subscription(subscription.stripe_id)
        subscription = lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription
    is_on = snapshot.status == SubscriptionStatus.ACTIVE
    return GoneOn(subscription, to_pay="" if is_on else _open_invoice(snapshot))


def find_paused(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["subscription"]), SubscriptionStatus.PAUSED, gateway)


def find_gone_on(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["subscription"]), SubscriptionStatus.ACTIVE, gateway)


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
