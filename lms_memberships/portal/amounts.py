"""What is paid for it, and what next, as far as it is known without asking Stripe? No amount is named as due that is not (P7)."""

from datetime import datetime

from django.utils.translation import gettext as _

from ..memberships import taxes
from ..memberships.pricing import price_text
from ..money import Money
from ..subscriptions.models import Subscription
from .repricing import told_of


def price_of(subscription: Subscription, language: str) -> str:
    """The price that it is sold at, with what the shop says of tax. Empty: nothing is paid for it."""
    return _said(subscription.money, subscription.interval, language) if subscription.interval else ""


def next_price_of(subscription: Subscription, at: datetime | None, language: str) -> str:
    """What the payment of that moment costs: at the new price from the day that they were told (X11).

    What Stripe takes off it is named, not reckoned: only its own preview says how much that is (H7).
    """
    entry = told_of(subscription)
    is_new = entry is not None and at is not None and entry.applies_from is not None and entry.applies_from <= at
    if entry is not None and is_new:
        price = _said(entry.move.new_price.money, entry.move.new_price.interval, language)
    else:
        price = price_of(subscription, language)
    return _("%(price)s, less your discount or credit") % {"price": price} if subscription.is_reduced else price


def _said(money: Money, interval: str, language: str) -> str:
    return taxes.with_tax(price_text(money, interval, language))
