"""Whose is a payment, and what did it pay for? A refund and a dispute name nothing else (G7, trap of guide §14)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, Max, Min, OuterRef, QuerySet

from ..money import Money
from ..payments.gateway import Gateway
from . import billing
from .gift_models import Gift
from .guest_models import GuestPurchase
from .models import Invoice, Subscription


@dataclass(frozen=True)
class Payment:
    """Money that came in once. Without a subscription: a gift's, or a guest's who has not come for it."""

    payment_intent_id: str
    membership_id: int
    invoice: Invoice | None = None
    subscription: Subscription | None = None

    def paid(self, *, gateway: Gateway) -> Money:
        """How much came in: our copy of the invoice says so; without one, Stripe is asked."""
        if self.invoice is not None:
            return Money(self.invoice.amount_paid, self.invoice.currency)
        return gateway.received(self.payment_intent_id)


def of_invoice(invoice: Invoice) -> Payment:
    return Payment(invoice.payment_intent_id, invoice.membership_id, invoice, invoice.subscription)


def of_purchase(subscription: Subscription) -> Payment:
    """Of what was paid once: with its invoice, if it has one, so that a credit note keeps the books right."""
    mine = Invoice.objects.filter(account=subscription.account, livemode=subscription.livemode)
    paid = mine.filter(payment_intent_id=subscription.stripe_id, status="paid", amount_paid__gt=0)
    return Payment(subscription.stripe_id, subscription.membership_id, paid.order_by("pk").first(), subscription)


def with_what_is_left(purchases: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Each with ``is_all_back``: bought in one payment, all of which was given back. Part of the same query."""
    paid = Invoice.objects.filter(subscription=OuterRef("pk"), payment_intent_id=OuterRef("stripe_id"), status="paid")
    return purchases.annotate(is_all_back=Exists(paid.filter(amount_paid__gt=0, refunded__gte=F("amount_paid"))))


def find(payment_intent_id: str, *, gateway: Gateway, now: datetime) -> Payment | None:
    """From our own rows, or else by the invoice that Stripe says it has paid. None: not one of ours."""
    if not payment_intent_id:
        return None
    return _here(payment_intent_id, gateway) or _by_its_invoice(payment_intent_id, gateway=gateway, now=now)


def known(payment_ids: Iterable[str], *, gateway: Gateway) -> set[str]:
    """Those of them that stand in a row of ours. Four queries, however many they are."""
    wanted = list(payment_ids)
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    rows = (
        Invoice.objects.filter(**at, payment_intent_id__in=wanted).values_list("payment_intent_id", flat=True),
        Subscription.objects.filter(**at, stripe_id__in=wanted).values_list("stripe_id", flat=True),
        Gift.objects.filter(**at, payment_intent_id__in=wanted).values_list("payment_intent_id", flat=True),
        GuestPurchase.objects.filter(**at, stripe_id__in=wanted).values_list("stripe_id", flat=True),
    )
    return {found for each in rows for found in each}


def paid_in_parts(*, gateway: Gateway) -> dict[str, tuple[int, datetime]]:
    """Of the invoices that name no payment, as they had several or none: by currency the largest, and when the first was made.

    Whose a refund or a dispute is that fits is for Stripe to say. Of what cannot be theirs nothing is asked.
    """
    rows = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode, payment_intent_id="")
    paid = rows.filter(amount_paid__gt=0).order_by().values("currency")
    found = paid.annotate(most=Max("amount_paid"), first=Min("created_at"))
    return {row["currency"]: (row["most"], row["first"]) for row in found}


def _here(payment_id: str, gateway: Gateway) -> Payment | None:
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    billed = Invoice.objects.filter(**at, payment_intent_id=payment_id).select_related("subscription__membership")
    invoice = billed.order_by("pk").first()
    if invoice is not None:
        return of_invoice(invoice)
    bought = Subscription.objects.filter(**at, stripe_id=payment_id).select_related("membership").first()
    if bought is not None:
        return of_purchase(bought)
    parked = Gift.objects.filter(**at, payment_intent_id=payment_id).values_list("membership_id", flat=True)
    bought_by_guest = GuestPurchase.objects.filter(**at, stripe_id=payment_id).values_list("membership_id", flat=True)
    membership_id = parked.order_by("pk").first() or bought_by_guest.order_by("pk").first()
    return None if membership_id is None else Payment(payment_id, membership_id)


def _by_its_invoice(payment_id: str, *, gateway: Gateway, now: datetime) -> Payment | None:
    """An invoice may have been paid by another payment than the one that we noted; or its news is still on its way."""
    invoice_id = gateway.invoice_of_payment(payment_id)
    if not invoice_id:
        return None
    snapshot = gateway.read_invoice(invoice_id)
    invoice = billing.record_invoice(snapshot, gateway=gateway, now=now)
    if invoice is not None:
        return Payment(payment_id, invoice.membership_id, invoice, invoice.subscription)
    parked = GuestPurchase.objects.at(gateway).exclude(stripe_id="").filter(stripe_id=snapshot.subscription_id)
    membership_id = parked.values_list("membership_id", flat=True).order_by("pk").first()
    return None if membership_id is None else Payment(payment_id, membership_id)
