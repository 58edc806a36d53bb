"""How does a snapshot become columns? Copying only: no rule of ours is applied here, except where a debt began."""

import logging
from datetime import datetime

from ..memberships.intervals import Interval, interval_of
from ..memberships.models import Price
from ..payments.gateway import CheckoutSnapshot, InvoiceSnapshot, SubscriptionSnapshot, SubscriptionStatus
from . import instalments
from .models import Subscription
from .queries import UNKNOWN_PRICE

logger = logging.getLogger(__name__)

#: Stripe's word for an invoice that nobody has to pay, and for the pause of payments that makes such ones.
VOID = "void"
#: Its words for one that waits for its money, and for what each period is billed by.
OPEN = "open"
RENEWAL = "subscription_cycle"
#: A failed payment stays unpaid through these.
OWING = frozenset({SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID})
#: Stripe calls it so while a debit is under way.
CHARGED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


def copy_subscription(subscription: Subscription, snapshot: SubscriptionSnapshot, *, now: datetime) -> None:
    """What Stripe says, field by field."""
    subscription.unpaid_since = _unpaid_since(subscription, snapshot, now=now)
    subscription.is_recurring = True
    subscription.status = snapshot.status
    subscription.customer_id = snapshot.customer_id
    _copy_price(subscription, snapshot)
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


def _copy_price(subscription: Subscription, snapshot: SubscriptionSnapshot) -> None:
    """Which one it is, and whether we know it. That one was left so once says nothing of any other."""
    was_unknown, price_id = subscription.flag == UNKNOWN_PRICE, subscription.unknown_price_id
    subscription.price = _price(subscription, snapshot)
    subscription.flag = _flag(subscription)
    is_unknown = subscription.flag == UNKNOWN_PRICE
    if not (is_unknown and was_unknown and price_id in ("", snapshot.price_id)):
        subscription.left_alone_at = None
    subscription.unknown_price_id = snapshot.price_id if is_unknown else ""


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


def _unpaid_since(subscription: Subscription, snapshot: SubscriptionSnapshot, *, now: datetime) -> datetime | None:
    """Since when a payment is missing: kept while it is, however often Stripe tries again or moves the period on (G2)."""
    if snapshot.status not in OWING:
        return None
    since = subscription.unpaid_since
    if since is None:
        return _failed_at(subscription, snapshot, now=now)
    # Paid in between while nobody looked? Then the debt is a new one. What was billed before it settles none.
    billed_from = min(since, subscription.period_start or since)
    paid = subscription.invoices.filter(status="paid", amount_paid__gt=0, created_at__gte=billed_from)
    return _failed_at(subscription, snapshot, now=now) if paid.filter(paid_at__gte=since).exists() else since


def _failed_at(subscription: Subscription, snapshot: SubscriptionSnapshot, *, now: datetime) -> datetime:
    """Where the days of grace of a new debt begin."""
    latest = snapshot.latest_invoice
    if latest is None or latest.status != OPEN:
        return snapshot.current_period_start
    if _was_on_its_way(subscription, snapshot, latest):
        # The bank has taken days to say no, and nothing says when it did: this is the first that we hear of it.
        return now
    if latest.billing_reason == RENEWAL and snapshot.item_count == 1:
        return snapshot.current_period_start
    # Billed within a period that is paid for: nothing was missing before. A change in Stripe's dashboard, or the
    # renewal of something that was added with a rhythm of its own.
    return max(snapshot.current_period_start, latest.created_at)


def _was_on_its_way(subscription: Subscription, snapshot: SubscriptionSnapshot, latest: InvoiceSnapshot) -> bool:
    """A debit that we have seen under way: tried, and the period that it pays for was active all the same."""
    if subscription.pk is None or subscription.status not in CHARGED:
        return False
    if subscription.period_start != snapshot.current_period_start:
        # Not read since it was billed: its status is an old one, and says nothing of that.
        return False
    # Of one that has failed already, the first failure is what counts.
    tried = subscription.invoices.filter(stripe_id=latest.id, status=OPEN, attempts__gt=0, failures_told=0)
    return tried.exists()
