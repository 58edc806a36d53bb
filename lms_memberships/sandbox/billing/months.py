"""When billing periods begin and end."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

DAY = 24 * 3600
SECONDS = {"day": DAY, "week": 7 * DAY}
MONTHS = {"month": 1, "year": 12}


def add(timestamp: int, interval: str, count: int) -> int:
    """Months keep the day; a month that lacks it ends on its last."""
    if interval in SECONDS:
        return timestamp + SECONDS[interval] * count
    return _add_months(timestamp, MONTHS[interval] * count)


def next_boundary(anchor: int, interval: str, count: int, *, after: int) -> int:
    """The first moment after ``after`` that lies a whole number of periods from ``anchor``.

    Counted from the anchor each time, so that the 31st comes back after a short month.
    """
    if interval in SECONDS:
        length = SECONDS[interval] * count
        return anchor + ((after - anchor) // length + 1) * length
    step = MONTHS[interval] * count
    number = (_months_between(anchor, after) // step) - 1
    while _add_months(anchor, number * step) <= after:
        number += 1
    return _add_months(anchor, number * step)


def _add_months(timestamp: int, months: int) -> int:
    moment = datetime.fromtimestamp(timestamp, UTC)
    month = moment.month - 1 + months
    year, month = moment.year + month // 12, month % 12 + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())


def _months_between(earlier: int, later: int) -> int:
    one, other = datetime.fromtimestamp(earlier, UTC), datetime.fromtimestamp(later, UTC)
    return (other.year - one.year) * 12 + other.month - one.month
