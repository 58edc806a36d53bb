"""Which tests may run beside each other? All, except those that share one demo or one site of the rig: in one process."""

from xdist.scheduler import LoadScopeScheduling

#: One demo serves all of the first, one site each of the others: what they start takes longer than a test.
TOGETHER = ("tests/browser/", "tests/faults/test_oracle.py")
KILLING = "tests/faults/test_kill.py"


class OneDemo(LoadScopeScheduling):
    """Each test by itself, wherever there is room; these together. xdist's own groups do not know pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(KILLING):
            # At the largest size each turn has a site of its own.
            return f"{KILLING} {nodeid.rpartition('-')[2]}"
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)
