"""How much needs attention, for the admin's front page? Counted once a minute at most in each process, and anew after a press."""

import time
from dataclasses import dataclass
from datetime import datetime

from ...subscriptions import attention

#: Seconds. Among a million people the count takes some, and everybody who works in the admin begins on that page.
LASTS = 60


@dataclass
class _Known:
    """Not in the site's cache: no page of ours may hang on that."""

    number: int = 0
    #: Nanoseconds of the process's own clock.
    until: int = 0


_known = _Known()


def count(*, now: datetime) -> int:
    """As it was within the last minute; the list itself always counts."""
    if time.monotonic_ns() >= _known.until:
        _known.number = sum(attention.counts(now=now).values())
        _known.until = time.monotonic_ns() + LASTS * 10**9
    return _known.number


def forget() -> None:
    """Something was resolved: whoever did it goes on from the front page."""
    _known.until = 0
