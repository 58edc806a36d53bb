"""Where are the tables? Here is the index of all of them; the code is in the packages."""

from .access.models import Delivery
from .bundles.models import Item
from .emails.models import Email, EmailSwitch
from .memberships.models import BundleItem, Membership, Price
from .payments.models import Account, Customer, Intent, WebhookEvent
from .subscriptions.models import Checkout, Invoice, Subscription

__all__ = [
    "Account",
    "BundleItem",
    "Checkout",
    "Customer",
    "Delivery",
    "Email",
    "EmailSwitch",
    "Intent",
    "Invoice",
    "Item",
    "Membership",
    "Price",
    "Subscription",
    "WebhookEvent",
]
