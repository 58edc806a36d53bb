"""Is somebody who wants to leave offered what the creator picked, once, at Stripe's own price? (V53, X14)"""

import re

import pytest
from django.urls import reverse

from lms_memberships.memberships import promotion_making
from lms_memberships.models import Membership, StayOffer, Subscription
from lms_memberships.sandbox.faults import Fault
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def code(gateway, membership):
    """20 % off for three months, offered by the membership."""
    made = promotion_making.make(
        promotion_making.Draft(
            token="stay",
            code="STAY20",
            name="Stay",
            percent_off=2000,
            money_off=None,
            duration="repeating",
            months=3,
            memberships=(),
            max_redemptions=None,
            last_day=None,
            first_time_only=False,
        ),
        gateway=gateway,
    )
    Membership.objects.update(stay_code=made)
    return made


@pytest.fixture
def held(browser, membership, code) -> Subscription:
    buy(browser, membership)
    return Subscription.objects.get()


def page(browser, row) -> str:
    return text(browser.get(reverse("lms_memberships:cancel", args=[row.pk])).content.decode())


def press(browser, row, name: str) -> str:
    return text(browser.post(reverse(f"lms_memberships:{name}", args=[row.pk]), follow=True).content.decode())


def leave(browser, row) -> None:
    """The button of the page as it was shown."""
    url = reverse("lms_memberships:cancel", args=[row.pk])
    found = browser.get(url).content.decode()
    browser.post(url, dict(re.findall(r'<input type="hidden" name="(shown)" value="(\w+)">', found)))


def test_the_offer_stands_beside_leaving_with_the_next_amount(held, browser, gateway):
    """V53, H7: Stripe's preview; "no thanks" is one press, and a button like the other."""
    shown = page(browser, held)
    assert "20% off for the next 3 months" in shown
    assert "you pay €15.20 instead of €19.00" in shown
    assert "No thanks, cancel" in shown
    assert not StayOffer.objects.exists(), "looking answers nothing"


def test_taken_it_is_on_the_next_payment_and_nothing_is_cancelled(held, browser, gateway, sandbox, clock, postman):
    """V53: and it is never offered again."""
    assert "your discount begins" in press(browser, held, "stay")
    press(browser, held, "stay")
    assert gateway.codes_on(held.stripe_id) == (held.membership.stay_code.stripe_id,)
    assert StayOffer.objects.get().is_taken
    held.refresh_from_db()
    assert held.cancel_at is None
    assert "Stay, and pay less" not in page(browser, held)
    clock.advance(days=31, hours=3)
    newest = sandbox.store.all("invoice", account=sandbox.account_id)[0]
    assert newest["amount_paid"] == 1520


def test_declined_by_leaving_it_is_not_offered_again(held, browser):
    """V53: once for each subscription."""
    leave(browser, held)
    assert not StayOffer.objects.get().is_taken
    press(browser, held, "resume")
    assert "Stay, and pay less" not in page(browser, held)
    assert "This offer is over" in press(browser, held, "stay")


def test_what_was_not_shown_is_not_declined(held, browser, sandbox):
    """V53: Stripe did not answer when they looked, so nothing was offered; nor does a made-up word decline anything."""
    sandbox.faults.plan(Fault("status", "GET *", status=503, count=0))
    leave(browser, held)
    sandbox.faults.clear()
    held.refresh_from_db()
    press(browser, held, "resume")
    assert not StayOffer.objects.exists()
    assert "Stay, and pay less" in page(browser, held), "now it is offered"
    browser.post(reverse("lms_memberships:cancel", args=[held.pk]), {"shown": "²x" * 99})
    assert not StayOffer.objects.exists()
    press(browser, held, "resume")
    leave(browser, held)
    assert not StayOffer.objects.get().is_taken, "the control"


def test_an_answer_that_got_lost_is_no_second_discount(held, browser, gateway, sandbox):
    """D1: pressed again, it is found."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/subscriptions/*", count=2))
    press(browser, held, "stay")
    assert "your discount begins" in press(browser, held, "stay")
    assert len(gateway.codes_on(held.stripe_id)) == 1


def test_off_by_default_and_never_in_the_way(browser, membership, gateway, sandbox, code):
    """V53: nothing is offered where nothing was picked, where there is a discount, or where Stripe does not answer."""
    buy(browser, membership)
    row = Subscription.objects.get()
    Membership.objects.update(stay_code=None)
    assert "Stay, and pay less" not in page(browser, row)
    Membership.objects.update(stay_code=code)
    assert "Stay, and pay less" in page(browser, row), "the control"
    sandbox.faults.plan(Fault("status", "*", status=503, count=0))
    shown = page(browser, row)
    assert "Stay, and pay less" not in shown
    assert "Yes, cancel" in shown
    sandbox.faults.clear()
    gateway.put_code_on(row.stripe_id, code.stripe_id, key="by-hand")
    assert "Stay, and pay less" not in page(browser, row)


def test_a_retired_code_is_not_offered(held, browser, gateway, code):
    """V53, V20"""
    promotion_making.retire(code, gateway=gateway)
    assert "Stay, and pay less" not in page(browser, held)
    assert "This offer is over" in press(browser, held, "stay")
