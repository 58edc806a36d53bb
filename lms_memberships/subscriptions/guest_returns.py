"""What if nobody should have a parked purchase? All that was paid goes back and it ends; or it is not charged again.

Nothing was ever opened for it, so every payment goes back, not only the last one. Decided in one short transaction, from
which on nobody can claim it; carried out at Stripe afterwards, as often as it takes. Also for whoever has withdrawn from it.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import transaction

from .. import events, killpoints
from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, NotFound
from ..payments.refunds import DisputeStatus
from ..retrying import retried
from . import deeds, disputed, ending_at_stripe, letting_go, one_by_one
from .guest_links import renew, tell
from .guest_models import GuestPurchase
from .told import OVER

REFUND, END, STOP = "refund_guest", "end_guest", "stop_guest"


@retried
def decide(pk: int, reason: GuestPurchase.Reason) -> bool:
    """From now on it is to be returned. False: it was claimed in this moment, or is over."""
    with transaction.atomic():
        waiting = GuestPurchase.objects.unclaimed().filter(pk=pk)
        return bool(waiting.update(return_reason=reason.value))


def carry_out(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> bool:
    """End it first, so that nothing more is billed whatever becomes of the money; then refund each payment once.

    False: the bank has some of it, or Stripe has just refused, so that this is to be called again. A run that breaks off
    finds it still to be returned. Raises BilledElsewhere.
    """
    deeds.put_off_elsewhere(purchase, gateway)
    is_all = True
    if purchase.stripe_id.startswith("sub_"):
        ending_at_stripe.end_now(purchase.stripe_id, purpose=END, gateway=gateway)
        killpoints.reach("guest.ended")
        is_all = _give_back_all(purchase, gateway)
    elif purchase.stripe_id.startswith("pi_"):
        is_all = _give_back(purchase, purchase.stripe_id, purchase.amount, gateway)
    killpoints.reach("guest.refunded")
    if is_all:
        _note_returned(purchase.pk, now=now)
    return is_all


def stop_renewing(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> None:
    """Nobody came: it ends with the period that is paid for. Whoever claims it by then can have it renew again."""
    stripe_id = purchase.stripe_id

    def stop(key: str) -> str:
        gateway.cancel_at_period_end(stripe_id, key=key)
        return stripe_id

    def find() -> str | None:
        found = gateway.read_subscription(stripe_id)
        return stripe_id if found.cancel_at is not None or found.status in OVER else None

    intents.carry_out(
        purpose=STOP,
        subject=stripe_id,
        parameters={"subscription": stripe_id},
        gateway=gateway,
        call=stop,
        result_id=str,
        find=find,
    )
    _note_stopped(purchase.pk, gateway.read_subscription(stripe_id).cancel_at, now=now)


def is_given_back(payment_id: str, amount: int, gateway: Gateway) -> bool:
    """Whether all of this payment has been refunded, by whomever."""
    given = gateway.refunded(payment_id) if payment_id.startswith("pi_") else None
    return given is not None and given.minor >= amount


def _give_back_all(purchase: GuestPurchase, gateway: Gateway) -> bool:
    """One payment that cannot go back keeps no other back."""
    try:
        invoices = gateway.list_invoices(subscription_id=purchase.stripe_id)
    except NotFound:
        # Stripe has no such subscription: nothing was paid there that could be paid back.
        return True
    steps: list[Callable[[], bool]] = [
        partial(_give_back_of, purchase, invoice, payment_id, gateway)
        for invoice in invoices
        for payment_id in invoice.payment_ids
    ]
    steps += [partial(_close, each, gateway) for each in invoices if each.status == "open"]
    return one_by_one.each(steps, lambda step: step()) == len(steps)


def _close(invoice: InvoiceSnapshot, gateway: Gateway) -> bool:
    """Nobody is asked for it any more. False: somebody is paying it just now. Raises RequestRefused."""
    if letting_go.let_go(invoice, gateway=gateway):
        return True
    # Stripe voids nothing that is paid in part.
    return invoice.amount_paid.minor > 0 and letting_go.write_off(invoice, gateway=gateway)


def _give_back_of(purchase: GuestPurchase, invoice: InvoiceSnapshot, payment_id: str, gateway: Gateway) -> bool:
    is_one = payment_id == invoice.payment_intent_id
    paid = invoice.amount_paid if is_one else gateway.received(payment_id)
    return _give_back(purchase, payment_id, paid.minor, gateway)


def _give_back(purchase: GuestPurchase, payment_id: str, amount: int, gateway: Gateway) -> bool:
    if is_given_back(payment_id, amount, gateway):
        return True
    dispute = disputed.keeping(payment_id, gateway=gateway)
    if dispute is not None:
        # Stripe refunds nothing that is disputed. Won, it goes back from here; lost, they have it from the bank.
        return bool(dispute.status == DisputeStatus.LOST)
    if intents.was_just_refused(REFUND, payment_id, gateway):
        return False
    metadata = {"lmsm_attempt": str(purchase.uuid), "lmsm_reason": f"guest_{purchase.return_reason}"}
    intents.carry_out(
        purpose=REFUND,
        subject=payment_id,
        parameters={"payment": payment_id},
        gateway=gateway,
        call=lambda key: gateway.refund_payment(payment_id, key=key, metadata=metadata),
        result_id=str,
        find=lambda: gateway.find_refund(payment_id) if is_given_back(payment_id, amount, gateway) else None,
    )
    return True


@retried
def _note_returned(pk: int, *, now: datetime) -> None:
    with transaction.atomic():
        purchase = GuestPurchase.objects.select_for_update().get(pk=pk)
        if purchase.state == GuestPurchase.State.RETURNED or not purchase.return_reason:
            return
        purchase.state, purchase.returned_at = GuestPurchase.State.RETURNED, now
        tell(purchase, events.GuestPurchaseReturned)


@retried
def _note_stopped(pk: int, cancel_at: datetime | None, *, now: datetime) -> None:
    with transaction.atomic():
        purchase = GuestPurchase.objects.select_for_update().get(pk=pk)
        if purchase.stopped_at is not None or not purchase.is_claimable:
            return
        purchase.stopped_at, purchase.cancel_at = now, cancel_at
        # The mail that says so holds the way in.
        renew(purchase, now=now)
        tell(purchase, events.GuestRenewalStopped)
