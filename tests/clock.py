"""What time is it in the tests? Real time plus an offset that a test sets, like the sandbox's."""

from datetime import UTC, datetime, timedelta

offset = timedelta(0)


def now() -> datetime:
    return datetime.now(UTC) + offset
