"""How does the worker hear that events wait? At once, but not for each event of a burst: at most two tasks a second."""

import time
from datetime import timedelta

from .. import clock
from .tasks import work_off_inbox

PAUSE = timedelta(seconds=1)


class Bell:
    """The first event rings at once. Those that follow within the pause share one ring at its end.

    A task takes longer to store than an event, and works off all that is due when it begins: a burst that rang
    for each event would cost more than twice as much, and have the worker look a thousand times for nothing.
    Each process rings by itself. What a lost ring leaves behind is worked off by the next drain.
    """

    def __init__(self) -> None:
        self._pause_ends = time.monotonic()
        self._rings_again = False

    def ring(self) -> None:
        """Only after the event was committed, so that the ring at the end of the pause finds it."""
        if not work_off_inbox.get_backend().supports_defer:
            work_off_inbox.enqueue()
            return
        began = time.monotonic()
        if began >= self._pause_ends:
            work_off_inbox.enqueue()
            self._pause_ends, self._rings_again = began + PAUSE.total_seconds(), False
        elif not self._rings_again:
            work_off_inbox.using(run_after=clock.wall_time() + PAUSE).enqueue()
            self._rings_again = True


#: Noted after ringing: of two threads at once both may ring, none is forgotten.
wake_worker = Bell().ring
