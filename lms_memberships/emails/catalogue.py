"""Which e-mails can be sent? The one table: who gets it, after which fact, and what it is called in the admin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .. import events
from .kinds import Audience as Audience
from .kinds import EmailKind as EmailKind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


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
        _("Sent when a student cancels, or staff or Stripe do so."),
        _("%(membership)s of %(student)s is cancelled"),
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
        _("%(membership)s is cancelled"),
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
    EmailKind.PAYMENT_MISSING: Entry(
        _("Payment still missing"),
        _("Reminds of a failed payment on the third day of grace and on the last one, while nobody has paid."),
        _("Your payment for %(membership)s is still missing"),
        Audience.STUDENT,
        events.PaymentMissing,
        is_critical=True,
        # Tomorrow something else may be true.
        keeps=timedelta(hours=24),
    ),
    EmailKind.TRIAL_ENDS_SOON: Entry(
        _("Trial ends soon"),
        _("Sent three days before a trial ends, and says what happens then."),
        _("Your free trial of %(membership)s ends soon"),
        Audience.STUDENT,
        events.TrialEndsSoon,
        is_critical=True,
    ),
    EmailKind.RENEWAL_SOON: Entry(
        _("Renewal soon"),
        _("Says before a renewal what will be paid, and how to cancel. Below is set for which rhythms, and when."),
        _("%(membership)s renews soon"),
        Audience.STUDENT,
        events.RenewalSoon,
    ),
    EmailKind.CARD_EXPIRES: Entry(
        _("Card expires"),
        _("Sent a month before the card expires that pays for a membership."),
        _("Your card for %(membership)s expires"),
        Audience.STUDENT,
        events.CardExpiresSoon,
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
    EmailKind.PAYMENT_REFUNDED: Entry(
        _("Payment refunded"),
        _("Sent when a payment was given back, in whole or in part, here or in Stripe."),
        _("A payment for %(membership)s is returned to you"),
        Audience.STUDENT,
        events.RefundMade,
    ),
    EmailKind.ADMIN_REFUND_FAILED: Entry(
        _("To admins: a refund failed"),
        _("Sent when the bank did not take a refund, perhaps days later, or Stripe refused it: the money is with you."),
        _("A refund for %(membership)s failed"),
        Audience.ADMINS,
        events.RefundFailed,
        is_critical=True,
    ),
    EmailKind.ADMIN_PRICE_UNKNOWN: Entry(
        _("To admins: an unknown price"),
        _("Sent when somebody was moved, in Stripe, to a price that no membership here has."),
        _("%(student)s pays an unknown price for %(membership)s"),
        Audience.ADMINS,
        events.PriceBecameUnknown,
        is_critical=True,
    ),
    EmailKind.ADMIN_DISPUTED: Entry(
        _("To admins: a payment is disputed"),
        _("Sent when somebody had their bank take a payment back. The bank wants an answer by a certain day."),
        _("A payment for %(membership)s is disputed"),
        Audience.ADMINS,
        events.DisputeOpened,
        is_critical=True,
    ),
    EmailKind.ADMIN_DISPUTE_DECIDED: Entry(
        _("To admins: a dispute is decided"),
        _("Sent when a dispute was won or lost, and says what became of the membership."),
        _("The dispute about %(membership)s is decided"),
        Audience.ADMINS,
        events.DisputeDecided,
    ),
    EmailKind.WITHDRAWN: Entry(
        _("Withdrawal received"),
        _("Confirms to a buyer that they have withdrawn from a purchase, and when. Always sent: the law asks for it."),
        _("We received your withdrawal from %(membership)s"),
        Audience.STUDENT,
        events.ContractWithdrawn,
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
