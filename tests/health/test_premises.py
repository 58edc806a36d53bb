"""Does a copy of the site stay silent? No call to Stripe, no mail, until somebody says which of the two it is."""

import html
from contextlib import suppress

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse

from lms_memberships.creator.memberships.views import TRY_AGAIN_URL_NAME
from lms_memberships.emails import switches
from lms_memberships.emails.models import Email
from lms_memberships.models import WebhookEvent
from lms_memberships.payments import connect, premises
from lms_memberships.signs import Sign
from tests.factories import MembershipFactory, UserFactory
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db

SCHOOL, STAGING = "https://school.example", "https://staging.school.example"


@pytest.fixture
def school(settings):
    settings.LMS_MEMBERSHIPS_BASE_URL = SCHOOL
    premises.is_frozen()
    return settings


@pytest.mark.parametrize(
    ("home", "home_key", "here", "here_key", "backend", "frozen"),
    [
        # The same site, with or without "www.", in whichever mode it sells.
        (SCHOOL, "sk_live_1", SCHOOL, "sk_live_1", "smtp", False),
        (SCHOOL, "sk_live_1", "https://www.school.example/", "sk_live_1", "smtp", False),
        (SCHOOL, "sk_test_1", SCHOOL, "sk_live_1", "smtp", False),
        (SCHOOL, "sk_live_1", "http://school.example", "sk_live_1", "smtp", False),
        # Copies on another host, with whatever key.
        (SCHOOL, "sk_live_1", STAGING, "sk_live_1", "smtp", True),
        (SCHOOL, "sk_live_1", STAGING, "rk_test_1", "smtp", True),
        (SCHOOL, "sk_live_1", STAGING, "", "smtp", True),
        (SCHOOL, "sk_live_1", "https://school.example:8443", "sk_live_1", "smtp", True),
        (SCHOOL, "sk_live_1", STAGING, "sk_test_1", "locmem", True),
        # On somebody's own machine: real money or real mails freeze it, play does not.
        (SCHOOL, "sk_live_1", "http://127.0.0.1:8000", "rk_live_1", "console", True),
        (SCHOOL, "sk_live_1", "http://localhost:8000", "sk_test_1", "smtp", True),
        (SCHOOL, "sk_live_1", "http://localhost:8000", "sk_test_1", "console", False),
        (SCHOOL, "sk_live_1", "http://[::1]:8000", "sk_test_1", "dummy", False),
        # What began in play belongs to the first real place.
        ("http://127.0.0.1:8000", "sk_test_1", SCHOOL, "sk_live_1", "smtp", False),
        ("http://127.0.0.1:8000", "sk_test_1", "http://localhost:9000", "sk_test_1", "smtp", False),
        ("http://127.0.0.1:8000", "sk_live_1", SCHOOL, "sk_live_1", "smtp", True),
    ],
)
def test_which_places_are_copies(home, home_key, here, here_key, backend, frozen, settings):
    """E9"""
    settings.LMS_MEMBERSHIPS_BASE_URL, settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = home, home_key
    assert not premises.is_frozen()
    settings.LMS_MEMBERSHIPS_BASE_URL, settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = here, here_key
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    assert premises.is_frozen() is frozen


def live_a_day(sandbox, browser, membership, student) -> tuple[int, int]:
    """Everything that would leave: purchases, events, mails, the nightly job. Returns calls to Stripe, and mails."""
    before = len(sandbox.requests.all())
    browser.post(reverse("lms_memberships:buy", args=[membership.slug]))
    browser.get(reverse("lms_memberships:account"))
    call_command("memberships_drain", verbosity=0)
    # Saying that something could not be done is fine.
    with suppress(CommandError):
        call_command("memberships_daily", verbosity=0)
    return len(sandbox.requests.all()) - before, len(mail.outbox)


@pytest.fixture
def owed(school, membership, student, client_for, now):
    """A running site with a sale behind it, an event that waits, mails that are owed, a price to be made."""
    switches.switch_all_on()
    buy(client_for(student), membership)
    WebhookEvent.objects.create(
        event_id="evt_1", type="account.updated", created_at=now, received_at=now, next_try_at=now
    )
    MembershipFactory(title="New", live=True)
    assert Email.objects.filter(state=Email.State.OWED).exists()
    return school


def test_a_copy_on_another_host_calls_nobody(owed, sandbox, client_for, membership):
    """E9: 0 outbound calls from a copied database, whatever is owed."""
    owed.LMS_MEMBERSHIPS_BASE_URL = STAGING
    buyer = UserFactory(username="buyer")
    assert live_a_day(sandbox, client_for(buyer), membership, buyer) == (0, 0)
    assert WebhookEvent.objects.get(event_id="evt_1").attempts == 0
    assert not Email.objects.exclude(state=Email.State.OWED).exists()


def test_without_the_guard_the_copy_would_charge_and_write(owed, sandbox, client_for, membership, monkeypatch):
    """The negative control of the test above."""
    owed.LMS_MEMBERSHIPS_BASE_URL = STAGING
    monkeypatch.setattr(premises, "is_frozen", lambda: False)
    buyer = UserFactory(username="buyer")
    calls, mails = live_a_day(sandbox, client_for(buyer), membership, buyer)
    assert calls >= 3
    assert mails >= 1


def test_a_buyer_on_a_copy_is_told_little_and_a_creator_why(owed, sandbox, client_for, membership, admin):
    """E9, S56: which site this is a copy of is nobody's business who only wants to buy."""
    owed.LMS_MEMBERSHIPS_BASE_URL = STAGING
    buyer = client_for(UserFactory(username="buyer"))
    answer = buyer.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    (told,) = [str(each) for each in answer.context["messages"]]
    assert told == str(premises.Frozen.said_to_buyers)
    page = answer.content.decode()
    assert html.escape(told) in page
    assert "copy of another site" not in page
    assert "Settings" not in told
    # Back from Stripe's page, with a session that was begun elsewhere.
    page = buyer.get(reverse("lms_memberships:done") + "?session_id=cs_test_1").content.decode()
    assert "copy of another site" not in page
    again = reverse(TRY_AGAIN_URL_NAME, args=[membership.pk])
    answer = client_for(admin).post(again, follow=True)
    assert "copy of another site" in " ".join(str(each) for each in answer.context["messages"])


def test_the_owner_says_that_it_moved(owed, sandbox):
    """E9: then the new place is home, and the old one would be the copy."""
    owed.LMS_MEMBERSHIPS_BASE_URL = STAGING
    with pytest.raises(premises.Frozen, match="copy of another site"):
        connect.get_gateway()
    assert not premises.move_in().is_frozen
    assert connect.get_gateway().account_id == sandbox.account_id
    call_command("memberships_drain", verbosity=0)
    assert mail.outbox
    owed.LMS_MEMBERSHIPS_BASE_URL = SCHOOL
    assert premises.is_frozen()


def test_the_owner_says_that_it_is_a_copy(owed):
    """E9: quiet, and frozen for good; a copy of the copy alarms again."""
    owed.LMS_MEMBERSHIPS_BASE_URL = STAGING
    found = premises.keep_quiet()
    assert (found.is_frozen, found.is_quiet) == (True, True)
    owed.LMS_MEMBERSHIPS_BASE_URL = "https://third.school.example"
    assert (premises.look().is_frozen, premises.look().is_quiet) == (True, False)
    owed.LMS_MEMBERSHIPS_BASE_URL = SCHOOL
    assert not premises.is_frozen()


def test_without_any_setting_the_database_speaks_and_freezes_nothing(settings):
    settings.LMS_MEMBERSHIPS_BASE_URL = settings.WAGTAILADMIN_BASE_URL = ""
    assert not premises.is_frozen()
    assert Sign.objects.filter(name=premises.SIGN).count() <= 1
