"""How do staff end a subscription? With its period, taken back, at once; each asked of Stripe and noted (P23, P25, G24)."""

from datetime import datetime

from ..payments.gateway import Gateway
from . import changes, deeds, departures
from .deed_models import Deed
from .models import Subscription


def cancel(subscription: Subscription, *, wish: deeds.Wish, gateway: Gateway, now: datetime) -> Deed:
    """With the period that is paid for (P25). One whose payment is missing ends now: there is no such period."""
    deeds.refuse_elsewhere(subscription, gateway)

    def end() -> None:
        changes.cancel(subscription, gateway=gateway, now=now)

    return deeds.carry_out(Deed.Kind.CANCELLED, subscription, wish, end, now=now)


def keep(subscription: Subscription, *, wish: deeds.Wish, gateway: Gateway, now: datetime) -> Deed:
    """Take the cancellation back, also one that Stripe has not heard of yet."""
    deeds.refuse_elsewhere(subscription, gateway)

    def resume() -> None:
        if subscription.cancel_at is not None or departures.running_of(subscription) is not None:
            departures.stay(subscription, gateway=gateway, now=now)

    return deeds.carry_out(Deed.Kind.RESUMED, subscription, wish, resume, now=now)


def end_now(subscription: Subscription, *, wish: deeds.Wish, gateway: Gateway, now: datetime) -> Deed:
    """At once, and without money back (P23)."""
    deeds.refuse_elsewhere(subscription, gateway)

    def end() -> None:
        changes.cancel_now(subscription, gateway=gateway, now=now)

    return deeds.carry_out(Deed.Kind.ENDED, subscription, wish, end, now=now)
