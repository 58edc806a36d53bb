"""How does a student end a subscription, or keep it after all? Asked of Stripe once, then read again."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments import intents
from ..payments.gateway import Gateway, NotFound, RequestRefused, SubscriptionSnapshot, SubscriptionStatus
from ..payments.models import Intent
from . import instalment_ends, instalments, lifecycle
from .models import Subscription
from .queries import BILLED
from .told import OVER

IsDone = Callable[[Subscription, SubscriptionSnapshot], bool]


class NotCancellable(Refusal):
    message = _("There is nothing to cancel: it does not renew.")


class NothingToResume(Refusal):
    message = _("There is no cancellation to take back.")


def cancel(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """End it with the period that is paid for. One whose payment is missing has no such period: it ends now.

    What ends already, or has ended, is what was asked for: no error, however often it is asked (G18).
    """
    if not subscription.is_recurring or not subscription.stripe_id:
        raise NotCancellable
    if subscription.paid_up_at is not None:
        # Paid off: it ends at Stripe by itself, and nothing is charged any more (V10).
        raise NotCancellable
    if subscription.cancel_at is not None or subscription.status in OVER:
        return subscription
    if subscription.status not in BILLED:
        raise NotCancellable
    if subscription.status == SubscriptionStatus.PAST_DUE:
        # Ending it with the period would leave Stripe charging for weeks that are closed already.
        return _change(subscription, "cancel_now", _cancel_now, _is_over, gateway=gateway, now=now)
    return _change(subscription, "cancel", _cancel, _is_ending, gateway=gateway, now=now)


def resume(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """Take the cancellation back, as long as it has not come true."""
    if subscription.status not in BILLED or subscription.cancel_at is None:
        raise NothingToResume
    kept = _change(subscription, "resume", _resume, _is_renewing, gateway=gateway, now=now)
    # The schedule that ended instalments was let go of when they were cancelled.
    return instalment_ends.restore(kept, gateway=gateway, now=now)


def _change(
    subscription: Subscription,
    purpose: str,
    do: Callable[[Gateway, str, str], None],
    is_done: IsDone,
    *,
    gateway: Gateway,
    now: datetime,
) -> Subscription:
    stripe_id = subscription.stripe_id

    def call(key: str) -> str:
        do(gateway, stripe_id, key)
        return stripe_id

    def find() -> str | None:
        return stripe_id if is_done(subscription, gateway.read_subscription(stripe_id)) else None

    try:
        intents.carry_out(
            purpose=purpose,
            # With the turn: cancelled, resumed and cancelled again are three requests.
            subject=f"{stripe_id}:{subscription.turn}",
            parameters={"subscription": stripe_id},
            gateway=gateway,
            call=call,
            result_id=str,
            find=find,
        )
    except (NotFound, RequestRefused):
        snapshot = gateway.read_subscription(stripe_id)
        lifecycle.reconcile(snapshot, gateway=gateway, now=now)
        # Done in Stripe's dashboard meanwhile? Then Stripe refuses what is there already.
        if not is_done(subscription, snapshot):
            raise
    snapshot = gateway.read_subscription(stripe_id)
    return lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription


def find_ending(intent: Intent, gateway: Gateway) -> str | None:
    return _find(intent, _is_ending, gateway)


def find_over(intent: Intent, gateway: Gateway) -> str | None:
    try:
        return _find(intent, _is_over, gateway)
    except NotFound:
        # What is gone is over.
        return str(intent.parameters["subscription"])


def find_renewing(intent: Intent, gateway: Gateway) -> str | None:
    return _find(intent, _is_renewing, gateway)


def _find(intent: Intent, is_done: IsDone, gateway: Gateway) -> str | None:
    stripe_id = str(intent.parameters["subscription"])
    subscription = Subscription.objects.at(gateway).filter(stripe_id=stripe_id).select_related("price").first()
    # Of one that we do not hold, there is no price to ask.
    asked = subscription or Subscription(stripe_id=stripe_id)
    return stripe_id if is_done(asked, gateway.read_subscription(stripe_id)) else None


def _cancel(gateway: Gateway, stripe_id: str, key: str) -> None:
    gateway.cancel_at_period_end(stripe_id, key=key)


def _cancel_now(gateway: Gateway, stripe_id: str, key: str) -> None:
    # Ending twice is ending once: this call needs no key.
    gateway.cancel_now(stripe_id)


def _resume(gateway: Gateway, stripe_id: str, key: str) -> None:
    gateway.resume(stripe_id, key=key)


def _is_ending(subscription: Subscription, snapshot: SubscriptionSnapshot) -> bool:
    # Where its instalments are over is an end too, and no cancellation.
    return instalments.cancellation(subscription, snapshot) is not None or snapshot.status in OVER


def _is_renewing(subscription: Subscription, snapshot: SubscriptionSnapshot) -> bool:
    return not _is_ending(subscription, snapshot)


def _is_over(subscription: Subscription, snapshot: SubscriptionSnapshot) -> bool:
    return snapshot.status in OVER
