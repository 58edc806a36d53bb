"""When was the first invoice of a subscription settled? Paid, or nothing to pay: before that nothing opens (G1)."""

from datetime import datetime

from ..payments.gateway import Gateway, SubscriptionSnapshot
from .models import Subscription
from .queries import BILLED


def settled_at(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> datetime | None:
    """Paid, or nothing to pay. Asks Stripe again only when a later invoice stands in front of the first."""
    latest = snapshot.latest_invoice
    if latest is None or snapshot.status not in BILLED:
        return None
    if latest.billing_reason == "subscription_create":
        return (latest.paid_at or latest.created_at) if latest.is_settled else None
    if latest.is_settled or _has_opened(snapshot, gateway=gateway):
        return snapshot.started_at
    invoices = gateway.list_invoices(subscription_id=snapshot.id)
    return snapshot.started_at if any(invoice.is_settled for invoice in invoices) else None


def _has_opened(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> bool:
    return Subscription.objects.at(gateway).filter(stripe_id=snapshot.id, opened_at__isnull=False).exists()
