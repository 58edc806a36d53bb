"""Is every membership found under Marketing, with its price, its state and the way to mend it?"""

import pytest
from django.urls import reverse
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem

from lms_memberships.models import Membership, Price
from lms_memberships.wizard import menu
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into

from .conftest import things


@pytest.fixture
def on_sale(gateway, sessions):
    return publish(put_into(MembershipFactory(title="Studio pass"), *things(sessions[:1])), gateway=gateway)


def test_memberships_stand_under_marketing(browser, wizard):
    """U7, U8"""
    page = browser.get(reverse("wagtailadmin_home")).content.decode()
    assert "Marketing" in page
    assert wizard.list in page


def test_people_without_rights_see_no_menu(client_for, gateway, wizard):
    """U7, S24"""
    page = client_for(allow(UserFactory())).get(reverse("wagtailadmin_home")).content.decode()
    assert wizard.list not in page


def test_a_site_with_a_marketing_menu_of_its_own_keeps_one(rf, admin):
    """U7"""
    request = rf.get("/")
    request.user = admin
    campaigns = MenuItem("Campaigns", "/campaigns/")
    own = SubmenuMenuItem("Marketing", Menu(items=[campaigns]), name="marketing")
    items = [menu.MarketingMenuItem(), own]
    menu.join_the_sites_own(request, items)
    menu.join_the_sites_own(request, [menu.MarketingMenuItem(), own])
    assert items == [own]
    labels = [str(item.label) for item in own.menu.menu_items_for_request(request)]
    assert labels[0] == "Campaigns"
    assert "Memberships" in labels


def test_the_list_offers_to_create_one(browser, wizard):
    """U9"""
    page = browser.get(wizard.list).content.decode()
    assert "Create a new membership" in page
    assert wizard.add in page


def test_price_interval_and_sale_are_said_in_words(browser, wizard, on_sale):
    """U8, U25, U26"""
    MembershipFactory(title="Unfinished", price_amount=None)
    page = browser.get(wizard.list).content.decode()
    assert "€19.00 per month" in page
    assert "Monthly" in page
    assert "On sale" in page
    assert "No price yet" in page


def test_a_failed_one_says_why_and_can_be_tried_again(browser, wizard, on_sale):
    """S26, X18"""
    Price.objects.update(confirmed_at=None, failure="Stripe was away.")
    page = browser.get(wizard.list).content.decode()
    assert "Stripe was away." in page
    url = reverse("lms_memberships_try_again", args=[on_sale.pk])
    assert url in page
    assert browser.get(url).status_code == 405
    answer = browser.post(url, follow=True)
    assert "is on sale now" in answer.content.decode()
    assert Price.objects.get().confirmed_at


def test_trying_again_needs_the_right_to_publish(client_for, editor, wizard, on_sale):
    """S24, X24"""
    Price.objects.update(confirmed_at=None)
    browser = client_for(editor)
    assert reverse("lms_memberships_try_again", args=[on_sale.pk]) not in browser.get(wizard.list).content.decode()
    browser.post(reverse("lms_memberships_try_again", args=[on_sale.pk]))
    assert Price.objects.get().confirmed_at is None


def test_a_published_one_that_is_incomplete_says_what_is_missing(browser, wizard):
    """S26"""
    membership = MembershipFactory(live=True)
    answer = browser.post(reverse("lms_memberships_try_again", args=[membership.pk]), follow=True)
    assert "Choose at least one course" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=studio", {"Studio pass"}),
        ("?q=nothing", set()),
        ("?sale=on_sale", {"Studio pass"}),
        ("?sale=draft", {"Garden"}),
        ("?sale=not_on_sale", {"Broken"}),
        ("?interval=year", {"Garden"}),
    ],
)
def test_the_list_is_searched_and_narrowed(browser, wizard, on_sale, query, found):
    """U8"""
    MembershipFactory(title="Garden", interval="year")
    MembershipFactory(title="Broken", live=True)
    rows = browser.get(wizard.list + query).context["object_list"]
    assert {row.title for row in rows} == found


def test_the_list_is_paged(browser, wizard):
    """U8"""
    for _number in range(25):
        MembershipFactory()
    assert browser.get(wizard.list).context["is_paginated"]
    assert len(browser.get(wizard.list + "?p=2").context["object_list"]) == Membership.objects.count() - 20


def test_members_are_counted(browser, wizard, on_sale, student, now):
    """U8"""
    from datetime import timedelta

    from lms_memberships.models import Subscription

    for user, until in ((student, now + timedelta(days=9)), (UserFactory(), now - timedelta(days=1))):
        Subscription.objects.create(
            user=user, membership=on_sale, status="active", access_until=until, started_at=now, stripe_id=user.username
        )
    rows = browser.get(wizard.list).context["object_list"]
    assert [row.members for row in rows] == [1]
