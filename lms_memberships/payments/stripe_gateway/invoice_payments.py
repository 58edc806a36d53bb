"""Which payments have paid an invoice? None, one, or several; and some of it may have come past Stripe (guide §14)."""

from typing import TypedDict

import stripe

from .ids import id_of

INTENT = "payment_intent"


class PaidBy(TypedDict):
    """As ``InvoiceSnapshot`` names them."""

    payment_intent_id: str
    payment_ids: tuple[str, ...]


def of_invoice(found: stripe.Invoice) -> PaidBy:
    """Only what is paid counts: an invoice may name payments that were tried, or are still to come."""
    listed = getattr(found, "payments", None)
    paid = [each for each in (listed.data if listed else []) if each.status == "paid"]
    ids = tuple(id_of(each.payment.payment_intent) for each in paid if each.payment.type == INTENT)
    is_one = len(paid) == len(ids) == 1 and _is_whole(found, paid[0])
    return PaidBy(payment_intent_id=ids[0] if is_one else "", payment_ids=ids)


def _is_whole(found: stripe.Invoice, payment: stripe.InvoicePayment) -> bool:
    """All that was paid came by it: what is given back of it is never taken for the whole of something larger."""
    if getattr(found, "amount_paid_off_stripe", None):
        return False
    amount = getattr(payment, "amount_paid", None)
    return amount is None or amount == found.amount_paid
