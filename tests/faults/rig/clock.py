"""What time is it on the rig's site? Wall time, and as much more as the rig has let pass, for all its processes."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: A file with the seconds; none: real time.
FILE = "RIG_CLOCK_FILE"


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=offset())


def offset() -> int:
    path = os.environ.get(FILE)
    return int(Path(path).read_text() or 0) if path and Path(path).exists() else 0


def set_offset(seconds: int) -> None:
    """Replaced as a whole: no process reads half a number."""
    path = Path(os.environ[FILE])
    half_written = path.with_suffix(".new")
    half_written.write_text(str(seconds))
    half_written.replace(path)
