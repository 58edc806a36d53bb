"""What came of a purchase? Stripe's checkout session becomes our Checkout and, when it is done, a subscription."""

import logging
from datetime import datetime

from django.db import transaction

from ..payments.gateway import CheckoutSnapshot, Gateway
from . import billing, lifecycle, people
from .models import Checkout, Subscription
from .queries import RUNNING

logger = logging.getLogger(__name__)


def settle(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Checkout | None:
    """Follow a session as it was read now: the webhook, the return page and the nightly job all come here.

    None: not one of ours. An open one is left open.
    """
    checkout = find(snapshot, gateway=gateway)
    if checkout is None:
        logger.info("Stripe's %s is not one of ours", snapshot.id)
        return None
    if snapshot.status == "complete":
        _complete(checkout, snapshot, gateway=gateway, now=now)
    elif snapshot.status == "expired":
        close(checkout, Checkout.State.EXPIRED)
    checkout.refresh_from_db()
    return checkout


def find(snapshot: CheckoutSnapshot, *, gateway: Gateway) -> Checkout | None:
    """The attempt that it belongs to. Our reference decides: the session's id may not be noted yet (B4)."""
    return people.attempts(snapshot.reference, gateway=gateway).first()


def follow_subscription(subscription_id: str, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """Read it once and write all that this read says: the subscription, and its latest invoice."""
    snapshot = gateway.read_subscription(subscription_id)
    subscription = lifecycle.reconcile(snapshot, gateway=gateway, now=now)
    if subscription is not None and snapshot.latest_invoice is not None:
        billing.record_invoice_of(billing.Owner.of(subscription), snapshot.latest_invoice, gateway=gateway)
    return subscription


def close(checkout: Checkout, state: Checkout.State) -> None:
    """Nobody can pay on its page any more. What is complete stays so."""
    with transaction.atomic():
        people.lock_person(checkout.user_id)
        Checkout.objects.filter(pk=checkout.pk, state__in=RUNNING).update(state=state)


def _complete(checkout: Checkout, snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> None:
    if snapshot.recurring:
        follow_subscription(snapshot.subscription_id, gateway=gateway, now=now)
    else:
        lifecycle.reconcile_purchase(snapshot, gateway=gateway, now=now)
        if snapshot.invoice_id:
            billing.record_invoice(gateway.read_invoice(snapshot.invoice_id), gateway=gateway, now=now)
    # Paid by a debit that is still on its way, it is complete without a subscription of ours.
    close(checkout, Checkout.State.COMPLETE)
