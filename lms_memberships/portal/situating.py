"""In which situation is a subscription? One rule for each of Stripe's states, after what we closed or gave ourselves."""

from collections.abc import Callable
from datetime import datetime

from ..payments.gateway import SubscriptionStatus
from ..subscriptions import disputed
from ..subscriptions.copies import CHARGED, OWING
from ..subscriptions.models import Subscription
from ..subscriptions.queries import UNKNOWN_PRICE
from ..subscriptions.told import OVER
from .situations import Situation

#: Whether it was a gift, and whether the bank has decided for whoever paid.
DISPUTES = {
    (False, False): Situation.DISPUTED,
    (False, True): Situation.DISPUTE_LOST,
    (True, False): Situation.GIFT_DISPUTED,
    (True, True): Situation.GIFT_DISPUTE_LOST,
}


def _waiting(subscription: Subscription) -> Situation:
    return Situation.WAITING if subscription.cancel_at is None else Situation.WAITING_TO_END


def _trialing(subscription: Subscription, now: datetime) -> Situation:
    if subscription.opened_at is None:
        # A fee is paid at the start, and its debit is on its way (C7).
        return _waiting(subscription)
    return Situation.TRIAL_WITH_CARD if subscription.has_card else Situation.TRIAL_WITHOUT_CARD


def _failing(subscription: Subscription, now: datetime) -> Situation:
    return Situation.FAILING if subscription.is_live(now) else Situation.LOCKED


def _active(subscription: Subscription, now: datetime) -> Situation:
    if subscription.opened_at is None:
        return _waiting(subscription)
    if subscription.flag == UNKNOWN_PRICE:
        return Situation.PRICE_UNKNOWN if subscription.is_live(now) else Situation.PRICE_UNKNOWN_CLOSED
    if subscription.void_from is not None:
        return Situation.RUNNING_OUT if subscription.is_live(now) else Situation.PAUSED
    return Situation.PAYMENTS_PAUSED if subscription.collection_paused else Situation.RENEWING


def _given(subscription: Subscription, now: datetime) -> Situation:
    if subscription.is_for_good:
        return Situation.GIVEN
    return Situation.GIVEN_FOR_A_WHILE if subscription.is_live(now) else Situation.ENDED


def _always(situation: Situation) -> Callable[[Subscription, datetime], Situation]:
    return lambda subscription, now: situation


BY_STATUS: dict[SubscriptionStatus, Callable[[Subscription, datetime], Situation]] = {
    SubscriptionStatus.TRIALING: _trialing,
    SubscriptionStatus.ACTIVE: _active,
    SubscriptionStatus.PAST_DUE: _failing,
    SubscriptionStatus.UNPAID: _failing,
    SubscriptionStatus.INCOMPLETE: _always(Situation.WAITING),
    SubscriptionStatus.INCOMPLETE_EXPIRED: _always(Situation.ENDED),
    SubscriptionStatus.PAUSED: _always(Situation.PAUSED),
    SubscriptionStatus.CANCELED: _always(Situation.ENDED),
}


def _taken_back(subscription: Subscription, now: datetime) -> Situation:
    """Closed whatever Stripe says of it."""
    if subscription.revoked_at is not None:
        return Situation.REFUNDED if subscription.is_revoked_by_refund else Situation.REVOKED
    is_gift, is_lost = subscription.origin == Subscription.Origin.GIFT, disputed.is_lost(subscription)
    if is_lost and not is_gift and subscription.is_held(now):
        return Situation.DISPUTE_LOST_ENDING
    return DISPUTES[is_gift, is_lost]


def _gift(subscription: Subscription, now: datetime) -> Situation:
    if not subscription.is_live(now):
        return Situation.ENDED
    return Situation.GIFT_LATER if subscription.started_at > now else Situation.GIFT


def _ending(subscription: Subscription, now: datetime) -> Situation:
    """Cancelled. Closed before its end (G4, G12), it is not over all the same."""
    if subscription.is_live(now):
        return Situation.ENDING
    is_ahead = subscription.cancel_at is not None and subscription.cancel_at > now
    is_held = is_ahead and subscription.opened_at is not None and subscription.status not in OVER
    return Situation.CLOSED_ENDING if is_held else Situation.ENDED


def situation_of(subscription: Subscription, now: datetime) -> Situation:
    """Which of the situations it is in at that moment."""
    status = SubscriptionStatus(subscription.status)
    if subscription.has_no_place:
        return Situation.RETURNED
    if subscription.taken_back_at is not None:
        return _taken_back(subscription, now)
    if subscription.origin == Subscription.Origin.GIVEN:
        return _given(subscription, now)
    if subscription.is_for_good:
        return Situation.PAID_OFF if subscription.paid_up_at else Situation.FOR_GOOD
    if status is SubscriptionStatus.CANCELED:
        return Situation.ENDED
    if subscription.origin == Subscription.Origin.GIFT:
        return _gift(subscription, now)
    if subscription.cancel_at is not None and not _waits_for_money(subscription, now):
        return _ending(subscription, now)
    return BY_STATUS[status](subscription, now)


def _waits_for_money(subscription: Subscription, now: datetime) -> bool:
    """An end is planned, and until then a payment that is missing, or on its way, opens it or keeps it open."""
    if subscription.cancel_at is None or subscription.cancel_at <= now:
        return False
    if subscription.status in OWING:
        return True
    is_first = subscription.opened_at is None and subscription.status in CHARGED
    return is_first and not subscription.is_live(now)
