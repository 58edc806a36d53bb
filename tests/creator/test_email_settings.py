"""Can a site admin switch e-mails on and off, for all memberships and for one?"""

import pytest
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.emails.catalogue import CATALOGUE, EmailKind
from tests.factories import UserFactory, allow

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for):
    return client_for(allow(UserFactory(), "change_emailswitch"))


@pytest.fixture
def address():
    return reverse("lms_memberships_email_settings")


def test_they_stand_under_settings_in_a_membership_group(browser, address):
    """U30: with every e-mail by its name."""
    page = browser.get(address).content.decode()
    assert "E-mail settings" in page
    for entry in CATALOGUE.values():
        assert str(entry.label) in page
    assert address in browser.get(reverse("wagtailadmin_home")).content.decode()


def test_all_start_off(db):
    """U31."""
    assert not any(switches.on_for(None).values())


def test_one_is_switched_on_for_all(browser, address, membership):
    """U31: by itself, the others stay off."""
    browser.post(address, {EmailKind.BOUGHT: "on"})
    on = switches.on_for(membership.pk)
    assert [kind for kind, state in on.items() if state] == [EmailKind.BOUGHT]


def test_a_single_membership_has_the_last_word(browser, address, membership):
    """U31: both ways, and back to following."""
    switches.switch_all_on()
    form = dict.fromkeys(EmailKind, "follow")
    browser.post(f"{address}?membership={membership.pk}", {**form, EmailKind.BOUGHT: "off"})
    assert not switches.is_on(EmailKind.BOUGHT, membership.pk)
    assert switches.is_on(EmailKind.BOUGHT, None)
    assert switches.is_on(EmailKind.CANCELLED, membership.pk)
    browser.post(f"{address}?membership={membership.pk}", form)
    assert switches.is_on(EmailKind.BOUGHT, membership.pk)


def test_one_click_switches_all_on(browser):
    """U29: the reminder after publishing."""
    browser.post(reverse("lms_memberships_emails_all_on"))
    assert all(switches.on_for(None).values())


def test_the_way_back_stays_on_this_site(browser):
    """S17: a return address elsewhere is not followed."""
    for evil in ("//evil.test", "https://evil.test/", "javascript:alert(1)", "/\\evil.test"):
        answer = browser.post(reverse("lms_memberships_emails_all_on"), {"next": evil})
        assert answer["Location"] == reverse("lms_memberships_email_settings")


def test_nobody_else_may(client_for, address, creator):
    """X24: its own permission; a creator without it sees no switch and changes none."""
    browser = client_for(creator)
    assert browser.get(address).status_code == 302
    assert browser.post(address, {EmailKind.BOUGHT: "on"}).status_code == 302
    browser.post(reverse("lms_memberships_emails_all_on"))
    assert not any(switches.on_for(None).values())


def test_the_page_costs_the_same_with_many_memberships(browser, address, membership, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.factories import MembershipFactory

    browser.get(address)
    with CaptureQueriesContext(connection) as few:
        browser.get(address)
    MembershipFactory.create_batch(20)
    with django_assert_num_queries(len(few)):
        browser.get(address)
