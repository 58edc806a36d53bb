"""What was billed, and did the money come? A copy of Stripe's invoices, and the two facts that follow from them."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from .. import events
from ..payments.gateway import Gateway, GatewayFailure, InvoiceSnapshot, SubscriptionStatus
from ..retrying import retried
from . import instalments, lifecycle, people, sums
from .copies import OWING
from .models import Checkout, Invoice, Subscription

logger = logging.getLogger(__name__)

PAID = "paid"
OPEN = "open"
DRAFT = "draft"
#: Written off, and Stripe takes a payment for it all the same.
UNCOLLECTIBLE = "uncollectible"
PAYABLE = (OPEN, UNCOLLECTIBLE)
VOID = "void"
#: Stripe's word for an invoice that a change of tier has made.
CHANGE = "subscription_update"
#: While Stripe calls a subscription so, an open invoice with an attempt is a debit on its way, not a failure.
NOT_FAILED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


@dataclass(frozen=True)
class Owner:
    """Whose invoice it is. ``subscription`` is None for a one-time purchase that is not paid yet."""

    user_id: int
    membership_id: int
    subscription: Subscription | None
    #: The same person, asked again: two accounts may become one before anything is written (K11).
    asked: "QuerySet[Any, int]"

    @classmethod
    def of(cls, found: Subscription | Checkout) -> "Owner":
        subscription = found if isinstance(found, Subscription) else found.subscription
        asked = type(found)._base_manager.filter(pk=found.pk).values_list("user_id", flat=True)
        return cls(found.user_id, found.membership_id, subscription, asked)

    def locked(self) -> int:
        """Who it is, once nobody can make it somebody else."""
        user_id, known = self.user_id, None
        while user_id != known:
            people.lock_person(user_id)
            known, user_id = user_id, self.asked.get()
        return user_id


def record_invoice(snapshot: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> Invoice | None:
    """Write what was read, tell of money that came or was refused. None: not ours.

    Its subscription is read first if it is not known yet: any event may come first (trap 18).
    """
    owner = _owner(snapshot, gateway=gateway, now=now)
    if owner is None:
        logger.info("Stripe's %s is not one of ours", snapshot.id)
        return None
    return record_invoice_of(owner, snapshot, gateway=gateway, now=now)


def record_invoice_of(owner: Owner, snapshot: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> Invoice:
    """The same, when it is known whose it is."""
    if not snapshot.adds_up:
        sums.alarm(snapshot)
    invoice = _record(owner, snapshot, needs_person=_wants_person(owner, snapshot, gateway), gateway=gateway)
    subscription = owner.subscription
    if subscription is not None and invoice.status == PAID and _is_news_of_instalments(subscription):
        # Paid late, or told before it: the subscription is read again, and counts anew (V10).
        _read_first(subscription.stripe_id, gateway=gateway, now=now)
    return invoice


def _is_news_of_instalments(subscription: Subscription) -> bool:
    is_running = instalments.is_running(subscription)
    return is_running and instalments.count(subscription) != subscription.instalments_paid


def _wants_person(owner: Owner, snapshot: InvoiceSnapshot, gateway: Gateway) -> bool | None:
    """Whether the bank asks for the person (G19): looked at once for each failed try. None: as it is known."""
    if not _has_failed(snapshot, owner):
        return False
    known = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode, stripe_id=snapshot.id)
    if known.filter(failures_told__gte=snapshot.attempts).exists():
        return None
    try:
        return gateway.needs_person(snapshot.id)
    except GatewayFailure as failure:
        # Only the words of a mail depend on it: Stripe's page of the invoice asks for whatever the bank wants.
        logger.warning("%s: not known whether the bank asks for the person: %s", snapshot.id, failure)
        return None


@retried
def _record(owner: Owner, snapshot: InvoiceSnapshot, *, needs_person: bool | None, gateway: Gateway) -> Invoice:
    at = {"account": gateway.account_id, "livemode": gateway.livemode, "stripe_id": snapshot.id}
    with transaction.atomic():
        rows, is_new = Invoice.objects.select_for_update(), False
        invoice = rows.filter(**at).first()
        if invoice is None:
            # Whose it is must be settled first: what is known already is moved by a merge with all the rest.
            whose = {"user_id": owner.locked(), "membership_id": owner.membership_id}
            columns = {**_columns(snapshot, owner), **whose, "needs_person": bool(needs_person)}
            invoice, is_new = rows.get_or_create(**at, defaults=columns)
        if is_new:
            known_status = ""
        elif snapshot.read_started_at < invoice.read_started_at:
            # The fence, as for subscriptions (B2).
            return invoice
        else:
            known_status = invoice.status
            _copy(snapshot, owner, invoice)
            if needs_person is not None:
                invoice.needs_person = needs_person
        facts = _facts(snapshot, owner, invoice, known_status)
        if not is_new or invoice.failures_told:
            invoice.save()
        events.publish(*facts, at={events.PaymentSucceeded: snapshot.paid_at})
    return invoice


def _copy(snapshot: InvoiceSnapshot, owner: Owner, invoice: Invoice) -> None:
    is_left = invoice.doubt == sums.LEFT and not snapshot.adds_up
    for name, value in _columns(snapshot, owner).items():
        setattr(invoice, name, value)
    if is_left:
        # Read every day: what somebody has looked at is not asked of them again.
        invoice.doubt = sums.LEFT


def _facts(snapshot: InvoiceSnapshot, owner: Owner, invoice: Invoice, known_status: str) -> list[events.Fact]:
    if snapshot.status == PAID and known_status != PAID and snapshot.amount_paid.minor > 0:
        # The first invoice of a trial is paid too, with nothing (trap 11).
        return [events.PaymentSucceeded(invoice_id=invoice.pk)]
    if _has_failed(snapshot, owner) and snapshot.attempts > invoice.failures_told:
        invoice.failures_told = snapshot.attempts
        return [events.PaymentFailed(invoice_id=invoice.pk, attempt=snapshot.attempts)]
    return []


def payable(subscription: Subscription) -> tuple[str, ...]:
    """In which states an invoice of it is still to be paid: also written off, while only its payment mends it."""
    return PAYABLE if subscription.status in OWING else (OPEN,)


def is_payable(invoice: Invoice) -> bool:
    """The same question about one invoice, with its subscription loaded."""
    if invoice.subscription is None:
        return invoice.status == OPEN
    return invoice.status in payable(invoice.subscription)


def with_what_followed(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each with ``is_followed``: whether a later one of its subscription is settled. One query, of however many."""
    later = Invoice.objects.filter(subscription=OuterRef("subscription"), created_at__gt=OuterRef("created_at"))
    settled = later.exclude(status__in=(OPEN, DRAFT)).exclude(billing_reason=CHANGE)
    return invoices.annotate(is_followed=Exists(settled))


def with_what_was_paid(subscriptions: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Each with ``is_paid_for``: whether any money came for it. One query, of however many."""
    paid = Invoice.objects.filter(subscription=OuterRef("pk"), status=PAID, amount_paid__gt=0)
    return subscriptions.annotate(is_paid_for=Exists(paid))


def is_left_behind(invoice: Invoice) -> bool:
    """Refused once, and still to be paid: Stripe goes by a later one, and calls the subscription sound again.

    Read ``with_what_followed()``: a debit is answered before the next one is.
    """
    return _looks_under_way(invoice) and getattr(invoice, "is_followed", False)


def is_on_its_way(invoice: Invoice) -> bool:
    """A debit that the bank has not answered: nothing to do for whoever pays. Read ``with_what_followed()``."""
    return _looks_under_way(invoice) and not getattr(invoice, "is_followed", False)


def _looks_under_way(invoice: Invoice) -> bool:
    if invoice.status != OPEN or invoice.attempts == 0 or invoice.subscription is None:
        return False
    if invoice.billing_reason == CHANGE:
        # Of a change of tier that was refused: it waits for whoever pays, and changes nothing until then (G15).
        return False
    return invoice.subscription.status in NOT_FAILED


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
        "tax_added": snapshot.tax_added.minor if snapshot.tax_added else 0,
        "tax_included": snapshot.tax_included.minor if snapshot.tax_included else 0,
        "credited": snapshot.credited.minor if snapshot.credited else 0,
        "attempts": snapshot.attempts,
        "next_attempt_at": snapshot.next_attempt_at,
        "created_at": snapshot.created_at,
        "paid_at": snapshot.paid_at,
        "period_start": snapshot.period_start,
        "period_end": snapshot.period_end,
        "payment_intent_id": snapshot.payment_intent_id,
        "doubt": "" if snapshot.adds_up else sums.DOUBT,
        "read_started_at": snapshot.read_started_at,
    }


def _owner(snapshot: InvoiceSnapshot, *, gateway: Gateway, now: datetime) -> Owner | None:
    if snapshot.subscription_id:
        found = (
            Subscription.objects.at(gateway).filter(stripe_id=snapshot.subscription_id).select_related("price").first()
        )
        found = found or _read_first(snapshot.subscription_id, gateway=gateway, now=now)
    else:
        attempt = snapshot.metadata.get(people.ATTEMPT_KEY, "")
        found = people.attempts(attempt, gateway=gateway).select_related("subscription").first()
        gift = people.gifts(snapshot.metadata.get(people.GIFT_KEY, ""), gateway=gateway).first()
        if found is None and gift is not None:
            # Billed to whoever gave it, and without a subscription of theirs.
            givers = type(gift)._base_manager.filter(pk=gift.pk).values_list("giver_id", flat=True)
            return Owner(gift.giver_id, gift.membership_id, None, givers)
    return None if found is None else Owner.of(found)


def _read_first(subscription_id: str, *, gateway: Gateway, now: datetime) -> Subscription | None:
    return lifecycle.reconcile(gateway.read_subscription(subscription_id), gateway=gateway, now=now)
