"""How is what is paid next said to a student? No amount is named as due that is not (P7)."""

from datetime import datetime

from ..subscriptions import amounts
from ..subscriptions.models import Subscription


def next_price_of(subscription: Subscription, at: datetime | None, language: str) -> str:
    """What the payment of that moment costs. What Stripe takes off it is named, not reckoned (H7)."""
    amount = amounts.next_of(subscription, at, language)
    return amounts.less(amount.price, is_reduced=amount.is_reduced)
