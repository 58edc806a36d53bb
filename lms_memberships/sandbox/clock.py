"""What time it is in the sandbox: wall time plus an offset that only grows."""

from __future__ import annotations

import time


class Clock:
    def __init__(self, *, start: int | None = None, offset: str | None = None) -> None:
        """``offset`` is the one remembered from an earlier run; it goes before ``start``."""
        self.offset = int(offset) if offset else 0 if start is None else start - int(time.time())

    def now(self) -> int:
        return int(time.time()) + self.offset

    def move_to(self, timestamp: int) -> None:
        """Go on from ``timestamp``. Never backwards: nothing in the sandbox could be undone."""
        self.offset = max(self.offset, timestamp - int(time.time()))
