"""How is work worked off? Each job by itself: one that fails is logged and does not stop the others."""

import logging
import threading
from collections.abc import Collection
from dataclasses import dataclass

from django.db import close_old_connections, connection

from .. import clock, signs
from .jobs import JOBS, Rhythm

logger = logging.getLogger(__name__)

#: One round makes work for the next (an event owes an e-mail). More rounds than this is a job that never ends.
MOST_ROUNDS = 100
PAUSE_SECONDS = 1.0
#: What fails without a date for the next try is not tried again each second.
ROUNDS_A_MINUTE = 60
#: The sign that somebody works, for whoever asks whether a worker is there.
WORKER = "worker"
ANNOUNCEMENTS = "announcements"


@dataclass
class Result:
    """What came of one job."""

    done: int = 0
    error: str = ""


def run(names: Collection[str], results: dict[str, Result]) -> int:
    """Each of these once. Returns how much was done."""
    done = 0
    for name in names:
        result = results.setdefault(name, Result())
        try:
            count = JOBS[name].do(clock.now())
        except Exception as error:
            logger.exception("The job %s failed", name)
            result.error = f"{type(error).__name__}: {error}"
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
        else:
            result.done += count
            done += count
    return done


def drain(*rhythms: Rhythm) -> dict[str, Result]:
    """Work off all that is due, round after round, until nothing is; before that, once, the jobs of these rhythms."""
    results: dict[str, Result] = {}
    run(of(*rhythms), results)
    _until_empty(of(Rhythm.ROUND), results)
    signs.note(WORKER)
    return results


def of(*rhythms: Rhythm) -> list[str]:
    """The jobs with one of these rhythms, in their order."""
    return [name for name, job in JOBS.items() if job.rhythm in rhythms]


def loop(stopping: threading.Event) -> None:
    """Work off what is due until told to stop. Nothing ends it: not a failing job, not a database that restarts (E5).

    The rest of the site is told of facts beside it: a receiver that takes its time must not keep purchases waiting.
    """
    beside = threading.Thread(target=_beside, args=(stopping,), name="announcements", daemon=True)
    beside.start()
    rounds = 0
    while not stopping.is_set():
        if rounds % ROUNDS_A_MINUTE == 0:
            _survive(of(Rhythm.MINUTE), once=True)
        _survive([name for name in of(Rhythm.ROUND) if name != ANNOUNCEMENTS])
        signs.note(WORKER)
        rounds += 1
        stopping.wait(PAUSE_SECONDS)
    # Whoever is being told just now is told again by the next worker, when the lease has ended.
    beside.join(PAUSE_SECONDS)


def _beside(stopping: threading.Event) -> None:
    while not stopping.is_set():
        _survive([ANNOUNCEMENTS])
        stopping.wait(PAUSE_SECONDS)


def _survive(names: Collection[str], *, once: bool = False) -> None:
    try:
        # A database that was restarted gets a new connection.
        close_old_connections()
        results: dict[str, Result] = {}
        if once:
            run(names, results)
        else:
            _until_empty(names, results)
    except Exception:
        logger.exception("A round of work failed; the next one begins in a moment")


def _until_empty(names: Collection[str], results: dict[str, Result]) -> None:
    for _round in range(MOST_ROUNDS):
        if not run(names, results):
            break
