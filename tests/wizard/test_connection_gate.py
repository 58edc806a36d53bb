"""What if Stripe is not connected? Nobody starts a membership, and everybody reads why."""

from django.contrib.auth.models import Permission
from django.urls import reverse

from lms_memberships.models import Membership

from .conftest import version_of


def test_without_a_key_the_wizard_says_what_is_missing_and_where_to_mend_it(creator, client_for, wizard, settings):
    """U1, U2, U3, U41, S24"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    browser = client_for(creator)
    page = browser.get(wizard.add).content.decode()
    assert "no Stripe key" in page
    # No link that would refuse: who may not connect reads whom to ask.
    assert reverse("lms_memberships_stripe_settings") not in page
    assert "please ask them" in page
    creator.user_permissions.add(Permission.objects.get(codename="connect_account"))
    page = browser.get(wizard.add).content.decode()
    assert reverse("lms_memberships_stripe_settings") in page
    assert "Why can’t I create a membership?" in page
    assert "mailto:help@school.test" in page
    assert '<form id="w-editor-form"' not in page


def test_without_a_key_a_forged_form_makes_nothing(creator, client_for, wizard, settings):
    """U1, S24"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    answer = client_for(creator).post(wizard.add, wizard.press("next"))
    assert answer.status_code == 403
    assert not Membership.objects.exists()


def test_autosave_is_refused_in_its_own_language(creator, client_for, wizard, settings):
    """U1"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    answer = client_for(creator).post(wizard.add, wizard.information, headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "not_connected"
    assert "Stripe" in answer.json()["error_message"]
    assert not Membership.objects.exists()


def test_a_draft_can_be_edited_but_not_published_without_stripe(browser, draft, wizard, settings):
    """U1, U28"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    answer = browser.post(wizard.step(draft, "information"), wizard.press("next", title="Renamed"))
    assert answer.status_code == 302
    assert version_of(draft).title == "Renamed"
    answer = browser.post(wizard.step(draft, "publish"), wizard.finish())
    assert "no Stripe key" in answer.content.decode()
    draft.refresh_from_db()
    assert not draft.live
