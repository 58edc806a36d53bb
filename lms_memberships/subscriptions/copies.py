"""How does a snapshot become columns? Copying only: no rule of ours is applied here, except where a debt began."""

import logging
from datetime import datetime

from ..memberships.intervals import Interval, interval_of
from ..memberships.models import Price
from ..payments.gateway import CheckoutSnapshot, SubscriptionSnapshot, SubscriptionStatus
from . import instalments
from .models import Subscription
from .queries import UNKNOWN_PRICE

logger = logging.getLogger(__name__)

#: Stripe's word for an invoice that nobody has to pay, and for the pause of payments that makes such ones.
VOID = "void"
#: A failed payment stays unpaid through these.
OWING = frozenset({SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID})


def copy_subscription(subscription: Subscription, snapshot: SubscriptionSnapshot) -> None:
    """What Stripe says, field by field."""
    subscription.unpaid_since = _unpaid_since(subscription, snapshot)
    subscription.is_recurring = True
    subscription.status = snapshot.status
    subscription.customer_id = snapshot.customer_id
    subscription.price = _price(subscription, snapshot)
    subscription.flag = _flag(subscription)
    subscription.amount = snapshot.money.minor
    subscription.currency = snapshot.money.currency
    subscription.interval = interval_of(snapshot.interval, snapshot.interval_count)
    subscription.has_card = snapshot.has_card
    subscription.started_at = snapshot.started_at
    subscription.period_start, subscription.period_end = snapshot.current_period_start, snapshot.current_period_end
    subscription.trial_end = snapshot.trial_end
    subscription.cancel_at = instalments.cancellation(subscription, snapshot)
    subscription.schedule_id = snapshot.schedule_id
    subscription.ended_at = snapshot.ended_at
    subscription.void_from = _void_from(subscription, snapshot)
    subscription.collection_paused = snapshot.collection_paused
    subscription.is_reduced = snapshot.is_reduced


def copy_purchase(subscription: Subscription, snapshot: CheckoutSnapshot, *, now: datetime) -> None:
    """What was paid once. Its amount is the price's: a discount is told by the invoice."""
    subscription.is_recurring = False
    subscription.status = SubscriptionStatus.ACTIVE
    subscription.customer_id = snapshot.customer_id
    subscription.interval = Interval.ONE_TIME
    subscription.started_at = now
    if subscription.price is not None:
        subscription.amount, subscription.currency = subscription.price.amount, subscription.price.currency


def _price(subscription: Subscription, snapshot: SubscriptionSnapshot) -> Price | None:
    if subscription.price is not None and subscription.price.stripe_id == snapshot.price_id:
        return subscription.price
    known = Price.objects.filter(account=subscription.account, livemode=subscription.livemode)
    price = known.filter(stripe_id=snapshot.price_id).select_related("membership").first()
    if price is None or price.membership_id == subscription.membership_id:
        return price
    if subscription.opened_at is None:
        # Our metadata on a cheap price of something else buys nothing (S9).
        return None
    # Changed to another tier, or in Stripe's dashboard: it is what is paid for (G12).
    subscription.membership = price.membership
    return price


def _flag(subscription: Subscription) -> str:
    # What was imported was sold before there was a price of ours.
    if subscription.price is None and subscription.origin == Subscription.Origin.BOUGHT:
        logger.warning("%s is billed at a price that %r does not have", subscription.stripe_id, subscription.membership)
        return UNKNOWN_PRICE
    return "" if subscription.flag == UNKNOWN_PRICE else subscription.flag


def _void_from(subscription: Subscription, snapshot: SubscriptionSnapshot) -> datetime | None:
    """Where that which was paid ends: from there on Stripe voids every invoice, and moves the period on (G4)."""
    if snapshot.collection_paused != VOID:
        return None
    if subscription.void_from is not None:
        return subscription.void_from
    latest = snapshot.latest_invoice
    # Seen late, the period may have moved on already, by an invoice that nobody paid.
    is_moved = latest is not None and latest.status == VOID
    return snapshot.current_period_start if is_moved else snapshot.current_period_end


def _unpaid_since(subscription: Subscription, snapshot: SubscriptionSnapshot) -> datetime | None:
    """Where the first unpaid period began: Stripe moves the period on at each renewal, paid or not (G2)."""
    if snapshot.status not in OWING:
        return None
    since = subscription.unpaid_since
    if since is None or since >= snapshot.current_period_start:
        return snapshot.current_period_start
    # Paid in between while nobody looked? Then the debt is a new one.
    paid = subscription.invoices.filter(status="paid", amount_paid__gt=0, created_at__gte=since)
    return snapshot.current_period_start if paid.exists() else since
