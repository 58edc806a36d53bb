"""Which e-mails can be sent? The one table: who gets it, after which fact, and what it is called in the admin."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    ACCESS_GAINED = "access_gained"
    ACCESS_LOST = "access_lost"
    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_FAILED = "payment_failed"
    TRIAL_ENDS_SOON = "trial_ends_soon"


class Audience(StrEnum):
    """Who an e-mail goes to."""

    STUDENT = "student"
    ADMINS = "admins"


@dataclass(frozen=True)
class Entry:
    """One e-mail. ``subject`` knows %(membership)s and %(student)s."""

    label: "str | _StrPromise"
    help_text: "str | _StrPromise"
    subject: "str | _StrPromise"
    audience: Audience
    fact: type[events.Fact]


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
    ),
    EmailKind.CANCELLED: Entry(
        _("Membership cancelled"),
        _("Confirms the cancellation, and until when access lasts."),
        _("You cancelled %(membership)s"),
        Audience.STUDENT,
        events.SubscriptionCancelled,
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
    ),
    EmailKind.TRIAL_ENDS_SOON: Entry(
        _("Trial ends soon"),
        _("Sent three days before a trial ends, and says what happens then."),
        _("Your free trial of %(membership)s ends soon"),
        Audience.STUDENT,
        events.TrialEndsSoon,
    ),
}


def kinds_after(fact: type[events.Fact]) -> list[EmailKind]:
    """The e-mails that a fact of this class causes, if they are on."""
    return [kind for kind, entry in CATALOGUE.items() if entry.fact is fact]
