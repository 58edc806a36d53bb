"""Which prices a subscription can have."""

from __future__ import annotations

from ..errors import invalid
from ..store import Object
from ..work import Work


def recurring(unit: Work, price_id: str, *, param: str) -> Object:
    price = unit.named("price", price_id, param=param)
    if not price["active"]:
        raise invalid(f"The price specified is inactive. This field only accepts active prices: {price_id}", param)
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param,
        )
    return price
