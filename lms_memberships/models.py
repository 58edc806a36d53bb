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
from .payments.models import Account, Customer, Intent, PortalConfiguration, Throttle, WebhookEvent
from .personal_data.models import Erasure
from .signs import Sign
from .subscriptions.change_models import TierChange
from .subscriptions.deed_models import Deed
from .subscriptions.departure_models import Departure, StayOffer
from .subscriptions.export_models import PeopleExport, PeopleExportPart
from .subscriptions.gift_models import Gift
from .subscriptions.guest_models import GuestPurchase
from .subscriptions.invitation_models import InvitationUse
from .subscriptions.mended_models import RenewalNotice
from .subscriptions.models import Checkout, Invoice, Subscription
from .subscriptions.money_back_models import Dispute, Refund
from .subscriptions.people_job_models import PeopleJob, PeopleJobEntry
from .subscriptions.price_move_models import PriceMove, PriceMoveEntry
from .subscriptions.revenue_models import RevenueChange
from .subscriptions.stranger_models import Stranger
from .subscriptions.sync_models import SyncRun
from .subscriptions.waiting_models import TrialTaken, WaitingEntry
from .subscriptions.withdrawal_models import Withdrawal

__all__ = [
    "Account",
    "Announcement",
    "BundleItem",
    "BundleSpread",
    "Checkout",
    "Customer",
    "Deed",
    "Delivery",
    "Dispute",
    "Departure",
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
    "PortalConfiguration",
    "PeopleExport",
    "PeopleExportPart",
    "PeopleJob",
    "PeopleJobEntry",
    "Price",
    "PriceAsked",
    "PriceMove",
    "PriceMoveEntry",
    "PriceOption",
    "PromotionCode",
    "RevenueChange",
    "Refund",
    "RenewalNotice",
    "Sign",
    "Stranger",
    "StayOffer",
    "Subscription",
    "SyncRun",
    "Throttle",
    "Tier",
    "TierChange",
    "TrialTaken",
    "WaitingEntry",
    "WebhookEvent",
    "Withdrawal",
]
