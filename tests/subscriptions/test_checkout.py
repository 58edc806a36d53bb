"""How a student buys, over HTTP with the real client: the way there, the way back, and what may go wrong between."""

from datetime import timedelta

import pytest

from lms_memberships.models import Checkout, Invoice, Membership, Subscription
from lms_memberships.payments.gateway import GatewayFailure
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import changes, checkout, daily, holding
from lms_memberships.subscriptions.models import FOR_GOOD
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into

pytestmark = pytest.mark.django_db

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")


@pytest.fixture
def start(gateway, now):
    """Press the button; returns the address of Stripe's page."""

    def press(user, membership, **changes):
        arguments = {"gateway": gateway, "language": "en", "urls": URLS, "now": now, **changes}
        return checkout.start(user, checkout.Wish(membership), **arguments)

    return press


@pytest.fixture
def buy(start, gateway, now):
    """Press, pay, come back."""

    def go(user, membership, **card):
        hosted.pay(start(user, membership), **card)
        attempt = Checkout.objects.filter(user=user, membership=membership).latest("pk")
        return checkout.finish(user, attempt.session_id, gateway=gateway, now=now).subscription

    return go


def kinds(sandbox, kind: str) -> list[dict]:
    return sandbox.store.all(kind, account=sandbox.account_id)


def test_bought_and_back_is_open_at_once_without_any_webhook(student, membership, buy, now):
    """C1, C4"""
    row = buy(student, membership)
    assert row.is_live(now)
    assert row.user == student
    assert row.period_end > now + timedelta(days=27)
    assert Invoice.objects.get().amount_paid == 1900
    assert Checkout.objects.get().state == Checkout.State.COMPLETE


def test_the_price_is_ours_and_nothing_else_is_sold(student, membership, start, sandbox):
    """H8: a membership that was altered in memory, as by a form, is read from the database again."""
    membership.price_amount = 1
    start(student, membership)
    (session,) = kinds(sandbox, "checkout.session")
    assert session["amount_total"] == 1900
    assert session["client_reference_id"] == str(Checkout.objects.get().uuid)


def test_a_draft_and_what_was_unpublished_cannot_be_bought(student, membership, start, live_session):
    """S26"""
    draft = put_into(MembershipFactory(), live_session)
    with pytest.raises(checkout.NotOnSale):
        start(student, draft)
    membership.unpublish()
    with pytest.raises(checkout.NotOnSale):
        start(student, membership)
    assert not Checkout.objects.exists()


def test_pressing_twice_gives_the_same_page(student, membership, start, sandbox):
    """C6"""
    first = start(student, membership)
    assert start(student, membership, language="fr") == first
    assert len(kinds(sandbox, "checkout.session")) == 1
    assert Checkout.objects.count() == 1


def test_two_people_have_two_pages(student, membership, start):
    """C6, the negative control"""
    assert start(student, membership) != start(UserFactory(), membership)


def test_a_new_price_closes_the_page_with_the_old_one(student, membership, start, gateway, sandbox):
    """C6, H8"""
    first = start(student, membership)
    membership.price_amount = 2500
    publish(membership, gateway=gateway)
    second = start(student, membership)
    assert second != first
    states = {session["amount_total"]: session["status"] for session in kinds(sandbox, "checkout.session")}
    assert states == {1900: "expired", 2500: "open"}
    assert Checkout.objects.running().count() == 1


def test_who_paid_and_presses_again_is_told_what_they_hold(student, membership, start, now):
    """C3, C6: the tab was closed, no webhook came; the press itself finds out."""
    hosted.pay(start(student, membership))
    with pytest.raises(holding.AlreadyMember, match="Studio pass"):
        start(student, membership)
    assert Subscription.objects.get().is_live(now)
    with pytest.raises(holding.AlreadyMember):
        start(student, membership)


def test_after_the_end_one_may_buy_again(student, membership, buy, start, gateway, now):
    row = buy(student, membership)
    gateway.cancel_now(row.stripe_id)
    from lms_memberships.subscriptions import settling

    settling.follow_subscription(row.stripe_id, gateway=gateway, now=now)
    assert start(student, membership)


@pytest.mark.parametrize("session_id", ["", "cs_test_nothing", "../customers/cus_1", "é\n"])
def test_an_unknown_purchase_is_nobodys(student, gateway, now, session_id, membership, start):
    """C5"""
    start(student, membership)
    with pytest.raises(checkout.NotYours):
        checkout.finish(student, session_id, gateway=gateway, now=now)


def test_somebody_elses_purchase_is_as_unknown_as_none(student, membership, start, gateway, now):
    """C5, S19"""
    hosted.pay(start(student, membership))
    session_id = Checkout.objects.get().session_id
    stranger = UserFactory()
    start(stranger, membership)
    with pytest.raises(checkout.NotYours) as theirs:
        checkout.finish(stranger, session_id, gateway=gateway, now=now)
    with pytest.raises(checkout.NotYours) as nobodys:
        checkout.finish(stranger, "cs_test_nothing", gateway=gateway, now=now)
    assert str(theirs.value) == str(nobodys.value)
    assert not Subscription.objects.exists()


def test_coming_back_often_changes_nothing(student, membership, buy, gateway, now, sandbox):
    """C2"""
    row = buy(student, membership)
    session_id = Checkout.objects.get().session_id
    for _time in range(3):
        checkout.finish(student, session_id, gateway=gateway, now=now)
    again = Subscription.objects.get()
    assert (again.pk, again.turn) == (row.pk, row.turn)
    assert Invoice.objects.count() == 1


def test_an_answer_that_was_lost_is_found_again(student, membership, start, sandbox):
    """B4, D1: Stripe made the page, the connection broke; the next press finds that very page."""
    sandbox.faults.plan(Fault("commit_then_drop", path="POST /v1/checkout/sessions", count=2))
    with pytest.raises(GatewayFailure):
        start(student, membership)
    assert Checkout.objects.get().session_id == ""
    url = start(student, membership)
    assert len(kinds(sandbox, "checkout.session")) == 1
    assert url == Checkout.objects.get().url


def test_paid_on_a_page_whose_answer_was_lost(student, membership, start, sandbox, gateway, now):
    """B4, C4"""
    sandbox.faults.plan(Fault("commit_then_drop", path="POST /v1/checkout/sessions", count=2))
    with pytest.raises(GatewayFailure):
        start(student, membership)
    (session,) = kinds(sandbox, "checkout.session")
    hosted.pay(session["url"])
    assert checkout.finish(student, session["id"], gateway=gateway, now=now).subscription.is_live(now)


def test_a_trial_is_given_once(student, membership, buy, gateway, now, start):
    """X12"""
    membership.trial_days = 14
    publish(membership, gateway=gateway)
    assert checkout.trial_days_for(student, membership) == 14
    row = buy(student, membership)
    assert row.status == "trialing"
    assert row.is_live(now)
    assert Invoice.objects.get().amount_paid == 0
    assert checkout.trial_days_for(student, membership) == 0
    assert checkout.trial_days_for(UserFactory(), membership) == 14


def test_a_trial_without_a_card(student, membership, start, gateway, now):
    """G5"""
    membership.trial_days, membership.trial_requires_card = 14, False
    publish(membership, gateway=gateway)
    hosted.start_without_card(start(student, membership))
    row = checkout.finish(student, Checkout.objects.get().session_id, gateway=gateway, now=now).subscription
    assert (row.status, row.has_card, row.access_until) == ("trialing", False, row.trial_end)


def test_paid_once_stays_for_good(student, gateway, live_session, buy, now):
    once = publish(put_into(MembershipFactory(interval="one_time"), live_session), gateway=gateway)
    row = buy(student, once)
    assert row.access_until == FOR_GOOD
    invoice = Invoice.objects.get()
    assert (invoice.amount_paid, invoice.subscription) == (1900, row)


def test_a_declined_card_opens_nothing(student, membership, start, gateway, now):
    """G1"""
    hosted.pay(start(student, membership), card=hosted.DECLINED_CARD)
    attempt = checkout.finish(student, Checkout.objects.get().session_id, gateway=gateway, now=now)
    assert (attempt.state, attempt.subscription) == (Checkout.State.OPEN, None)


def second_page(student, membership: Membership, gateway, start) -> str:
    """A second open page, as two machines with different ideas could make it."""
    Checkout.objects.filter(user=student).update(state=Checkout.State.EXPIRED)
    return start(student, membership)


def test_two_completed_pages_leave_one_subscription_and_one_refund(
    student, membership, start, gateway, now, sandbox, told
):
    """C6"""
    first, second = start(student, membership), second_page(student, membership, gateway, start)
    assert first != second
    hosted.pay(first)
    hosted.pay(second)
    for attempt in Checkout.objects.order_by("pk"):
        checkout.finish(student, attempt.session_id, gateway=gateway, now=now)
    kept, undone = Subscription.objects.order_by("pk")
    assert kept.is_live(now)
    assert (undone.duplicate_of, undone.access_until, undone.status) == (kept, None, "canceled")
    assert [row["status"] for row in kinds(sandbox, "subscription")].count("active") == 1
    (refund,) = kinds(sandbox, "refund")
    assert refund["amount"] == 1900
    names = [type(fact).__name__ for fact in told]
    assert names.count("SecondPurchaseUndone") == names.count("AccessGained") == 1
    assert "AccessLost" not in names


def test_a_refund_that_fails_is_made_the_next_day(student, membership, start, gateway, now, sandbox):
    """C6, D1"""
    first, second = start(student, membership), second_page(student, membership, gateway, start)
    hosted.pay(first)
    hosted.pay(second)
    one, two = Checkout.objects.order_by("pk")
    checkout.finish(student, one.session_id, gateway=gateway, now=now)
    sandbox.faults.plan(Fault("commit_then_drop", path="POST /v1/refunds", count=2))
    with pytest.raises(GatewayFailure):
        checkout.finish(student, two.session_id, gateway=gateway, now=now)
    assert daily.undo_second_purchases(daily.second_purchases(), gateway=gateway, now=now) == 1
    assert not daily.second_purchases().exists()
    assert len(kinds(sandbox, "refund")) == 1
    assert [row["status"] for row in kinds(sandbox, "subscription")].count("active") == 1


def test_a_page_that_nobody_paid_is_closed_after_a_day(student, membership, start, gateway, now, clock):
    start(student, membership)
    assert not daily.old_checkouts(now=now).exists()
    clock.advance(hours=26)
    assert daily.close_old_checkouts(daily.old_checkouts(now=clock.now), gateway=gateway, now=clock.now) == 1
    assert Checkout.objects.get().state == Checkout.State.EXPIRED


def test_cancel_and_keep_and_cancel(student, membership, buy, gateway, now):
    row = buy(student, membership)
    row = changes.cancel(row, gateway=gateway, now=now)
    assert row.cancel_at == row.period_end == row.access_until
    assert changes.cancel(row, gateway=gateway, now=now).cancel_at == row.cancel_at, "asked twice is asked once"
    row = changes.resume(row, gateway=gateway, now=now)
    assert row.cancel_at is None
    assert row.access_until == row.period_end + timedelta(days=7)
    with pytest.raises(changes.NothingToResume):
        changes.resume(row, gateway=gateway, now=now)
    assert changes.cancel(row, gateway=gateway, now=now).cancel_at


def test_what_was_paid_once_cannot_be_cancelled(student, gateway, live_session, buy, now):
    once = publish(put_into(MembershipFactory(interval="one_time"), live_session), gateway=gateway)
    with pytest.raises(changes.NotCancellable):
        changes.cancel(buy(student, once), gateway=gateway, now=now)


def test_cancelling_while_a_payment_is_missing_ends_it_at_stripe_too(student, membership, buy, gateway, clock):
    """G2"""
    from lms_memberships.subscriptions import settling

    row = buy(student, membership, card=hosted.FAILS_LATER_CARD)
    clock.advance(days=32)
    row = settling.follow_subscription(row.stripe_id, gateway=gateway, now=clock.now)
    assert row.status == "past_due"
    assert row.is_live(clock.now)
    row = changes.cancel(row, gateway=gateway, now=clock.now)
    assert row.status == "canceled"
    assert not row.is_live(clock.now)
