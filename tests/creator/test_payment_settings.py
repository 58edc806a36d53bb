"""Are all settings about payments on one page, without their secrets, and with whom to ask (V7, V43, V46, V47, W28)?"""

import pytest
from django.urls import reverse

from lms_memberships import conf
from lms_memberships.creator import settings_surface
from tests.factories import UserFactory, allow
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

PAGE = reverse("lms_memberships_payment_settings")
TITLES = ["Setting up payments", "Customizing payment options", "What paid members see"]


@pytest.fixture
def owner(client_for):
    return client_for(allow(UserFactory(username="owner"), "connect_account"))


def test_every_setting_about_payments_is_there_with_what_it_says_now(owner, connection, settings):
    """V7: and each of the others is one on purpose."""
    settings.LMS_MEMBERSHIPS_PAST_DUE_GRACE_DAYS = 93
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ("sales@school.test",)
    settings.LMS_MEMBERSHIPS_TERMS_URL = "/<u>terms"
    page = owner.get(PAGE).content.decode()
    shown = [name for part in settings_surface.PARTS for name in part.settings]
    assert len(shown) == len(set(shown))
    assert set(shown) | settings_surface.OTHERS == set(conf.SETTINGS)
    assert not set(shown) & settings_surface.OTHERS
    for name in shown:
        assert f"{conf.PREFIX}{name}" in page
    for words in ("93", "sales@school.test", "/&lt;u&gt;terms"):
        assert words in page


def test_no_secret_is_shown(owner, connection, settings):
    """V7, S41"""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_very_secret"]
    page = owner.get(PAGE).content.decode()
    assert str(conf.STRIPE_SECRET_KEY) not in page
    assert "whsec_" not in page
    assert settings_surface.value_of("STRIPE_WEBHOOK_SECRETS") == "set"
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [""]
    assert settings_surface.value_of("STRIPE_WEBHOOK_SECRETS") == "not set"


def test_the_parts_lead_to_each_other_and_to_where_things_are_changed(owner, connection):
    """V47"""
    page = owner.get(PAGE).content.decode()
    assert [str(part.title) for part in settings_surface.PARTS] == TITLES
    assert f"Next: {TITLES[1]} " in text(page)
    assert f"Previous: {TITLES[1]} " in text(page)
    for name in ("stripe_settings", "email_settings", "promotions_list", "ladders_list", "invoices_list"):
        assert reverse(f"lms_memberships_{name}") in page
    assert reverse("wagtailsnippets_lms_memberships_membership:list") in page


def test_it_says_what_is_supported_and_whom_to_ask(owner, connection, settings):
    """V43, V46, W28"""
    settings.LMS_MEMBERSHIPS_HELP_EMAIL = "help@school.test"
    page = text(owner.get(PAGE).content.decode())
    assert "Only Stripe is supported for memberships. PayPal is being explored." in page
    assert "Upsells and tiers work with memberships that are paid through this site's Stripe account." in page
    assert "help@school.test" in page


def test_it_is_for_those_who_may_connect_stripe(client_for, creator, owner):
    """V7"""
    assert client_for(creator).get(PAGE)["Location"] == reverse("wagtailadmin_home")
    assert PAGE in owner.get(reverse("wagtailadmin_home")).content.decode()


@pytest.mark.parametrize("address", ["lms_memberships_invoices_list", "lms_memberships_report_earned"])
def test_a_contact_stands_on_the_pages(client_for, admin, address, connection, settings):
    """W28"""
    settings.LMS_MEMBERSHIPS_HELP_EMAIL = "help@school.test"
    assert "help@school.test" in client_for(admin).get(reverse(address)).content.decode()
