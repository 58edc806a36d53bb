"""Does it matter who comes first after a payment: the browser, the webhook, or the subscription at Stripe?"""

import random
import re

import pytest
from django.core.management import CommandError

from lms_memberships.access import decide
from lms_memberships.models import Checkout, Subscription
from lms_memberships.portal import buying
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import settling
from tests import hosted
from tests.factories import UserFactory
from tests.faults.sizes import SEED, pick
from tests.flows.steps import press_join, text

pytestmark = pytest.mark.django_db

PURCHASES = pick(test=3, ci=25, soak=500)
#: How long a webhook is late, in seconds of the clock.
LATEST = 60
ORDERS = ("browser first", "webhook first")
SESSIONS = "GET /v1/checkout/sessions/*"


def paid(browser, membership) -> str:
    """Paid on Stripe's page; the browser has not come back. The address of the way back."""
    status, location, body = hosted.pay(press_join(browser, membership))
    assert status == 303, body
    return hosted.path_of(location)


def read(browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return text(answer.content.decode())


class Purchase:
    """One person's, paid; what the page of the way back says is noted each time that they look."""

    def __init__(self, client_for, membership, number: int) -> None:
        self.student = UserFactory(username=f"student {number}", email=f"student{number}@school.test")
        self.browser = client_for(self.student)
        self.back = paid(self.browser, membership)
        self.seen: list[str] = []

    def look(self) -> None:
        self.seen.append(read(self.browser, self.back))

    def in_order(self, order: str, *, late: float, clock, postman) -> None:
        if order == "browser first":
            self.look()
        clock.advance(seconds=late)
        postman.deliver()
        self.look()


@pytest.mark.parametrize("order", ORDERS)
def test_either_may_come_first(order, membership, client_for, clock, postman, live_session):
    """C1: the webhook up to a minute late; never an error, welcome at every look, one subscription for each."""
    dice = random.Random(SEED)  # noqa: S311 - a game, not a secret
    for number in range(PURCHASES):
        late = dice.uniform(0, LATEST)
        purchase = Purchase(client_for, membership, number)
        purchase.in_order(order, late=late, clock=clock, postman=postman)
        assert all("Welcome to Studio pass" in words for words in purchase.seen), (SEED, number, late, purchase.seen)
        assert Subscription.objects.of(purchase.student).count() == 1, (SEED, number, late)
        assert decide(purchase.student, live_session, now=clock.now).allowed
    assert Subscription.objects.count() == PURCHASES


def test_control_where_the_way_back_settles_nothing_the_browser_waits(
    membership, client_for, clock, postman, monkeypatch
):
    """C1, negative control: whoever has paid is told that they have not."""
    purchase = Purchase(client_for, membership, 1)
    with monkeypatch.context() as unguarded:
        unguarded.setattr(settling, "settle", lambda *anything, **more: None)
        purchase.look()
    clock.advance(seconds=LATEST)
    postman.deliver()
    purchase.look()
    assert ["Welcome" in words for words in purchase.seen] == [False, True]


def test_control_where_the_webhook_settles_nothing_a_browser_that_stays_away_has_nothing(
    membership, client_for, clock, postman, monkeypatch, live_session
):
    """C1, negative control: the way back alone is not enough, for not everybody comes back."""
    purchase = Purchase(client_for, membership, 1)
    postman.delivered |= {event["id"] for event in postman.waiting()}
    postman.deliver()
    assert not decide(purchase.student, live_session, now=clock.now).allowed


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


def test_the_session_is_complete_before_its_subscription_can_be_read(membership, browser, sandbox):
    """C12: stays "confirming", looks again by itself, and then welcomes."""
    back = paid(browser, membership)
    sandbox.faults.plan(Fault("not_attached", SESSIONS, count=3))
    for _look in range(3):
        answer = browser.get(back)
        assert "Confirming your payment" in text(answer.content.decode())
        assert re.search(r'http-equiv="refresh"', answer.content.decode())
    assert "Welcome to Studio pass" in read(browser, back)


def test_a_webhook_that_comes_before_the_subscription_is_tried_again(
    membership, browser, sandbox, postman, clock, student, live_session
):
    """C12: without any browser."""
    paid(browser, membership)
    waiting = postman.waiting()
    completed = [event for event in waiting if event["type"] == "checkout.session.completed"]
    postman.delivered |= {event["id"] for event in waiting} - {event["id"] for event in completed}
    sandbox.faults.plan(Fault("status", "GET /v1/subscriptions/*", status=404, code="resource_missing", count=0))
    with pytest.raises(CommandError):
        postman.deliver()
    assert not decide(student, live_session, now=clock.now).allowed
    sandbox.faults.clear()
    clock.advance(hours=1)
    clock.daily()
    assert decide(student, live_session, now=clock.now).allowed


def test_control_without_another_look_it_is_an_error(membership, browser, sandbox, monkeypatch):
    """C12, negative control"""
    back = paid(browser, membership)
    sandbox.faults.plan(Fault("not_attached", SESSIONS, count=1))
    monkeypatch.setattr(buying, "OutsideFailure", ZeroDivisionError)
    with pytest.raises(settling.SubscriptionNotThereYet):
        browser.get(back)


def test_control_taken_as_complete_it_is_complete_for_nobody(membership, browser, sandbox, monkeypatch):
    """C12, negative control: the attempt is closed, and whoever has paid is welcomed to nothing."""
    back = paid(browser, membership)
    sandbox.faults.plan(Fault("not_attached", SESSIONS, count=1))

    def close_at_once(checkout, snapshot, **_more) -> None:
        settling.close(checkout, Checkout.State.COMPLETE)

    monkeypatch.setattr(settling, "_complete", close_at_once)
    assert "Welcome to" not in read(browser, back)
    assert Checkout.objects.get().state == "complete"
    assert not Subscription.objects.exists()
