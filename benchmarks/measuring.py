"""How is something measured? Queries are counted once; times are taken in turns, so that noise meets both alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

#: What is prepared (untimed) and then asked (timed).
Act = Callable[[], object]
Prepare = Callable[[], Act]

WARM_UP = 20


@dataclass(frozen=True)
class Row:
    """One line of the table: ours beside the peer's, and the budget that the design sets."""

    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    budget: str = ""
    is_met: bool | None = None


def at_most(limit: float, ratio: float) -> dict[str, object]:
    """The last three columns for a ratio that must stay small."""
    return {"ratio": ratio, "budget": f"≤ {limit:g} ×", "is_met": ratio <= limit}


def at_least(limit: float, ratio: float) -> dict[str, object]:
    """The same for one that must be large."""
    return {"ratio": ratio, "budget": f"≥ {limit:g} ×", "is_met": ratio >= limit}


def queries(act: Act) -> list[str]:
    """The SQL that it sends."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries]


def number_of_queries(act: Act) -> int:
    """How many it sends, however many: Django's own log keeps the last nine thousand."""
    asked = 0

    def note(execute: Callable[..., Any], *sent: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*sent)

    with connection.execute_wrapper(note):
        act()
    return asked


def medians(*prepares: Prepare, rounds: int) -> list[float]:
    """Median seconds of each, taken in turns."""
    times: list[list[float]] = [[] for _each in prepares]
    for number in range(WARM_UP + rounds):
        for taken, prepare in zip(times, prepares, strict=True):
            act = prepare()
            started = time.perf_counter()
            act()
            if number >= WARM_UP:
                taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]


def percentile(taken: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]


def milliseconds(seconds: float) -> str:
    """For a person."""
    return f"{seconds * 1000:.2f} ms"
