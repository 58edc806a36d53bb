"""What do the tests of faults share? Mails that several processes can write, and the guard's absence."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lms_memberships.models import Membership
from tests.factories import MembershipFactory, put_into
from tests.faults.sizes import SEED, SIZE
from tests.subscriptions import said


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Failures as they come: a run of hours that is broken off says what it has found. Workers leave that to the first."""
    file = os.environ.get("FAULTS_FAILURES")
    if file and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(file).open("a") as out:
            out.write(f"{report.nodeid} ({report.when})\n{report.longreprtext}\n\n")


@pytest.fixture
def mails(settings, tmp_path) -> Callable[[], list[str]]:
    """Every mail that any process sent."""
    folder = tmp_path / "mails"
    folder.mkdir()
    settings.EMAIL_BACKEND = "tests.faults.mail.OneFileEach"
    settings.EMAIL_FILE_PATH = str(folder)
    return lambda: [path.read_text() for path in sorted(Path(folder).iterdir())]


@pytest.fixture
def no_worker(settings) -> None:
    """Tasks are noted and not run: the tests are the workers."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}


@pytest.fixture
def nobody_answers():
    """A gateway with which any call to Stripe would fail."""
    return said.unreachable_gateway()


@pytest.fixture
def draft(gateway, live_session) -> Membership:
    """Complete, and never published."""
    membership = put_into(MembershipFactory(title="Studio pass"), live_session)
    membership.save_revision()
    membership.refresh_from_db()
    return membership


@pytest.fixture
def rig_folder(tmp_path, django_db_blocker) -> Iterator[Path]:
    """For a site of the rig: it has a database of its own, which is not the tests'."""
    with django_db_blocker.unblock():
        yield tmp_path


@pytest.fixture
def report() -> Callable[..., None]:
    """Print what was counted and how long it took. Times are said, never judged."""

    began = time.monotonic()

    def say(target: str, **figures: float) -> None:
        figures.setdefault("seconds", time.monotonic() - began)
        line = ", ".join(f"{name} {round(value, 2):,}" for name, value in figures.items())
        sys.stdout.write(f"\n{target} ({SIZE}, seed {SEED}): {line}\n")
        if file := os.environ.get("FAULTS_REPORT"):
            with Path(file).open("a") as out:
                out.write(json.dumps({"target": target, "size": SIZE, "seed": SEED, **figures}) + "\n")

    return say
