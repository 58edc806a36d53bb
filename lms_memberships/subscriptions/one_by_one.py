"""How are many rows worked off, so that one that fails does not stop the others?"""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from ..errors import OutsideFailure, Refusal

logger = logging.getLogger(__name__)

Row = TypeVar("Row")


def each(rows: Iterable[Row], do: Callable[[Row], object]) -> int:
    """How many went well; one for which ``do`` answers False had nothing to do.

    Raises the first failure once all were tried: whoever runs this is told, and what failed is due again.
    """
    failures: list[OutsideFailure | Refusal] = []
    done = 0
    for row in rows:
        try:
            done += do(row) is not False
        except (OutsideFailure, Refusal) as failure:
            logger.warning("%r has to wait: %s", row, failure)
            failures.append(failure)
    if failures:
        raise failures[0]
    return done
