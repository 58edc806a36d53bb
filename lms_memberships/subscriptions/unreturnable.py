"""What did somebody pay that no refund takes back? Listed among the refunds that failed, until somebody has seen to it."""

import logging
from datetime import datetime

from ..payments.gateway import Gateway, InvoiceSnapshot
from .models import Invoice, Subscription
from .money_back_models import Refund

logger = logging.getLogger(__name__)

#: Our own word, beside the bank's, for why a refund could not be made.
PAST_STRIPE = "paid_past_stripe"


def note(subscription: Subscription, invoice: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> None:
    """Paid past Stripe: there is no card or account to send it back to. Noted once, and told to whoever looks."""
    logger.warning("Stripe's %s was paid without a payment that could be refunded", invoice.id)
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    Refund.objects.get_or_create(
        **at,
        invoice=Invoice.objects.filter(**at, stripe_id=invoice.id).first(),
        subscription=subscription,
        payment_intent_id="",
        amount=invoice.amount_paid.minor,
        currency=invoice.amount_paid.currency,
        failure=PAST_STRIPE,
        defaults={
            "membership_id": subscription.membership_id,
            "state": Refund.State.FAILED,
            "created_at": now,
        },
    )
