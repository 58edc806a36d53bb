"""What can happen in our domain? Facts, past tense, published in the transaction that makes them true."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction
from django.dispatch import Signal

#: Sent after commit with ``fact=``: the one public place for a site to listen. Receivers cannot break us.
announced = Signal()


@dataclass(frozen=True)
class Fact:
    """Something that happened. ``key`` is the same for the same occurrence, however often it is told."""

    @property
    def key(self) -> str:
        values = ":".join(str(value) for value in vars(self).values())
        return f"{type(self).__name__}:{values}"


@dataclass(frozen=True)
class MembershipPublished(Fact):
    """A membership (or a new version of it) went live. ``revision_id`` tells the versions apart."""

    membership_id: int
    revision_id: int


@dataclass(frozen=True)
class SubscriptionFact(Fact):
    """About one subscription. ``turn`` counts its changes, so that a second cancellation is a second fact."""

    subscription_id: int
    turn: int


@dataclass(frozen=True)
class SubscriptionStarted(SubscriptionFact):
    """A student bought a membership, or began its trial."""


@dataclass(frozen=True)
class SubscriptionCancelled(SubscriptionFact):
    """An end was set: at the period's end, or at once."""


@dataclass(frozen=True)
class SubscriptionResumed(SubscriptionFact):
    """A cancellation was taken back."""


@dataclass(frozen=True)
class SubscriptionEnded(SubscriptionFact):
    """It is over at Stripe and will not come back."""


@dataclass(frozen=True)
class AccessGained(SubscriptionFact):
    """What the bundle contains opened for the student."""


@dataclass(frozen=True)
class AccessLost(SubscriptionFact):
    """It closed."""


@dataclass(frozen=True)
class TrialEndsSoon(SubscriptionFact):
    """Three days are left of a trial, or fewer."""


@dataclass(frozen=True)
class SecondPurchaseUndone(SubscriptionFact):
    """The same membership was bought twice; the second was cancelled and its payment refunded."""


@dataclass(frozen=True)
class PaymentFact(Fact):
    """About one invoice."""

    invoice_id: int


@dataclass(frozen=True)
class PaymentSucceeded(PaymentFact):
    """Money arrived for an invoice or a one-time purchase; never told of an amount of zero."""


@dataclass(frozen=True)
class PaymentFailed(PaymentFact):
    """A charge was refused; ``attempt`` counts the tries for this invoice."""

    attempt: int


_reactions: list[Callable[[Fact], None]] = []


def connect(react: Callable[[Fact], None]) -> None:
    """Have ``react`` called with every fact, inside the publishing transaction. Called once, at start-up."""
    if react not in _reactions:
        _reactions.append(react)


def publish(fact: Fact) -> None:
    """Tell a fact. Must be called inside the transaction that makes it true, or both could be half done."""
    if not connection.in_atomic_block:
        msg = f"{fact!r} was published outside a transaction"
        raise RuntimeError(msg)
    for react in _reactions:
        react(fact)
    transaction.on_commit(partial(announced.send_robust, sender=type(fact), fact=fact))
