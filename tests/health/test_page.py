"""Does the health page show every light in words, cost the same on every site, and mend what it can?"""

import re

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.health.lights import LIGHTS
from lms_memberships.signs import Sign
from tests.factories import UserFactory, allow

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db):
    return allow(UserFactory(username="owner"), "connect_account")


@pytest.fixture
def browser(owner, client_for):
    return client_for(owner)


def page(browser) -> str:
    answer = browser.get(reverse("lms_memberships_health"))
    assert answer.status_code == 200
    return answer.content.decode()


def mend(browser, name: str):
    return browser.post(reverse("lms_memberships_health_repair"), {"repair": name}, follow=True)


def test_every_light_is_there_with_a_word_for_its_state(browser, sandbox):
    """X23"""
    text = page(browser)
    for light in LIGHTS:
        assert f'id="light-{light.name}"' in text
        assert str(light.label) in text
    words = re.findall(r'<div class="lms-light__state">.*?<span>(.*?)</span>', text, re.DOTALL)
    assert len(words) == len(LIGHTS)
    assert set(words) <= {"in order", "warning", "fault", "not known"}


def test_looking_asks_stripe_nothing(browser, sandbox):
    page(browser)
    assert sandbox.requests.all() == []


def test_asking_asks_now_and_keeps_the_answer(browser, sandbox):
    answer = browser.post(reverse("lms_memberships_health_ask"), follow=True)
    assert "Stripe was asked." in answer.content.decode()
    assert "Stripe accepts the key" in page(browser)
    assert "does not know this site" in page(browser)


def test_a_new_endpoints_secret_is_shown_once_and_stored_nowhere(browser, sandbox):
    """A9, S41: in one answer that nobody may keep."""
    answer = mend(browser, "new-endpoint")
    secret = sandbox.store.all("webhook_endpoint", account=sandbox.account_id)[0]["_secret"]
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert answer.redirect_chain == []
    assert secret not in page(browser)
    assert secret not in str(list(Sign.objects.values()))
    from lms_memberships.models import Intent

    assert secret not in str(list(Intent.objects.values()))


def test_the_page_costs_the_same_with_many_rows(browser, sandbox, django_assert_max_num_queries, now):
    """X23: looking at a large site is as cheap as at a small one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from lms_memberships.models import WebhookEvent

    def queries() -> int:
        page(browser)
        with CaptureQueriesContext(connection) as captured:
            page(browser)
        return len(captured)

    few = queries()
    WebhookEvent.objects.bulk_create(
        WebhookEvent(event_id=f"evt_{n}", type="x", created_at=now, received_at=now, next_try_at=now)
        for n in range(200)
    )
    Sign.objects.bulk_create(Sign(name=f"webhook.secret.{n}", seen_at=now) for n in range(50))
    assert queries() == few


def test_mending_is_a_signed_post(owner):
    """X23: no repair by a link, nor from another site."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    for name in ("lms_memberships_health_ask", "lms_memberships_health_repair"):
        assert strict.get(reverse(name)).status_code == 405
        assert strict.post(reverse(name), {"repair": "moved"}).status_code == 403


def test_others_are_turned_away(creator, client_for, sandbox):
    """X24"""
    browser = client_for(creator)
    for answer in (
        browser.get(reverse("lms_memberships_health")),
        browser.post(reverse("lms_memberships_health_ask")),
        browser.post(reverse("lms_memberships_health_repair"), {"repair": "new-endpoint"}),
    ):
        assert (answer.status_code, answer.url) == (302, reverse("wagtailadmin_home"))
    assert sandbox.requests.all() == []


def test_a_repair_that_is_none_says_so(browser, sandbox):
    assert "There is no such repair" in mend(browser, "rm -rf").content.decode()
    assert "nothing that this repair could mend" in mend(browser, "retry-dead").content.decode()


def test_our_other_pages_say_when_something_is_red(creator, owner, client_for, sandbox, settings):
    """X23, E9: whoever may mend it gets the way there, others whom to tell."""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = []
    text = client_for(creator).get(reverse("wagtailsnippets_lms_memberships_membership:list")).content.decode()
    assert "Signing secret" in text
    assert "tell whoever runs the site" in text
    text = client_for(owner).get(reverse("lms_memberships_stripe_settings")).content.decode()
    assert reverse("lms_memberships_health") in text.split("Something is not well")[1]


def test_who_mended_what_stands_in_the_history(browser, owner, gateway):
    from wagtail.models import ModelLogEntry

    mend(browser, "receipts-by-stripe")
    entry = ModelLogEntry.objects.get(action="lms_memberships.repaired")
    assert (entry.user, entry.data["repair"]) == (owner, "receipts-by-stripe")
