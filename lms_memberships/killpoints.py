"""Where may a process die? Named points that do nothing, unless a test asks for death there (R3, E1)."""

import os
import signal
from typing import Final

#: ``name:n`` has the process killed the n-th time it reaches the point. Only the rig sets it.
KILL_AT: Final = os.environ.get("LMS_KILL_AT", "")

_counts: dict[str, int] = {}


def reach(name: str) -> None:
    """Nothing. With ``LMS_KILL_AT=name:n``, SIGKILL to this very process at the n-th call: no cleaning up."""
    if not KILL_AT:
        return
    wanted, _, times = KILL_AT.partition(":")
    if name != wanted:
        return
    _counts[name] = _counts.get(name, 0) + 1
    if _counts[name] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
