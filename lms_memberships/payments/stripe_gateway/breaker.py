"""Is it worth asking Stripe at all? After some failures in a row nobody waits for a dead line for a while (D8)."""

import threading
import time

import stripe

#: So many calls in a row without an answer, and the line rests.
FAILURES_IN_A_ROW = 5
REST_SECONDS = 30.0


class Resting(stripe.APIConnectionError):
    """Nothing was sent: the calls before this one were not answered."""


class Breaker:
    """What this process knows of one line: one key at one address. After a rest one call tries for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def let_through(self) -> None:
        """Nothing, or ``Resting`` at once."""
        with self._lock:
            if self._failures < FAILURES_IN_A_ROW:
                return
            now = time.monotonic()
            if now < self._rests_until:
                raise Resting("Stripe has not answered for a while and is not asked just now.", should_retry=False)
            self._rests_until = now + REST_SECONDS

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._rests_until = time.monotonic() + REST_SECONDS
