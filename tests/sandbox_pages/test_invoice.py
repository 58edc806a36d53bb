"""Can a person read and pay an invoice on its hosted page?"""

from __future__ import annotations

import re

import pytest
import stripe

from lms_memberships.sandbox.pages import pdf
from lms_memberships.sandbox.sample_cards import group_digits
from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import OpenCheckout, card
from tests.sandbox_pages.visitor import Page, Visitor

FAILS_LATER = group_digits("4000000000000341")
NEW_CARD = {"card_number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}


@pytest.fixture
def unpaid(api, checkout: OpenCheckout, visitor: Visitor, sandbox: Sandbox) -> stripe.Invoice:
    """The first invoice after a trial, whose card failed."""
    session = checkout(subscription_data={"trial_period_days": 7})
    page = visitor.get(session.url)
    sent = visitor.press(page, "Start trial", email="ana@school.test", **card(FAILS_LATER))
    assert sent.status == 303, sent.text
    sandbox.actions.advance_to_trial_end()
    bought = api.v1.checkout.sessions.retrieve(session.id)
    return api.v1.invoices.list({"subscription": bought.subscription, "status": "open"}).data[0]


def test_an_open_invoice_says_what_is_due(unpaid: stripe.Invoice, visitor: Visitor):
    page = visitor.get(unpaid.hosted_invoice_url)
    assert page.html.h1.get_text() == f"Invoice {unpaid.number}"
    assert "Open" in page.text
    assert "Gold membership" in page.text
    assert "Still due €19.00" in page.text


def test_an_open_invoice_is_paid(api, unpaid: stripe.Invoice, visitor: Visitor):
    done = visitor.press(visitor.get(unpaid.hosted_invoice_url), "Pay €19.00", **NEW_CARD)
    page = visitor.follow(done)
    assert "Paid" in page.text
    assert page.html.find(id="card_number") is None
    assert api.v1.invoices.retrieve(unpaid.id).status == "paid"


def test_a_declined_card_is_said_beside_the_card(api, unpaid: stripe.Invoice, visitor: Visitor):
    page = visitor.get(unpaid.hosted_invoice_url)
    refused = visitor.press(page, "Pay €19.00", **{**NEW_CARD, "card_number": "4000000000009995"})
    assert refused.error_at("card_number") == "Your card has insufficient funds."
    assert api.v1.invoices.retrieve(unpaid.id).status == "open"


@pytest.mark.parametrize(("button", "status"), [("Complete", "paid"), ("Fail", "open")])
def test_the_bank_may_ask(api, unpaid: stripe.Invoice, visitor: Visitor, button: str, status: str):
    page = visitor.get(unpaid.hosted_invoice_url)
    bank = visitor.follow(visitor.press(page, "Pay €19.00", **{**NEW_CARD, "card_number": "4000002760003184"}))
    back = visitor.follow(visitor.press(bank, button))
    assert f"/i/{unpaid.id}" in back.url
    assert api.v1.invoices.retrieve(unpaid.id).status == status
    if status == "open":
        assert "authenticate" in back.error_at("card_number")


def test_a_form_sent_late_pays_nothing_more(api, unpaid: stripe.Invoice, visitor: Visitor):
    page = visitor.get(unpaid.hosted_invoice_url)
    visitor.press(page, "Pay €19.00", **NEW_CARD)
    late = visitor.press(page, "Pay €19.00", **NEW_CARD)
    assert "Paid" in (visitor.follow(late) if late.status == 303 else late).text
    paid = [each for each in api.v1.charges.list({"customer": unpaid.customer}).data if each.paid]
    assert len(paid) == 1


def test_the_invoice_is_a_pdf_too(unpaid: stripe.Invoice, visitor: Visitor):
    page = visitor.get(unpaid.invoice_pdf)
    assert page.headers["content-type"] == "application/pdf"
    assert str(unpaid.number) in _texts(page)[0]
    assert "€19.00" in _texts(page)


def test_every_entry_of_a_pdfs_table_leads_to_its_object():
    written = pdf.write(
        [pdf.Row(f"Line (1) \\ {number}", "1\u202f900,00\u00a0€") for number in range(80)], title="Facture"
    )
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", written)[1])
    assert written[start:].startswith(b"xref\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n ", written[start:])]
    assert places
    assert all(written[place:].startswith(b"%d 0 obj\n" % number) for number, place in enumerate(places, start=1))
    assert written.count(b"/Type /Page ") == 3


def test_an_unknown_invoice_is_not_found(sandbox: Sandbox, visitor: Visitor):
    assert visitor.get(f"{sandbox.url}/i/in_nothing").status == 404
    assert visitor.get(f"{sandbox.url}/i/in_nothing/pdf").status == 404


def _texts(page: Page) -> list[str]:
    return [text.decode("cp1252") for text in re.findall(rb"Td \((.*?)\) Tj", page.body)]
