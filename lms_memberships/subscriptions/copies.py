"""How does a snapshot become columns? Copying only: no rule of ours is applied here, except where a debt began."""

from datetime import datetime

from ..memberships.intervals import RHYTHMS, Interval, Rhythm
from ..memberships.models import Price
from ..payments.gateway import CheckoutSnapshot, SubscriptionSnapshot, SubscriptionStatus
from .models import Subscription

INTERVAL_OF: dict[Rhythm, str] = {rhythm: interval for interval, rhythm in RHYTHMS.items()}
#: A failed payment stays unpaid through these.
OWING = frozenset({SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID})


def copy_subscription(subscription: Subscription, snapshot: SubscriptionSnapshot) -> None:
    """What Stripe says, field by field."""
    subscription.unpaid_since = _unpaid_since(subscription, snapshot)
    subscription.is_recurring = True
    subscription.status = snapshot.status
    subscription.customer_id = snapshot.customer_id
    subscription.price = _price(subscription, snapshot)
    subscription.amount = snapshot.money.minor
    subscription.currency = snapshot.money.currency
    # An interval that only the dashboard can make has no name of ours.
    subscription.interval = INTERVAL_OF.get(Rhythm(snapshot.interval, snapshot.interval_count), "")
    subscription.has_card = snapshot.has_card
    subscription.started_at = snapshot.started_at
    subscription.period_start = snapshot.current_period_start
    subscription.period_end = snapshot.current_period_end
    subscription.trial_end = snapshot.trial_end
    subscription.cancel_at = snapshot.cancel_at
    subscription.ended_at = snapshot.ended_at


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
    return Price.objects.filter(
        account=subscription.account, livemode=subscription.livemode, stripe_id=snapshot.price_id
    ).first()


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
