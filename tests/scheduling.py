"""Which tests may run beside each other? All, except those in the browser: one demo serves them, in one process."""

from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser/"


class OneDemo(LoadScopeScheduling):
    """Each test by itself, wherever there is room; the browser's together. xdist's own groups do not know pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else nodeid
