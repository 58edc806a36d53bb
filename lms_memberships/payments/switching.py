"""What do we ask of the provider about another price? What it would cost, the change at once, and one that is planned."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..money import Money


@dataclass(frozen=True)
class ChangeRequest:
    """This item of a subscription at another price. What was asked for in the preview is what is asked for at last."""

    subscription_id: str
    item_id: str
    price_id: str
    quantity: int
    #: Up to when the old price is reckoned: the same moment in the preview and in the change (guide §7).
    at: datetime


@dataclass(frozen=True)
class PlanRequest:
    """The same from the end of the period on, for one period; then it goes on by itself."""

    subscription_id: str
    price_id: str
    quantity: int
    interval: str
    interval_count: int
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PreviewLine:
    """Negative: given back. ``is_share``: for a part of a period."""

    money: Money
    is_share: bool
    ends_at: datetime


@dataclass(frozen=True)
class RunningDiscount:
    """One of which more than one payment is reduced. ``ends_at``: it reduces none from then on; None: no end is known."""

    ends_at: datetime | None

    def lasts(self, at: datetime) -> bool:
        """Whether a payment of that moment is reduced."""
        return self.ends_at is None or self.ends_at > at


@dataclass(frozen=True)
class PreviewSnapshot:
    """An invoice that does not exist, as the provider reckons it. A negative ``total`` goes to the person's credit."""

    due: Money
    total: Money
    discount: Money
    #: What comes on top of the lines, after discounts; tax that is part of a price is none of it (H5).
    tax_added: Money
    #: What the person's credit pays of it; negative.
    balance: Money
    #: What is on the person's credit after it.
    left: Money
    lines: tuple[PreviewLine, ...]
    #: Of what is in ``discount``, the one that lasts longest beyond this invoice; None: this one is the last reduced.
    running: RunningDiscount | None = None


class SwitchGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def preview_change(self, request: ChangeRequest, *, prorated: bool) -> PreviewSnapshot: ...
    def preview_in_full(self, request: ChangeRequest) -> PreviewSnapshot: ...
    def change_item(self, request: ChangeRequest, *, key: str) -> None: ...
    def plan_change(self, request: PlanRequest, *, key: str) -> str: ...
    def name_tier(self, subscription_id: str, metadata: dict[str, str], *, key: str) -> None: ...
    def needs_person(self, invoice_id: str) -> bool: ...
