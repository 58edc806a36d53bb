"""What Stripe says is written as ever, and what changed by it is told: the hands of every comparison."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from .. import clock, killpoints
from ..memberships.models import Membership
from ..payments.gateway import CheckoutSnapshot, InvoiceSnapshot, NotFound, SubscriptionSnapshot
from ..payments.refunds import DisputeSnapshot, RefundSnapshot
from . import (
    adopting,
    billing,
    disputes,
    gift_refunding,
    guest_parking,
    lifecycle,
    refunds,
    settling,
    strangers,
    sync_pictures,
)
from .gift_models import Gift
from .models import Checkout, Invoice, Subscription
from .people import MEMBERSHIP_KEY
from .sync_course import Course
from .sync_pictures import Names


@dataclass
class Hands:
    """Reads and writes for one run. What is nobody's here is left alone, and not even read (L9)."""

    course: Course
    _memberships: frozenset[str] | None = field(default=None)

    # ------------------------------------------------------------------ whose is it?
    def bears_our_name(self, metadata: dict[str, str]) -> bool:
        """It names a membership of this site."""
        if self._memberships is None:
            self._memberships = frozenset(str(each) for each in Membership.objects.values_list("uuid", flat=True))
        return metadata.get(MEMBERSHIP_KEY, "") in self._memberships

    def known_subscriptions(self, stripe_ids: Iterable[str]) -> set[str]:
        """Those of which there is a row."""
        rows = Subscription.objects.at(self.course.gateway).filter(stripe_id__in=list(stripe_ids))
        return set(rows.values_list("stripe_id", flat=True))

    # ------------------------------------------------------------------ writing
    def write_subscriptions(self, snapshots: Sequence[SubscriptionSnapshot]) -> None:
        """Each with its latest invoice: one reading says both."""
        latest = [each.latest_invoice.id for each in snapshots if each.latest_invoice is not None]
        with self._telling(Names([each.id for each in snapshots], latest)):
            for snapshot in snapshots:
                with self.course.trying(snapshot.id):
                    self._write_subscription(snapshot)
        self.course.saw(len(snapshots))

    def write_invoices(self, snapshots: Sequence[InvoiceSnapshot]) -> None:
        """Of known subscriptions, or of what was paid once."""
        with self._telling(Names(invoices=[each.id for each in snapshots])):
            for snapshot in snapshots:
                with self.course.trying(snapshot.id):
                    billing.record_invoice(snapshot, gateway=self.course.gateway, now=self.course.now)
        self.course.saw(len(snapshots))

    def write_checkout(self, snapshot: CheckoutSnapshot) -> None:
        """What came of a purchase. A recurring one is told by its subscription."""
        bought = snapshot.subscription_id or snapshot.payment_intent_id or snapshot.id
        invoices = [snapshot.invoice_id] if snapshot.invoice_id else []
        attempts = [snapshot.reference] if is_reference(snapshot.reference) else []
        with self._telling(Names([bought], invoices, attempts)), self.course.trying(snapshot.id):
            if settling.follow(snapshot, gateway=self.course.gateway, now=self.course.now) is None:
                self._adopt_purchase(snapshot)
        self.course.saw()

    def write_refund(self, snapshot: RefundSnapshot) -> None:
        """Money that went back, or did not after all."""
        gateway, now = self.course.gateway, self.course.now
        with self._telling(Names(refunds=[snapshot.id])), self.course.trying(snapshot.id):
            refunds.record(snapshot, gateway=gateway, now=now)
        self.course.saw()

    def write_dispute(self, snapshot: DisputeSnapshot) -> None:
        """Money that a bank took back."""
        gateway, now = self.course.gateway, self.course.now
        with self._telling(Names(disputes=[snapshot.id])), self.course.trying(snapshot.id):
            disputes.record(snapshot, gateway=gateway, now=now)
        self.course.saw()

    # ------------------------------------------------------------------ reading first
    def read_subscription(self, stripe_id: str) -> Subscription | None:
        """Read and written. That Stripe does not know it is an answer (D11). The row, if it is one of ours."""
        began = clock.wall_time()
        try:
            snapshot = self.course.gateway.read_subscription(stripe_id)
        except NotFound:
            self.end_absent(stripe_id, began)
        else:
            self.write_subscriptions([snapshot])
        return Subscription.objects.at(self.course.gateway).filter(stripe_id=stripe_id).first()

    def end_absent(self, stripe_id: str, read_started_at: datetime) -> None:
        """Stripe does not know it."""
        gateway, now = self.course.gateway, self.course.now
        with self._telling(Names([stripe_id])):
            lifecycle.end_absent(stripe_id, read_started_at=read_started_at, gateway=gateway, now=now)

    def read_invoice(self, stripe_id: str) -> None:
        """Read and written. A draft that was thrown away at Stripe owes nothing."""
        try:
            snapshot = self.course.gateway.read_invoice(stripe_id)
        except NotFound:
            gateway = self.course.gateway
            rows = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode, stripe_id=stripe_id)
            with self._telling(Names(invoices=[stripe_id])):
                rows.filter(status=billing.DRAFT).update(status=billing.VOID, amount_due=0)
        else:
            self.write_invoices([snapshot])

    def read_checkout(self, checkout: Checkout) -> None:
        """Read and written. A page that Stripe does not know can be paid by nobody."""
        try:
            snapshot = self.course.gateway.read_checkout(checkout.session_id)
        except NotFound:
            with self._telling(Names(attempts=[str(checkout.uuid)])):
                settling.close(checkout, Checkout.State.EXPIRED)
        else:
            self.write_checkout(snapshot)

    def read_gift(self, gift: Gift) -> None:
        """Whether its money went back."""
        with self._telling(Names(gifts=[gift.pk])):
            gift_refunding.refresh(gift, gateway=self.course.gateway, now=self.course.now)
        self.course.saw()

    # ------------------------------------------------------------------
    def _write_subscription(self, snapshot: SubscriptionSnapshot) -> None:
        gateway, now = self.course.gateway, self.course.now
        found = lifecycle.reconcile(snapshot, gateway=gateway, now=now)
        if found is None and guest_parking.follow_subscription(snapshot, gateway=gateway, now=now) is not None:
            # It waits for its guest.
            return
        if found is None and adopting.adopt_subscription(snapshot, gateway=gateway) is not None:
            found = lifecycle.reconcile(snapshot, gateway=gateway, now=now)
        if found is None:
            # It names a membership of ours, and nobody who is here: after a restored backup, say (E7).
            strangers.note(snapshot, gateway=gateway)
        if found is not None and snapshot.latest_invoice is not None:
            billing.record_invoice_of(billing.Owner.of(found), snapshot.latest_invoice, gateway=gateway, now=now)
        killpoints.reach("sync.written")

    def _adopt_purchase(self, snapshot: CheckoutSnapshot) -> None:
        gateway = self.course.gateway
        is_done = snapshot.status == "complete" and not snapshot.recurring
        if is_done and adopting.adopt_purchase(snapshot, gateway=gateway) is not None:
            settling.settle(snapshot, gateway=gateway, now=self.course.now)

    @contextmanager
    def _telling(self, names: Names) -> Iterator[None]:
        """What is written within is told, also when Stripe goes away in the middle of it."""
        before = sync_pictures.take(names, gateway=self.course.gateway)
        try:
            yield
        finally:
            after = sync_pictures.take(names, gateway=self.course.gateway)
            self.course.repaired(sync_pictures.differences(before, after))


def is_reference(text: str) -> bool:
    """Whether it can be a purchase of ours at all."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
