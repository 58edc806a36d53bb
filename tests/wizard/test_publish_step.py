"""Step 3: does the button do what the status says, once, and only when Stripe and the wizard agree?"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from lms_memberships.emails import switches
from lms_memberships.health import stripe_look
from lms_memberships.models import Membership, Price
from tests.factories import MembershipFactory

from .conftest import version_of


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_the_last_step_offers_the_status_and_says_what_students_will_see(browser, draft, wizard):
    """U24, U25, U26, U27, U41, X18, X19"""
    page = browser.get(wizard.step(draft, "publish")).content.decode()
    assert "Draft: students cannot see it or buy it" in page
    assert "Published: students can see it and buy it" in page
    assert 'name="action-publish"' in page
    assert "€19.00 per month" in page
    assert "Evening 000" in page
    assert "Today the student pays €19.00." in page
    assert "mailto:help@school.test" in page


def test_the_checklist_names_what_is_missing_and_where_to_mend_it(browser, draft, wizard, settings):
    """X18"""
    settings.LMS_MEMBERSHIPS_TERMS_URL = ""
    page = browser.get(wizard.step(draft, "publish")).content.decode()
    assert "Stripe is connected and can take payments:</strong> yes" in page
    assert reverse("lms_memberships_email_settings") in page
    assert "LMS_MEMBERSHIPS_TERMS_URL" in page
    switches.switch_all_on()
    settings.LMS_MEMBERSHIPS_TERMS_URL = "http://testserver/terms/"
    page = browser.get(wizard.step(draft, "publish")).content.decode()
    assert page.count("</strong> yes") == 4


def test_publishing_asks_stripe_first_and_puts_it_on_sale(browser, draft, connection, wizard):
    """U26, U27, U28, U29, S26"""
    assert not Membership.objects.on_sale(connection).exists()
    answer = browser.post(wizard.step(draft, "publish"), wizard.finish())
    assert answer.headers["Location"] == wizard.list
    assert Membership.objects.on_sale(connection).get() == draft
    assert Price.objects.get().confirmed_at
    told = said(answer)
    assert "updated and published" in told
    assert "switched off" in told
    assert draft.get_absolute_url() in told
    # No button that would refuse: a creator of memberships may not change the e-mail settings.
    assert reverse("lms_memberships_emails_all_on") not in told


def test_whoever_may_switch_the_emails_on_is_offered_it_after_publishing(browser, creator, draft, wizard):
    """U29"""
    creator.user_permissions.add(Permission.objects.get(codename="change_emailswitch"))
    told = said(browser.post(wizard.step(draft, "publish"), wizard.finish()))
    assert reverse("lms_memberships_emails_all_on") in told
    assert reverse("lms_memberships_email_settings") in told


def test_nobody_is_reminded_of_emails_that_are_on(browser, draft, wizard):
    """U29"""
    switches.switch_all_on()
    told = said(browser.post(wizard.step(draft, "publish"), wizard.finish()))
    assert "updated and published" in told
    assert "switched off" not in told


def test_publishing_twice_makes_one_product_and_one_publication(browser, draft, wizard):
    """U27, S26"""
    for _time in range(2):
        answer = browser.post(wizard.step(draft, "publish"), wizard.finish())
        assert answer.status_code == 302
    assert Price.objects.count() == 1
    assert ModelLogEntry.objects.filter(action="wagtail.publish", object_id=str(draft.pk)).count() == 1


def test_an_incomplete_membership_stays_a_draft_and_the_steps_are_named(browser, gateway, wizard):
    """U28, S24, S26"""
    membership = MembershipFactory(price_amount=None)
    membership.save_revision(clean=False)
    answer = browser.post(wizard.step(membership, "publish"), wizard.finish())
    page = answer.content.decode()
    assert "Please complete: Main information (1), Marketing products (1)." in page
    assert "1 thing missing" in page
    membership.refresh_from_db()
    assert not membership.live
    assert not Price.objects.exists()


def test_a_failure_at_stripe_leaves_a_draft_with_the_reason(browser, sandbox, draft, break_stripe, wizard):
    """U28, S26"""
    break_stripe()
    answer = browser.post(wizard.step(draft, "publish"), wizard.finish())
    assert "Nothing was published" in answer.content.decode()
    assert answer.context["form"].errors["status"]
    draft.refresh_from_db()
    assert not draft.live


def test_draft_means_draft_whatever_the_button_is_called(browser, draft, connection, wizard):
    """U24, U25"""
    answer = browser.post(wizard.step(draft, "publish"), wizard.finish(status="draft"))
    assert answer.headers["Location"] == wizard.list
    assert "is a draft" in said(answer)
    draft.refresh_from_db()
    assert not draft.live


def test_choosing_draft_takes_a_live_one_from_sale(browser, draft, connection, wizard):
    """U24, U25"""
    browser.post(wizard.step(draft, "publish"), wizard.finish())
    browser.post(wizard.step(draft, "publish"), wizard.finish(status="draft"))
    draft.refresh_from_db()
    assert not draft.live
    assert not Membership.objects.on_sale(connection).exists()


def test_saving_a_draft_never_publishes(browser, draft, wizard):
    """U28"""
    browser.post(wizard.step(draft, "publish"), wizard.schedule | {"status": "published"})
    draft.refresh_from_db()
    assert not draft.live


@pytest.mark.parametrize("slug", ["information", "bundle"])
def test_an_earlier_step_cannot_publish(browser, draft, sessions, wizard, slug):
    """U28, S24"""
    fields = wizard.information | {
        "bundle": [sessions[0].pk],
        "action-publish": "action-publish",
        "status": "published",
    }
    browser.post(wizard.step(draft, slug), fields)
    browser.post(wizard.add, fields)
    assert not Membership.objects.filter(live=True).exists()


def test_a_new_price_of_a_live_one_waits_for_publishing(browser, draft, connection, wizard):
    """U28, H8"""
    browser.post(wizard.step(draft, "publish"), wizard.finish())
    browser.post(wizard.step(draft, "information"), wizard.press("next", price_amount="25"))
    draft.refresh_from_db()
    assert draft.price_amount == 1900
    browser.post(wizard.step(draft, "publish"), wizard.finish())
    draft.refresh_from_db()
    assert draft.price_amount == 2500
    assert Membership.objects.on_sale(connection).get() == draft
    assert set(Price.objects.values_list("amount", flat=True)) == {1900, 2500}


def test_scheduled_publishing_prepares_now_and_publishes_then(browser, draft, connection, wizard):
    """U28, S26"""
    later = timezone.localtime(timezone.now() + timedelta(hours=2))
    answer = browser.post(wizard.step(draft, "publish"), wizard.finish(go_live_at=later.strftime("%Y-%m-%d %H:%M")))
    assert "scheduled" in said(answer)
    draft.refresh_from_db()
    assert not draft.live
    revision = draft.scheduled_revision
    assert revision
    # Two hours later, as the scheduler sees it.
    revision.approved_go_live_at = timezone.now() - timedelta(minutes=1)
    revision.content["go_live_at"] = revision.approved_go_live_at.isoformat()
    revision.save()
    call_command("publish_scheduled")
    draft.refresh_from_db()
    assert draft.live
    assert Membership.objects.on_sale(connection).exists()


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({"interval": "one_time"}, ["Nothing more is charged afterwards."]),
        ({"trial_days": 14}, ["A card is asked for at the start.", "Whoever cancels before that day pays nothing."]),
        ({"trial_days": 14, "trial_requires_card": False}, ["No card is asked for. On that day access closes"]),
    ],
)
def test_the_first_payment_is_said_in_words(browser, wizard, fields, sentences):
    """U17, U18, X19"""
    membership = MembershipFactory(**fields)
    membership.save_revision()
    page = browser.get(wizard.step(membership, "publish")).content.decode()
    for sentence in sentences:
        assert sentence in page
    assert version_of(membership).pk == membership.pk


def test_the_checklist_asks_for_tax_where_the_site_wants_it(browser, draft, wizard, settings, gateway, sandbox):
    """X16, X18"""
    assert "Stripe Tax is set up" not in browser.get(wizard.step(draft, "publish")).content.decode()
    settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
    page = browser.get(wizard.step(draft, "publish")).content.decode()
    assert "Until then nobody can buy" in page
    assert "https://dashboard.stripe.com/tax/registrations" in page
    sandbox.actions.set_taxes(rates={"FR": "20"})
    stripe_look.ask()
    page = browser.get(wizard.step(draft, "publish")).content.decode()
    assert "Until then nobody can buy" not in page
    assert "https://dashboard.stripe.com/settings/tax" not in page
