"""What becomes of a purchase in an odd order where a guard is missing? The controls of ``test_odd_orders``."""

import pytest
from django.db.models import ProtectedError
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.memberships import stripe_catalogue
from lms_memberships.models import Checkout, Membership, Subscription
from lms_memberships.subscriptions import checkout, copies, holding, people
from tests import hosted
from tests.factories import publish
from tests.flows.steps import left_unpaid, press_join, text

pytestmark = pytest.mark.django_db

DONE = "lms_memberships:done"


find = people.attempts


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


def charges(sandbox) -> int:
    return len([each for each in sandbox.store.all("charge", account=sandbox.account_id) if each["paid"]])


def test_control_nobody_looks_whether_the_price_was_archived(membership, browser, gateway, monkeypatch):
    """C8, negative control: it stays on sale, every press fails, and the creator never hears why."""
    price = membership.prices.get()
    gateway.client.v1.prices.update(price.stripe_id, {"active": False})
    monkeypatch.setattr(stripe_catalogue, "forget_if_archived", lambda *anything, **more: False)
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert "nothing was charged. Please try again in a moment" not in text(answer.content.decode())
    price.refresh_from_db()
    assert (price.failure, price.confirmed_at is None) == ("", False)


def test_control_a_webhook_that_reckons_again_forgets_what_was_agreed(
    membership, browser, gateway, postman, monkeypatch
):
    """C8, negative control: 19 euros were paid, and 99 are noted."""

    def reckon(subscription, snapshot, *, now) -> None:
        copy(subscription, snapshot, now=now)
        subscription.amount = subscription.membership.price_amount

    copy = copies.copy_subscription
    url = press_join(browser, membership)
    membership.price_amount = 9900
    publish(membership, gateway=gateway)
    hosted.pay(url)
    monkeypatch.setattr(copies, "copy_subscription", reckon)
    postman.deliver()
    assert Subscription.objects.get().amount == 9900


def test_control_without_the_open_page_a_second_press_opens_a_second_one(membership, browser, sandbox, monkeypatch):
    """C7, negative control: refused on the first page, paid on the second, and then confirmed on the first after all."""
    monkeypatch.setattr(checkout, "_running", forget_the_open_one)
    first = press_join(browser, membership)
    hosted.pay(press_join(browser, membership))
    hosted.pay(first)
    assert charges(sandbox) == 2


def forget_the_open_one(*_whose) -> None:
    Checkout.objects.running().update(state=Checkout.State.EXPIRED)


def pay_both(membership, browser, student, gateway, clock) -> None:
    """A first one that was left unpaid, then the second; and then the first one's invoice after all."""
    row = left_unpaid(membership, student, gateway=gateway, now=clock.now)
    theirs = gateway.client.v1.subscriptions.retrieve(row.stripe_id, {"expand": ["latest_invoice"]})
    hosted.pay(press_join(browser, membership))
    hosted.pay(theirs.latest_invoice.hosted_invoice_url)


def first_of(sandbox) -> str:
    return sandbox.store.all("subscription", account=sandbox.account_id)[-1]["status"]


def test_nobody_is_billed_for_the_first_one_any_more(membership, browser, student, gateway, sandbox, clock):
    """C9: its page is still there, and whoever pays on it has no second subscription running."""
    pay_both(membership, browser, student, gateway, clock)
    assert first_of(sandbox) == "canceled"


def test_control_without_clearing_away_two_are_running(
    membership, browser, student, gateway, sandbox, clock, monkeypatch
):
    """C9, negative control: both are charged each month."""
    monkeypatch.setattr(holding, "clear_away_unpaid", lambda *anything, **more: None)
    pay_both(membership, browser, student, gateway, clock)
    assert first_of(sandbox) == "active"
    assert charges(sandbox) == 2


@pytest.mark.parametrize("session_id", ["cs_test_unknown", "cs_live_other_mode"])
def test_control_a_session_that_nobody_knows_is_waited_for(session_id, membership, browser, monkeypatch):
    """C10, negative control: a page that promises access, where there is nothing to come."""
    press_join(browser, membership)
    Checkout.objects.update(session_id="")

    class Nothing(Exception):
        """Never raised."""

    monkeypatch.setattr(checkout, "NotFound", Nothing)
    answer = browser.get(reverse(DONE), {"session_id": session_id})
    assert "Confirming your payment" in text(answer.content.decode())


def test_control_asked_whether_it_is_still_on_sale_the_money_is_lost(
    membership, browser, student, postman, clock, live_session, sandbox, monkeypatch
):
    """C11, negative control: paid, and nothing held."""
    url = press_join(browser, membership)
    Membership.objects.get().unpublish()
    monkeypatch.setattr(people, "attempts", lambda *asked, **more: find(*asked, **more).filter(membership__live=True))
    hosted.pay(url)
    postman.deliver()
    assert charges(sandbox) == 1
    assert not Subscription.objects.exists()
    assert not decide(student, live_session, now=clock.now).allowed


def test_a_membership_on_its_way_to_somebody_cannot_be_deleted(membership, browser):
    """C11: the attempt holds it, so that money which comes later has something to open."""
    press_join(browser, membership)
    with pytest.raises(ProtectedError):
        Membership.objects.get().delete()
