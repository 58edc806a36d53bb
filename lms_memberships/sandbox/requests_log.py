"""Which API requests came in."""

from __future__ import annotations

import threading
from collections import deque

KEPT = 5000


class RequestLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, object]] = deque(maxlen=KEPT)

    def note(self, entry: dict[str, object]) -> None:
        with self._lock:
            self._entries.append(entry)

    def all(self) -> list[dict[str, object]]:
        """Oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
