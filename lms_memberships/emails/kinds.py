"""What are the e-mails called, and to whom can one go?"""

from enum import StrEnum


class EmailKind(StrEnum):
    """The stable names; templates are called after them."""

    ADMIN_BOUGHT = "admin_bought"
    ADMIN_CANCELLED = "admin_cancelled"
    BOUGHT = "bought"
    CANCELLED = "cancelled"
    MEMBERSHIP_CHANGED = "membership_changed"
    ACCESS_GAINED = "access_gained"
    ACCESS_LOST = "access_lost"
    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_MISSING = "payment_missing"
    TRIAL_ENDS_SOON = "trial_ends_soon"
    RENEWAL_SOON = "renewal_soon"
    CARD_EXPIRES = "card_expires"
    PLACE_FREE = "place_free"
    NO_PLACE_LEFT = "no_place_left"
    PRICE_CHANGE = "price_change"
    GUEST_CLAIM = "guest_claim"
    GUEST_REMINDER = "guest_reminder"
    GUEST_NOT_RENEWED = "guest_not_renewed"
    GUEST_RETURNED = "guest_returned"
    GIFT_BOUGHT = "gift_bought"
    GIFT_RECEIVED = "gift_received"
    GIFT_RETURNED = "gift_returned"
    PAYMENT_REFUNDED = "payment_refunded"
    ADMIN_REFUND_FAILED = "admin_refund_failed"
    ADMIN_PRICE_UNKNOWN = "admin_price_unknown"
    ADMIN_DISPUTED = "admin_disputed"
    ADMIN_DISPUTE_DECIDED = "admin_dispute_decided"
    WITHDRAWN = "withdrawn"


class Audience(StrEnum):
    """Who an e-mail goes to."""

    STUDENT = "student"
    #: Whoever was given something: perhaps nobody of ours yet.
    RECIPIENT = "recipient"
    ADMINS = "admins"
    #: Whoever bought without an account: a mailbox, and nobody of ours.
    GUEST = "guest"
