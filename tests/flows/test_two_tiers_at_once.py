"""Two payment pages for two tiers of one ladder: can both be paid (X8, V28)?"""

import pytest

from lms_memberships.memberships import ladder_making
from lms_memberships.models import Checkout, Ladder, Subscription
from lms_memberships.subscriptions import checkout, tiers
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import press_join

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(gateway, live_session, now):
    """A lower and a higher tier, both on sale."""
    made = [MembershipFactory(title=title, price_amount=price) for title, price in (("Low", 900), ("High", 1900))]
    sold = [publish(put_into(one, live_session), gateway=gateway) for one in made]
    ladder_making.save(Ladder(title="Two"), sold, now=now)
    return sold


def test_the_second_page_closes_the_first(pair, student, client_for):
    """X8: whoever goes back to the first page cannot pay it any more."""
    browser = client_for(student)
    first, second = (press_join(browser, one) for one in pair)
    assert [each.state for each in Checkout.objects.order_by("pk")] == ["expired", "open"]
    assert hosted.pay(first)[0] != 303
    status, location, _page = hosted.pay(second)
    assert status == 303
    browser.get(hosted.path_of(location))
    assert Subscription.objects.get().membership.title == "High"


def test_in_the_same_moment_one_of_them_is_refused(pair, student, gateway, now, monkeypatch):
    """X8: the look before has seen nothing of the other; the look under the lock has."""
    low, high = pair
    urls = ("https://school.test/?session_id={CHECKOUT_SESSION_ID}", "https://school.test/")
    about = {"gateway": gateway, "language": "en", "urls": urls, "now": now}
    looked = tiers.attempts_elsewhere
    checkout.start(student, checkout.Wish(low), **about)
    seen = []

    def blind_at_first(*args):
        seen.append(args)
        return Checkout.objects.none() if len(seen) == 1 else looked(*args)

    monkeypatch.setattr(tiers, "attempts_elsewhere", blind_at_first)
    with pytest.raises(tiers.OtherPageIsOpen):
        checkout.start(student, checkout.Wish(high), **about)
    assert Checkout.objects.running().count() == 1


def test_control_without_either_look_both_are_paid(pair, student, client_for, monkeypatch):
    """X8, negative control"""
    monkeypatch.setattr(tiers, "attempts_elsewhere", lambda *args: Checkout.objects.none())
    browser = client_for(student)
    pages = [press_join(browser, one) for one in pair]
    for page in pages:
        assert hosted.pay(page)[0] == 303
    assert Checkout.objects.filter(state="open").count() == 2
