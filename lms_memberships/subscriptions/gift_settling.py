"""What came of the payment of a gift? Webhook, return page, sync and the daily job all come to ``settle`` (X15).

Nothing here opens anything: only whoever redeems a gift gets in.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils import timezone

from .. import conf, events, killpoints
from ..payments.gateway import CheckoutSnapshot, Gateway
from ..retrying import retried
from . import billing, closing, gift_refunding, one_by_one, people, places
from .gift_models import NO_PLACE, Gift, GiftQuerySet
from .lifecycle import SETTLED
from .queries import LONGEST_DEBIT, PAGE_LIVES

logger = logging.getLogger(__name__)

State = Gift.State
#: Until money comes, these may still become something.
OPEN = (State.PLANNED, State.PENDING, State.ABANDONED)
FOR_CLOCKS_THAT_DIFFER = timedelta(hours=1)


def is_one(metadata: dict[str, str]) -> bool:
    """Whether Stripe's object says that it pays for a gift."""
    return bool(metadata.get(people.GIFT_KEY))


def find(snapshot: CheckoutSnapshot, *, gateway: Gateway) -> Gift | None:
    """The gift that it pays for. Our metadata decide: the session's id may not be noted yet (B4)."""
    gift = (
        people.gifts(snapshot.metadata.get(people.GIFT_KEY, ""), gateway=gateway).select_related("membership").first()
    )
    if gift is not None and gift.session_id not in {"", snapshot.id}:
        logger.warning("Stripe's %s carries the metadata of another session", snapshot.id)
        return None
    return gift


def settle(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Gift | None:
    """Follow its session as it was read now. None: not one of ours. An open one is left open."""
    gift = find(snapshot, gateway=gateway)
    if gift is None or snapshot.recurring:
        return None
    if snapshot.status == "complete" and snapshot.payment_status in SETTLED:
        _pay(gift, snapshot, now=now)
        _note_invoice(gift, snapshot, gateway=gateway, now=now)
    elif snapshot.status == "complete":
        _note_debit(gift, snapshot)
    elif snapshot.status == "expired":
        abandon(gift)
    gift.refresh_from_db()
    killpoints.reach("gift.settled")
    if gift.state == State.REFUNDING and gift.problem == NO_PLACE:
        # Paid when no place was left: its money goes back at once (J5). What somebody asked for has a job of its own.
        gift_refunding.carry_out(gift, gateway=gateway, now=now)
        gift.refresh_from_db()
    return gift


def give_up(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Gift | None:
    """The debit did not come. Settled first, for it may be paid after all by now."""
    gift = settle(snapshot, gateway=gateway, now=now)
    if gift is not None and gift.state == State.PENDING:
        _close(gift, State.PENDING)
        gift.refresh_from_db()
    return gift


def abandon(gift: Gift) -> None:
    """Nobody can pay on its page any more; what was typed about the other person goes at once."""
    _close(gift, State.PLANNED)


def old_pages(*, now: datetime) -> GiftQuerySet:
    """Those that nobody can pay any more, as far as the calendar says."""
    is_over = Gift.objects.with_an_open_page().filter(created_at__lt=now - PAGE_LIVES - FOR_CLOCKS_THAT_DIFFER)
    ran_out = Gift.objects.with_an_open_page().filter(expires_at__lt=now - FOR_CLOCKS_THAT_DIFFER)
    lost = Gift.objects.filter(state=State.PENDING, created_at__lt=now - LONGEST_DEBIT)
    return (is_over | ran_out | lost).order_by("pk")


def close_old_pages(gifts: Iterable[Gift], *, gateway: Gateway, now: datetime) -> int:
    """Ask Stripe what came of each: paid after all, or over. One that fails does not stop the others."""
    return one_by_one.each(gifts, lambda gift: close_page(gift, gateway=gateway, now=now))


def close_page(gift: Gift, *, gateway: Gateway, now: datetime) -> None:
    """Nobody can pay on it any more; what was paid in this very moment is settled."""
    is_here = (gift.account, gift.livemode) == (gateway.account_id, gateway.livemode)
    if not is_here or not gift.session_id:
        # Paid all the same, it would be found by its metadata when Stripe tells of it.
        abandon(gift)
        return
    snapshot = gateway.read_checkout(gift.session_id)
    if snapshot.status == "open":
        closing.expire(gift.session_id, gateway=gateway)
        snapshot = gateway.read_checkout(gift.session_id)
    give_up(snapshot, gateway=gateway, now=now)


def expire_unredeemed(*, now: datetime) -> int:
    """Whose time is over, and nobody came: the place is free already, this says so."""
    over = Gift.objects.filter(state__in=Gift.REDEEMABLE, redeem_until__lte=now)
    return over.update(state=State.EXPIRED)


def last_moment(delivered_on: date) -> datetime:
    """Until when one can be redeemed that is delivered on that day: to the end of a day where the site is."""
    last = delivered_on + relativedelta(months=conf.GIFT_VALID_MONTHS, days=1)
    return timezone.make_aware(datetime.combine(last, time.min), timezone.get_default_timezone())


@retried
def _pay(gift: Gift, snapshot: CheckoutSnapshot, *, now: datetime) -> None:
    with transaction.atomic():
        people.lock_person(gift.giver_id)
        row = Gift.objects.select_for_update(of=("self",)).select_related("membership").get(pk=gift.pk)
        if row.state not in OPEN:
            return
        was_abandoned = row.state == State.ABANDONED
        row.state, row.problem = _state_after_payment(row, now=now)
        row.session_id, row.url = snapshot.id, ""
        row.payment_intent_id = snapshot.payment_intent_id
        row.paid_at = now
        row.refunding_at = now if row.state == State.REFUNDING else None
        today = timezone.localdate(now, timezone.get_default_timezone())
        row.redeem_until = last_moment(max(today, row.deliver_on))
        if was_abandoned:
            # Its words were taken away when its page seemed closed: the giver hands it over.
            row.recipient_email = ""
        row.save()
        events.publish(events.GiftPaid(gift_id=row.pk))
    killpoints.reach("gift.paid")


def _state_after_payment(gift: Gift, *, now: datetime) -> tuple[str, str]:
    """The place that its page has kept, or another one. None left: the money goes back, unless the site keeps such."""
    try:
        places.reserve_gift(gift, now=now)
    except places.Full:
        logger.warning("There is no place for %r: the membership is full", gift)
        if not conf.OVERBOOK_LATE_PAYMENTS:
            return State.REFUNDING, NO_PLACE
    return State.PAID, ""


@retried
def _note_debit(gift: Gift, snapshot: CheckoutSnapshot) -> None:
    """Pressed through, and the bank takes its days. The place is kept meanwhile."""
    rows = Gift.objects.filter(pk=gift.pk, state__in=[State.PLANNED, State.ABANDONED])
    rows.update(state=State.PENDING, session_id=snapshot.id, url="")


@retried
def _close(gift: Gift, state: str) -> None:
    Gift.objects.filter(pk=gift.pk, state=state).update(
        state=State.ABANDONED, url="", recipient_name="", recipient_email="", message=""
    )


def _note_invoice(gift: Gift, snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> None:
    if not snapshot.invoice_id or gift.invoice_id is not None:
        return
    invoice = billing.record_invoice(gateway.read_invoice(snapshot.invoice_id), gateway=gateway, now=now)
    if invoice is not None:
        Gift.objects.filter(pk=gift.pk, invoice=None).update(invoice=invoice)
