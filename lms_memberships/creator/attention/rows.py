"""What does the list say of each thing that needs attention, and which buttons does it have?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from ...money import format_money
from ...payments.connect import Connection
from ...payments.refunds import DisputeStatus
from ...punctuation import labelled
from ...subscriptions import settling_attention, unreturnable
from ...subscriptions.attention import Kind
from ...subscriptions.guest_models import GuestPurchase
from ...subscriptions.models import Invoice, Subscription
from ...subscriptions.money_back_models import Dispute, Refund
from ...subscriptions.queries import UNKNOWN_PRICE
from ..at_stripe import url_at_stripe
from ..guests.views import LIST as GUESTS
from ..person import names as person_names
from ..refunds.views import PERMISSION as REFUNDING
from ..refunds.views import REFUND
from . import names


@dataclass(frozen=True)
class Button:
    """Where it leads. ``is_post``: it does something at once, and is a form of its own.

    ``asks_nobody``: this site asks Stripe nothing for it, so that it is there for rows of whichever account.
    ``is_last``: there only where Stripe cannot be asked.
    """

    label: str
    url: str
    is_post: bool = False
    asks_nobody: bool = False
    is_last: bool = False


@dataclass(frozen=True)
class Row:
    """One thing, in words: whose, of what, how much money, since when, and what can be done."""

    person: str
    membership: str
    money: str
    since: datetime | None
    words: str
    buttons: tuple[Button, ...] = field(default=())
    #: Why Stripe cannot be asked about it.
    note: str | Promise = ""


HEADINGS: Mapping[Kind, str | Promise] = {
    Kind.DOUBLES: gettext_lazy("Paid twice"),
    Kind.DISPUTES: gettext_lazy("Disputes"),
    Kind.REFUNDS: gettext_lazy("Failed refunds"),
    Kind.PRICES: gettext_lazy("Unknown prices"),
    Kind.STRANGERS: gettext_lazy("Subscriptions to claim"),
    Kind.INVOICES: gettext_lazy("Doubtful invoices"),
    Kind.GUESTS: gettext_lazy("Bought without an account"),
}
#: What each list is about, in a sentence or two.
ABOUT: Mapping[Kind, str | Promise] = {
    Kind.DOUBLES: gettext_lazy(
        "One person is charged by two subscriptions for the same membership, or for two tiers of one ladder. Cancel the "
        "second and give its money back where that is offered: access stays open by the first. Else end one of the two "
        "on the person's page."
    ),
    Kind.DISPUTES: gettext_lazy("Somebody had their bank take a payment back. Answer the bank in Stripe."),
    Kind.REFUNDS: gettext_lazy(
        "The bank did not take the money, or Stripe refused to give it back: it is with you, and the person is without it."
    ),
    Kind.PRICES: gettext_lazy(
        "Billed in Stripe at a price that no membership here has. It opens nothing new until somebody says which "
        "membership the price belongs to, or moves it in Stripe."
    ),
    Kind.STRANGERS: gettext_lazy(
        "They run in Stripe on the product of a membership, and were not sold by this site. They open nothing here."
    ),
    Kind.INVOICES: gettext_lazy("Our copy of an invoice does not add up, or Stripe does not know it."),
    Kind.GUESTS: gettext_lazy("Paid for some days ago, and nobody has come for it."),
}
DOUBTS: Mapping[str, str | Promise] = {
    settling_attention.SUMS: gettext_lazy("Its parts do not add up to its total."),
    settling_attention.ABSENT: gettext_lazy("Stripe does not know it."),
}

FAILURES: Mapping[str, str | Promise] = {
    unreturnable.PAST_STRIPE: gettext_lazy("Paid past Stripe: give it back in the way it came."),
    unreturnable.IN_PARTS: gettext_lazy(
        "Paid in several payments, or partly past Stripe: give each back in Stripe's dashboard, the rest in the way it came."
    ),
    unreturnable.STILL_OPEN: gettext_lazy(
        "Its invoice was paid in part, and Stripe did not close it. Close it in Stripe's dashboard: until then the rest can "
        "still be paid."
    ),
}

CHARGED_BESIDE = gettext_lazy(
    "They are charged for this membership already, and by this one a second time: %(subscription)s. End it in Stripe, and "
    "give its money back there."
)


def row_of(kind: Kind, found: Any, user: AbstractBaseUser, at: Connection | None) -> Row:
    """``user`` sees the buttons that they may press; of a row of another account than ``at``, those that ask nobody.

    Without a connection nothing is known of accounts: whoever presses is told that none is connected.
    """
    row = MAKERS[kind](found, user)
    if at is None or found.is_of(at):
        return replace(row, buttons=tuple(each for each in row.buttons if not each.is_last))
    buttons = tuple(each for each in row.buttons if each.asks_nobody)
    return replace(row, buttons=buttons, note=settling_attention.ELSEWHERE)


def _double(found: Any, user: AbstractBaseUser) -> Row:
    buttons = []
    words = _("The second: %(subscription)s")
    if not found.is_second:
        words = _("Charged beside another one, and which of the two to end is for you to say: %(subscription)s")
    elif user.has_perm(REFUNDING) and user.has_perm(names.ENDING):
        buttons.append(Button(_("Cancel and refund the second"), reverse(names.DOUBLE, args=[found.pk])))
    if user.has_perm(person_names.SEE):
        url = reverse(person_names.PAGE, args=[found.user_id])
        buttons.append(Button(_("Look at it"), url, asks_nobody=True))
    # An unknown price is left for itself.
    if user.has_perms([REFUNDING, names.ENDING]) and found.flag != UNKNOWN_PRICE:
        buttons.append(_at_last(names.DOUBLE_LEFT, found))
    title, money = found.membership.title, _money(found)
    words = words % {"subscription": found.stripe_id}
    return Row(found.user.get_username(), title, money, found.started_at, words, tuple(buttons))


def _dispute(found: Dispute, user: AbstractBaseUser) -> Row:
    buttons = [Button(_("Answer in Stripe"), url_at_stripe(found, "disputes"), asks_nobody=True)]
    if user.has_perm(REFUNDING):
        buttons.append(Button(_("Look again"), reverse(names.DISPUTE, args=[found.pk]), is_post=True))
        buttons.append(_at_last(names.DISPUTE_LEFT, found))
    words = str(Dispute.STATUS_LABELS[DisputeStatus(found.status)])
    return _of_money_back(found, words, buttons)


def _refund(found: Refund, user: AbstractBaseUser) -> Row:
    buttons = []
    if user.has_perm(REFUNDING):
        if found.invoice is not None and found.invoice.can_be_refunded and found.payment_intent_id:
            buttons.append(Button(_("Give it back again"), reverse(REFUND, args=[found.invoice_id])))
        buttons.append(_locally(_("Dealt with"), names.REFUND_DONE, found))
    words = str(FAILURES.get(found.failure, found.failure)) or found.stripe_id or str(found.get_state_display())
    return _of_money_back(found, words, buttons)


def _price(found: Subscription, user: AbstractBaseUser) -> Row:
    buttons = []
    if user.has_perm(names.LINKING):
        buttons.append(Button(_("Choose which membership this is"), reverse(names.PRICE, args=[found.pk])))
        buttons.append(_locally(_("Leave it"), names.PRICE_LEFT, found))
    words = _("It opened before, and keeps what was paid.") if found.opened_at else _("It has opened nothing.")
    return Row(
        found.user.get_username(), found.membership.title, _money(found), found.started_at, words, tuple(buttons)
    )


def _stranger(found: Any, user: AbstractBaseUser) -> Row:
    buttons, words = [], found.stripe_id
    if found.is_beside:
        # Nobody links a second one, and what was never ours is not ours to end.
        words = CHARGED_BESIDE % {"subscription": found.stripe_id}
        buttons.append(Button(_("End it in Stripe"), url_at_stripe(found, "subscriptions"), asks_nobody=True))
    elif user.has_perms([names.LINKING, person_names.SEE]):
        buttons.append(Button(_("Link it to an account"), reverse(names.STRANGER, args=[found.pk])))
    if found.known_user is not None and user.has_perm(person_names.SEE):
        buttons.append(Button(_("Look at it"), reverse(person_names.PAGE, args=[found.known_user]), asks_nobody=True))
    if user.has_perm(names.LINKING):
        buttons.append(_locally(_("Leave it"), names.STRANGER_LEFT, found))
    person = found.known_name or found.customer_id
    return Row(person, found.membership.title, _money(found), found.started_at, words, tuple(buttons))


def _invoice(found: Invoice, user: AbstractBaseUser) -> Row:
    buttons = []
    if user.has_perm(REFUNDING):
        buttons.append(Button(_("Read it again"), reverse(names.INVOICE, args=[found.pk]), is_post=True))
        buttons.append(_locally(_("Leave it"), names.INVOICE_LEFT, found))
    words = labelled(found, DOUBTS.get(found.doubt, found.doubt))
    return Row(
        found.user.get_username(),
        found.membership.title,
        format_money(found.total_money, get_language() or "en"),
        found.created_at,
        words,
        tuple(buttons),
    )


def _guest(found: GuestPurchase, user: AbstractBaseUser) -> Row:
    buttons, email = [], "–"
    if user.has_perm(names.SEEING_GUESTS):
        buttons.append(Button(_("Look at it"), reverse(GUESTS), asks_nobody=True))
        email = found.email
    money = _money(found)
    return Row(email, found.membership.title, money, found.paid_at, found.get_state_display(), tuple(buttons))


def _locally(label: str, url_name: str, found: Any) -> Button:
    """Noted here, and nowhere else."""
    return Button(label, reverse(url_name, args=[found.pk]), is_post=True, asks_nobody=True)


def _at_last(url_name: str, found: Any) -> Button:
    return replace(_locally(_("Leave it"), url_name, found), is_last=True)


def _of_money_back(found: Dispute | Refund, words: str, buttons: list[Button]) -> Row:
    """Of which neither the person nor the membership has to be known here."""
    person = found.subscription.user.get_username() if found.subscription is not None else "–"
    title = found.membership.title if found.membership is not None else "–"
    return Row(person, title, _money(found), found.created_at, words, tuple(buttons))


def _money(row: Any) -> str:
    """Of a row that has one; what costs nothing has no currency."""
    return format_money(row.money, get_language() or "en") if row.currency else "–"


MAKERS: Mapping[Kind, Callable[[Any, AbstractBaseUser], Row]] = {
    Kind.DOUBLES: _double,
    Kind.DISPUTES: _dispute,
    Kind.REFUNDS: _refund,
    Kind.PRICES: _price,
    Kind.STRANGERS: _stranger,
    Kind.INVOICES: _invoice,
    Kind.GUESTS: _guest,
}
