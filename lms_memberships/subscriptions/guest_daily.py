"""What becomes of purchases that nobody claims? Reminded, not charged again, and forgotten once they are over.

Nobody is charged a second time for what nobody could use: a subscription that is not claimed is not renewed.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from .. import events
from ..payments.gateway import Gateway
from ..retrying import retried
from . import closing, guest_claims, guest_parking, guest_returns, one_by_one
from .guest_links import renew, tell
from .guest_models import UNCLAIMED_FOR, GuestPurchase
from .guests import close
from .models import Checkout
from .queries import LONGEST_DEBIT

logger = logging.getLogger(__name__)

State = GuestPurchase.State
FOR_CLOCKS_THAT_DIFFER = timedelta(hours=1)
#: After so long somebody is reminded; the second time with a new link, the first one has lapsed by then.
REMINDED_AFTER = (timedelta(days=3), timedelta(days=14))
#: So long before a renewal it is stopped: with days to spare for an outage, and a weekly one is held for half a week.
BEFORE_RENEWAL = timedelta(days=3)
#: What is over keeps its address so long: for questions, and no longer.
ADDRESS_IS_KEPT = timedelta(days=90)
OVER = (State.ENDED, State.RETURNED, State.EXPIRED)


def due(*, now: datetime) -> "QuerySet[GuestPurchase]":
    """Those of which Stripe must be asked something today."""
    is_over = Q(created_at__lt=now - timedelta(days=1) - FOR_CLOCKS_THAT_DIFFER)
    is_over |= Q(expires_at__lt=now - FOR_CLOCKS_THAT_DIFFER)
    waits = Q(state=State.PENDING, created_at__gt=now - LONGEST_DEBIT)
    unfollowed = Checkout.objects.filter(uuid=OuterRef("uuid"), subscription=None)
    claimed = Q(state=State.CLAIMED, claimed_at__gt=now - LONGEST_DEBIT) & Exists(unfollowed)
    running = Q(state__in=[State.PLANNED, State.OPEN]) & is_over
    return GuestPurchase.objects.filter(running | waits | claimed | Q(state=State.PARKED)).order_by("pk")


def follow_all(purchases: Iterable[GuestPurchase], *, gateway: Gateway, now: datetime) -> int:
    """Each one as Stripe has it now; then whoever still waits is reminded, or is not charged again."""
    return one_by_one.each(purchases, lambda purchase: _follow(purchase, gateway=gateway, now=now))


def forget(*, now: datetime) -> int:
    """Addresses of purchases that were over long ago, and pages that were never paid."""
    old = GuestPurchase.objects.filter(state__in=OVER, created_at__lt=now - ADDRESS_IS_KEPT).exclude(email="")
    return old.update(email="", mailbox="", token_hash="")


def _follow(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> None:
    if not purchase.is_of(gateway):
        # Whether it was paid, only its own account knows.
        return
    if purchase.state == State.CLAIMED:
        guest_claims.follow(Checkout.objects.get(uuid=purchase.uuid), gateway=gateway, now=now)
    elif purchase.state == State.PARKED:
        guest_parking.return_what_is_due(purchase, gateway=gateway, now=now)
        _care_for(guest_parking.refresh(purchase, gateway=gateway, now=now), gateway=gateway, now=now)
    else:
        _close(purchase, gateway=gateway, now=now)


def _close(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> None:
    """Ask Stripe what came of its page: paid after all, on its way, or over."""
    if not purchase.session_id:
        found = gateway.find_checkout_since(reference=str(purchase.uuid), since=purchase.created_at)
        if found is None:
            close(purchase)
            return
    else:
        found = gateway.read_checkout(purchase.session_id)
    if found.status == "open":
        closing.expire(found.id, gateway=gateway)
        found = gateway.read_checkout(found.id)
    guest_parking.settle(found, gateway=gateway, now=now)


def _care_for(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> None:
    if not purchase.is_claimable or purchase.paid_at is None:
        return
    if _renews_soon(purchase, now) or (_renews(purchase) and now - purchase.paid_at >= UNCLAIMED_FOR):
        guest_returns.stop_renewing(purchase, gateway=gateway, now=now)
        return
    owed = sum(now - purchase.paid_at >= after for after in REMINDED_AFTER)
    if owed > purchase.reminders:
        _remind(purchase.pk, owed, now=now)


def _renews(purchase: GuestPurchase) -> bool:
    return purchase.is_recurring and purchase.cancel_at is None and purchase.stopped_at is None


def _renews_soon(purchase: GuestPurchase, now: datetime) -> bool:
    return _renews(purchase) and purchase.period_end is not None and purchase.period_end - now <= BEFORE_RENEWAL


@retried
def _remind(pk: int, number: int, *, now: datetime) -> None:
    with transaction.atomic():
        purchase = GuestPurchase.objects.select_for_update().get(pk=pk)
        if not purchase.is_claimable or purchase.reminders >= number:
            return
        purchase.reminders = number
        renew(purchase, now=now)
        tell(purchase, events.GuestReminded)
