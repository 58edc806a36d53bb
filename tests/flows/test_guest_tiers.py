"""May a guest's purchase of one tier come beside another tier of the same ladder? Nobody is billed for two (K2, C6, V29)."""

import pytest

from lms_memberships.memberships import ladder_making
from lms_memberships.models import Checkout, GuestPurchase, Ladder, Subscription
from lms_memberships.subscriptions import guest_claims, tiers
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, press_join, text
from tests.flows.test_guests import guests_are_served, newest_link, park, refunds  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(gateway, live_session, now):
    """A lower and a higher tier, both on sale."""
    made = [MembershipFactory(title=title, price_amount=price) for title, price in (("Low", 900), ("High", 1900))]
    sold = [publish(put_into(one, live_session), gateway=gateway) for one in made]
    ladder_making.save(Ladder(title="Two"), sold, now=now)
    return sold


def test_whoever_holds_another_tier_keeps_it_and_may_have_the_money_back(pair, student, client_for, sandbox, clock):
    """C6, V29: said on the page of the link; nothing is added, and one press returns it."""
    low, high = pair
    browser = client_for(student)
    buy(browser, low)
    park(high)
    link = newest_link()
    page = text(browser.get(link).content.decode())
    assert "You have “Low” already. Change it to “High” instead" in page
    assert "Cancel it and return the money" in page
    browser.post(link)
    assert Subscription.objects.get().membership == low
    assert "returned to you" in text(browser.post(f"{link}return/").content.decode())
    assert GuestPurchase.objects.get().state == "returned"
    assert refunds(sandbox) == [1900]
    assert Subscription.objects.get().is_live(clock.now)


def test_a_page_that_is_open_for_another_tier_is_closed_by_the_claim(pair, student, client_for):
    """X8: whoever goes back to it cannot pay for a second one."""
    low, high = pair
    browser = client_for(student)
    page = press_join(browser, low)
    park(high)
    browser.post(newest_link())
    assert Subscription.objects.get().membership == high
    assert hosted.pay(page)[0] != 303
    assert Checkout.objects.get(membership=low).state == "expired"


def test_bought_in_the_very_moment_of_the_claim(pair, student, client_for, monkeypatch, sandbox):
    """C6: the look before has seen nothing of the other tier; the look under the lock has, and it stays parked."""
    low, high = pair
    park(high)
    browser = client_for(student)
    leave = guest_claims.leaving.leave_other_tiers

    def buy_meanwhile(*args, **kwargs):
        monkeypatch.setattr(guest_claims.leaving, "leave_other_tiers", leave)
        buy(client_for(student), low)

    monkeypatch.setattr(guest_claims.leaving, "leave_other_tiers", buy_meanwhile)
    page = text(browser.post(newest_link()).content.decode())
    assert "You have “Low” already" in page
    assert GuestPurchase.objects.get().state == "parked"
    assert Subscription.objects.get().membership == low


def test_control_without_the_looks_both_are_billed(pair, student, client_for, monkeypatch):
    """C6, negative control"""
    low, high = pair
    buy(client_for(student), low)
    park(high)
    monkeypatch.setattr(tiers, "refuse_another_tier", lambda *args, **kwargs: None)
    client_for(student).post(newest_link())
    assert Subscription.objects.filter(is_recurring=True, status="active").count() == 2
