"""What did somebody pay that no refund takes back? Listed among the refunds that failed, until somebody has seen to it."""

import logging
from datetime import datetime

from ..money import Money
from ..payments.gateway import Gateway, InvoiceSnapshot
from .models import Invoice, Subscription
from .money_back_models import Refund

logger = logging.getLogger(__name__)

#: Our own words, beside the bank's, for why a refund could not be made.
PAST_STRIPE = "paid_past_stripe"
IN_PARTS = "paid_in_parts"
#: Nothing that was paid, but an invoice whose rest somebody might pay yet.
STILL_OPEN = "still_open"
MONEY = (PAST_STRIPE, IN_PARTS)
WORDS = (*MONEY, STILL_OPEN)


def note(subscription: Subscription, invoice: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> None:
    """Paid past Stripe, or by several payments: a person gives it back. Noted once, and told to whoever looks."""
    left = invoice.amount_paid.minor - _given_back(invoice, gateway)
    if left <= 0:
        # In Stripe's dashboard, payment by payment.
        return
    logger.warning("Stripe's %s was paid without a payment that could be refunded", invoice.id)
    failure = IN_PARTS if invoice.payment_ids else PAST_STRIPE
    _list(subscription, invoice, Money(left, invoice.amount_paid.currency), failure, gateway=gateway, now=now)


def note_open(subscription: Subscription, invoice: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> None:
    """Paid in part, and Stripe closes it in no way that we have: a person does. Noted once, with what it still asks for."""
    logger.warning("Stripe's %s is paid in part, and stays open", invoice.id)
    asked = Money(max(0, invoice.amount_due.minor - invoice.amount_paid.minor), invoice.amount_due.currency)
    _list(subscription, invoice, asked, STILL_OPEN, gateway=gateway, now=now)


def _list(
    subscription: Subscription, invoice: InvoiceSnapshot, money: Money, failure: str, *, gateway: Gateway, now: datetime
) -> None:
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    row = Invoice.objects.filter(**at, stripe_id=invoice.id).first()
    Refund.objects.get_or_create(
        **at,
        invoice=row,
        subscription=subscription,
        payment_intent_id="",
        # Of one that has a row it is known by that: what is left of it may become less.
        **({"amount": money.minor} if row is None else {}),
        currency=money.currency,
        failure=failure,
        defaults={
            "amount": money.minor,
            "membership_id": subscription.membership_id,
            "state": Refund.State.FAILED,
            "created_at": now,
        },
    )


def settle(invoice: Invoice, given: int, *, now: datetime) -> None:
    """So much of it went back in Stripe's dashboard. All of it: nobody has to see to it any more."""
    if given >= invoice.amount_paid:
        noted = Refund.objects.to_be_looked_at().filter(invoice=invoice, failure__in=MONEY)
        noted.update(dealt_with_at=now)


def is_noted(subscription: Subscription) -> bool:
    """Whether a person has to give something back for it."""
    return Refund.objects.to_be_looked_at().filter(subscription=subscription, failure__in=MONEY).exists()


def _given_back(invoice: InvoiceSnapshot, gateway: Gateway) -> int:
    """In Stripe's dashboard, by refunds of each of its payments."""
    given = [gateway.refunded(each) for each in invoice.payment_ids]
    return sum(each.minor for each in given if each is not None)
