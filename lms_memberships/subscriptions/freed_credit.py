"""What becomes of a pause's credit in a payment that is called off? It goes to their balance at Stripe, once (X14).

**Continue** makes an invoice that takes it off. Void, that invoice takes it with it: Stripe gives back what a void invoice
took from a balance, and nothing of its lines. So an entry of ours puts it on the balance, which names the invoice.
"""

import logging

from django.utils.translation import gettext_lazy as _

from ..errors import OutsideFailure
from ..money import Money
from ..payments import intents
from ..payments.gateway import (
    Gateway,
    InvoiceSnapshot,
    NotFound,
    RequestRefused,
    SubscriptionSnapshot,
    SubscriptionStatus,
)
from ..payments.models import Intent
from . import billing, contracts, kept_credit, letting_go
from .models import Subscription
from .withdrawal_models import Withdrawal

logger = logging.getLogger(__name__)

PURPOSE = kept_credit.FREED


class PaymentOnItsWay(OutsideFailure):
    """What comes of it decides whether there is anything to free: until then nothing is ended."""

    message = _("A payment to continue is on its way. It ends as soon as the bank has answered.")

    @property
    def for_buyers(self) -> str:
        return str(self.message)


def from_payment(subscription: Subscription, *, gateway: Gateway) -> None:
    """Before one that rests is ended: what waits to be paid is called off, and its credit is theirs again.

    Paid in part it is written off, as Stripe voids it no more; what was paid stays a payment of theirs.
    Raises PaymentOnItsWay.
    """
    if subscription.status != SubscriptionStatus.PAUSED:
        return
    snapshot = gateway.read_subscription(subscription.stripe_id)
    payment = kept_credit.payment_in(snapshot)
    if payment is not None:
        if not letting_go.let_go(payment, gateway=gateway) and not _write_off(payment, gateway):
            raise PaymentOnItsWay
        snapshot = gateway.read_subscription(subscription.stripe_id)
    _free(subscription, snapshot, {billing.VOID, billing.UNCOLLECTIBLE}, gateway)


def from_void(subscription: Subscription, snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> None:
    """Going on was called off, here or at Stripe. Called again, nothing more is put on the balance.

    While the bank may take back what was paid, nothing is (G7): won, going on looks for it once more.
    """
    _free(subscription, snapshot, {billing.VOID}, gateway)


def _write_off(payment: InvoiceSnapshot, gateway: Gateway) -> bool:
    try:
        return payment.amount_paid.minor > 0 and letting_go.write_off(payment, gateway=gateway)
    except RequestRefused:
        return False


def _free(subscription: Subscription, snapshot: SubscriptionSnapshot, called_off: set[str], gateway: Gateway) -> None:
    invoice = kept_credit.resumption(snapshot)
    if invoice is None or invoice.status not in called_off or _is_freed(invoice, gateway):
        return
    if contracts.is_money_back(subscription) or Withdrawal.objects.filter(subscription_id=subscription.pk).exists():
        # All that was paid goes back: with a credit they would have a part of it twice.
        return
    credit = gateway.credit_taken_off(invoice.id)
    if credit is None or kept_credit.waiting(subscription, gateway=gateway) is not None:
        # Put aside once more by Stripe, it is kept like any other.
        return
    try:
        _put_on_balance(subscription, invoice, credit, gateway=gateway)
    except NotFound:
        logger.warning("%s: there is no such customer any more, whose balance could keep it", invoice.customer_id)


def find_freed(intent: Intent, gateway: Gateway) -> str | None:
    """For whoever resolves lost answers."""
    return _find(str(intent.parameters["customer"]), str(intent.parameters["invoice"]), gateway)


def _is_freed(invoice: InvoiceSnapshot, gateway: Gateway) -> bool:
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    done = Intent.objects.filter(purpose=PURPOSE, subject=invoice.id, state=Intent.State.CONFIRMED, **at)
    return done.exists()


def _put_on_balance(subscription: Subscription, invoice: InvoiceSnapshot, credit: Money, *, gateway: Gateway) -> None:
    about = {"lmsm_invoice": invoice.id, "lmsm_subscription": subscription.stripe_id}
    intents.carry_out(
        purpose=PURPOSE,
        subject=invoice.id,
        parameters={
            "subscription": subscription.stripe_id,
            "customer": invoice.customer_id,
            "invoice": invoice.id,
            "credit": credit.minor,
            "currency": credit.currency,
        },
        gateway=gateway,
        call=lambda key: gateway.add_credit(invoice.customer_id, credit, about, key=key),
        result_id=str,
        find=lambda: _find(invoice.customer_id, invoice.id, gateway),
    )


def _find(customer_id: str, invoice_id: str, gateway: Gateway) -> str | None:
    found = (each.id for each in gateway.added_credits(customer_id) if each.invoice_id == invoice_id)
    return next(found, None)
