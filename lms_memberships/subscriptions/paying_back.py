"""How is all given back that was paid for a subscription? It ends first, and each payment is refunded once."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from .. import killpoints
from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, RequestRefused
from ..payments.models import Intent
from ..payments.refunds import DisputeStatus
from . import disputed, ending_at_stripe, letting_go, one_by_one, people, taking_credit, unreturnable
from .models import Subscription

logger = logging.getLogger(__name__)

REFUND = "pay_back"
END = "end_and_pay_back"


def end_and_pay_back(
    subscription: Subscription, *, since: datetime | None, reason: str, gateway: Gateway, now: datetime
) -> bool:
    """End it at Stripe now, and refund in full what was billed for it since then. None: from its beginning.

    False: a payment for it is on its way or disputed, so that this is to be called again. Calling it again refunds
    nothing twice. Raises what Stripe has refused, once all the other payments have gone back.
    """
    ending_at_stripe.end_now(subscription.stripe_id, purpose=END, gateway=gateway)
    killpoints.reach("pay_back.ended")
    found = gateway.list_invoices(subscription_id=subscription.stripe_id)
    invoices = [each for each in found if since is None or (each.paid_at or each.created_at) >= since]

    def settle(invoice: InvoiceSnapshot) -> bool:
        if invoice.status == "open" and not _close(subscription, invoice, gateway=gateway, now=now):
            return False
        return _pay_back_invoice(subscription, invoice, reason=reason, gateway=gateway, now=now)

    steps: list[Callable[[], bool]] = [partial(settle, each) for each in invoices]
    steps.append(partial(taking_credit.take, subscription, invoices, gateway=gateway))
    done = one_by_one.each(steps, lambda step: step())
    killpoints.reach("pay_back.refunded")
    return done == len(steps)


def pay_back(payment_id: str, amount: int, *, user_id: int, reason: str, gateway: Gateway) -> bool:
    """Refund what is left of a payment, once. ``amount`` in minor units is what was paid in all.

    False: it is not back, and nobody can give it back just now. What the bank has given back is back.
    """
    dispute = disputed.keeping(payment_id, gateway=gateway)
    if dispute is not None:
        # Stripe refunds nothing that is disputed. Won, it goes back from here; lost, they have it from the bank.
        logger.info("Stripe's %s is disputed: %s", payment_id, dispute)
        return dispute.status == DisputeStatus.LOST
    if intents.was_just_refused(REFUND, payment_id, gateway):
        return _is_all_back(payment_id, amount, gateway)
    metadata = {people.USER_KEY: str(user_id), "lmsm_reason": reason}
    try:
        intents.carry_out(
            purpose=REFUND,
            subject=payment_id,
            parameters={"payment": payment_id, "amount": amount},
            gateway=gateway,
            call=lambda key: gateway.refund_payment(payment_id, key=key, metadata=metadata),
            result_id=str,
            find=lambda: _find(payment_id, amount, gateway),
        )
    except RequestRefused:
        # Given back in Stripe's dashboard already: there is nothing left to refund.
        if not _is_all_back(payment_id, amount, gateway):
            raise
    return True


def find_paid_back(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["payment"]), int(str(intent.parameters["amount"])), gateway)


def _pay_back_invoice(
    subscription: Subscription, invoice: InvoiceSnapshot, *, reason: str, gateway: Gateway, now: datetime
) -> bool:
    amount = invoice.amount_paid.minor
    if amount <= 0:
        return True
    if not invoice.payment_intent_id:
        unreturnable.note(subscription, invoice, gateway=gateway, now=now)
        return True
    return pay_back(invoice.payment_intent_id, amount, user_id=subscription.user_id, reason=reason, gateway=gateway)


def _close(subscription: Subscription, invoice: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> bool:
    """Nobody is asked for it any more: void, or written off where Stripe does not void it, as it is paid in part.

    False: somebody is paying it just now. What Stripe keeps open whatever is asked is left to a person, who is told.
    """
    if letting_go.let_go(invoice, gateway=gateway):
        return True
    if invoice.amount_paid.minor <= 0:
        return False
    try:
        return letting_go.write_off(invoice, gateway=gateway)
    except RequestRefused:
        if gateway.read_invoice(invoice.id).status != "open" or gateway.is_being_paid(invoice.id):
            # What has come of it, or comes, is given back by the next run.
            return False
        unreturnable.note_open(subscription, invoice, gateway=gateway, now=now)
        return True


def _find(payment_id: str, amount: int, gateway: Gateway) -> str | None:
    return gateway.find_refund(payment_id) if _is_all_back(payment_id, amount, gateway) else None


def _is_all_back(payment_id: str, amount: int, gateway: Gateway) -> bool:
    given = gateway.refunded(payment_id)
    return given is not None and given.minor >= amount
