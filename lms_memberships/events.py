"""What can happen in our domain? Facts, past tense, published in the transaction that makes them true."""

from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.dispatch import Signal

T = TypeVar("T")

#: Sent after commit with ``fact=``, at least once: the one public place for a site to listen (B12). Receivers cannot
#: break us. A fact's ``key`` tells a repetition.
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
class LadderChanged(Fact):
    """Other tiers, another order, switched on or off, or gone: memberships contain something else than before."""

    ladder_id: int
    #: In microseconds, so that the next change is another fact.
    changed_at: int


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
class MembershipChanged(SubscriptionFact):
    """It is another membership now, or paid in another rhythm: a tier up or down, or moved in the provider's dashboard."""


@dataclass(frozen=True)
class TrialEndsSoon(SubscriptionFact):
    """Three days are left of a trial, or fewer."""


@dataclass(frozen=True)
class SecondPurchaseUndone(SubscriptionFact):
    """The same membership was bought twice; the second was cancelled and its payment refunded."""


@dataclass(frozen=True)
class PlacelessPurchaseUndone(SubscriptionFact):
    """It was paid when no place was left; it was cancelled and its payment refunded."""


@dataclass(frozen=True)
class Overbooked(SubscriptionFact):
    """It was begun although no place was left, and the site keeps such sales."""


@dataclass(frozen=True)
class PlaceOffered(Fact):
    """A place is free, and kept for a while for somebody who waited."""

    entry_id: int


@dataclass(frozen=True)
class PriceWillChange(Fact):
    """A member is to pay another price from a date on. ``tellings`` counts the notices: a second one is another fact."""

    entry_id: int
    tellings: int


@dataclass(frozen=True)
class GiftFact(Fact):
    """About one gift."""

    gift_id: int


@dataclass(frozen=True)
class GiftPaid(GiftFact):
    """Somebody paid for a gift. It opens nothing for them."""


@dataclass(frozen=True)
class GiftDelivered(GiftFact):
    """Its day has come, or somebody asked for it again: it is mailed; ``number`` counts how often."""

    number: int


@dataclass(frozen=True)
class GiftRedeemed(GiftFact):
    """Somebody has redeemed it, for now or for later."""


@dataclass(frozen=True)
class GiftReturned(GiftFact):
    """Nobody had redeemed it, and its money was given back."""


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


@dataclass(frozen=True)
class GuestFact(Fact):
    """About a purchase without an account. ``turn`` counts them."""

    purchase_id: int
    turn: int


@dataclass(frozen=True)
class GuestLinkOwed(GuestFact):
    """It was paid, or its link was asked for again: whoever has the mailbox can claim it."""


@dataclass(frozen=True)
class GuestReminded(GuestFact):
    """Nobody has come for it for days."""


@dataclass(frozen=True)
class GuestRenewalStopped(GuestFact):
    """Nobody came for it: it is not charged again."""


@dataclass(frozen=True)
class GuestPurchaseReturned(GuestFact):
    """It was cancelled, and all that was paid for it refunded."""


_reactions: list[Callable[[Fact], None]] = []


def connect(react: Callable[[Fact], None]) -> None:
    """Have ``react`` called with every fact, inside the publishing transaction. Called once, at start-up."""
    if react not in _reactions:
        _reactions.append(react)


@dataclass(frozen=True)
class _Telling:
    """Facts that are told together: when they came true, and what reactions have looked up about them."""

    at: Mapping[type[Fact], datetime | None] = field(default_factory=dict)
    found: dict[Hashable, Any] = field(default_factory=dict)


_nothing = _Telling()
_telling: ContextVar[_Telling] = ContextVar("telling", default=_nothing)


def publish(*facts: Fact, at: Mapping[type[Fact], datetime | None] | None = None) -> None:
    """Tell facts. Must be called inside the transaction that makes them true, or both could be half done.

    ``at`` says when they came true, where that was before now: late news is no news (E7).
    """
    if not connection.in_atomic_block:
        msg = f"{facts!r} were published outside a transaction"
        raise RuntimeError(msg)
    before = _telling.set(_Telling(at or {}))
    try:
        for fact in facts:
            for react in _reactions:
                react(fact)
    finally:
        _telling.reset(before)


def moment_of(fact: Fact) -> datetime | None:
    """For reactions: when the fact came true. None: now, as far as we know."""
    return _telling.get().at.get(type(fact))


def once(key: Hashable, find: Callable[[], T]) -> T:
    """For reactions: look something up once for all facts that are told together."""
    telling = _telling.get()
    if telling is _nothing:
        return find()
    if key not in telling.found:
        telling.found[key] = find()
    return telling.found[key]
