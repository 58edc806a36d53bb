"""What changed in a subscription that somebody must hear of? Facts from two states, never from an event (A16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .. import events
from ..payments.gateway import SubscriptionStatus
from .models import Subscription
from .queries import UNKNOWN_PRICE

#: Over at Stripe, and it will not come back.
OVER = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})
CHANGES_OF_THE_END = frozenset({events.SubscriptionCancelled, events.SubscriptionResumed})


@dataclass(frozen=True)
class Told:
    """What had been told about a subscription before it was written again."""

    has_started: bool
    is_ending: bool
    is_over: bool
    is_price_unknown: bool = False
    #: Which one that is; empty where it was flagged before it was noted.
    unknown_price_id: str = ""

    @classmethod
    def of(cls, subscription: Subscription) -> "Told":
        # Nothing is told of what never opened: an abandoned first payment is no cancellation.
        has_started = subscription.opened_at is not None
        is_over = subscription.status in OVER
        is_paid_up = subscription.paid_up_at is not None
        return cls(
            has_started=has_started,
            # Paid off, it ends at Stripe, and nothing of it ends for the student (V10).
            # Ended by us because of a dispute or a refund, nobody has cancelled: those have words of their own.
            is_ending=has_started
            and not is_paid_up
            and subscription.taken_back_at is None
            and (is_over or subscription.cancel_at is not None),
            is_over=has_started and is_over,
            is_price_unknown=has_started and not is_over and subscription.flag == UNKNOWN_PRICE,
            unknown_price_id=subscription.unknown_price_id,
        )


def differences(before: Told, after: Told) -> list[type[events.SubscriptionFact]]:
    """The facts that lead from one state to the other, in the order in which a person would tell them."""
    found: list[type[events.SubscriptionFact]] = []
    if after.has_started and not before.has_started:
        found.append(events.SubscriptionStarted)
    if after.is_ending and not before.is_ending:
        found.append(events.SubscriptionCancelled)
    is_known = before.is_price_unknown and before.unknown_price_id in ("", after.unknown_price_id)
    if after.is_price_unknown and not is_known:
        found.append(events.PriceBecameUnknown)
    if before.is_ending and not after.is_ending:
        found.append(events.SubscriptionResumed)
    if after.is_over and not before.is_over:
        found.append(events.SubscriptionEnded)
    return found


def save_and_tell(
    subscription: Subscription, facts: list[type[events.SubscriptionFact]], *, canceled_at: datetime | None = None
) -> None:
    """Write the row, then publish: each fact takes a turn of its own, so that its key is unique for ever."""
    first = take_turns(subscription, facts)
    subscription.save()
    told = (fact(subscription_id=subscription.pk, turn=turn) for turn, fact in enumerate(facts, start=first))
    events.publish(*told, at=_moments(subscription, facts, canceled_at))


def take_turns(subscription: Subscription, facts: Sequence[type[events.SubscriptionFact]]) -> int:
    """Count them on the row, for whoever saves it; the first one's turn. Links in mails hang on those that change the end."""
    first = subscription.turn + 1
    if subscription.cancel_turn is None:
        # A row of earlier days: what was told of it until now may have been a cancellation.
        subscription.cancel_turn = subscription.turn
    subscription.turn += len(facts)
    for turn, fact in enumerate(facts, start=first):
        if fact in CHANGES_OF_THE_END:
            subscription.cancel_turn = turn
    return first


def _moments(
    subscription: Subscription, facts: list[type[events.SubscriptionFact]], canceled_at: datetime | None
) -> dict[type[events.Fact], datetime | None]:
    """When they came true, as far as the row says: we may learn of it much later (E7)."""
    is_over = subscription.status in OVER
    return {
        events.SubscriptionStarted: subscription.opened_at,
        # Access that comes back says nowhere since when.
        events.AccessGained: subscription.opened_at if events.SubscriptionStarted in facts else None,
        events.SubscriptionCancelled: canceled_at or subscription.ended_at,
        events.SubscriptionEnded: subscription.ended_at,
        events.AccessLost: subscription.ended_at if is_over else subscription.access_until,
    }
