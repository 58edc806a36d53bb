"""Which period a subscription is in. All its items share it."""

from __future__ import annotations

from ..store import Object
from . import months


def of(subscription: Object) -> tuple[int, int]:
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def put(subscription: Object, start: int, end: int) -> None:
    for item in subscription["items"]["data"]:
        item |= {"current_period_start": start, "current_period_end": end}


def natural_end(subscription: Object, *, after: int) -> int:
    """Counted from the billing anchor."""
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    return months.next_boundary(
        subscription["billing_cycle_anchor"], recurring["interval"], recurring["interval_count"], after=after
    )
