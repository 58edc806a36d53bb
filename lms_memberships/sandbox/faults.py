"""How the sandbox misbehaves on command."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

FaultKind = Literal["latency", "status", "hang", "commit_then_drop"]
# A gateway's answer never reached Stripe's own servers, so it is not remembered under an idempotency key.
NOT_REMEMBERED = (429, 502, 503, 504)


class HangUp(Exception):
    """Close the connection without an answer."""


@dataclass
class Fault:
    """``path`` is a shell pattern for "METHOD /v1/path" or for the path alone; ``count`` is how often it strikes."""

    kind: FaultKind
    path: str = "*"
    count: int = 1
    seconds: float = 0.0
    status: int = 500

    def strikes(self, method: str, path: str) -> bool:
        return fnmatchcase(path, self.path) or fnmatchcase(f"{method} {path}", self.path)

    @property
    def is_remembered(self) -> bool:
        return self.status not in NOT_REMEMBERED


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        with self._lock:
            self._planned.append(fault)

    def planned(self) -> list[Fault]:
        with self._lock:
            return list(self._planned)

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """The first planned fault that meets this request, used up by one. Waiting is done here."""
        with self._lock:
            fault = next((each for each in self._planned if each.strikes(method, path)), None)
            if fault is None:
                return None
            fault.count -= 1
            if fault.count <= 0:
                self._planned.remove(fault)
        time.sleep(fault.seconds)
        if fault.kind == "hang":
            raise HangUp
        return fault
