"""Which prices are there at Stripe that we did not make, and what do they look like (guide §3)?"""

import stripe

from ...money import AmountRefused, Money, UnknownCurrency, from_stripe_amount, to_stripe_amount
from ..existing_prices import ExistingPrice, Odd
from ..lists import Page, Part
from .failures import translated
from .listing import ListingCalls

EXPAND = ["product"]
LIST_EXPAND = [f"data.{path}" for path in EXPAND]


class ExistingPriceCalls(ListingCalls):
    """Prices, whoever made them."""

    def list_prices(self, part: Part) -> Page[ExistingPrice]:
        """Those that can be bought at, newest first."""
        return self._page(self.client.v1.prices, part, snapshot, active=True, expand=LIST_EXPAND)

    def read_price(self, price_id: str) -> ExistingPrice:
        with translated():
            return snapshot(self.client.v1.prices.retrieve(price_id, {"expand": EXPAND}))


def snapshot(found: stripe.Price) -> ExistingPrice:
    """Any shape: what we cannot show is named, not refused."""
    product, recurring = found.product, found.recurring
    is_expanded = not isinstance(product, str)
    money, odd = _amount(found)
    return ExistingPrice(
        id=found.id,
        is_active=found.active,
        product_id=product if isinstance(product, str) else product.id,
        product_name=(getattr(product, "name", None) or "") if is_expanded else "",
        # One that was deleted says nothing of being active.
        product_is_active=bool(getattr(product, "active", False)) if is_expanded else True,
        money=money,
        interval=recurring.interval if recurring else None,
        interval_count=recurring.interval_count if recurring else 1,
        nickname=found.nickname or "",
        odd=odd,
        is_without_tax=found.tax_behavior == "exclusive",
        metadata=dict(found.metadata.to_dict()) if found.metadata else {},
    )


def _amount(found: stripe.Price) -> tuple[Money | None, Odd | None]:
    """The one amount, or why there is none."""
    shape = _shape(found)
    if shape is not None:
        return None, shape
    if not found.unit_amount:
        return None, Odd.NO_AMOUNT
    try:
        money = from_stripe_amount(found.unit_amount, found.currency)
        to_stripe_amount(money)
    except UnknownCurrency:
        return None, Odd.CURRENCY
    except AmountRefused:
        return None, Odd.NO_AMOUNT
    return money, None


def _shape(found: stripe.Price) -> Odd | None:
    if found.billing_scheme == "tiered":
        return Odd.TIERED
    if found.recurring and getattr(found.recurring, "usage_type", "licensed") == "metered":
        return Odd.METERED
    if getattr(found, "custom_unit_amount", None):
        return Odd.CHOSEN_BY_BUYER
    return Odd.PACKAGE if getattr(found, "transform_quantity", None) else None
