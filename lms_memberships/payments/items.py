"""What does a subscription bill? There may be several things on it: the membership, and what somebody has added beside it."""

from dataclasses import dataclass
from datetime import datetime

from ..money import Money


@dataclass(frozen=True)
class ItemSnapshot:
    """One of them. Its fields are those by which a subscription is told, so that any of them can be shown for it."""

    item_id: str
    price_id: str
    product_id: str
    money: Money
    interval: str | None
    interval_count: int
    quantity: int
    current_period_start: datetime
    current_period_end: datetime


def longest(items: tuple[ItemSnapshot, ...]) -> ItemSnapshot:
    """Access lasts as long as the longest period (guide §20.8). Of equal ones always the same, in whatever order they come."""
    return max(items, key=lambda each: (each.current_period_end, each.item_id))
