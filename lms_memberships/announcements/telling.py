"""How does the rest of the site hear of a fact? One row for each, told after commit, again until every receiver was asked.

At least once: a worker that dies while it tells leaves the row, and the next one tells it to all receivers again
(``fact.key`` is the same). A receiver that raises is logged, and is not asked again (B12).
"""

import logging
import time
from dataclasses import asdict
from typing import Any

from .. import clock, events, killpoints, leases
from ..retrying import retried
from .models import Announcement

logger = logging.getLogger(__name__)

BATCH = 10


def owe(fact: events.Fact) -> bool:
    """In the fact's own transaction, if anybody listens. Whether a row was written."""
    if not events.announced.has_listeners(type(fact)):
        return False
    row = Announcement(key=fact.key[:255], fact=type(fact).__name__, values=asdict(fact), owed_at=clock.wall_time())
    # A fact that is told twice is announced once.
    Announcement.objects.bulk_create([row], ignore_conflicts=True)
    return True


def tell_due(*, seconds: float | None = None) -> int:
    """Tell what is owed; with ``seconds``, no more once they have passed: slow receivers must not keep others waiting."""
    told = 0
    began = time.monotonic()
    while lease := leases.take(Announcement.objects.filter(state=Announcement.State.OWED).order_by("pk"), most=BATCH):
        killpoints.reach("announcements.leased")
        for row in lease.rows:
            if seconds is not None and time.monotonic() - began > seconds:
                lease.release()
                return told
            lease.keep()
            _tell(row)
            killpoints.reach("announcements.told")
            _settle(row, lease)
            killpoints.reach("announcements.settled")
            told += 1
    return told


def _tell(row: Announcement) -> None:
    fact = _fact(row)
    if fact is None:
        logger.warning("The announcement %s is of a kind that is no longer known", row.key)
        return
    for receiver, answer in events.announced.send_robust(sender=type(fact), fact=fact):
        if isinstance(answer, Exception):
            logger.error("%r failed to hear %s", receiver, row.key, exc_info=answer)


def _fact(row: Announcement) -> events.Fact | None:
    try:
        return _kinds(events.Fact)[row.fact](**row.values)
    except (KeyError, TypeError):
        return None


def _kinds(kind: type[events.Fact]) -> dict[str, type[events.Fact]]:
    found = {kind.__name__: kind}
    for below in kind.__subclasses__():
        found |= _kinds(below)
    return found


@retried
def _settle(row: Announcement, lease: leases.Lease) -> None:
    values: dict[str, Any] = {"state": Announcement.State.DONE}
    leases.settle(row, lease.token, **values)
