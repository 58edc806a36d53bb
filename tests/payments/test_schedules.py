"""Does the gateway lay out, read and let go of schedules as Stripe wants it?"""

import pytest

from lms_memberships.payments.gateway import NotFound
from lms_memberships.payments.schedules import InstalmentsRequest
from tests import hosted
from tests.payments.test_gateway import checkout, customer, gateway, price  # noqa: F401 - fixtures

THREE = InstalmentsRequest("month", 1, 3, {"lmsm_instalments": "3"})


def buy(gateway, price: str, customer: str, **more: object) -> str:  # noqa: F811
    made = gateway.create_checkout(checkout(price, customer, **more), key="checkout")
    assert hosted.pay(made.url)[0] == 303
    return gateway.read_checkout(made.id).subscription_id


@pytest.fixture
def subscription(gateway, price, customer) -> str:  # noqa: F811
    return buy(gateway, price, customer)


def scheduled(gateway, subscription: str) -> str:  # noqa: F811
    made = gateway.begin_schedule(subscription, key="begin")
    gateway.end_after(made.id, THREE, key="lay out")
    return made.id


def test_a_schedule_begins_as_the_subscription_is(gateway, subscription):  # noqa: F811
    made = gateway.begin_schedule(subscription, key="begin")
    read = gateway.read_subscription(subscription)
    assert (read.schedule_id, made.phase_started_at) == (made.id, read.current_period_start)
    assert not made.ends_subscription
    assert gateway.begin_schedule(subscription, key="begin").id == made.id, "the same key is the same request"


def test_it_ends_after_so_many_charges(gateway, subscription, sandbox):  # noqa: F811
    schedule = scheduled(gateway, subscription)
    assert gateway.read_schedule(schedule).ends_subscription
    gateway.end_after(schedule, THREE, key="lay out")
    sandbox.actions.advance_clock(seconds=200 * 86400)
    assert gateway.read_subscription(subscription).status == "canceled"
    assert [each.status for each in gateway.list_invoices(subscription_id=subscription)] == ["paid"] * 3


def test_a_trial_goes_before_them(gateway, price, customer, sandbox):  # noqa: F811
    name = buy(gateway, price, customer, trial_days=14)
    scheduled(gateway, name)
    before = gateway.read_subscription(name)
    assert (before.status, before.cancel_at) == ("trialing", None)
    sandbox.actions.advance_clock(seconds=200 * 86400)
    assert sorted(each.total.minor for each in gateway.list_invoices(subscription_id=name)) == [0, 1900, 1900, 1900]


def test_discounts_stay(gateway, subscription, sandbox):  # noqa: F811
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    gateway.client.v1.subscriptions.update(subscription, {"discounts": [{"coupon": coupon.id}]})
    scheduled(gateway, subscription)
    sandbox.actions.advance_clock(seconds=200 * 86400)
    assert sorted(each.total.minor for each in gateway.list_invoices(subscription_id=subscription)) == [950, 950, 1900]


def test_letting_go_twice_is_letting_go_once(gateway, subscription):  # noqa: F811
    schedule = scheduled(gateway, subscription)
    gateway.release_schedule(schedule)
    gateway.release_schedule(schedule)
    read = gateway.read_subscription(subscription)
    assert (read.schedule_id, read.cancel_at) == ("", None)
    with pytest.raises(NotFound):
        gateway.release_schedule("sub_sched_of_nobody")


def test_what_is_led_by_a_schedule_can_be_cancelled_kept_and_ended(gateway, subscription):  # noqa: F811
    """Guide §7: the schedule is let go of first."""
    scheduled(gateway, subscription)
    gateway.cancel_at_period_end(subscription, key="cancel")
    ending = gateway.read_subscription(subscription)
    assert (ending.schedule_id, ending.cancel_at) == ("", ending.current_period_end)
    gateway.resume(subscription, key="resume")
    made = gateway.begin_schedule(subscription, key="begin again")
    gateway.end_after(made.id, THREE, key="lay out again")
    gateway.resume(subscription, key="resume again")
    assert gateway.read_subscription(subscription).cancel_at is None, "the schedule's own end can be taken back too"
    third = gateway.begin_schedule(subscription, key="a third time")
    gateway.cancel_now(subscription)
    assert gateway.read_subscription(subscription).status == "canceled"
    assert gateway.read_schedule(third.id).phase_started_at is None


def test_what_was_given_back_is_added_up(gateway, subscription, sandbox):  # noqa: F811
    paid = gateway.read_subscription(subscription).latest_invoice.payment_intent_id
    assert gateway.refunded(paid) is None
    for amount in (400, 500):
        gateway.client.v1.refunds.create({"payment_intent": paid, "amount": amount})
    assert gateway.refunded(paid).minor == 900
