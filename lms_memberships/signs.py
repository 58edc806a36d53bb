"""What was seen last, and when? Signs of life for the health page: a row a name, written rarely, never relied upon."""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, models, transaction
from django.db.models import F

from . import clock

logger = logging.getLogger(__name__)

#: How often one process writes one name at most.
EVERY = timedelta(minutes=1)
#: A failed write is not tried again at once: the database has other worries.
NEVER = float("-inf")


class Sign(models.Model):
    """One thing that is watched, such as the last valid webhook or a worker's last round."""

    name = models.CharField(max_length=150, unique=True)
    #: Wall time.
    seen_at = models.DateTimeField(null=True)
    count = models.PositiveBigIntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        app_label = "lms_memberships"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"


class Notebook:
    """What this process has seen since it last wrote. What it forgets when it ends is less than a minute's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: dict[str, float] = {}
        self._counted: dict[str, int] = {}

    def take(self, name: str, every: timedelta) -> int:
        """How often it was seen since it was last written, if it is to be written now; else 0."""
        with self._lock:
            self._counted[name] = self._counted.get(name, 0) + 1
            if time.monotonic() - self._written.get(name, NEVER) < every.total_seconds():
                return 0
            self._written[name] = time.monotonic()
            return self._counted.pop(name)

    def clear(self) -> None:
        """As after a start."""
        with self._lock:
            self._written.clear()
            self._counted.clear()


notebook = Notebook()


def note(
    name: str, *, now: datetime | None = None, every: timedelta = EVERY, details: dict[str, object] | None = None
) -> bool:
    """It was seen. Written at most once a minute by each process (``every=timedelta(0)``: at once); never raises.

    Inside a transaction it is written after its commit, so that no row of ours is locked, nor a failure of ours
    spoils it. ``now`` is wall time. True when it was its turn: whoever logs it too logs as rarely.
    """
    times = notebook.take(name, every)
    if not times:
        return False
    moment = now or clock.wall_time()

    def write() -> None:
        try:
            # Refused inside another transaction. The one that Django's tests wrap around each test does not count.
            with transaction.atomic(durable=True):
                _write(name, moment, times, details)
        except (DatabaseError, InterfaceError):
            logger.warning("The sign %s could not be written", name, exc_info=True)

    try:
        write()
    except RuntimeError:
        transaction.on_commit(write, robust=True)
    return True


def seen(names: Iterable[str]) -> dict[str, Sign]:
    """Those of the names that were ever seen, in one query."""
    return {sign.name: sign for sign in Sign.objects.filter(name__in=list(names))}


def seen_under(prefix: str) -> dict[str, Sign]:
    """All whose names begin so, in one query."""
    return {sign.name: sign for sign in Sign.objects.filter(name__startswith=prefix).order_by("name")}


def _write(name: str, moment: datetime, times: int, details: dict[str, object] | None) -> None:
    row = Sign.objects.filter(name=name)
    values: dict[str, object] = {"seen_at": moment, "count": F("count") + times}
    if details is not None:
        values["details"] = details
    if not row.update(**values):
        # Since when it is seen at all, for those that say nothing else.
        Sign.objects.bulk_create([Sign(name=name, details={"since": moment.isoformat()})], ignore_conflicts=True)
        row.update(**values)
