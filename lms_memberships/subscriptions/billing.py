"""What was billed, and did the money come? A copy of Stripe's invoices, and the two facts that follow from them."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from .. import events
from ..payments.gateway import Gateway, InvoiceSnapshot, SubscriptionStatus
from . import lifecycle, people
from .models import Checkout, Invoice, Subscription

logger = logging.getLogger(__name__)

PAID = "paid"
OPEN = "open"
#: While Stripe calls a subscription so, an open invoice with an attempt is a debit on its way, not a failure.
NOT_FAILED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


@dataclass(frozen=True)
class Owner:
    """Whose invoice it is. ``subscription`` is None for a one-time purchase that is not paid yet."""

    user_id: int
    membership_id: int
    subscription: Subscription | None

    @classmethod
    def of(cls, found: Subscription | Checkout) -> "Owner":
        subscription = found if isinstance(found, Subscription) else found.subscription
        return cls(found.user_id, found.membership_id, subscription)


def record_invoice(snapshot: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> Invoice | None:
    """Write what was read, tell of money that came or was refused. None: not ours.

    Its subscription is read first if it is not known yet: any event may come first (trap 18).
    """
    owner = _owner(snapshot, gateway=gateway, now=now)
    if owner is None:
        logger.info("Stripe's %s is not one of ours", snapshot.id)
        return None
    return record_invoice_of(owner, snapshot, gateway=gateway)


def record_invoice_of(owner: Owner, snapshot: InvoiceSnapshot, *, gateway: Gateway) -> Invoice:
    """The same, when it is known whose it is."""
    with transaction.atomic():
        invoice, is_new = Invoice.objects.select_for_update().get_or_create(
            account=gateway.account_id,
            livemode=gateway.livemode,
            stripe_id=snapshot.id,
            defaults={"user_id": owner.user_id, "membership_id": owner.membership_id, **_columns(snapshot, owner)},
        )
        if is_new:
            known_status = ""
        elif snapshot.read_started_at < invoice.read_started_at:
            # The fence, as for subscriptions (B2).
            return invoice
        else:
            known_status = invoice.status
            for name, value in _columns(snapshot, owner).items():
                setattr(invoice, name, value)
        facts = _facts(snapshot, owner, invoice, known_status)
        if not is_new or invoice.failures_told:
            invoice.save()
        for fact in facts:
            events.publish(fact)
    return invoice


def _facts(snapshot: InvoiceSnapshot, owner: Owner, invoice: Invoice, known_status: str) -> list[events.Fact]:
    if snapshot.status == PAID and known_status != PAID and snapshot.amount_paid.minor > 0:
        # The first invoice of a trial is paid too, with nothing (trap 11).
        return [events.PaymentSucceeded(invoice_id=invoice.pk)]
    if _has_failed(snapshot, owner) and snapshot.attempts > invoice.failures_told:
        invoice.failures_told = snapshot.attempts
        return [events.PaymentFailed(invoice_id=invoice.pk, attempt=snapshot.attempts)]
    return []


def _has_failed(snapshot: InvoiceSnapshot, owner: Owner) -> bool:
    if snapshot.status != OPEN or snapshot.attempts == 0 or owner.subscription is None:
        return False
    return owner.subscription.status not in NOT_FAILED


def _columns(snapshot: InvoiceSnapshot, owner: Owner) -> dict[str, object]:
    return {
        "subscription": owner.subscription,
        "number": snapshot.number,
        "status": snapshot.status,
        "billing_reason": snapshot.billing_reason,
        "currency": snapshot.total.currency,
        "total": snapshot.total.minor,
        "amount_paid": snapshot.amount_paid.minor,
        "amount_due": snapshot.amount_due.minor,
        "attempts": snapshot.attempts,
        "next_attempt_at": snapshot.next_attempt_at,
        "created_at": snapshot.created_at,
        "paid_at": snapshot.paid_at,
        "period_start": snapshot.period_start,
        "period_end": snapshot.period_end,
        "payment_intent_id": snapshot.payment_intent_id,
        "read_started_at": snapshot.read_started_at,
    }


def _owner(snapshot: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> Owner | None:
    if snapshot.subscription_id:
        found = Subscription.objects.at(gateway).filter(stripe_id=snapshot.subscription_id).first()
        found = found or _read_first(snapshot.subscription_id, gateway=gateway, now=now)
    else:
        attempt = snapshot.metadata.get(people.ATTEMPT_KEY, "")
        found = people.attempts(attempt, gateway=gateway).select_related("subscription").first()
    return None if found is None else Owner.of(found)


def _read_first(subscription_id: str, *, gateway: Gateway, now: datetime) -> Subscription | None:
    return lifecycle.reconcile(gateway.read_subscription(subscription_id), gateway=gateway, now=now)
