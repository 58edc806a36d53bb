"""Does the gateway preview, change and plan a price as Stripe wants it? (guide §7)"""

import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import PriceRequest, RequestRefused
from lms_memberships.payments.switching import ChangeRequest, PlanRequest
from tests.payments.test_gateway import checkout, customer, gateway, price  # noqa: F401 - fixtures
from tests.payments.test_schedules import buy

DAY = 24 * 3600


@pytest.fixture
def subscription(gateway, price, customer) -> str:  # noqa: F811
    return buy(gateway, price, customer)


@pytest.fixture
def dearer(gateway, price) -> str:  # noqa: F811
    product = gateway.client.v1.prices.retrieve(price).product
    request = PriceRequest(product, Money(4900, "eur"), "month", 1, "dearer", "Dearer", {})
    return gateway.create_price(request, key="dearer").id


def request(gateway, subscription: str, to: str, sandbox) -> ChangeRequest:  # noqa: F811
    found = gateway.read_subscription(subscription)
    at = datetime.fromtimestamp(sandbox.now(), UTC)
    return ChangeRequest(found.id, found.item_id, to, found.quantity, at)


def plan(subscription: str, to: str) -> PlanRequest:
    return PlanRequest(subscription, to, 1, "month", 1, {"lmsm_membership": "gold"})


def test_what_is_shown_is_what_is_charged(gateway, subscription, dearer, sandbox):  # noqa: F811
    """H7: and a preview changes nothing."""
    sandbox.actions.advance_clock(seconds=10 * DAY)
    asked = request(gateway, subscription, dearer, sandbox)
    shown = gateway.preview_change(asked, prorated=True)
    assert gateway.read_subscription(subscription).money == Money(1900, "eur")
    assert sum(line.money.minor for line in shown.lines) == shown.total.minor == shown.due.minor > 0
    assert [line.is_share for line in shown.lines] == [True, True]
    gateway.change_item(asked, key="change")
    gateway.change_item(asked, key="change")
    found = gateway.read_subscription(subscription)
    assert (found.price_id, found.item_count, found.latest_invoice.amount_paid) == (dearer, 1, shown.due)
    assert gateway.preview_change(asked, prorated=False).due == Money(4900, "eur")


def test_the_quantity_stays(gateway, subscription, dearer, sandbox):  # noqa: F811
    """Guide trap 10: without it Stripe would make it one again."""
    item = gateway.read_subscription(subscription).item_id
    params = {"items": [{"id": item, "quantity": 3}], "proration_behavior": "none"}
    gateway.client.v1.subscriptions.update(subscription, params)
    gateway.change_item(request(gateway, subscription, dearer, sandbox), key="change")
    assert gateway.read_subscription(subscription).quantity == 3


def test_what_was_not_paid_waits(gateway, subscription, dearer, sandbox, customer):  # noqa: F811
    """G15: and says until when, and whether the bank wants to see somebody."""
    for number, wants in (("4000000000000341", False), ("4000002760003184", True)):
        card = {"card_number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
        sandbox.actions.change_default_card(customer, **card)
        gateway.change_item(request(gateway, subscription, dearer, sandbox), key=f"change {number}")
        found = gateway.read_subscription(subscription)
        assert found.money == Money(1900, "eur")
        assert found.pending_until is not None
        assert found.latest_invoice.hosted_url
        assert gateway.needs_person(found.latest_invoice.id) is wants
        sandbox.actions.advance_clock(seconds=24 * 3600)
        assert gateway.read_subscription(subscription).pending_until is None


def test_a_plan_begins_with_the_next_period(gateway, subscription, dearer, sandbox):  # noqa: F811
    """V30: twice is once; then it goes on by itself."""
    made = gateway.plan_change(plan(subscription, dearer), key="plan")
    assert gateway.plan_change(plan(subscription, dearer), key="again") == made
    assert gateway.read_schedule(made).next_price_id == dearer
    assert not gateway.read_schedule(made).ends_subscription
    sandbox.actions.advance_clock(seconds=32 * DAY)
    found = gateway.read_subscription(subscription)
    assert (found.price_id, found.metadata["lmsm_membership"], found.schedule_id) == (dearer, "gold", made)
    assert gateway.read_schedule(made).next_price_id == ""
    sandbox.actions.advance_clock(seconds=65 * DAY)
    found = gateway.read_subscription(subscription)
    assert (found.price_id, found.schedule_id, found.cancel_at) == (dearer, "", None)


def test_a_plan_of_somebody_else_stays(gateway, subscription, dearer, price):  # noqa: F811
    """V30: what was planned in the dashboard is not overwritten."""
    gateway.plan_change(plan(subscription, dearer), key="theirs")
    with pytest.raises(RequestRefused):
        gateway.plan_change(plan(subscription, price), key="ours")


def test_an_end_stays(gateway, subscription, dearer):  # noqa: F811
    """V30: cancelled before the plan reached Stripe."""
    gateway.cancel_at_period_end(subscription, key="cancel")
    with pytest.raises(RequestRefused):
        gateway.plan_change(plan(subscription, dearer), key="plan")
    found = gateway.read_subscription(subscription)
    assert (found.schedule_id, found.cancel_at is not None) == ("", True)


def test_the_sandbox_refuses_words_that_cannot_wait(gateway, subscription, sandbox):  # noqa: F811
    """Guide §7: metadata need a call of their own. Asked without Stripe's client: our contract would stop it before."""
    form = {"metadata[lmsm_membership]": "gold", "payment_behavior": "pending_if_incomplete"}
    refused = urllib.request.Request(
        f"{sandbox.url}/v1/subscriptions/{subscription}",
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": "Bearer sk_test_memberships"},
    )
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(refused, timeout=20)
    assert (answer.value.code, b"pending_if_incomplete" in answer.value.read()) == (400, True)
    gateway.name_tier(subscription, {"lmsm_membership": "gold"}, key="name")
    assert gateway.read_subscription(subscription).metadata["lmsm_membership"] == "gold"
