"""Acceptance of the terms of sale: asked for, required by the server, and provable afterwards (X16)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.models import Checkout, Subscription
from lms_memberships.personal_data.exporting import export_person
from lms_memberships.subscriptions import checkout
from lms_memberships.subscriptions.terms import TermsNotAccepted
from tests import hosted
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db

URL = "http://testserver/terms/"
CHECKBOX = 'type="checkbox"\n             name="terms"'


@pytest.fixture
def terms(settings) -> str:
    settings.LMS_MEMBERSHIPS_TERMS_URL = URL
    settings.LMS_MEMBERSHIPS_TERMS_VERSION = "2026-11"
    return "2026-11"


def press(browser: Client, membership, **data: object):
    return browser.post(reverse("lms_memberships:buy", args=[membership.slug]), data)


def test_the_box_stands_before_the_button_and_names_the_terms(client_for, student, membership, terms):
    """X16: on the membership's page and on the page after signing in; whoever is not signed in is told of it."""
    browser = client_for(student)
    for address in (membership.get_absolute_url(), reverse("lms_memberships:buy", args=[membership.slug])):
        page = browser.get(address).content.decode()
        assert CHECKBOX in page
        assert 'value="2026-11"' in page
        assert f'I accept the <a href="{URL}">terms</a>' in page
    page = Client().get(membership.get_absolute_url()).content.decode()
    assert CHECKBOX not in page
    assert f'asked to accept the <a href="{URL}">terms</a>' in page


def test_what_was_accepted_and_when_is_kept_and_handed_over(client_for, student, membership, terms, now):
    """X16: on the purchase's own row, and in the export of personal data."""
    browser = client_for(student)
    answer = press(browser, membership, terms=terms)
    assert answer.status_code == 303
    hosted.pay(answer["Location"])
    attempt = Checkout.objects.get(user=student)
    assert attempt.terms_version == terms
    assert abs(attempt.terms_accepted_at - attempt.created_at) < timedelta(seconds=5)
    row = export_person(student)["checkouts"][0]
    assert (row["terms_version"], row["terms_accepted_at"]) == (terms, attempt.terms_accepted_at)


@pytest.mark.parametrize("sent", [{}, {"terms": ""}, {"terms": "on"}, {"terms": "2019-01"}], ids=str)
def test_nobody_buys_without_and_nothing_is_lost(client_for, student, membership, terms, sent, sandbox):
    """X16: missing, or terms that have changed since the page was shown: said in words, on a page that kept the code."""
    before = len(sandbox.requests.all())
    answer = press(client_for(student), membership, promo="SPRING20", **sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert str(TermsNotAccepted.message) in page
    assert 'aria-invalid="true"' in page
    assert '<input type="hidden" name="promo" value="SPRING20">' in page
    assert not Checkout.objects.exists()
    asked = [each["path"] for each in sandbox.requests.all()[before:]]
    assert not [path for path in asked if "checkout" in path]


def test_the_domain_asks_whichever_door_leads_there(student, membership, gateway, terms, now):
    """X16: the check stands in ``checkout.start`` itself, not in a view that a new path could forget."""
    urls = ("https://school.test/done", "https://school.test/")
    with pytest.raises(TermsNotAccepted):
        checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=urls, now=now)
    wish = checkout.Wish(membership, terms=terms)
    assert checkout.start(student, wish, gateway=gateway, language="en", urls=urls, now=now)


def test_new_terms_make_a_new_purchase(client_for, student, membership, terms, settings):
    """X16: a page that was opened under the old terms is closed; each row keeps what was accepted for it."""
    browser = client_for(student)
    first = press(browser, membership, terms=terms)["Location"]
    assert press(browser, membership, terms=terms)["Location"] == first
    settings.LMS_MEMBERSHIPS_TERMS_VERSION = "2027-01"
    assert press(browser, membership, terms=terms).status_code == 200
    assert press(browser, membership, terms="2027-01")["Location"] != first
    rows = Checkout.objects.order_by("pk").values_list("terms_version", "state")
    assert list(rows) == [("2026-11", "expired"), ("2027-01", "open")]


def test_without_a_box_the_press_accepts_them_and_is_kept(client_for, student, membership, terms, settings):
    """X16: the page says so beside the button; terms that changed meanwhile are asked for again."""
    settings.LMS_MEMBERSHIPS_TERMS_BOX = False
    browser = client_for(student)
    page = browser.get(membership.get_absolute_url()).content.decode()
    assert CHECKBOX not in page
    assert "By going on you accept the" in page
    assert 'name="terms" value="2026-11"' in page
    assert press(browser, membership, terms="2019-01").status_code == 200
    assert not Checkout.objects.exists()
    assert press(browser, membership).status_code == 303
    assert Checkout.objects.get().terms_version == terms


def test_without_a_version_the_address_is_kept(client_for, student, membership, settings):
    settings.LMS_MEMBERSHIPS_TERMS_URL = URL
    press(client_for(student), membership, terms=URL)
    assert Checkout.objects.get().terms_version == URL


def test_a_site_without_terms_asks_nobody(client_for, student, membership):
    """X16: nothing changes where no terms are named."""
    browser = client_for(student)
    assert 'name="terms"' not in browser.get(membership.get_absolute_url()).content.decode()
    buy(browser, membership)
    attempt = Checkout.objects.get()
    assert (attempt.terms_version, attempt.terms_accepted_at) == ("", None)
    assert Subscription.objects.get().user == student
