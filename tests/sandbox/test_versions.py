"""What is an endpoint of an older API version sent? The same facts in the places of then."""

import json

import pytest

from lms_memberships.sandbox import delivery_post
from lms_memberships.sandbox.versions import BASIL, BEFORE_BASIL, VERSIONS
from lms_memberships.sandbox.work import API_VERSION
from tests.sandbox.shop import Shop, period


@pytest.fixture
def told(shop: Shop) -> dict[str, dict[str, dict]]:
    """The payload of each kind of event by version, after one renewal."""
    shop.sandbox.deliveries.mode = "withhold"
    names = {}
    for version in VERSIONS:
        made = shop.api.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"], "api_version": version}
        )
        names[made.id] = version
    shop.buy(shop.price())
    shop.advance(days=29)
    found: dict[str, dict[str, dict]] = {version: {} for version in VERSIONS}
    with shop.sandbox.lock:
        for delivery in reversed(shop.sandbox.deliveries.all()):
            payload = json.loads(delivery_post.write(shop.sandbox, delivery).payload)
            found[names[delivery["endpoint"]]][delivery["type"]] = payload
    return found


def test_before_basil_a_subscription_has_one_period(shop: Shop, told):
    """A10: fields move between versions."""
    start, end = period(shop.api.subscriptions.list().data[0])
    old = told[BEFORE_BASIL]["customer.subscription.updated"]
    assert old["api_version"] == BEFORE_BASIL
    assert (old["data"]["object"]["current_period_start"], old["data"]["object"]["current_period_end"]) == (start, end)
    assert "current_period_end" not in old["data"]["object"]["items"]["data"][0]
    for newer in (BASIL, API_VERSION):
        subscription = told[newer]["customer.subscription.updated"]["data"]["object"]
        assert "current_period_end" not in subscription
        assert subscription["items"]["data"][0]["current_period_end"] == end


def test_before_basil_an_invoice_names_subscription_and_payment_at_the_top(told):
    """A10"""
    old = told[BEFORE_BASIL]["invoice.paid"]["data"]["object"]
    new = told[API_VERSION]["invoice.paid"]["data"]["object"]
    assert old["subscription"] == new["parent"]["subscription_details"]["subscription"]
    assert old["payment_intent"].startswith("pi_")
    assert old["charge"].startswith("ch_")
    assert old["paid"] is True
    assert "parent" not in old
    line = old["lines"]["data"][0]
    assert (line["type"], line["price"]["object"]) == ("subscription", "price")
    assert told[BASIL]["invoice.paid"]["data"]["object"]["parent"] == new["parent"]


def test_the_event_itself_is_kept_in_the_pinned_version(shop: Shop, told):
    assert {each.api_version for each in shop.events()} == {API_VERSION}
    assert {payload["id"] for payload in told[BEFORE_BASIL].values()} == {
        payload["id"] for payload in told[API_VERSION].values()
    }
