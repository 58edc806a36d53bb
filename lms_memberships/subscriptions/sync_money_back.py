"""Which refunds and disputes were missed? Stripe's own lists of them, of which only ours are written."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from ..payments.refunds import DisputeSnapshot, RefundSnapshot
from . import billing, settling_attention
from .models import Invoice
from .payments_made import known, paid_in_parts
from .sync_sweep import pages
from .sync_writing import Hands

Snapshot = TypeVar("Snapshot", RefundSnapshot, DisputeSnapshot)

#: A refund may fail, and a bank decide, this long after it began.
LONGEST_REFUND = timedelta(days=60)
LONGEST_DISPUTE = timedelta(days=180)


def refunded(hands: Hands) -> None:
    """Money that went back, here or in Stripe's dashboard; those that have failed since as well."""
    since = hands.course.run.since
    for page in pages(hands, hands.course.gateway.list_refunds, since=since and since - LONGEST_REFUND):
        _write(page.items, hands, hands.write_refund)


def disputed(hands: Hands) -> None:
    """Payments that somebody had their bank take back, and what the bank decided."""
    since = hands.course.run.since
    for page in pages(hands, hands.course.gateway.list_disputes, since=since and since - LONGEST_DISPUTE):
        _write(page.items, hands, hands.write_dispute)


def absent(hands: Hands) -> None:
    """Invoices here that the whole list of Stripe's did not name: asked one by one, and doubted where Stripe has none (H11)."""
    if hands.course.run.since is not None:
        # Older ones were not listed at all.
        return
    gateway = hands.course.gateway
    mine = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode, doubt="")
    unread = mine.filter(read_started_at__lt=hands.course.began_at).exclude(status__in=[billing.DRAFT, billing.OPEN])
    for invoice in list(unread.order_by("pk")):
        hands.course.look_at_the_clock()
        with hands.course.trying(invoice.stripe_id):
            settling_attention.read_invoice_again(invoice, gateway=gateway, now=hands.course.now)


def _write(items: Iterable[Snapshot], hands: Hands, write: Callable[[Snapshot], None]) -> None:
    """Oldest first. What is nobody's here is left alone."""
    oldest_first = list(reversed(list(items)))
    ours = known((each.payment_intent_id for each in oldest_first), gateway=hands.course.gateway)
    in_parts = paid_in_parts(gateway=hands.course.gateway) if len(ours) < len(oldest_first) else {}
    for snapshot in oldest_first:
        if snapshot.payment_intent_id in ours or _may_be_a_part(snapshot, in_parts):
            write(snapshot)


def _may_be_a_part(snapshot: RefundSnapshot | DisputeSnapshot, in_parts: dict[str, tuple[int, datetime]]) -> bool:
    """Of an invoice that several payments have paid: which they were stands at Stripe only."""
    most, first = in_parts.get(snapshot.money.currency, (0, snapshot.created_at))
    return snapshot.money.minor <= most and first <= snapshot.created_at
