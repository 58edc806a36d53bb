"""Can a person give back, let a refund fail, and decide a dispute on the dashboard, as in Stripe's?"""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import OpenCheckout, card
from tests.sandbox_pages.visitor import Page, Visitor


@pytest.fixture
def charge(api, checkout: OpenCheckout, visitor: Visitor) -> stripe.Charge:
    session = checkout()
    visitor.press(visitor.get(session.url), "Pay €19.00", email="ana@school.test", **card())
    return api.v1.charges.list().data[0]


@pytest.fixture
def page(sandbox: Sandbox, visitor: Visitor, charge: stripe.Charge):
    def visit() -> Page:
        return visitor.get(f"{sandbox.url}/_sandbox/payments/{charge.id}")

    return visit


def test_payments_are_listed(sandbox: Sandbox, visitor: Visitor, charge: stripe.Charge):
    listing = visitor.get(f"{sandbox.url}/_sandbox/payments")
    assert listing.status == 200
    assert charge.id in listing.text
    assert visitor.get(f"{sandbox.url}/_sandbox/payments/ch_nobody").status == 404


def test_a_part_is_given_back_then_the_rest_and_it_fails(api, visitor: Visitor, page, charge: stripe.Charge):
    after = visitor.follow(visitor.press(page(), "Refund", amount="500"))
    assert "The money is on its way back" in after.text
    assert api.v1.charges.retrieve(charge.id).amount_refunded == 500
    refused = visitor.press(page(), "Refund", amount="5,00")
    assert refused.status == 422
    visitor.press(page(), "Refund", amount="")
    assert api.v1.charges.retrieve(charge.id).refunded
    newest = api.v1.refunds.list().data[0]
    visitor.press(page(), f"Let {newest.id} fail, as a bank does days later")
    assert api.v1.refunds.retrieve(newest.id).status == "failed"


def test_a_dispute_is_opened_and_won(api, visitor: Visitor, page, charge: stripe.Charge):
    visitor.press(page(), "Open a dispute, as the customer's bank does")
    assert api.v1.disputes.list({"charge": charge.id}).data[0].status == "needs_response"
    visitor.press(page(), "Decide", status="won")
    assert api.v1.disputes.list({"charge": charge.id}).data[0].status == "won"
    assert "Open a dispute" not in page().text


@pytest.mark.parametrize(
    ("control", "body", "status"),
    [("disputes", {"charge": "ch_nobody"}, 404), ("refunds/fail", {"refund": "re_nobody"}, 404)],
)
def test_what_is_unknown_is_unknown_to_the_controls(sandbox: Sandbox, visitor: Visitor, control, body, status):
    request = urllib.request.Request(
        f"{sandbox.url}/_sandbox/api/{control}", data=json.dumps(body).encode(), method="POST",
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == status
