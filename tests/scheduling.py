"""Which tests may run beside each other, and which need only one database?

Beside each other run all, except those that share one demo or one site of the rig: in one process. What goes through
the whole site over HTTP takes most of the time, and asks the same questions of the database again and again: where
PostgreSQL runs all of it, one file in six runs on SQLite too, the same ones each time.
"""

import zlib

import pytest
from xdist.scheduler import LoadScopeScheduling

#: One demo serves all of the first, one site each of the others: what they start takes longer than a test.
TOGETHER = ("tests/browser/", "tests/faults/test_oracle.py")
KILLING = "tests/faults/test_kill.py"
JOURNEYS = tuple(
    f"tests/{folder}/"
    for folder in ("flows", "security", "leaks", "faults", "sandbox_pages", "example_site", "install")
)
ONE_IN = 6


class OneDemo(LoadScopeScheduling):
    """Each test by itself, wherever there is room; these together. xdist's own groups do not know pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(KILLING):
            # At the largest size each turn has a site of its own.
            return f"{KILLING} {nodeid.rpartition('-')[2]}"
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


def mark_journeys(items: list[pytest.Item]) -> None:
    """Five files of journeys in six get the mark ``once``."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        if file.startswith(JOURNEYS) and zlib.crc32(file.encode()) % ONE_IN:
            item.add_marker("once")
