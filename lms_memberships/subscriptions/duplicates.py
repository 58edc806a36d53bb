"""What must be given back? The same membership bought twice (C6), or paid when no place was left (J5): refund, cancel."""

from datetime import datetime

from django.db import transaction

from .. import events, killpoints
from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, SubscriptionStatus
from ..payments.models import Intent
from ..retrying import retried
from . import ending_at_stripe, people, unreturnable
from .models import Subscription
from .told import save_and_tell

#: Invoices in these states can no longer take money.
CLOSED_INVOICES = frozenset({"paid", "void", "uncollectible"})


class Others:
    """What else the person holds of the same membership; known under the person's lock."""

    def __init__(self, subscription: Subscription, holdings: list[Subscription]) -> None:
        self.subscription = subscription
        membership_id = subscription.membership_id
        self.rows = [row for row in holdings if row is not subscription and row.membership_id == membership_id]

    def give_access(self, now: datetime) -> bool:
        return any(other.is_live(now) for other in self.rows)

    def first_purchase(self, now: datetime) -> Subscription | None:
        """The purchase that this one repeats. Under the lock, so that of two exactly one is the second."""
        return next((other for other in self.rows if other.is_held(now) and self._is_first(other)), None)

    def _is_first(self, other: Subscription) -> bool:
        # What was given is no purchase. Of two that both wait for their first payment, the one noted later is second.
        mine = self.subscription
        is_earlier = mine.pk is None or other.pk < mine.pk
        return other.origin == Subscription.Origin.BOUGHT and (other.opened_at is not None or is_earlier)


def undo(subscription: Subscription, invoice: InvoiceSnapshot | None, *, gateway: Gateway, now: datetime) -> None:
    """Refund first, then cancel: a run that breaks off in between finds the subscription still to be undone."""
    if invoice is not None and invoice.amount_paid.minor > 0:
        if invoice.payment_intent_id:
            _refund(subscription, invoice.payment_intent_id, gateway)
        else:
            unreturnable.note(subscription, invoice, gateway=gateway, now=now)
        killpoints.reach("undo.refunded")
    ending_at_stripe.end_now(subscription.stripe_id, purpose="cancel_second_purchase", gateway=gateway)
    killpoints.reach("undo.cancelled")
    # A debit may still be on its way: its arrival leads here again.
    if invoice is None or invoice.status in CLOSED_INVOICES:
        _note(subscription, now=now)


def undo_purchase(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    """The same for what is paid once; one that cost nothing has no payment."""
    if subscription.stripe_id.startswith("pi_"):
        _refund(subscription, subscription.stripe_id, gateway)
        killpoints.reach("undo.refunded")
    _note(subscription, now=now)


def _refund(subscription: Subscription, payment_id: str, gateway: Gateway) -> None:
    metadata = {people.USER_KEY: str(subscription.user_id), "lmsm_reason": _reason(subscription)}
    intents.carry_out(
        purpose="refund_second_purchase",
        subject=payment_id,
        parameters={"payment": payment_id},
        gateway=gateway,
        call=lambda key: gateway.refund_payment(payment_id, key=key, metadata=metadata),
        result_id=str,
        find=lambda: gateway.find_refund(payment_id),
    )


def _reason(subscription: Subscription) -> str:
    return "no_place_left" if subscription.has_no_place else "bought_twice"


def find_refund(intent: Intent, gateway: Gateway) -> str | None:
    return gateway.find_refund(str(intent.parameters["payment"]))


@retried
def _note(subscription: Subscription, *, now: datetime) -> None:
    with transaction.atomic():
        people.lock_person(subscription.user_id)
        row = Subscription.objects.select_for_update().get(pk=subscription.pk)
        if not row.must_be_undone:
            return
        row.undone_at = now
        if not row.is_recurring:
            row.status, row.ended_at = SubscriptionStatus.CANCELED, now
        save_and_tell(row, [events.PlacelessPurchaseUndone if row.has_no_place else events.SecondPurchaseUndone])
