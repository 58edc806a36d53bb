"""Which tests may run beside each other, and which need only one database?

Beside each other run all, except those that share one demo or one site of the rig: in one process. The journeys take
half of all time and ask the same questions of the database again and again: where PostgreSQL runs all of them, one file
in three runs on SQLite too, the same ones each time.
"""

import zlib

import pytest
from xdist.scheduler import LoadScopeScheduling

#: One demo serves all of the first, one site each of the others: what they start takes longer than a test.
TOGETHER = ("tests/browser/", "tests/faults/test_oracle.py")
KILLING = "tests/faults/test_kill.py"
JOURNEYS = "tests/flows/"
ONE_IN = 3


class OneDemo(LoadScopeScheduling):
    """Each test by itself, wherever there is room; these together. xdist's own groups do not know pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(KILLING):
            # At the largest size each turn has a site of its own.
            return f"{KILLING} {nodeid.rpartition('-')[2]}"
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


def mark_journeys(items: list[pytest.Item]) -> None:
    """Two files of journeys in three get the mark ``once``."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        if file.startswith(JOURNEYS) and zlib.crc32(file.encode()) % ONE_IN:
            item.add_marker("once")
