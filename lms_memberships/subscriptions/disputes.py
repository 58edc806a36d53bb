"""What becomes of a membership whose payment is disputed? Closed and not renewed until the bank has decided (G7).

The renewal is ended with the period that is paid for, and not paused: whoever has had a payment taken back by their bank
is not charged again unless they say so. Won, access comes back for what was paid; the renewal can be taken up again.
"""

import logging
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from .. import events
from ..payments.gateway import Gateway
from ..payments.refunds import DisputeSnapshot, DisputeStatus
from ..retrying import retried
from . import changes, gift_refunding, lifecycle, people, settling
from .gift_models import Gift
from .models import Subscription
from .money_back_models import Dispute, DisputeQuerySet
from .payments_made import Payment, find
from .queries import BILLED

logger = logging.getLogger(__name__)

DECIDED = {DisputeStatus.WON, DisputeStatus.LOST}


def record(snapshot: DisputeSnapshot, *, gateway: Gateway, now: datetime) -> Dispute | None:
    """Write what was read, close or open again what it is about, and tell. None: not one of ours.

    In whatever order its events come, and however often: the dispute itself is read each time.
    """
    payment = find(snapshot.payment_intent_id, gateway=gateway, now=now)
    if payment is None:
        logger.info("Stripe's %s disputes what is not ours", snapshot.id)
        return None
    payment = _opened_by(payment, snapshot, gateway)
    dispute = _write(snapshot, payment, gateway=gateway, now=now)
    _catch_who_redeems(dispute, gateway=gateway, now=now)
    subscription = payment.subscription
    if subscription is not None and subscription.is_recurring and dispute.status == DisputeStatus.WON:
        # What was missed meanwhile: a period may have gone by.
        settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)
    stop_renewal(dispute.pk, gateway=gateway, now=now)
    return dispute


def renewing() -> DisputeQuerySet:
    """Of those that keep something closed: what Stripe would still renew."""
    about = {"subscription__is_recurring": True, "subscription__status__in": BILLED, "subscription__cancel_at": None}
    return Dispute.objects.closing().filter(stopped_at=None, subscription__paid_up_at=None, **about).order_by("pk")


def stop_renewal(dispute_id: int, *, gateway: Gateway, now: datetime) -> None:
    """Once for each dispute: what somebody takes up again afterwards stays so."""
    dispute = renewing().filter(pk=dispute_id).select_related("subscription__price", "subscription__membership").first()
    if dispute is None or dispute.subscription is None:
        return
    if not dispute.subscription.is_at(gateway, dispute.subscription.stripe_id):
        return
    changes.cancel(dispute.subscription, gateway=gateway, now=now)
    Dispute.objects.filter(pk=dispute_id, stopped_at=None).update(stopped_at=now)


@retried
def _write(snapshot: DisputeSnapshot, payment: Payment, *, gateway: Gateway, now: datetime) -> Dispute:
    with transaction.atomic():
        if payment.subscription is not None:
            people.lock_person(payment.subscription.user_id)
        dispute = Dispute.objects.at(gateway).select_for_update().filter(stripe_id=snapshot.id).first()
        if dispute is not None and snapshot.read_started_at < dispute.read_started_at:
            # The fence, as for subscriptions (B2).
            return dispute
        before = dispute.status if dispute is not None else ""
        dispute = dispute or Dispute(
            account=gateway.account_id,
            livemode=gateway.livemode,
            stripe_id=snapshot.id,
            invoice=payment.invoice,
            membership_id=payment.membership_id,
        )
        # What was nobody's when it was disputed may have become somebody's: claimed, or redeemed.
        dispute.subscription = payment.subscription or dispute.subscription
        facts = _copy(snapshot, dispute, before)
        if payment.subscription is not None:
            _follow(payment.subscription.pk, now=now)
        for fact in facts:
            events.publish(fact(dispute_id=dispute.pk, turn=dispute.turn), at={fact: None})
    return dispute


def join(subscription: Subscription, *, now: datetime) -> None:
    """A guest has come for what they paid: what their bank disputes of it closes it from here on (K2)."""
    payments = [subscription.stripe_id, *subscription.invoices.values_list("payment_intent_id", flat=True)]
    at = {"account": subscription.account, "livemode": subscription.livemode}
    parked = Dispute.objects.filter(**at, payment_intent_id__in=filter(None, payments), subscription=None)
    if parked.update(subscription=subscription):
        _follow(subscription.pk, now=now)


def _gift_of(payment_id: str, gateway: Gateway) -> Gift | None:
    return Gift.objects.at(gateway).filter(payment_intent_id=payment_id).select_related("subscription").first()


def _opened_by(payment: Payment, snapshot: DisputeSnapshot, gateway: Gateway) -> Payment:
    """With what it opened for somebody else, if it paid for a gift that is redeemed."""
    gift = None if payment.subscription is not None else _gift_of(snapshot.payment_intent_id, gateway)
    return payment if gift is None else replace(payment, subscription=gift.subscription)


def _catch_who_redeems(dispute: Dispute, *, gateway: Gateway, now: datetime) -> None:
    """Whoever redeems from here on finds the dispute; for whoever was redeeming before, the gift's lock waits."""
    gift = _gift_of(dispute.payment_intent_id, gateway)
    if gift is None:
        return
    with transaction.atomic():
        subscription = gift_refunding.locked(gift.pk).subscription
    if subscription is not None and subscription.pk != dispute.subscription_id:
        Dispute.objects.filter(pk=dispute.pk).update(subscription=subscription)
        _follow(subscription.pk, now=now)


def _copy(snapshot: DisputeSnapshot, dispute: Dispute, before: str) -> list[type[events.DisputeFact]]:
    dispute.payment_intent_id, dispute.charge_id = snapshot.payment_intent_id, snapshot.charge_id
    dispute.amount, dispute.currency = snapshot.money.minor, snapshot.money.currency
    dispute.status, dispute.said, dispute.reason = snapshot.status.value, snapshot.said[:60], snapshot.reason[:100]
    dispute.created_at, dispute.due_by = snapshot.created_at, snapshot.due_by
    dispute.read_started_at = snapshot.read_started_at
    facts = _facts(before, snapshot.status)
    dispute.turn += len(facts)
    dispute.save()
    return facts


def _facts(before: str, status: DisputeStatus) -> list[type[events.DisputeFact]]:
    if status in DECIDED:
        # Won before anybody here heard of it: there was nothing to fear, and is nothing to tell.
        is_told = before == status or (not before and status == DisputeStatus.WON)
        return [] if is_told else [events.DisputeDecided]
    # The bank asked first and takes the money now: that is news as well.
    is_worse = before == DisputeStatus.INQUIRY and status == DisputeStatus.OPEN
    return [events.DisputeOpened] if not before or before in DECIDED or is_worse else []


def _follow(subscription_id: int, *, now: datetime) -> None:
    """Closed while the money is not the seller's, if the site wants that; else as it was before."""
    is_wanted = Dispute.objects.closing().filter(subscription_id=subscription_id).exists()

    def note(subscription: Subscription) -> None:
        if is_wanted and subscription.suspended_at is None:
            subscription.until_before, subscription.suspended_at = subscription.access_until, now
        elif not is_wanted and subscription.suspended_at is not None:
            subscription.suspended_at = None
            subscription.access_until, subscription.until_before = subscription.until_before, None

    lifecycle.rewrite(subscription_id, note, now=now)
