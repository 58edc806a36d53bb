"""Can a person pay by bank debit on the hosted page, and make the bank answer from the dashboard?"""

from __future__ import annotations

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import OpenCheckout, card
from tests.sandbox_pages.visitor import Visitor

PAYS = "DE89 3704 0044 0532 0130 00"
ANA = {"email": "ana@school.test", "name": "Ana Lind"}


def test_a_person_pays_by_debit_and_goes_back_to_the_seller(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    page = visitor.get(session.url)
    assert "SEPA Direct Debit (instead of a card)" in page.text
    done = visitor.press(page, "Pay €19.00", **ANA, iban=PAYS)
    assert (done.status, done.location) == (303, f"http://seller.test/done?session={session.id}")
    bought = api.v1.checkout.sessions.retrieve(session.id)
    assert (bought.status, bought.payment_status) == ("complete", "unpaid")


def test_a_test_account_is_filled_in_with_one_press(checkout: OpenCheckout, visitor: Visitor):
    page = visitor.press(visitor.get(checkout().url), f"Use {PAYS}", **card())
    assert page.html.find(id="iban")["value"] == PAYS
    assert page.html.find(id="card_number")["value"] == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"iban": "DE00 1234"}, "not the IBAN of a test account"),
        ({**card(), "iban": PAYS}, "leave the other empty"),
    ],
)
def test_what_is_wrong_with_an_account_is_said_beside_it(checkout: OpenCheckout, visitor: Visitor, typed, words):
    page = visitor.press(visitor.get(checkout().url), "Pay €19.00", **{**ANA, **typed})
    assert page.status == 422
    assert words in page.html.find(id="iban-error").get_text()
    assert page.html.find(id="iban")["aria-invalid"] == "true"


def test_where_debits_are_not_taken_there_is_no_field(checkout: OpenCheckout, visitor: Visitor):
    page = visitor.get(checkout(excluded_payment_method_types=["sepa_debit"]).url)
    assert page.html.find(id="iban") is None
    assert page.html.find(id="card_number") is not None


def test_the_dashboard_makes_the_bank_answer(
    api: stripe.StripeClient, checkout: OpenCheckout, visitor: Visitor, sandbox: Sandbox
):
    session = checkout()
    visitor.press(visitor.get(session.url), "Pay €19.00", **ANA, iban=PAYS)
    overview = visitor.get(f"{sandbox.url}/_sandbox/")
    assert "Debits under way" in overview.text
    assert "€19.00, ana@school.test" in overview.text
    after = visitor.follow(visitor.press(overview, "Let the bank answer now: €19.00, ana@school.test"))
    assert "The bank has answered." in after.html.get_text()
    assert "Debits under way" not in after.text
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_an_invoice_says_that_its_payment_is_on_its_way(
    api: stripe.StripeClient, checkout: OpenCheckout, visitor: Visitor, sandbox: Sandbox
):
    session = checkout()
    visitor.press(visitor.get(session.url), "Pay €19.00", **ANA, iban=PAYS)
    invoice = api.v1.checkout.sessions.retrieve(session.id).invoice
    page = visitor.get(f"{sandbox.url}/i/{invoice}")
    assert "The payment is on its way." in page.text
    assert page.html.find(id="card_number") is None
    customer = api.v1.customers.list().data[0].id
    assert "SEPA debit •••• 3000" in visitor.get(f"{sandbox.url}/_sandbox/customers/{customer}").text
