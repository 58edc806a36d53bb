"""Where are the tables? Here is the index of all of them; the code is in the packages."""

from .access.models import BundleSpread, Delivery
from .announcements.models import Announcement
from .bundles.models import Item
from .emails.models import Email, EmailSwitch, MailNews
from .memberships.gift_offer_models import GiftOffer
from .memberships.guess_models import GuessTally
from .memberships.invitation_models import InvitationLink
from .memberships.kept_models import KeptItem
from .memberships.ladder_models import Ladder, Tier
from .memberships.models import BundleItem, Membership, Price, PriceAsked, PriceOption
from .memberships.promotion_models import PromotionCode
from .payments.models import Account, Customer, Intent, Throttle, WebhookEvent
from .personal_data.models import Erasure
from .signs import Sign
from .subscriptions.change_models import TierChange
from .subscriptions.gift_models import Gift
from .subscriptions.guest_models import GuestPurchase
from .subscriptions.invitation_models import InvitationUse
from .subscriptions.models import Checkout, Invoice, Subscription
from .subscriptions.price_move_models import PriceMove, PriceMoveEntry
from .subscriptions.sync_models import SyncRun
from .subscriptions.waiting_models import TrialTaken, WaitingEntry

__all__ = [
    "Account",
    "Announcement",
    "BundleItem",
    "BundleSpread",
    "Checkout",
    "Customer",
    "Delivery",
    "Email",
    "EmailSwitch",
    "Erasure",
    "Gift",
    "GiftOffer",
    "GuessTally",
    "GuestPurchase",
    "Intent",
    "InvitationLink",
    "InvitationUse",
    "Invoice",
    "Item",
    "KeptItem",
    "Ladder",
    "MailNews",
    "Membership",
    "Price",
    "PriceAsked",
    "PriceMove",
    "PriceMoveEntry",
    "PriceOption",
    "PromotionCode",
    "Sign",
    "Subscription",
    "SyncRun",
    "Throttle",
    "Tier",
    "TierChange",
    "TrialTaken",
    "WaitingEntry",
    "WebhookEvent",
]
