"""What came of a purchase? Stripe's checkout session becomes our Checkout and, when it is done, a subscription."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import killpoints
from ..errors import OutsideFailure
from ..memberships import promotions
from ..payments.gateway import CheckoutSnapshot, Gateway
from ..retrying import retried
from . import billing, gift_settling, guest_parking, lifecycle, people
from .gift_models import Gift
from .guest_models import GuestPurchase
from .models import Checkout, Subscription
from .queries import RUNNING

logger = logging.getLogger(__name__)


class SubscriptionNotThereYet(OutsideFailure):
    """Stripe completes the page a moment before the subscription can be read (C12): worth another try."""

    message = _("Stripe is still preparing your membership. Please try again in a moment.")


def follow(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Checkout | Gift | GuestPurchase | None:
    """Whatever the session pays for: a membership for whoever pays or for a guest, or a gift for somebody else (X15)."""
    if gift_settling.is_one(snapshot.metadata):
        return gift_settling.settle(snapshot, gateway=gateway, now=now)
    found = settle(snapshot, gateway=gateway, now=now)
    return found or guest_parking.settle(snapshot, gateway=gateway, now=now)


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
    killpoints.reach("fulfil.settled")
    return checkout


def find(snapshot: CheckoutSnapshot, *, gateway: Gateway) -> Checkout | None:
    """The attempt that it belongs to. Our metadata decide: the session's id may not be noted yet (B4)."""
    # The metadata: a Payment Link of the same account takes any reference from its address (S9).
    checkout = people.attempts(snapshot.metadata.get(people.ATTEMPT_KEY, ""), gateway=gateway).first()
    if checkout is not None and checkout.session_id not in {"", snapshot.id}:
        logger.warning("Stripe's %s carries the metadata of another session", snapshot.id)
        return None
    return checkout


def follow_subscription(subscription_id: str, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """Read it once and write all that this read says: the subscription, and its latest invoice."""
    snapshot = gateway.read_subscription(subscription_id)
    subscription = lifecycle.reconcile(snapshot, gateway=gateway, now=now)
    if subscription is not None and snapshot.latest_invoice is not None:
        billing.record_invoice_of(billing.Owner.of(subscription), snapshot.latest_invoice, gateway=gateway, now=now)
    return subscription


def give_up(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Checkout | Gift | None:
    """The debit did not come: whoever tried may try again (C7). Settled first, for it may be paid after all by now."""
    if gift_settling.is_one(snapshot.metadata):
        return gift_settling.give_up(snapshot, gateway=gateway, now=now)
    checkout = settle(snapshot, gateway=gateway, now=now)
    if checkout is not None and checkout.subscription_id is None:
        _note_failure(checkout)
        checkout.refresh_from_db()
    return checkout


@retried
def close(checkout: Checkout, state: Checkout.State) -> None:
    """Nobody can pay on its page any more. What is complete stays so."""
    with transaction.atomic():
        people.lock_person(checkout.user_id)
        is_news = Checkout.objects.filter(pk=checkout.pk, state__in=RUNNING).update(state=state)
        if is_news and state == Checkout.State.COMPLETE:
            promotions.note_use(checkout.promotion_code_id)


@retried
def _note_failure(checkout: Checkout) -> None:
    with transaction.atomic():
        people.lock_person(checkout.user_id)
        Checkout.objects.filter(pk=checkout.pk, subscription=None).update(state=Checkout.State.EXPIRED)


def _complete(checkout: Checkout, snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> None:
    if snapshot.recurring:
        if not snapshot.subscription_id:
            raise SubscriptionNotThereYet
        follow_subscription(snapshot.subscription_id, gateway=gateway, now=now)
    else:
        lifecycle.reconcile_purchase(snapshot, gateway=gateway, now=now)
        if snapshot.invoice_id:
            billing.record_invoice(gateway.read_invoice(snapshot.invoice_id), gateway=gateway, now=now)
    # Paid by a debit that is still on its way, it is complete without a subscription of ours.
    close(checkout, Checkout.State.COMPLETE)
