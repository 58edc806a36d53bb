"""What if the database takes a transaction back? Done again, a few times: deadlocks and lost lines never surface (B7, E6)."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.urls import URLPattern

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

MOST_TRIES = 5
#: PostgreSQL: serialization failure, deadlock, a lock that was not free in time, a server that goes down or comes up.
TAKEN_BACK = frozenset(
    {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "08000", "08001", "08003", "08004", "08006"}
)
#: Somebody else made the same row at the same moment. Done again, the work finds it; other people's rules are no passing
#: matter.
UNIQUE = "23505"
OURS = "lmsm_"
FIRST_PAUSE_SECONDS = 0.05


def retried(work: Callable[P, T]) -> Callable[P, T]:
    """Do the whole unit of work again when the database took it back, at most five times, with jitter.

    For functions that open their own outermost transaction and do nothing outside the database. Inside another
    transaction they are run once: only its owner can begin again.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return work(*args, **kwargs)
        for attempt in range(1, MOST_TRIES):
            try:
                return work(*args, **kwargs)
            except DatabaseError as error:
                if not is_passing(error):
                    raise
                logger.info("%s is done again: %s", work.__qualname__, type(error).__name__)
                connection.close_if_unusable_or_obsolete()
                time.sleep(FIRST_PAUSE_SECONDS * 2**attempt * random.random())  # noqa: S311 - spreads, hides nothing
        return work(*args, **kwargs)

    return run


def unwrapped(patterns: Sequence[URLPattern]) -> list[URLPattern]:
    """These addresses, without the transaction that ``ATOMIC_REQUESTS`` would put around each request (A14).

    What we do opens its own: inside another it could neither be done again, nor call Stripe between two of them.
    """
    for pattern in patterns:
        transaction.non_atomic_requests(pattern.callback)
    return list(patterns)


def is_passing(error: DatabaseError) -> bool:
    """Whether the same work may well succeed in a moment: nothing of it was kept."""
    state = getattr(error.__cause__, "sqlstate", None)
    if state == UNIQUE:
        diagnosis = getattr(error.__cause__, "diag", None)
        return (getattr(diagnosis, "constraint_name", None) or "").startswith(OURS)
    if state is not None:
        return state in TAKEN_BACK
    if isinstance(error, InterfaceError):
        return "closed" in str(error)
    # A line that broke has no state; SQLite says it in words.
    return isinstance(error, OperationalError) and (connection.vendor == "postgresql" or "locked" in str(error))
