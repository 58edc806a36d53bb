"""How are a trial's end moved, an invoice voided, and a customer looked at?"""

from datetime import datetime

from ...money import Money
from ..gateway import NotFound
from ..stewardship import CustomerSnapshot
from .calls import Calls, under
from .failures import translated

#: Money that was asked for, and of which the bank has not said whether it comes.
UNDER_WAY = frozenset({"processing", "requires_capture"})


class StewardCalls(Calls):
    """What staff do for one person."""

    def move_trial_end(self, subscription_id: str, until: datetime, *, key: str) -> None:
        """Nothing is charged by that, and nothing credited (guide §5)."""
        with translated():
            self.client.v1.subscriptions.update(
                subscription_id, {"trial_end": int(until.timestamp()), "proration_behavior": "none"}, under(key)
            )

    def void_invoice(self, invoice_id: str, *, key: str) -> None:
        with translated():
            self.client.v1.invoices.void_invoice(invoice_id, {}, under(key))

    def write_off_invoice(self, invoice_id: str, *, key: str) -> None:
        """Nobody is asked for the rest any more. Also of what is paid in part, which Stripe does not void."""
        with translated():
            self.client.v1.invoices.mark_uncollectible(invoice_id, {}, under(key))

    def is_being_paid(self, invoice_id: str) -> bool:
        """Whether a payment for it is on its way at the bank."""
        expand = ["payments.data.payment.payment_intent"]
        with translated():
            found = self.client.v1.invoices.retrieve(invoice_id, {"expand": expand})
        payments = getattr(found, "payments", None)
        intents = [getattr(each.payment, "payment_intent", None) for each in (payments.data if payments else [])]
        return any(getattr(each, "status", "") in UNDER_WAY for each in intents)

    def read_customer(self, customer_id: str) -> CustomerSnapshot | None:
        """None: there is none, or it was deleted."""
        try:
            with translated():
                found = self.client.v1.customers.retrieve(customer_id)
        except NotFound:
            return None
        if getattr(found, "deleted", False):
            return None
        metadata = getattr(found, "metadata", None)
        return CustomerSnapshot(
            id=found.id,
            email=getattr(found, "email", None) or "",
            name=getattr(found, "name", None) or "",
            metadata=dict(metadata.to_dict()) if metadata is not None else {},
            # What is positive there, the customer owes.
            credit=max(0, -(getattr(found, "balance", None) or 0)),
            currency=getattr(found, "currency", None) or "",
        )

    def name_subscription(self, subscription_id: str, metadata: dict[str, str], *, key: str) -> None:
        """What is there already under other names stays (trap 10)."""
        with translated():
            self.client.v1.subscriptions.update(subscription_id, {"metadata": metadata}, under(key))

    def name_customer(self, customer_id: str, metadata: dict[str, str], *, key: str) -> None:
        with translated():
            self.client.v1.customers.update(customer_id, {"metadata": metadata}, under(key))

    def set_credit(self, customer_id: str, credit: Money, metadata: dict[str, str], *, key: str) -> None:
        """In one call with what says why: either both are there, or neither."""
        with translated():
            self.client.v1.customers.update(customer_id, {"balance": -credit.minor, "metadata": metadata}, under(key))
