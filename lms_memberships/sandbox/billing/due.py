"""What falls due as time goes by, and in which order."""

from __future__ import annotations

import heapq
import threading
from itertools import count
from typing import TYPE_CHECKING

from ..store import Key, Object, Store
from ..work import work
from .steps import STEPS, Step, next_step

if TYPE_CHECKING:
    from ..server import Sandbox


class Calendar:
    """The next step of every object that has one."""

    def __init__(self, store: Store) -> None:
        self.stepping = threading.RLock()
        self._steps: dict[Key, Step] = {}
        # Who came first goes first, where two fall due at once; what has changed since is passed over.
        self._queue: list[tuple[int, int, Key, Step]] = []
        self._numbers = count()
        self._number_of: dict[Key, int] = {}
        self._lock = store.lock
        for key, each in store.walk():
            self._note(key, each)
        store.on_commit.append(self._note)

    def first(self, *, until: int) -> tuple[Key, Step] | None:
        with self._lock:
            while self._queue and self._steps.get(self._queue[0][2]) is not self._queue[0][3]:
                heapq.heappop(self._queue)
            if not self._queue or self._queue[0][0] > until:
                return None
            return self._queue[0][2:]

    def _note(self, key: Key, each: Object | None) -> None:
        step = next_step(each) if each is not None else None
        if step is None:
            self._steps.pop(key, None)
            self._number_of.pop(key, None)
        elif self._steps.get(key) != step:
            self._steps[key] = step
            number = self._number_of.setdefault(key, next(self._numbers))
            heapq.heappush(self._queue, (step.at, number, key, step))


def catch_up(sandbox: Sandbox, *, until: int | None = None) -> None:
    """Take every step that is due, in order of time, each as its own unit of work."""
    calendar = sandbox.due
    with calendar.stepping:
        while (found := calendar.first(until=sandbox.now() if until is None else until)) is not None:
            (account, kind, object_id), step = found
            # First the clock: whoever hears of the step must not live before it.
            sandbox.clock.move_to(step.at)
            with work(sandbox, account=account, now=step.at) as unit:
                each = unit.find(kind, object_id)
                # Someone may have changed it since the calendar was read.
                if each is not None and next_step(each) == step:
                    STEPS[step.name](unit, each)


def advance_to(sandbox: Sandbox, timestamp: int) -> int:
    """Everything that falls due on the way happens at its own time."""
    with sandbox.due.stepping:
        catch_up(sandbox, until=timestamp)
        sandbox.clock.move_to(timestamp)
        sandbox.remember_clock()
    return sandbox.now()
