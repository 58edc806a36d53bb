"""What becomes of a credit that a change of tier has left, when all that was paid goes back? Taken off the balance, once.

A downgrade at once puts what is too much paid on the customer's balance at Stripe. The payment goes back in full when
somebody withdraws: with the credit left they would have the difference twice.
"""

from ..money import Money
from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, NotFound
from ..payments.models import Intent
from ..payments.stewardship import CustomerSnapshot
from .models import Subscription

PURPOSE = "take_credit"
#: On the customer, with the subscription's id: written in the same call that takes the credit, so it is taken once.
KEY = "lmsm_credit_"
#: Stripe's longest name for what is noted.
LONGEST = 40


def take(subscription: Subscription, invoices: list[InvoiceSnapshot], *, gateway: Gateway) -> bool:
    """What these invoices have put on the balance, and is still there. Called again, nothing more is taken."""
    left = sum(_put_on(each) for each in invoices) + _freed(subscription, invoices, gateway)
    customer = gateway.read_customer(subscription.customer_id) if left > 0 and subscription.customer_id else None
    if customer is None or _name(subscription.stripe_id) in customer.metadata or customer.credit <= 0:
        return True
    currency = invoices[0].total.currency
    if customer.currency and customer.currency != currency:
        return True
    _write(subscription, customer, Money(max(0, customer.credit - left), currency), gateway=gateway)
    return True


def find_taken(intent: Intent, gateway: Gateway) -> str | None:
    """For whoever resolves lost answers."""
    return _find(str(intent.parameters["customer"]), str(intent.parameters["subscription"]), gateway)


def _put_on(invoice: InvoiceSnapshot) -> int:
    """Minor units; what a later one has used of it counts against it."""
    if invoice.status != "paid":
        return 0
    total = invoice.total.minor
    return -total if total < 0 else min(0, invoice.amount_due.minor - total)


def _freed(subscription: Subscription, invoices: list[InvoiceSnapshot], gateway: Gateway) -> int:
    """What came onto the balance out of invoices of it that were called off, in minor units."""
    void = {each.id for each in invoices if each.status == "void"}
    if not subscription.customer_id or not void:
        return 0
    try:
        added = gateway.added_credits(subscription.customer_id)
    except NotFound:
        return 0
    return sum(each.money.minor for each in added if each.invoice_id in void)


def _write(subscription: Subscription, customer: CustomerSnapshot, credit: Money, *, gateway: Gateway) -> None:
    stripe_id = subscription.stripe_id
    taken = {_name(stripe_id): str(customer.credit - credit.minor)}

    def write(key: str) -> str:
        gateway.set_credit(customer.id, credit, taken, key=key)
        return customer.id

    intents.carry_out(
        purpose=PURPOSE,
        subject=stripe_id,
        parameters={"subscription": stripe_id, "customer": customer.id, "credit": credit.minor},
        gateway=gateway,
        call=write,
        result_id=str,
        find=lambda: _find(customer.id, stripe_id, gateway),
    )


def _find(customer_id: str, stripe_id: str, gateway: Gateway) -> str | None:
    customer = gateway.read_customer(customer_id)
    return customer_id if customer is None or _name(stripe_id) in customer.metadata else None


def _name(stripe_id: str) -> str:
    return f"{KEY}{stripe_id}"[:LONGEST]
