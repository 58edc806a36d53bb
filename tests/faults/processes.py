"""How do several processes meet between check and write? Forked, stopped there, let go together, and heard out."""

import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps

from django.db import connection, connections
from django.db.models import QuerySet

from lms_memberships import leases, retrying
from lms_memberships.payments.stripe_gateway import client

FORK = multiprocessing.get_context("fork")
#: Far longer than any process needs; only a broken test gets here.
PATIENCE = 60
#: A process that waits for a row waits for as long as the other stands at the meeting point.
TWICE = 0.15

BLOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'
"""


class Meeting:
    """Nobody leaves before all are here, or are kept out by a lock, or have gone without coming.

    ``kept_out`` counts how often a lock did that: the guard at work. A negative control sees zero.
    """

    def __init__(self, parties: int = 2) -> None:
        self.parties = parties
        self._arrived = FORK.Value("i", 0)
        self._gone = FORK.Value("i", 0)
        self._kept_out = FORK.Value("i", 0)

    @property
    def kept_out(self) -> int:
        return self._kept_out.value

    @property
    def arrived(self) -> int:
        return self._arrived.value

    def leave(self) -> None:
        """This process will not come (again)."""
        with self._gone.get_lock():
            self._gone.value += 1

    def wait(self) -> None:
        """Stand here until the others do."""
        with self._arrived.get_lock():
            self._arrived.value += 1
        until = time.monotonic() + PATIENCE
        while self._arrived.value + self._gone.value < self.parties:
            missing = self.parties - self._arrived.value - self._gone.value
            if _blocked() >= missing and _still_blocked(missing):
                with self._kept_out.get_lock():
                    self._kept_out.value += 1
                return
            assert time.monotonic() < until, "the others neither came nor waited for a lock"
            time.sleep(0.01)


def _blocked() -> int:
    with connection.cursor() as cursor:
        # Within a transaction PostgreSQL would go on answering what it saw at the first look.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(BLOCKED)
        return cursor.fetchone()[0]


def _still_blocked(missing: int) -> bool:
    time.sleep(TWICE)
    return _blocked() >= missing


def meet_before(owner: object, name: str, *meetings: Meeting) -> None:
    """In this process: the first call of ``owner.name`` waits at the first meeting, the second at the second."""
    original = getattr(owner, name)
    to_come = list(meetings)

    @wraps(original)
    def stopped(*args: object, **kwargs: object) -> object:
        if to_come:
            to_come.pop(0).wait()
        return original(*args, **kwargs)

    setattr(owner, name, stopped)


def nobody_locks() -> None:
    """In this process: the guard is taken away, for negative controls."""
    QuerySet.select_for_update = lambda self, *args, **kwargs: self


def nobody_begins_again() -> None:
    """In this process: a transaction that the database took back stays failed, for negative controls."""
    retrying.MOST_TRIES = 1


def nobody_asks_whose_it_is() -> None:
    """In this process: a lease is worth nothing, and whoever comes may settle, for negative controls."""
    leases.mine = lambda rows, token: rows


@dataclass(frozen=True)
class Answer:
    """What a process returned, or how it failed."""

    value: object
    failure: str = ""


def at_once(
    *jobs: Callable[[], object], meeting: Meeting | None = None, patience: float = 2 * PATIENCE
) -> list[Answer]:
    """Each job in a process of its own, all let go together."""
    connections.close_all()
    barrier = FORK.Barrier(len(jobs))
    answers = FORK.Queue()

    def run(number: int, job: Callable[[], object]) -> None:
        connections.close_all()
        # Connections to Stripe cannot be shared with the process that we come from.
        client._clients.clear()
        barrier.wait(PATIENCE)
        try:
            answers.put((number, Answer(job())))
        except BaseException:  # noqa: BLE001 - whatever it is, the test must see it
            answers.put((number, Answer(None, traceback.format_exc())))
        finally:
            if meeting is not None:
                meeting.leave()
            connections.close_all()

    processes = [FORK.Process(target=run, args=pair, daemon=True) for pair in enumerate(jobs)]
    for process in processes:
        process.start()
    found = dict(answers.get(timeout=patience) for _process in processes)
    for process in processes:
        process.join(20)
    return [found[number] for number in range(len(jobs))]


def values(answers: list[Answer]) -> list[object]:
    """What they returned; none may have failed."""
    failures = [answer.failure for answer in answers if answer.failure]
    assert not failures, "\n".join(failures)
    return [answer.value for answer in answers]


@contextmanager
def without_unique(table: str, *columns: str) -> Iterator[None]:
    """The database forgets that these columns are unique together, for negative controls; then it remembers.

    The table is emptied before that, since what it holds may be doubled.
    """
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
        names = [name for name, about in found.items() if about["unique"] and about["columns"] == list(columns)]
        assert names, f"{table} has no unique {columns}"
        definitions = []
        for name in names:
            definitions.append(_definition(cursor, table, name))
            drop = f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"'
            cursor.execute(drop if definitions[-1].startswith("ALTER") else f'DROP INDEX "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'TRUNCATE "{table}" CASCADE')
            for definition in definitions:
                cursor.execute(definition)


def _definition(cursor, table: str, name: str) -> str:
    """How to make it again."""
    cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
    row = cursor.fetchone()
    if row:
        return f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {row[0]}'
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
    return cursor.fetchone()[0]
