"""How does a student end a subscription, or keep it after all? Asked of Stripe once, then read again."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments import intents
from ..payments.gateway import Gateway, NotFound, RequestRefused, SubscriptionSnapshot, SubscriptionStatus
from ..payments.leaving import UNSAID, Why
from ..payments.models import Intent
from . import contracts, dropping_changes, freed_credit, instalment_ends, instalments, kept_credit, lifecycle
from .copies import OWING
from .models import Subscription
from .queries import BILLED
from .told import OVER

#: No payment has bought time in which it could go on.
WITHOUT_PAID_TIME = frozenset({SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID, SubscriptionStatus.PAUSED})

IsDone = Callable[[Subscription, SubscriptionSnapshot], bool]


class NotCancellable(Refusal):
    message = _("There is nothing to cancel: it does not renew.")


class NothingToResume(Refusal):
    message = _("There is no cancellation to take back.")


class Disputed(Refusal):
    message = _(
        "Its payment is disputed at the bank. It can be taken up again once that is decided in the seller's favour."
    )


def cancel(subscription: Subscription, *, gateway: Gateway, now: datetime, why: Why = UNSAID) -> Subscription:
    """End it with the period that is paid for. One whose payment is missing, or that rests, has none: it ends now.

    What ends already, or has ended, is what was asked for: no error, however often it is asked (G18).
    """
    if is_ending(subscription):
        return subscription
    refuse_uncancellable(subscription)
    dropping_changes.give_up_waiting(subscription, gateway=gateway, now=now)
    if subscription.status in WITHOUT_PAID_TIME:
        # Ending it with the period would leave Stripe charging for weeks that are closed already.
        end = _ending_now(subscription, why, gateway)
        return _change(subscription, "cancel_now", end, _is_over, said=_digest(why), gateway=gateway, now=now)
    end = partial(_cancel, why)
    return _change(subscription, "cancel", end, _is_ending, said=_digest(why), gateway=gateway, now=now)


def lasts_until_the_end(subscription: Subscription, *, now: datetime) -> bool:
    """Whether cancelling it now leaves it open until the end of its period, which lies ahead."""
    is_ahead = subscription.period_end is not None and subscription.period_end > now
    is_open = subscription.opened_at is not None and subscription.is_live(now)
    return is_ahead and is_open and subscription.status not in WITHOUT_PAID_TIME


def is_ending(subscription: Subscription) -> bool:
    """It ends by a cancellation, or is over. Of what never renewed, or is paid off, neither is true."""
    if not subscription.is_recurring or not subscription.stripe_id or subscription.paid_up_at is not None:
        return False
    if subscription.status in OWING:
        # Until a planned end Stripe goes on asking for what is missing: only an end at once is what was asked for.
        return False
    return subscription.cancel_at is not None or subscription.status in OVER


def is_cancellable(subscription: Subscription) -> bool:
    """Stripe would charge for it. What is paid off ends there by itself (V10)."""
    if not subscription.is_recurring or not subscription.stripe_id or subscription.paid_up_at is not None:
        return False
    return subscription.status in {*BILLED, *WITHOUT_PAID_TIME}


def refuse_uncancellable(subscription: Subscription) -> None:
    """Raise NotCancellable for what charges nothing more."""
    if not is_cancellable(subscription):
        raise NotCancellable


def cancel_now(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """End it at once: the rest of what is paid for is lost, and nothing is given back. What is over is over (G18).

    What a pause has put aside is theirs already, and stays so.
    """
    if not subscription.is_recurring or not subscription.stripe_id:
        raise NotCancellable
    if subscription.status in OVER:
        return subscription
    dropping_changes.give_up_waiting(subscription, gateway=gateway, now=now)
    end = _ending_now(subscription, UNSAID, gateway)
    return _change(subscription, "cancel_now", end, _is_over, gateway=gateway, now=now)


def resume(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """Take the cancellation back, as long as it has not come true."""
    if subscription.status not in BILLED or subscription.cancel_at is None:
        raise NothingToResume
    if subscription.taken_back_at is not None:
        # Nobody is charged on for what is closed (G7).
        raise Disputed
    kept = _change(subscription, "resume", _resume, _is_renewing, gateway=gateway, now=now)
    # The schedule that ended instalments was let go of when they were cancelled.
    return instalment_ends.restore(kept, gateway=gateway, now=now)


def _change(  # noqa: PLR0913 - what is done, how it is seen, and what was said with it
    subscription: Subscription,
    purpose: str,
    do: Callable[[Gateway, str, str], None],
    is_done: IsDone,
    *,
    said: str = "",
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
            parameters={"subscription": stripe_id, **({"said": said} if said else {})},
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
    if snapshot.status in OVER:
        kept_credit.note(subscription, snapshot.latest_invoice, gateway=gateway, now=now)
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


def _cancel(why: Why, gateway: Gateway, stripe_id: str, key: str) -> None:
    gateway.cancel_at_period_end(stripe_id, key=key, why=why)


def _ending_now(subscription: Subscription, why: Why, gateway: Gateway) -> Callable[[Gateway, str, str], None]:
    freed_credit.from_payment(subscription, gateway=gateway)
    # Of what went back, or a bank may take back, it would be theirs twice (G7).
    is_theirs = not contracts.is_money_back(subscription)
    is_credited = is_theirs and kept_credit.waiting(subscription, gateway=gateway) is not None
    return partial(_cancel_now, why, keeps_credit=is_credited)


def _cancel_now(why: Why, gateway: Gateway, stripe_id: str, key: str, *, keeps_credit: bool) -> None:
    # Ending twice is ending once: this call needs no key.
    gateway.cancel_now(stripe_id, why=why, keeps_credit=keeps_credit)


def _digest(why: Why) -> str:
    """Other words are another request (D2); the words themselves stand in one place, and can be forgotten there."""
    return "" if why == UNSAID else hashlib.sha256(f"{why.feedback}:{why.comment}".encode()).hexdigest()[:16]


def _resume(gateway: Gateway, stripe_id: str, key: str) -> None:
    gateway.resume(stripe_id, key=key)


def _is_ending(subscription: Subscription, snapshot: SubscriptionSnapshot) -> bool:
    # Where its instalments are over is an end too, and no cancellation.
    return instalments.cancellation(subscription, snapshot) is not None or snapshot.status in OVER


def _is_renewing(subscription: Subscription, snapshot: SubscriptionSnapshot) -> bool:
    return not _is_ending(subscription, snapshot)


def _is_over(subscription: Subscription, snapshot: SubscriptionSnapshot) -> bool:
    return snapshot.status in OVER
