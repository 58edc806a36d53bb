"""Does the page under Settings → Stripe say what is connected, what is missing and what to do?"""

import pytest
from django.urls import reverse

from lms_memberships.models import Account
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory, allow

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db):
    return allow(UserFactory(username="owner"), "connect_account")


@pytest.fixture
def browser(owner, client_for):
    return client_for(owner)


def page(browser) -> str:
    answer = browser.get(reverse("lms_memberships_stripe_settings"))
    assert answer.status_code == 200
    return answer.content.decode()


def check_again(browser) -> str:
    answer = browser.post(reverse("lms_memberships_stripe_check"), follow=True)
    assert answer.redirect_chain == [(reverse("lms_memberships_stripe_settings"), 302)]
    return answer.content.decode()


def test_the_page_says_which_account_is_connected_and_that_it_can_charge(browser, sandbox):
    """W1, X18"""
    text = page(browser)
    assert "Stripe is connected and can charge" in text
    assert sandbox.account_id in text
    assert "Test: no real money" in text
    assert "just now" in text.lower()


def test_without_a_key_it_says_how_to_set_one(browser, settings, sandbox):
    """U2: the question is answered on the spot."""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    text = page(browser)
    assert "the site has no Stripe key" in text
    assert "Why can&#x27;t I create a membership?" in text or "Why can't I create a membership?" in text
    assert "Stripe must be connected first" in text
    assert "LMS_MEMBERSHIPS_STRIPE_SECRET_KEY" in text
    assert "Checkout Sessions" in text


def test_an_account_that_cannot_charge_is_told_what_stripe_asks_for(browser, sandbox):
    page(browser)
    Account.objects.update(
        charges_enabled=False,
        disabled_reason="requirements.past_due",
        requirements_due=["external_account", "individual.made_up_by_stripe"],
    )
    text = page(browser)
    assert "cannot charge yet" in text
    assert "the bank account for payouts" in text
    assert "individual.made_up_by_stripe" in text
    assert "requirements.past_due" in text


def test_a_dead_stripe_or_a_revoked_key_does_not_break_the_page(browser, sandbox, settings):
    """D12"""
    sandbox.faults.plan(Fault("hang", "/v1/account", count=2))
    assert "could not be reached" in page(browser)
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_invalid"
    assert "did not accept the key" in page(browser)


def test_checking_again_asks_stripe_now(browser, sandbox):
    page(browser)
    Account.objects.update(charges_enabled=False)
    assert "can charge." in check_again(browser)
    assert Account.objects.get().charges_enabled


def test_a_failed_check_says_so(browser, sandbox, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_invalid"
    assert "did not accept the key" in check_again(browser)
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    assert "No Stripe account is connected" in check_again(browser)


def test_the_webhooks_address_and_whether_it_has_a_secret(browser, sandbox, settings):
    """S2, X18"""
    text = page(browser)
    assert "http://testserver/memberships/webhooks/stripe/" in text
    assert "A signing secret is configured" in text
    assert "invoice.paid" in text
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [" "]
    assert "No signing secret is configured" in page(browser)


def test_the_answers_about_providers_and_cards(browser, sandbox):
    """V43, V44"""
    text = page(browser)
    assert "Only Stripe is supported" in text
    assert "PayPal is being explored" in text
    assert "left to Stripe" in text


def test_help_is_at_hand(browser, sandbox, settings):
    settings.LMS_MEMBERSHIPS_HELP_URL = "https://help.school.test/"
    text = page(browser)
    assert "mailto:help@school.test" in text
    assert "https://help.school.test/" in text


def test_neither_key_nor_secret_is_shown(browser, sandbox, settings):
    """S41"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_canary"
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_canary"]
    assert "canary" not in page(browser)


def test_the_menu_leads_there_for_those_who_may(browser, sandbox):
    """X24"""
    home = browser.get(reverse("wagtailadmin_home")).content.decode()
    assert reverse("lms_memberships_stripe_settings") in home


def test_somebody_without_the_permission_is_turned_away(creator, client_for, sandbox):
    """X24"""
    browser = client_for(creator)
    assert reverse("lms_memberships_stripe_settings") not in browser.get(reverse("wagtailadmin_home")).content.decode()
    for answer in (
        browser.get(reverse("lms_memberships_stripe_settings")),
        browser.post(reverse("lms_memberships_stripe_check")),
    ):
        assert (answer.status_code, answer.url) == (302, reverse("wagtailadmin_home"))
    assert not Account.objects.exists()


def test_looking_changes_nothing_but_pressing_is_a_post(browser, sandbox):
    assert browser.get(reverse("lms_memberships_stripe_check")).status_code == 405


def test_the_permission_can_be_given_to_a_group(admin, client_for, sandbox):
    text = client_for(admin).get(reverse("wagtailusers_groups:add")).content.decode()
    # Wagtail leaves out the name of the model at the end.
    assert "Can connect and check" in text
