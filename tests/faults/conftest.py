"""What do the tests of faults share? Mails that several processes can write, and the guard's absence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lms_memberships.models import Membership
from tests.factories import MembershipFactory, put_into
from tests.subscriptions import said


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
