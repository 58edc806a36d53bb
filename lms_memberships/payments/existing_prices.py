"""What do we ask of the provider about prices that a creator made there? To list them, and to read one again (W4)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ..money import Money
from .lists import Page, Part


class Odd(StrEnum):
    """Why a price at Stripe has no one amount that could be shown."""

    TIERED = "tiered"
    METERED = "metered"
    CHOSEN_BY_BUYER = "chosen_by_buyer"
    PACKAGE = "package"
    #: None, zero, or with decimals beyond its currency's.
    NO_AMOUNT = "no_amount"
    CURRENCY = "currency"


@dataclass(frozen=True)
class ExistingPrice:
    """A price with its product, whatever its shape; ``money`` is None and ``odd`` says why where there is no amount.

    ``interval`` is Stripe's word; None: paid once.
    """

    id: str
    is_active: bool
    product_id: str
    product_name: str
    product_is_active: bool
    money: Money | None
    interval: str | None
    interval_count: int
    nickname: str = ""
    odd: Odd | None = None
    #: Taxes come on top of the amount, where the account computes them.
    is_without_tax: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


class ExistingPriceGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def list_prices(self, part: Part) -> Page[ExistingPrice]: ...
    def read_price(self, price_id: str) -> ExistingPrice: ...
