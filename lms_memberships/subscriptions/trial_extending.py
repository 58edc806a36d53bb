"""How do staff give somebody more time to try? The trial's end is moved at Stripe, and everything follows that (guide §5)."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments import intents
from ..payments.gateway import Gateway, SubscriptionStatus
from ..payments.models import Intent
from . import deeds, settling
from .deed_models import Deed
from .models import Subscription

PURPOSE = "extend_trial"
#: Stripe's own limit.
LONGEST = timedelta(days=730)


class NoTrial(Refusal):
    message = _("No trial is running, so none can be extended.")


class LedBySchedule(Refusal):
    """Its instalments, or a planned change, begin where the trial ends: those would have to move too."""

    message = _(
        "What follows this trial is planned at Stripe already (instalments, or a change of tier), so its end cannot be "
        "moved here."
    )


class NotLater(Refusal):
    message = _("Choose a day after the one on which the trial ends now.")


class TooLong(Refusal):
    message = _("A trial can last for two years at most.")


def refuse_what_cannot_be(subscription: Subscription) -> None:
    """Raise NoTrial or LedBySchedule."""
    if subscription.status != SubscriptionStatus.TRIALING or subscription.trial_end is None:
        raise NoTrial
    if subscription.revoked_at is not None or not subscription.stripe_id:
        raise NoTrial
    if subscription.schedule_id:
        raise LedBySchedule


def extend(subscription: Subscription, *, until: datetime, wish: deeds.Wish, gateway: Gateway, now: datetime) -> Deed:
    """The first payment waits until then. Nothing is charged by it; who was reminded is reminded again (G6)."""
    deeds.refuse_elsewhere(subscription, gateway)
    until = until.replace(microsecond=0)
    if not Deed.objects.filter(key=wish.key).exists():
        _refuse(subscription, until, now)

    def move() -> None:
        _move(subscription.stripe_id, until, gateway)
        settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)

    return deeds.carry_out(Deed.Kind.EXTENDED, subscription, wish, move, now=now, until=until)


def _refuse(subscription: Subscription, until: datetime, now: datetime) -> None:
    refuse_what_cannot_be(subscription)
    if subscription.trial_end is None or until <= max(subscription.trial_end, now):
        raise NotLater
    if until > now + LONGEST:
        raise TooLong


def _move(stripe_id: str, until: datetime, gateway: Gateway) -> None:
    def move(key: str) -> str:
        gateway.move_trial_end(stripe_id, until, key=key)
        return stripe_id

    intents.carry_out(
        purpose=PURPOSE,
        subject=f"{stripe_id}:{int(until.timestamp())}",
        parameters={"subscription": stripe_id, "until": until.isoformat()},
        gateway=gateway,
        call=move,
        result_id=str,
        find=lambda: _find(stripe_id, until, gateway),
    )


def _find(stripe_id: str, until: datetime, gateway: Gateway) -> str | None:
    return stripe_id if gateway.read_subscription(stripe_id).trial_end == until else None


def find_moved(intent: Intent, gateway: Gateway) -> str | None:
    parameters = intent.parameters
    return _find(str(parameters["subscription"]), datetime.fromisoformat(str(parameters["until"])), gateway)
