"""Which e-mails can be sent? The one table: who gets it, after which fact, and what it is called in the admin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .. import events

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


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
    TRIAL_ENDS_SOON = "trial_ends_soon"
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


class Audience(StrEnum):
    """Who an e-mail goes to."""

    STUDENT = "student"
    #: Whoever was given something: perhaps nobody of ours yet.
    RECIPIENT = "recipient"
    ADMINS = "admins"
    #: Whoever bought without an account: a mailbox, and nobody of ours.
    GUEST = "guest"


@dataclass(frozen=True)
class Entry:
    """One e-mail. ``subject`` knows %(membership)s and %(student)s."""

    label: "str | _StrPromise"
    help_text: "str | _StrPromise"
    subject: "str | _StrPromise"
    audience: Audience
    fact: type[events.Fact]
    #: It confirms a contract, or money is about to be lost: when nobody knows whether it arrived, it is sent once more,
    #: an hour later (F1). The others are not: a missing thank-you annoys less than two.
    is_critical: bool = False
    #: Still waiting after this, it is old news and is dropped (F2).
    keeps: timedelta = timedelta(hours=72)


CATALOGUE: Mapping[EmailKind, Entry] = {
    EmailKind.ADMIN_BOUGHT: Entry(
        _("To admins: a membership was bought"),
        _("Sent when a student buys a membership or begins its trial."),
        _("%(student)s joined %(membership)s"),
        Audience.ADMINS,
        events.SubscriptionStarted,
    ),
    EmailKind.ADMIN_CANCELLED: Entry(
        _("To admins: a membership was cancelled"),
        _("Sent when a student cancels."),
        _("%(student)s cancelled %(membership)s"),
        Audience.ADMINS,
        events.SubscriptionCancelled,
    ),
    EmailKind.BOUGHT: Entry(
        _("Membership bought"),
        _("Confirms the purchase or the start of a trial."),
        _("Welcome to %(membership)s"),
        Audience.STUDENT,
        events.SubscriptionStarted,
        is_critical=True,
    ),
    EmailKind.CANCELLED: Entry(
        _("Membership cancelled"),
        _("Confirms the cancellation, and until when access lasts."),
        _("You cancelled %(membership)s"),
        Audience.STUDENT,
        events.SubscriptionCancelled,
        is_critical=True,
    ),
    EmailKind.MEMBERSHIP_CHANGED: Entry(
        _("Membership changed"),
        _("Confirms the change to a higher or a lower tier, once it has come true."),
        _("Your membership is now %(membership)s"),
        Audience.STUDENT,
        events.MembershipChanged,
        is_critical=True,
    ),
    EmailKind.ACCESS_GAINED: Entry(
        _("Access gained"),
        _("Sent when what the membership contains opens for the student."),
        _("%(membership)s is open for you"),
        Audience.STUDENT,
        events.AccessGained,
    ),
    EmailKind.ACCESS_LOST: Entry(
        _("Access lost"),
        _("Sent when access has closed. Progress is kept, and the mail says so."),
        _("Your access to %(membership)s has ended"),
        Audience.STUDENT,
        events.AccessLost,
    ),
    EmailKind.PAYMENT_SUCCEEDED: Entry(
        _("Payment processed"),
        _("Sent for each payment that arrived; never for an amount of zero."),
        _("Thank you: your payment for %(membership)s arrived"),
        Audience.STUDENT,
        events.PaymentSucceeded,
    ),
    EmailKind.PAYMENT_FAILED: Entry(
        _("Payment rejected"),
        _("Sent for each failed attempt, with the link that mends it."),
        _("Your payment for %(membership)s failed"),
        Audience.STUDENT,
        events.PaymentFailed,
        is_critical=True,
    ),
    EmailKind.TRIAL_ENDS_SOON: Entry(
        _("Trial ends soon"),
        _("Sent three days before a trial ends, and says what happens then."),
        _("Your free trial of %(membership)s ends soon"),
        Audience.STUDENT,
        events.TrialEndsSoon,
        is_critical=True,
    ),
    EmailKind.PLACE_FREE: Entry(
        _("A place is free"),
        _("Sent to whoever is next on the waiting list of a membership that was sold out."),
        _("A place is free in %(membership)s"),
        Audience.STUDENT,
        events.PlaceOffered,
    ),
    EmailKind.NO_PLACE_LEFT: Entry(
        _("No place left: payment returned"),
        _("Sent when somebody paid after the last place had gone, and their payment was returned."),
        _("Your payment for %(membership)s is returned: no place was left"),
        Audience.STUDENT,
        events.PlacelessPurchaseUndone,
        is_critical=True,
    ),
    EmailKind.PRICE_CHANGE: Entry(
        _("Price changes"),
        _(
            "Tells a member in time of another price, from when, and how to cancel. Without it nobody's price is changed."
        ),
        _("The price of %(membership)s changes"),
        Audience.STUDENT,
        events.PriceWillChange,
        is_critical=True,
    ),
    EmailKind.GUEST_CLAIM: Entry(
        _("Bought without an account: the link"),
        _(
            "The only way to what a guest has bought: guests can buy nothing while it is off. "
            "What was bought before is written about all the same."
        ),
        _("Open %(membership)s"),
        Audience.GUEST,
        events.GuestLinkOwed,
        is_critical=True,
    ),
    EmailKind.GUEST_REMINDER: Entry(
        _("Bought without an account: reminder"),
        _("Sent after three days and after two weeks, while nobody has come for what was bought."),
        _("%(membership)s is waiting for you"),
        Audience.GUEST,
        events.GuestReminded,
        is_critical=True,
    ),
    EmailKind.GUEST_NOT_RENEWED: Entry(
        _("Bought without an account: not renewed"),
        _("Sent when a subscription is not renewed because nobody has come for it."),
        _("%(membership)s is not charged again"),
        Audience.GUEST,
        events.GuestRenewalStopped,
        is_critical=True,
    ),
    EmailKind.GUEST_RETURNED: Entry(
        _("Bought without an account: payment returned"),
        _("Sent when such a purchase was cancelled and its payment returned."),
        _("Your payment for %(membership)s is returned"),
        Audience.GUEST,
        events.GuestPurchaseReturned,
        is_critical=True,
    ),
    EmailKind.GIFT_BOUGHT: Entry(
        _("Gift bought"),
        _("Confirms to the giver what they gave, to whom, and when it is delivered."),
        _("Your gift: %(membership)s"),
        Audience.STUDENT,
        events.GiftPaid,
        is_critical=True,
    ),
    EmailKind.GIFT_RECEIVED: Entry(
        _("Gift delivered"),
        _("Brings the gift to whoever it is for, on the chosen day. Off: givers hand the link over themselves."),
        _("A gift for you: %(membership)s"),
        Audience.RECIPIENT,
        events.GiftDelivered,
        is_critical=True,
        # A gift is no news that gets old: whoever repairs the mail server after days still sends it.
        keeps=timedelta(days=21),
    ),
    EmailKind.GIFT_RETURNED: Entry(
        _("Gift returned"),
        _("Sent to the giver when the money of a gift was given back."),
        _("The payment for your gift is returned: %(membership)s"),
        Audience.STUDENT,
        events.GiftReturned,
        is_critical=True,
    ),
}

#: To somebody without an account.
TO_GUESTS = tuple(kind for kind, entry in CATALOGUE.items() if entry.audience is Audience.GUEST)


#: Those that are sent a second time when nobody knows what came of the first.
CRITICAL = tuple(kind.value for kind, entry in CATALOGUE.items() if entry.is_critical)


def kinds_after(fact: type[events.Fact]) -> list[EmailKind]:
    """The e-mails that a fact of this class causes, if they are on."""
    return [kind for kind, entry in CATALOGUE.items() if entry.fact is fact]
