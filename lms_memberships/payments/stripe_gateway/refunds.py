"""How does Stripe give money back, and what of it is disputed? Refunds, credit notes, disputes (guide §14)."""

from datetime import UTC, datetime

import stripe

from ...money import Money, from_stripe_amount, to_stripe_amount
from ..lists import Page, Part
from ..refunds import BackRequest, CreditPreview, DisputeSnapshot, DisputeStatus, RefundSnapshot
from . import snapshots
from .calls import under
from .failures import translated
from .listing import ListingCalls

#: Stripe's word → ours. What is not here is open: nobody gets in again because of a word of tomorrow.
DISPUTES: dict[str, DisputeStatus] = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.WON,
    "prevented": DisputeStatus.WON,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}


class RefundCalls(ListingCalls):
    """Money that goes back."""

    def read_refund(self, refund_id: str) -> RefundSnapshot:
        began = self.began()
        with translated():
            return _refund(self.client.v1.refunds.retrieve(refund_id), began)

    def refunds_of(self, payment_intent_id: str) -> list[RefundSnapshot]:
        """All of one payment, those that failed as well; newest first."""
        began = self.began()
        with translated():
            found = self.client.v1.refunds.list({"payment_intent": payment_intent_id, "limit": 100})
            return [_refund(each, began) for each in found.auto_paging_iter()]

    def list_refunds(self, part: Part) -> Page[RefundSnapshot]:
        """Of everybody in the account."""
        began = self.began()

        def read(found: stripe.Refund) -> RefundSnapshot:
            return _refund(found, began)

        return self._page(self.client.v1.refunds, part, read)

    def refund_part(self, request: BackRequest, *, key: str) -> str:
        """Without a credit note: for a payment that has no invoice. A platform's fee is never ours to return: we take none."""
        amount = to_stripe_amount(request.money)
        with translated():
            made = self.client.v1.refunds.create(
                {"payment_intent": request.payment_intent_id, "amount": amount, "metadata": request.metadata},
                under(key),
            )
        return made.id

    def preview_credit(self, request: BackRequest) -> CreditPreview:
        amount = to_stripe_amount(request.money)
        with translated():
            found = self.client.v1.credit_notes.preview(
                {"invoice": request.invoice_id, "amount": amount, "refund_amount": amount}
            )
        tax = sum(each.amount for each in found.total_taxes or ())
        return CreditPreview(from_stripe_amount(found.total, found.currency), from_stripe_amount(tax, found.currency))

    def credit(self, request: BackRequest, *, key: str) -> str:
        """A credit note that refunds: the books stay right (guide §14). The id of its refund."""
        amount = to_stripe_amount(request.money)
        with translated():
            note = self.client.v1.credit_notes.create(
                {
                    "invoice": request.invoice_id,
                    "amount": amount,
                    "refund_amount": amount,
                    "metadata": request.metadata,
                },
                under(key),
            )
        return _refund_of(note)

    def find_given_back(self, request: BackRequest) -> str | None:
        """The refund that a request has made, by what was written on it or on its credit note."""
        with translated():
            if request.invoice_id:
                for note in self.client.v1.credit_notes.list({"invoice": request.invoice_id}).auto_paging_iter():
                    if _bears(note, request.metadata):
                        return _refund_of(note)
            made = self.client.v1.refunds.list({"payment_intent": request.payment_intent_id, "limit": 100})
            return next((each.id for each in made.auto_paging_iter() if _bears(each, request.metadata)), None)

    def refunds_by_notes(self, invoice_id: str) -> set[str]:
        """The ids of those that credit notes of this invoice have made. A note stands whatever becomes of its refund."""
        with translated():
            notes = self.client.v1.credit_notes.list({"invoice": invoice_id, "limit": 100})
            return {snapshots.id_of(each.refund) for note in notes.auto_paging_iter() for each in note.refunds or ()}

    def received(self, payment_intent_id: str) -> Money:
        """How much came in by it."""
        with translated():
            found = self.client.v1.payment_intents.retrieve(payment_intent_id)
        return from_stripe_amount(found.amount_received, found.currency)

    def invoice_of_payment(self, payment_intent_id: str) -> str:
        """What it has paid for; empty: no invoice."""
        with translated():
            found = self.client.v1.invoice_payments.list(
                {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}}
            )
        return snapshots.id_of(found.data[0].invoice) if found.data else ""

    def read_dispute(self, dispute_id: str) -> DisputeSnapshot:
        began = self.began()
        with translated():
            return self._dispute(self.client.v1.disputes.retrieve(dispute_id), began)

    def disputes_of(self, payment_intent_id: str) -> list[DisputeSnapshot]:
        began = self.began()
        with translated():
            found = self.client.v1.disputes.list({"payment_intent": payment_intent_id, "limit": 100})
            return [self._dispute(each, began) for each in found.auto_paging_iter()]

    def list_disputes(self, part: Part) -> Page[DisputeSnapshot]:
        """Of everybody in the account."""
        began = self.began()

        def read(found: stripe.Dispute) -> DisputeSnapshot:
            return self._dispute(found, began)

        return self._page(self.client.v1.disputes, part, read)

    def _dispute(self, found: stripe.Dispute, began: datetime) -> DisputeSnapshot:
        return DisputeSnapshot(
            id=found.id,
            payment_intent_id=snapshots.id_of(found.payment_intent) or self._payment_of_charge(found),
            charge_id=snapshots.id_of(found.charge),
            money=from_stripe_amount(found.amount, found.currency),
            status=DISPUTES.get(found.status, DisputeStatus.OPEN),
            said=found.status,
            reason=found.reason,
            created_at=datetime.fromtimestamp(found.created, UTC),
            due_by=snapshots.moment(found.evidence_details.due_by),
            read_started_at=began,
        )

    def _payment_of_charge(self, found: stripe.Dispute) -> str:
        """Older ones name only the charge."""
        charge_id = snapshots.id_of(found.charge)
        with translated():
            return snapshots.id_of(self.client.v1.charges.retrieve(charge_id).payment_intent)


def _refund(found: stripe.Refund, began: datetime) -> RefundSnapshot:
    return RefundSnapshot(
        id=found.id,
        payment_intent_id=snapshots.id_of(found.payment_intent),
        money=from_stripe_amount(found.amount, found.currency),
        status=found.status or "pending",
        failure_reason=getattr(found, "failure_reason", None) or "",
        created_at=datetime.fromtimestamp(found.created, UTC),
        read_started_at=began,
        metadata=dict(found.metadata.to_dict()) if found.metadata else {},
    )


def _refund_of(note: stripe.CreditNote) -> str:
    return next((snapshots.id_of(each.refund) for each in note.refunds or ()), "")


def _bears(found: stripe.Refund | stripe.CreditNote, metadata: dict[str, str]) -> bool:
    carried = found.metadata.to_dict() if found.metadata else {}
    return bool(metadata) and metadata.items() <= carried.items()
