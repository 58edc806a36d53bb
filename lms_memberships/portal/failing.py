"""What failed, until when does access last, and which one button mends it? The same words on the account page and elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..money import format_money
from ..subscriptions import billing, collecting
from ..subscriptions.models import Invoice, Subscription
from .dates import day, day_of

PAY = _("Pay now")
CONFIRM = _("Confirm the payment")
#: By whether the bank asks for the person, and whether access still lasts.
SENTENCES: dict[tuple[bool, bool], str | Promise] = {
    (False, True): _("Your payment of %(amount)s failed. You keep access until %(until)s; please pay before."),
    (False, False): _("Access is closed because your payment of %(amount)s failed. It opens again once you pay."),
    (True, True): _("Your bank wants you to confirm your payment of %(amount)s. You keep access until %(until)s."),
    (True, False): _("Access is closed: your bank wants you to confirm your payment of %(amount)s first."),
}
NEXT_TRY = _("Your card is tried again by itself on %(day)s.")


@dataclass(frozen=True)
class Failure:
    """A payment that is missing. ``can_try``: the card on file may be tried again, at a press."""

    subscription: Subscription
    invoice: Invoice
    sentence: str
    next_try: str
    button: str
    can_try: bool


def failure_of(
    subscription: Subscription, invoices: Sequence[Invoice], *, now: datetime, language: str
) -> Failure | None:
    """In words. Of ``invoices``, newest first, the first mends it: Stripe goes by that one. None: there is none."""
    if not invoices:
        return None
    invoice = invoices[0]
    is_asked_for = invoice.needs_person
    values = {"amount": format_money(invoice.due_money, language), "until": day(subscription.access_until, language)}
    # Its own column would ask the database again.
    invoice.subscription = subscription
    can_try = collecting.can_try(invoice)
    # Stripe leaves alone what is written off.
    tries_itself = (
        can_try
        and invoice.status == billing.OPEN
        and invoice.next_attempt_at is not None
        and invoice.next_attempt_at > now
    )
    return Failure(
        subscription=subscription,
        invoice=invoice,
        sentence=str(SENTENCES[is_asked_for, subscription.is_live(now)]) % values,
        next_try=str(NEXT_TRY) % {"day": day_of(invoice.next_attempt_at, language)} if tries_itself else "",
        button=str(CONFIRM if is_asked_for else PAY),
        can_try=can_try,
    )
