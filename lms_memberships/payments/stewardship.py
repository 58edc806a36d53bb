"""What do we ask of the provider when staff help somebody? A trial's end moved, an invoice voided, a customer looked at."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..money import Money


@dataclass(frozen=True)
class CustomerSnapshot:
    """A customer as it was read."""

    id: str
    email: str
    name: str
    metadata: dict[str, str] = field(default_factory=dict)
    #: What the next invoices are paid from first, in minor units; and in which currency, once anything was billed.
    credit: int = 0
    currency: str = ""


class StewardGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def move_trial_end(self, subscription_id: str, until: datetime, *, key: str) -> None: ...
    def void_invoice(self, invoice_id: str, *, key: str) -> None: ...
    def write_off_invoice(self, invoice_id: str, *, key: str) -> None: ...
    def is_being_paid(self, invoice_id: str) -> bool: ...
    def read_customer(self, customer_id: str) -> CustomerSnapshot | None: ...
    def name_subscription(self, subscription_id: str, metadata: dict[str, str], *, key: str) -> None: ...
    def name_customer(self, customer_id: str, metadata: dict[str, str], *, key: str) -> None: ...
    def set_credit(self, customer_id: str, credit: Money, metadata: dict[str, str], *, key: str) -> None: ...
