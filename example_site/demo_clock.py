"""What time is it in the demo? Wall time, moved by as much as the sandbox's clock was advanced."""

import fcntl
import json
import logging
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

logger = logging.getLogger(__name__)

ASK_AGAIN_AFTER_SECONDS = 1.0
# A page must not wait for a sandbox that hangs: the last known offset is good enough.
TIMEOUT_SECONDS = 0.7


@dataclass
class _LastQuestion:
    asked_at: float = float("-inf")


_last = _LastQuestion()


def now() -> datetime:
    """The demo's present moment; real time where there is no demo."""
    return timezone.now() + timedelta(seconds=_offset_seconds())


def catch_up() -> bool:
    """Run ``memberships_daily`` if the clock was moved since it last ran; says whether it ran."""
    if not settings.DEMO or _last_daily_offset() == _offset_seconds():
        return False
    with _one_process_at_a_time():
        seconds = _offset_seconds()
        if _last_daily_offset() == seconds:
            return False
        _run_daily()
        _write("daily-offset", seconds)
    return True


def forget_last_answer() -> None:
    """Make the next ``now()`` ask the sandbox: for the moment after its clock was advanced."""
    _last.asked_at = float("-inf")


def ask(sandbox: str) -> float | None:
    """By how many seconds the sandbox's clock was advanced; None if it does not say."""
    address = f"{sandbox.rstrip('/')}/_sandbox/api/clock"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return float(json.load(answer)["offset"])
    except (OSError, ValueError, KeyError, TypeError) as cause:
        logger.info("The sandbox did not tell its time: %s", cause)
        return None


def _run_daily() -> None:
    try:
        call_command("memberships_daily")
    except (CommandError, SystemExit) as found:
        # The command says so when it found something wrong; the page must come all the same.
        logger.warning("memberships_daily: %s", found)


def _sandbox() -> str:
    base = getattr(settings, "LMS_MEMBERSHIPS_STRIPE_API_BASE", "") if settings.DEMO else ""
    return base.rstrip("/")


def _offset_seconds() -> float:
    if not _sandbox():
        return 0.0
    if time.monotonic() - _last.asked_at >= ASK_AGAIN_AFTER_SECONDS:
        _last.asked_at = time.monotonic()
        _ask_sandbox()
    # Read each time: when a webhook tells the site that time has passed, the worker, which is
    # another process, must not work it off in the past.
    return _read("clock-offset") or 0.0


def _ask_sandbox() -> None:
    seconds = ask(_sandbox())
    if seconds is not None and seconds != _read("clock-offset"):
        _write("clock-offset", seconds)


def _last_daily_offset() -> float:
    return _read("daily-offset") or 0.0


def _state_file(name: str) -> Path:
    return Path(settings.DEMO_STATE) / name


def _read(name: str) -> float | None:
    try:
        return float(_state_file(name).read_text())
    except (OSError, ValueError):
        return None


def _write(name: str, seconds: float) -> None:
    path = _state_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Replaced as a whole: another process never reads half a number.
    half_written = path.with_suffix(f".{time.monotonic_ns()}")
    half_written.write_text(repr(seconds))
    half_written.replace(path)


@contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    path = _state_file("daily.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
