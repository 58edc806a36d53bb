"""Do keys, secrets, people or payment pages reach a log, an error page or a table that should not have them? (S41, S42)"""

import logging
from collections.abc import Iterator

import pytest
from django.core import serializers
from django.test import Client
from django.urls import reverse

from lms_memberships.models import Checkout, Subscription
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory
from tests.flows.steps import buy

from .asking import tables

pytestmark = pytest.mark.django_db

KEY = "sk_test_CanaryOfTheSecretKey0123456789"
WEBHOOK_SECRET = "whsec_sandbox"
PERSON = {"email": "canary.person@school.test", "first_name": "Canarina", "last_name": "Finchley"}


class Ear(logging.Handler):
    """Hears every logger at DEBUG, with what it adds to a message and with its traceback."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL}
        self.lines.append(f"{self.format(record)} {extra}")

    def says(self, *canaries: str) -> list[str]:
        return [line[:400] for line in self.lines if any(canary in line for canary in canaries)]


_USUAL = vars(logging.makeLogRecord({}))


@pytest.fixture
def ear(settings) -> Iterator[Ear]:
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = KEY
    listening = Ear()
    root = logging.getLogger()
    names = [name for name in logging.root.manager.loggerDict if isinstance(logging.getLogger(name), logging.Logger)]
    levels = {name: logging.getLogger(name).level for name in names} | {"": root.level}
    for name in levels:
        logging.getLogger(name or None).setLevel(logging.DEBUG)
    root.addHandler(listening)
    yield listening
    root.removeHandler(listening)
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level)


@pytest.fixture
def person(db):
    return UserFactory(username="bird", **PERSON)


@pytest.fixture
def journey(ear, person, membership, client_for, postman, sandbox, clock, admin) -> list[str]:
    """Buying, the webhooks, the mails, a failed payment, an outage, cancelling, and the admin's screens.

    Returns the addresses of Stripe's pages.
    """
    browser = client_for(person)
    buy(browser, membership)
    postman.deliver()
    clock.advance(days=32)
    postman.deliver()
    sandbox.faults.plan(Fault("status", "*/v1/subscriptions*", count=50, status=500))
    held = Subscription.objects.get(user=person)
    browser.post(reverse("lms_memberships:cancel", args=[held.pk]))
    sandbox.faults.clear()
    browser.post(reverse("lms_memberships:cancel", args=[held.pk]))
    postman.deliver()
    for name in ("lms_memberships_stripe_settings", "lms_memberships_health", "lms_memberships_email_settings"):
        assert client_for(admin).get(reverse(name)).status_code == 200
    Client().post("/memberships/webhooks/stripe/", b"{}", content_type="application/json")
    clock.daily()
    return [url for url in Checkout.objects.values_list("url", flat=True) if url]


def test_no_log_line_tells_a_secret_or_a_person(journey, ear):
    """S41, S42, T20: the whole journey, every logger at DEBUG."""
    assert len(ear.lines) > 20
    assert ear.says(KEY, WEBHOOK_SECRET) == []
    assert ear.says(*journey) == []
    assert ear.says(*PERSON.values()) == []


def test_the_ear_hears_each_of_them(ear):
    """S41, S42, negative control: in the message, in what is added to it, and in a traceback."""
    log = logging.getLogger("a_site.of_somebody")
    log.debug("calling with %s", KEY)
    log.info("a mail", extra={"to": PERSON["email"]})
    try:
        raise ValueError(WEBHOOK_SECRET)
    except ValueError:
        log.exception("broken")
    assert [bool(ear.says(canary)) for canary in (KEY, PERSON["email"], WEBHOOK_SECRET)] == [True] * 3


def test_no_table_holds_a_key(journey):
    """S41, T20: a dump of everything that we store."""
    dump = "".join(serializers.serialize("json", model._base_manager.all()) for model in tables())
    assert PERSON["email"] in dump, "the control: the dump is of what was stored"
    assert KEY not in dump
    assert WEBHOOK_SECRET not in dump


@pytest.mark.parametrize("is_bare", [False, True])
def test_the_error_page_hides_our_settings(ear, settings, is_bare):
    """S41: Django hides what is called a secret or a key; the control is a setting of ours with another name."""
    settings.DEBUG = True
    settings.ROOT_URLCONF = "tests.security.broken_urls"
    if is_bare:
        settings.LMS_MEMBERSHIPS_STRIPE_THING = KEY
    window = Client(raise_request_exception=False)
    page = window.get("/broken/").content.decode()
    assert "LMS_MEMBERSHIPS_STRIPE_SECRET_KEY" in page
    assert (KEY in page) is is_bare
    assert WEBHOOK_SECRET not in page
