"""What changed in a subscription that somebody must hear of? Facts from two states, never from an event (A16)."""

from dataclasses import dataclass

from .. import events
from ..payments.gateway import SubscriptionStatus
from .models import Subscription

#: Over at Stripe, and it will not come back.
OVER = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})


@dataclass(frozen=True)
class Told:
    """What had been told about a subscription before it was written again."""

    has_started: bool
    is_ending: bool
    is_over: bool

    @classmethod
    def of(cls, subscription: Subscription) -> "Told":
        # Nothing is told of what never opened: an abandoned first payment is no cancellation.
        has_started = subscription.opened_at is not None
        is_over = subscription.status in OVER
        return cls(
            has_started=has_started,
            is_ending=has_started and (is_over or subscription.cancel_at is not None),
            is_over=has_started and is_over,
        )


def differences(before: Told, after: Told) -> list[type[events.SubscriptionFact]]:
    """The facts that lead from one state to the other, in the order in which a person would tell them."""
    found: list[type[events.SubscriptionFact]] = []
    if after.has_started and not before.has_started:
        found.append(events.SubscriptionStarted)
    if after.is_ending and not before.is_ending:
        found.append(events.SubscriptionCancelled)
    if before.is_ending and not after.is_ending:
        found.append(events.SubscriptionResumed)
    if after.is_over and not before.is_over:
        found.append(events.SubscriptionEnded)
    return found


def save_and_tell(subscription: Subscription, facts: list[type[events.SubscriptionFact]]) -> None:
    """Write the row, then publish: each fact takes a turn of its own, so that its key is unique for ever."""
    first = subscription.turn + 1
    subscription.turn += len(facts)
    subscription.save()
    for turn, fact in enumerate(facts, start=first):
        events.publish(fact(subscription_id=subscription.pk, turn=turn))
