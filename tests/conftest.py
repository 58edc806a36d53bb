"""What does every test share? A sandbox that speaks Stripe's HTTP, people, and a clock to advance."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone, translation

import tests.clock
from lms_memberships import signs
from lms_memberships.creator.attention import waiting
from lms_memberships.models import Membership
from lms_memberships.payments import connect, premises
from lms_memberships.payments.gateway import Gateway
from lms_memberships.sandbox.server import Sandbox
from lms_memberships.webhooks import receive, refusals, waking
from tests.chromium import browser  # noqa: F401 - a fixture, for every folder
from tests.contract.rig import every_request_checked
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.scheduling import OneDemo, mark_journeys
from tests.webhooks_rig import Postman


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneDemo:
    return OneDemo(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_journeys(items)


CREATOR_PERMISSIONS = (
    "view_membership",
    "add_membership",
    "change_membership",
    "publish_membership",
    "set_price_membership",
)


@pytest.fixture(autouse=True)
def _requests_follow_stripes_contract() -> Iterator[None]:
    """Every request that reaches the gateway and every object that comes back, in every test."""
    with every_request_checked():
        yield


@pytest.fixture(autouse=True)
def _each_test_begins_in_english() -> Iterator[None]:
    """A request in French leaves its language behind in the thread."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _each_test_rings_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process wakes its worker at most twice a second; the test before must not have used that up."""
    monkeypatch.setattr(receive, "wake_worker", waking.Bell().ring)


@pytest.fixture(autouse=True)
def _each_test_sees_for_itself() -> None:
    """A process writes each sign once a minute; the database of the test before is gone."""
    signs.notebook.clear()
    refusals.buckets.clear()
    premises.forget()
    waiting.forget()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    with Sandbox() as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: Sandbox, settings) -> Iterator[Sandbox]:
    """The stand-in for Stripe, emptied; the settings point to it."""
    sandbox_server.reset()
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = sandbox_server.url
    yield sandbox_server
    sandbox_server.reset()
    tests.clock.offset = timedelta(0)


@pytest.fixture
def gateway(db, sandbox: Sandbox) -> Gateway:
    """The one real gateway, over HTTP to the sandbox; the account was read."""
    return connect.get_gateway()


@pytest.fixture
def connection(gateway: Gateway) -> connect.Connection:
    return connect.current()


class Clock:
    """Moves our clock and the sandbox's together, as the demo does."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def advance(self, **span: float) -> None:
        """Let time pass at Stripe, then here."""
        self.sandbox.actions.advance_clock(seconds=int(timedelta(**span).total_seconds()))
        tests.clock.offset = timedelta(seconds=self.sandbox.now() - time.time())

    def daily(self) -> None:
        """What the nightly job does."""
        call_command("memberships_daily", verbosity=0)

    @property
    def now(self) -> datetime:
        return tests.clock.now()


@pytest.fixture
def clock(sandbox: Sandbox) -> Clock:
    return Clock(sandbox)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def student(db):
    return UserFactory(username="student", email="student@school.test", first_name="Ada", last_name="Lind")


@pytest.fixture
def creator(db):
    return allow(UserFactory(username="creator"), *CREATOR_PERMISSIONS)


@pytest.fixture
def admin(db):
    return UserFactory(username="admin", is_staff=True, is_superuser=True)


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """A browser that is signed in as somebody."""

    def sign_in(user) -> Client:
        window = Client()
        window.force_login(user)
        return window

    return sign_in


@pytest.fixture
def postman(sandbox: Sandbox) -> Postman:
    """Delivers Stripe's signed webhooks to the real address when a test says so."""
    return Postman(sandbox)


@pytest.fixture
def live_session(db):
    from example_site.models import LiveSession

    starts_at = timezone.now() + timedelta(days=5)
    return LiveSession.objects.create(
        title="Glazing evening",
        slug="glazing-evening",
        description="Bring one pot.",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        join_url="https://meet.school.test/glazing-CANARY",
    )


@pytest.fixture
def membership(gateway: Gateway, live_session) -> Membership:
    """On sale: 19 euros a month, with one live session in it."""
    return publish(put_into(MembershipFactory(title="Studio pass"), live_session), gateway=gateway)
