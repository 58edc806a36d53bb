"""What do we ask of the provider about promotion codes? To make, find, list and retire them, and to take off with them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..money import Money
from .lists import Page, Part


@dataclass(frozen=True)
class CouponRequest:
    """What a code takes off. ``id`` is chosen by us, so that a second creation finds the first.

    Exactly one of ``percent_off`` (basis points) and ``amount_off``. ``duration``: once, repeating (``months``),
    forever. ``products``: for these only; empty: for all.
    """

    id: str
    name: str
    percent_off: int | None
    amount_off: Money | None
    duration: str
    months: int | None
    products: tuple[str, ...]
    metadata: dict[str, str]


@dataclass(frozen=True)
class CodeRequest:
    """What people type. ``expires_at``: from that moment on it cannot be used."""

    coupon_id: str
    code: str
    max_redemptions: int | None
    expires_at: datetime | None
    first_time_only: bool
    metadata: dict[str, str]


@dataclass(frozen=True)
class CodeSnapshot:
    """A code and its coupon as one: whichever of the two ends first, or is used up first, counts."""

    id: str
    coupon_id: str
    code: str
    name: str
    percent_off: int | None
    amount_off: Money | None
    duration: str
    months: int | None
    products: tuple[str, ...]
    is_active: bool
    first_time_only: bool
    max_redemptions: int | None
    times_redeemed: int
    expires_at: datetime | None
    created_at: datetime
    read_started_at: datetime
    #: Made for one customer alone; empty: for everybody.
    customer_id: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


class PromotionGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def create_coupon(self, request: CouponRequest, *, key: str) -> str: ...
    def find_coupon(self, coupon_id: str) -> str | None: ...
    def create_code(self, request: CodeRequest, *, key: str) -> CodeSnapshot: ...
    def find_code_of(self, coupon_id: str) -> CodeSnapshot | None: ...
    def find_code(self, code: str) -> CodeSnapshot | None: ...
    def read_code(self, code_id: str) -> CodeSnapshot: ...
    def list_codes(self, part: Part) -> Page[CodeSnapshot]: ...
    def retire_code(self, code_id: str, *, key: str) -> CodeSnapshot: ...
    def put_code_on(self, subscription_id: str, code_id: str, *, key: str) -> None: ...
    def take_discounts_off(self, subscription_id: str, *, key: str) -> None: ...
    def plan_discounts(self, subscription_id: str, *, key: str) -> None: ...
    def codes_on(self, subscription_id: str) -> tuple[str, ...]: ...
