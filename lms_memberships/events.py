"""What can happen in our domain? Facts, past tense, published in the transaction that makes them true."""

from dataclasses import dataclass

from django.dispatch import Signal

# How they are told stands elsewhere; whoever publishes one needs this file alone.
from .fact_telling import connect as connect
from .fact_telling import disconnect as disconnect
from .fact_telling import moment_of as moment_of
from .fact_telling import once as once
from .fact_telling import publish as publish

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
class PriceBecameUnknown(SubscriptionFact):
    """It is billed at a price that no membership has: it was moved to it at the provider, past us (G12)."""


@dataclass(frozen=True)
class TrialEndsSoon(SubscriptionFact):
    """Three days are left of a trial, or fewer."""


@dataclass(frozen=True)
class PaymentMissing(SubscriptionFact):
    """A payment failed days ago and is still missing, while the days of grace run."""


@dataclass(frozen=True)
class RenewalSoon(SubscriptionFact):
    """It renews in a few days. ``amount``: minor units that the provider reckons; None where it was not asked."""

    amount: int | None


@dataclass(frozen=True)
class CardExpiresSoon(SubscriptionFact):
    """The card that pays for it expires within weeks."""


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
class AccountsMerged(Fact):
    """What one account held is another's now, or is its own again. The deed says which."""

    deed_id: int


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
class ContractWithdrawn(Fact):
    """Somebody has declared that they withdraw from a purchase; it ends, and all of it is paid back."""

    withdrawal_id: int


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
class RefundFact(Fact):
    """About money that went back."""

    refund_id: int


@dataclass(frozen=True)
class RefundMade(RefundFact):
    """A payment was given back, in whole or in part."""


@dataclass(frozen=True)
class RefundFailed(RefundFact):
    """The bank did not take it, perhaps days later, or Stripe refused it: the seller has the money."""


@dataclass(frozen=True)
class DisputeFact(Fact):
    """About a payment that somebody had their bank take back. ``turn`` counts the facts of one dispute."""

    dispute_id: int
    turn: int


@dataclass(frozen=True)
class DisputeOpened(DisputeFact):
    """The bank asks, or has taken the money."""


@dataclass(frozen=True)
class DisputeDecided(DisputeFact):
    """Won or lost."""


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
