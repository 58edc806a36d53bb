"""Does a purchase come right when things happen in an odd order? Through HTTP, against the sandbox and its clock."""

import pytest
from django.core import mail
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Checkout, Customer, Membership, Subscription, WebhookEvent
from lms_memberships.subscriptions import changes
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, left_unpaid, press_join, text
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

ACCOUNT = "lms_memberships:account"
DONE = "lms_memberships:done"


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


def paid(browser, membership) -> str:
    """Paid on Stripe's page; the browser has not come back. The address of the way back."""
    status, location, body = hosted.pay(press_join(browser, membership))
    assert status == 303, body
    return hosted.path_of(location)


def read(browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return text(answer.content.decode())


def test_the_first_events_are_lost_and_one_late_invoice_is_enough(
    membership, browser, student, postman, clock, live_session
):
    """A16: state is read, never taken from a transition."""
    paid(browser, membership)
    invoices = [event for event in postman.waiting() if event["type"] == "invoice.paid"]
    postman.delivered |= {event["id"] for event in postman.waiting()} - {event["id"] for event in invoices}
    clock.advance(hours=1)
    assert [event["type"] for event in postman.deliver()] == ["invoice.paid"]
    assert decide(student, live_session, now=clock.now).allowed


@pytest.mark.parametrize("place", ["first", "last", "twice"])
def test_the_end_of_the_old_membership_takes_nothing_from_the_new(
    place, membership, browser, student, gateway, postman, clock, live_session
):
    """B9: two memberships, one item; each event touches its own subscription only."""
    other = publish(put_into(MembershipFactory(title="Kiln pass"), live_session), gateway=gateway)
    buy(browser, membership)
    old = Subscription.objects.get()
    buy(browser, other)
    postman.deliver()
    gateway.cancel_now(old.stripe_id)
    end = next(event for event in postman.waiting() if event["type"] == "customer.subscription.deleted")
    if place != "last":
        post_event(end)
    postman.deliver()
    if place == "twice":
        post_event({**end, "id": "evt_again"})
        postman.deliver()
    old.refresh_from_db()
    assert (old.status, old.is_live(clock.now)) == ("canceled", False)
    assert decide(student, live_session, now=clock.now).allowed


@pytest.mark.parametrize(
    "session_id", ["", "cs_test_unknown", "cs_live_other_mode", "x" * 5000, "../customers/cus_1", "\x00", "é", "%00"]
)
def test_an_unknown_session_is_a_calm_page(session_id, membership, browser, settings):
    """C10: with where to ask for help, and never an error."""
    settings.LMS_MEMBERSHIPS_HELP_EMAIL = "help@school.test"
    press_join(browser, membership)
    Checkout.objects.update(session_id="")
    answer = browser.get(reverse(DONE), {"session_id": session_id})
    assert answer.status_code == 200
    assert "There is nothing to show here" in answer.content.decode()
    assert "help@school.test" in answer.content.decode()


def test_an_expired_session_is_a_calm_page_too(membership, browser, gateway):
    """C10"""
    press_join(browser, membership)
    session_id = Checkout.objects.get().session_id
    gateway.expire_checkout(session_id)
    assert browser.get(reverse(DONE), {"session_id": session_id}).status_code == 200
    assert Checkout.objects.get().state == "expired"


def test_an_archived_price_is_said_in_words_and_comes_back_with_stripes(membership, browser, gateway, clock):
    """C8: between GET and POST. Nothing is charged, the creator learns why, and it mends itself."""
    price = membership.prices.get()
    gateway.client.v1.prices.update(price.stripe_id, {"active": False})
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert "nothing was charged. Please try again in a moment" in text(answer.content.decode())
    price.refresh_from_db()
    assert "archived at Stripe" in price.failure
    assert not Checkout.objects.running().exists()
    gateway.client.v1.prices.update(price.stripe_id, {"active": True})
    clock.daily()
    assert press_join(browser, membership)


def test_what_was_agreed_stays_agreed_and_unpublishing_honours_it(
    membership, browser, student, gateway, postman, clock, live_session
):
    """C8, C11: another price and the end of the sale between the button and the payment."""
    url = press_join(browser, membership)
    membership.price_amount = 9900
    publish(membership, gateway=gateway)
    Membership.objects.get().unpublish()
    _status, location, _body = hosted.pay(url)
    assert "Welcome to Studio pass" in read(browser, hosted.path_of(location))
    postman.deliver()
    row = Subscription.objects.get()
    assert (row.amount, row.flag) == (1900, "")
    assert decide(student, live_session, now=clock.now).allowed


def test_first_shown_as_failed_and_then_confirmed_is_one_purchase(membership, browser, sandbox, postman):
    """C7: asked by the bank, refused, pressed again on our page, asked again, and confirmed."""
    url = press_join(browser, membership)
    _status, asked, _body = hosted.pay(url, card=hosted.AUTHENTICATION_CARD)
    _status, back, _body = hosted.post(asked, {"button": "fail"})
    assert "declined" in back
    postman.deliver()
    assert press_join(browser, membership) == url
    _status, asked, _body = hosted.pay(url, card=hosted.AUTHENTICATION_CARD)
    _status, home, _body = hosted.post(asked, {"button": "complete"})
    postman.deliver()
    assert "Welcome to Studio pass" in read(browser, hosted.path_of(home))
    paid_ones = [each for each in sandbox.store.all("charge", account=sandbox.account_id) if each["paid"]]
    assert (len(paid_ones), Subscription.objects.count()) == (1, 1)


def test_what_waits_for_a_first_payment_is_ended_before_the_next_try(
    membership, browser, student, gateway, sandbox, clock
):
    """C9: paid later, it would be a second one."""
    row = left_unpaid(membership, student, gateway=gateway, now=clock.now)
    assert row.status == "incomplete"
    hosted.pay(press_join(browser, membership))
    statuses = [each["status"] for each in sandbox.store.all("subscription", account=sandbox.account_id)]
    assert sorted(statuses) == ["active", "canceled"]
    row.refresh_from_db()
    assert not row.is_live(clock.now)


def test_cancelled_in_the_dashboard_one_may_buy_again(membership, browser, gateway, postman):
    """C9, G18"""
    buy(browser, membership)
    gateway.cancel_now(Subscription.objects.get().stripe_id)
    postman.deliver()
    buy(browser, membership)
    assert Subscription.objects.count() == 2
    assert not Subscription.objects.filter(duplicate_of__isnull=False).exists()


def test_cancelling_what_is_cancelled_is_a_success(membership, browser, gateway, clock):
    """G18: three times, and after the dashboard had done it at once, unknown to us."""
    buy(browser, membership)
    row = Subscription.objects.get()
    for _time in range(3):
        answer = browser.post(reverse("lms_memberships:cancel", args=[row.pk]), follow=True)
        assert "Studio pass is cancelled" in text(answer.content.decode())
    changes.resume(Subscription.objects.get(), gateway=gateway, now=clock.now)
    gateway.cancel_now(row.stripe_id)
    answer = browser.post(reverse("lms_memberships:cancel", args=[row.pk]), follow=True)
    assert "Studio pass is cancelled" in text(answer.content.decode())
    assert Subscription.objects.get().status == "canceled"


def test_to_and_fro_the_end_is_what_stripe_says_each_time(membership, browser, gateway, clock, postman):
    """G13: five times, the last by a date of the dashboard's own."""
    buy(browser, membership)
    row = Subscription.objects.get()
    for turn in range(5):
        if turn % 2:
            row = changes.resume(row, gateway=gateway, now=clock.now)
            assert row.cancel_at is None
        else:
            row = changes.cancel(row, gateway=gateway, now=clock.now)
            assert row.access_until == row.cancel_at == row.period_end
    row = changes.resume(row, gateway=gateway, now=clock.now)
    day = int(clock.now.timestamp()) + 5 * 86_400
    gateway.client.v1.subscriptions.update(row.stripe_id, {"cancel_at": day})
    postman.deliver()
    row.refresh_from_db()
    assert row.access_until == row.cancel_at
    assert int(row.cancel_at.timestamp()) == day


def test_a_customer_deleted_at_stripe_ends_both_and_may_buy_again(
    membership, browser, student, gateway, live_session, postman, clock
):
    """G11: the member stays, the next purchase makes a new customer."""
    other = publish(put_into(MembershipFactory(title="Kiln pass"), live_session), gateway=gateway)
    buy(browser, membership)
    buy(browser, other)
    postman.deliver()
    customer = Customer.objects.get()
    gateway.client.v1.customers.delete(customer.stripe_id)
    gone = [event for event in postman.waiting() if event["type"] == "customer.deleted"]
    postman.delivered |= {event["id"] for event in postman.waiting()} - {event["id"] for event in gone}
    assert [event["type"] for event in postman.deliver()] == ["customer.deleted"]
    assert set(Subscription.objects.values_list("status", flat=True)) == {"canceled"}
    assert not decide(student, live_session, now=clock.now).allowed
    buy(browser, membership)
    assert Customer.objects.get().stripe_id != customer.stripe_id
    assert decide(student, live_session, now=clock.now).allowed
    assert not WebhookEvent.objects.exclude(state__in=["done", "ignored"]).exists()


@pytest.mark.parametrize("days", [1, 2, 3, 14])
def test_the_reminder_needs_no_event(days, browser, gateway, live_session, clock):
    """G6: computed by us from the trial's end, once."""
    switches.switch_all_on()
    trial = publish(put_into(MembershipFactory(title="Trial", trial_days=days), live_session), gateway=gateway)
    buy(browser, trial)
    clock.advance(days=max(days - 3, 0), hours=1)
    mail.outbox.clear()
    clock.daily()
    clock.daily()
    reminders = [each for each in mail.outbox if each.to == ["student@school.test"] and "ends soon" in each.subject]
    assert len(reminders) == 1, [each.subject for each in mail.outbox]


def test_without_a_trial_nobody_is_reminded(membership, browser, clock):
    """G6, the other side: zero days."""
    switches.switch_all_on()
    buy(browser, membership)
    mail.outbox.clear()
    clock.daily()
    assert not Subscription.objects.filter(trial_reminded_for__isnull=False).exists()


def test_an_open_invoice_after_the_end_is_shown_and_opens_nothing(
    membership, browser, student, clock, postman, live_session
):
    """G20"""
    buy(browser, membership, card=hosted.FAILS_LATER_CARD)
    clock.advance(days=31, hours=3)
    postman.deliver()
    browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.get().pk]))
    postman.deliver()
    assert "To pay" in read(browser, reverse("lms_memberships:invoices"))
    assert not decide(student, live_session, now=clock.now).allowed
