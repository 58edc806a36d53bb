"""What can a student do who wants to leave or rest, and where does that stand? Read from rows alone (X14)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..subscriptions import departures, instead, pausing, withdrawing
from ..subscriptions.departure_models import Departure
from ..subscriptions.models import Subscription
from ..subscriptions.withdrawal_models import Withdrawal

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Leaving:
    """``departure``: a cancellation that is not confirmed yet. ``withdrawal``: declared, done or not."""

    departure: Departure | None
    withdrawal: Withdrawal | None
    can_withdraw: bool
    can_pause: bool
    can_go_on: bool
    #: Why one that rests does not go on: it is held in another way. Empty: nothing keeps it.
    stays: str

    @property
    def asked_at(self) -> datetime | None:
        # A moment, not an end: what is said at midnight is said on that day.
        return None if self.departure is None else self.departure.asked_at + MOMENT

    @property
    def declared_at(self) -> datetime | None:
        return None if self.withdrawal is None else self.withdrawal.declared_at + MOMENT


def leaving_of(subscription: Subscription, *, beside: Iterable[Subscription] = (), now: datetime) -> Leaving:
    """``beside``: all that the person holds. Asks nothing where ``departures.prefetch()`` and ``withdrawal`` were loaded."""
    withdrawal = withdrawing.of(subscription)
    is_over = withdrawal is not None
    departure = None if is_over else departures.running_of(subscription)
    can_go_on = instead.can_go_on(subscription)
    stays = instead.why_it_stays(subscription, beside, now=now) if can_go_on else ""
    return Leaving(
        departure=departure,
        withdrawal=withdrawal,
        can_withdraw=not is_over and withdrawing.can_withdraw(subscription, now=now),
        can_pause=not is_over and departure is None and not pausing.why_not(subscription),
        can_go_on=can_go_on and not stays,
        stays=stays,
    )
