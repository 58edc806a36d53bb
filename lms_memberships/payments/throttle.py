"""When may the next background call to Stripe go out? All processes of a site share one pace (D5, M6)."""

import threading
import time
from collections import deque
from datetime import timedelta

from .. import clock, conf
from .models import Throttle

#: So many calls are reserved with one write, so that keeping the pace costs a fraction of a query for each.
MOST_AT_ONCE = 10
#: A reserved moment that was not used by then is gone: saved up, they would make a burst.
STALE_SECONDS = 0.25
#: Whoever finds the line taken for longer than this finds a clock that was set back.
LONGEST_QUEUE = timedelta(minutes=1)


class Pace:
    """The turns of this process in one account. Calling it waits for the next one."""

    def __init__(self, account: str, *, livemode: bool) -> None:
        self.account = account
        self.livemode = livemode
        self._lock = threading.Lock()
        self._turns: deque[float] = deque()
        self._last = 0.0
        #: This process wants to go slower than the site's setting allows. 0: it does not.
        self.at_most = 0

    def __call__(self) -> None:
        rate = conf.STRIPE_CALLS_PER_SECOND
        if self.at_most:
            rate = min(rate, self.at_most) if rate > 0 else self.at_most
        if rate <= 0:
            return
        with self._lock:
            turn = self._next_turn(rate)
        pause = turn - time.monotonic()
        if pause > 0:
            time.sleep(pause)

    def _next_turn(self, rate: float) -> float:
        now = time.monotonic()
        while self._turns and self._turns[0] < now - STALE_SECONDS:
            self._turns.popleft()
        if not self._turns:
            self._turns.extend(self._reserve(rate))
        # Late turns do not come all at once.
        self._last = max(self._turns.popleft(), self._last + 1 / rate, now)
        return self._last

    def _reserve(self, rate: float) -> list[float]:
        """The next turns that are nobody's: in each second as many as the rate, over all processes."""
        count = max(1, min(MOST_AT_ONCE, int(rate / 2)))
        length = timedelta(seconds=count / rate)
        rows = Throttle.objects.filter(account=self.account, livemode=self.livemode)
        while True:
            now, began = clock.wall_time(), time.monotonic()
            row = (
                rows.first()
                or rows.get_or_create(account=self.account, livemode=self.livemode, defaults={"free_at": now})[0]
            )
            start = row.free_at if now <= row.free_at <= now + LONGEST_QUEUE else now
            # Only where nobody else has taken them meanwhile.
            if rows.filter(pk=row.pk, free_at=row.free_at).update(free_at=start + length):
                first = began + (start - now).total_seconds()
                return [first + turn / rate for turn in range(count)]


def pace_of(account: str, *, livemode: bool) -> Pace:
    """One for each account of a process: its threads share their turns."""
    with _lock:
        return _paces.setdefault((account, livemode), Pace(account, livemode=livemode))


_lock = threading.Lock()
_paces: dict[tuple[str, bool], Pace] = {}
