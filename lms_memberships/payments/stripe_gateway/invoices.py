"""What was billed, paid and given back? Invoices and refunds."""

from ...money import Money, from_stripe_amount
from ..gateway import InvoiceSnapshot
from ..refunds import WITHOUT_EFFECT
from . import snapshots
from .calls import Calls, under
from .failures import translated


class InvoiceCalls(Calls):
    """Invoices and refunds."""

    def read_invoice(self, invoice_id: str) -> InvoiceSnapshot:
        began = self.began()
        with translated():
            found = self.client.v1.invoices.retrieve(invoice_id, {"expand": snapshots.INVOICE_EXPAND})
        return snapshots.invoice(found, read_started_at=began)

    def list_invoices(self, *, subscription_id: str) -> list[InvoiceSnapshot]:
        """All of them, newest first, however many pages Stripe makes of them (D13)."""
        began = self.began()
        expand = [f"data.{name}" for name in snapshots.INVOICE_EXPAND]
        with translated():
            invoices = self.client.v1.invoices.list({"subscription": subscription_id, "limit": 100, "expand": expand})
            return [snapshots.invoice(each, read_started_at=began) for each in invoices.auto_paging_iter()]

    def refund_payment(self, payment_intent_id: str, *, key: str, metadata: dict[str, str]) -> str:
        with translated():
            refund = self.client.v1.refunds.create(
                {"payment_intent": payment_intent_id, "metadata": metadata}, under(key)
            )
        return refund.id

    def find_refund(self, payment_intent_id: str) -> str | None:
        with translated():
            for each in self.client.v1.refunds.list({"payment_intent": payment_intent_id}).auto_paging_iter():
                if each.status not in WITHOUT_EFFECT:
                    return each.id
        return None

    def payment_of_refund(self, refund_id: str) -> str:
        """Whose money it gave back. Empty for what was charged without a payment intent."""
        with translated():
            return snapshots.id_of(self.client.v1.refunds.retrieve(refund_id).payment_intent)

    def refunded(self, payment_intent_id: str) -> Money | None:
        """How much of a payment was given back, in however many parts. None: nothing."""
        with translated():
            refunds = self.client.v1.refunds.list({"payment_intent": payment_intent_id, "limit": 100})
            given = [each for each in refunds.auto_paging_iter() if each.status not in WITHOUT_EFFECT]
        return from_stripe_amount(sum(each.amount for each in given), given[0].currency) if given else None
