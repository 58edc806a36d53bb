"""Who works on a row? A lease: an end, and a token. Whoever lost it may not settle the row any more (B11, E3, E4)."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from . import clock, conf
from .retrying import retried

#: What settling a row writes besides its own columns.
SETTLED: dict[str, Any] = {"leased_until": None, "lease_token": ""}


class Lost(Exception):
    """Another worker has the row by now: what was about to be committed must not be."""


def length() -> timedelta:
    """How long a worker may be silent before it is taken for dead. What it held is then free for the next."""
    return timedelta(seconds=conf.LEASE_SECONDS)


def is_free(moment: datetime) -> Q:
    """Nobody's, or a dead worker's: recovery is part of taking, no job that could itself get stuck (E4)."""
    return Q(leased_until=None) | Q(leased_until__lt=moment)


@dataclass
class Lease:
    """Some rows, for this worker alone, for a while. An empty one is false."""

    rows: list[Any]
    token: str
    taken_at: datetime

    def __bool__(self) -> bool:
        return bool(self.rows)

    def held(self) -> QuerySet:
        """Those that are still this worker's: neither settled nor taken over."""
        model = type(self.rows[0])
        return mine(model._default_manager.filter(pk__in=[row.pk for row in self.rows]), self.token)

    def keep(self) -> None:
        """Make it longer, once a third of it has gone: a worker calls this between two pieces of work."""
        if clock.wall_time() - self.taken_at > length() / 3:
            self._renew()

    @retried
    def release(self) -> None:
        """Give back what is not settled: nothing was done, and nobody need wait for the end of the lease."""
        self.held().update(**SETTLED)

    @retried
    def _renew(self) -> None:
        now = clock.wall_time()
        self.held().update(leased_until=now + length())
        self.taken_at = now


def mine(rows: QuerySet, token: str) -> QuerySet:
    """The guard of every settling: only rows whose lease is still this one (B11)."""
    return rows.filter(lease_token=token)


def settle(row: Any, token: str, **values: object) -> bool:
    """Write what came of it and give the row back. False: another worker has it now, and nothing was written."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    return bool(mine(rows, token).update(**values, **SETTLED))


@retried
def take(due: QuerySet, *, most: int, along: Callable[[list[Any]], Iterable[Any]] | None = None) -> Lease:
    """Lease the first of what is due and free, in its order. Workers never wait for each other.

    ``along`` names further rows that are better worked on together with these; called in the same transaction.
    """
    now = clock.wall_time()
    with transaction.atomic():
        rows = list(locked(due.filter(is_free(now)))[:most])
        if rows and along is not None:
            rows += along(rows)
        lease = Lease(rows, uuid.uuid4().hex, now)
        if rows:
            found = due.model._default_manager.filter(pk__in=[row.pk for row in rows])
            found.update(leased_until=now + length(), lease_token=lease.token)
    return lease


def locked(rows: QuerySet) -> QuerySet:
    """Without those that another worker is just taking. SQLite has one writer at a time, and no row locks."""
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True)
    return rows
