"""How does a student end a subscription, or keep it after all? Asked of Stripe once, then read again."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments import intents
from ..payments.gateway import Gateway, SubscriptionSnapshot, SubscriptionStatus
from . import lifecycle
from .models import Subscription
from .queries import BILLED
from .told import OVER


class NotCancellable(Refusal):
    message = _("There is nothing to cancel: it does not renew.")


class AlreadyEnding(Refusal):
    message = _("This membership is already set to end.")


class NothingToResume(Refusal):
    message = _("There is no cancellation to take back.")


def cancel(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """End it with the period that is paid for. One whose payment is missing has no such period: it ends now."""
    if not subscription.is_recurring or not subscription.stripe_id or subscription.status not in BILLED:
        raise NotCancellable
    if subscription.cancel_at is not None:
        raise AlreadyEnding
    if subscription.status == SubscriptionStatus.PAST_DUE:
        # Ending it with the period would leave Stripe charging for weeks that are closed already.
        return _change(subscription, "cancel_now", _cancel_now, _is_over, gateway=gateway, now=now)
    return _change(subscription, "cancel", _cancel, _is_ending, gateway=gateway, now=now)


def resume(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """Take the cancellation back, as long as it has not come true."""
    if subscription.status not in BILLED or subscription.cancel_at is None:
        raise NothingToResume
    return _change(subscription, "resume", _resume, _is_renewing, gateway=gateway, now=now)


def _change(
    subscription: Subscription,
    purpose: str,
    do: Callable[[Gateway, str, str], None],
    is_done: Callable[[SubscriptionSnapshot], bool],
    *,
    gateway: Gateway,
    now: datetime,
) -> Subscription:
    stripe_id = subscription.stripe_id

    def call(key: str) -> str:
        do(gateway, stripe_id, key)
        return stripe_id

    def find() -> str | None:
        return stripe_id if is_done(gateway.read_subscription(stripe_id)) else None

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
    snapshot = gateway.read_subscription(stripe_id)
    return lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription


def _cancel(gateway: Gateway, stripe_id: str, key: str) -> None:
    gateway.cancel_at_period_end(stripe_id, key=key)


def _cancel_now(gateway: Gateway, stripe_id: str, key: str) -> None:
    # Ending twice is ending once: this call needs no key.
    gateway.cancel_now(stripe_id)


def _resume(gateway: Gateway, stripe_id: str, key: str) -> None:
    gateway.resume(stripe_id, key=key)


def _is_ending(snapshot: SubscriptionSnapshot) -> bool:
    return snapshot.cancel_at is not None or _is_over(snapshot)


def _is_renewing(snapshot: SubscriptionSnapshot) -> bool:
    return snapshot.cancel_at is None and not _is_over(snapshot)


def _is_over(snapshot: SubscriptionSnapshot) -> bool:
    return snapshot.status in OVER
