"""What a change in the middle of a period costs or gives back."""

from __future__ import annotations

from ..store import Object
from ..work import Work
from . import lines, periods
from .discounts import round_half_up


def share(amount: int, *, part: int, whole: int) -> int:
    return round_half_up(amount * part / whole) if whole > 0 else amount


def credit(unit: Work, subscription: Object, item: Object, *, at: int) -> Object | None:
    """The unused time of an item, as it was really paid: after discounts."""
    start, end = periods.of(subscription)
    paid = _paid_for(unit, subscription, item, start)
    amount = -share(paid, part=end - at, whole=end - start)
    if not amount:
        return None
    return lines.for_proration(unit, item, subscription=subscription, start=at, end=end, amount=amount)


def charge(unit: Work, subscription: Object, item: Object, *, at: int) -> Object | None:
    """The rest of the period with an item."""
    start, end = periods.of(subscription)
    full = lines.unit_amount(item["price"], subscription["currency"]) * item["quantity"]
    amount = share(full, part=end - at, whole=end - start)
    if not amount:
        return None
    made = lines.for_proration(unit, item, subscription=subscription, start=at, end=end, amount=amount)
    return made | {"discountable": True}


def _paid_for(unit: Work, subscription: Object, item: Object, start: int) -> int:
    paid = 0
    for invoice in unit.all("invoice", lambda each: each["status"] == "paid"):
        for line in invoice["lines"]["data"]:
            details = (line["parent"] or {}).get("subscription_item_details") or {}
            is_this = details.get("subscription_item") == item["id"] and line["period"]["start"] >= start
            if is_this and line["pricing"]["price_details"]["price"] == item["price"]["id"]:
                whole = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
                _, end = periods.of(subscription)
                length = line["period"]["end"] - line["period"]["start"]
                # A line for the rest of a period counts as if it had been for all of it.
                paid += share(whole, part=end - start, whole=length) if length else 0
    return paid
