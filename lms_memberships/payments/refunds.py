"""What do we ask of the provider about money that goes back? Refunds, credit notes and disputes, in our words."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ..money import Money
from .lists import Page, Part

#: A refund in one of these states gave nothing back.
WITHOUT_EFFECT = frozenset({"failed", "canceled"})


@dataclass(frozen=True)
class RefundSnapshot:
    """``status``: pending, requires_action, succeeded, failed or canceled. One that succeeded can fail days later."""

    id: str
    payment_intent_id: str
    money: Money
    status: str
    failure_reason: str
    created_at: datetime
    read_started_at: datetime
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def has_effect(self) -> bool:
        """The money went back, or is on its way."""
        return self.status not in WITHOUT_EFFECT


@dataclass(frozen=True)
class BackRequest:
    """So much of one payment. ``invoice_id`` empty: the payment has none. ``metadata`` is how it is found again."""

    payment_intent_id: str
    invoice_id: str
    money: Money
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CreditPreview:
    """A credit note that does not exist, as the provider reckons it: what goes back, and how much of that is tax."""

    total: Money
    tax: Money


class DisputeStatus(StrEnum):
    """How a dispute stands. A word that nobody knows yet counts as open (guide §14)."""

    OPEN = "open"
    #: The bank only asks: no money was taken.
    INQUIRY = "inquiry"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class DisputeSnapshot:
    """A dispute names a charge, and nobody: no customer, no subscription (G7)."""

    id: str
    payment_intent_id: str
    charge_id: str
    money: Money
    status: DisputeStatus
    #: The provider's own word.
    said: str
    reason: str
    created_at: datetime
    due_by: datetime | None
    read_started_at: datetime


class RefundGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def read_refund(self, refund_id: str) -> RefundSnapshot: ...
    def refunds_of(self, payment_intent_id: str) -> list[RefundSnapshot]: ...
    def list_refunds(self, part: Part) -> Page[RefundSnapshot]: ...
    def refund_part(self, request: BackRequest, *, key: str) -> str: ...
    def preview_credit(self, request: BackRequest) -> CreditPreview: ...
    def credit(self, request: BackRequest, *, key: str) -> str: ...
    def find_given_back(self, request: BackRequest) -> str | None: ...
    def refunds_by_notes(self, invoice_id: str) -> set[str]: ...
    def received(self, payment_intent_id: str) -> Money: ...
    def invoice_of_payment(self, payment_intent_id: str) -> str: ...
    def read_dispute(self, dispute_id: str) -> DisputeSnapshot: ...
    def disputes_of(self, payment_intent_id: str) -> list[DisputeSnapshot]: ...
    def list_disputes(self, part: Part) -> Page[DisputeSnapshot]: ...
