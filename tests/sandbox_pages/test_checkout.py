"""Can a person pay on the hosted checkout page, and is every refusal said in words?"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from lms_memberships.sandbox.languages import format_date
from lms_memberships.sandbox.payments.cards import CARDS
from lms_memberships.sandbox.sample_cards import TEST_CARDS
from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import CANCEL, OpenCheckout, card
from tests.sandbox_pages.visitor import Visitor

ANA = "ana@school.test"
DAY = 24 * 3600
TRIAL = {"trial_period_days": 14, "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}}}


def test_a_person_buys_a_membership(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    page = visitor.get(session.url)
    assert page.status == 200
    assert "Gold membership" in page.text
    assert "€19.00 per month" in page.text
    assert "Due today €19.00" in page.text
    done = visitor.press(page, "Pay €19.00", email=ANA, **card())
    assert (done.status, done.location) == (303, f"http://seller.test/done?session={session.id}")
    bought = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (bought.status, bought.payment_status, bought.subscription.status) == ("complete", "paid", "active")
    assert bought.customer_details.email == ANA


def test_the_page_says_what_comes_next(api, checkout: OpenCheckout, visitor: Visitor, sandbox: Sandbox):
    page = visitor.get(checkout(subscription_data={"trial_period_days": 14}).url)
    ends = format_date(sandbox.now() + 14 * DAY, "en")
    assert "14 days free" in page.text
    assert "Due today €0.00" in page.text
    assert f"Then €19.00 per month starting {ends}" in page.text
    assert visitor.press(page, "Start trial", email=ANA, **card()).status == 303


def test_a_trial_without_a_card_starts_without_a_card(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout(payment_method_collection="if_required", subscription_data=TRIAL)
    page = visitor.get(session.url)
    assert "You need no card" in page.text
    done = visitor.press(page, "Start trial", email=ANA)
    assert done.location == f"http://seller.test/done?session={session.id}"
    started = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert started.payment_status == "no_payment_required"
    assert started.subscription.status == "trialing"
    assert started.subscription.default_payment_method is None


def test_a_card_may_be_given_for_a_trial_that_needs_none(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout(payment_method_collection="if_required", subscription_data=TRIAL)
    visitor.press(visitor.get(session.url), "Start trial", email=ANA, **card())
    started = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert started.subscription.default_payment_method is not None


def test_a_declined_card_is_said_beside_the_card(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    refused = visitor.press(visitor.get(session.url), "Pay €19.00", email=ANA, **card("4000 0000 0000 0002"))
    assert refused.status == 422
    assert refused.error_at("card_number") == "Your card was declined."
    assert api.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert visitor.get(session.url).html.find(attrs={"aria-invalid": True}) is None
    again = visitor.press(refused, "Pay €19.00", **card())
    assert again.status == 303


@pytest.mark.parametrize(
    ("number", "field"),
    [("4000000000000069", "expiry"), ("4000000000000127", "cvc"), ("4000000000009995", "card_number")],
)
def test_a_refusal_stands_beside_the_field_that_it_is_about(
    checkout: OpenCheckout, visitor: Visitor, number: str, field: str
):
    page = visitor.get(checkout().url)
    assert visitor.press(page, "Pay €19.00", email=ANA, **card(number)).error_at(field)


def test_what_is_missing_is_said_beside_each_field(checkout: OpenCheckout, visitor: Visitor):
    refused = visitor.press(visitor.get(checkout().url), "Pay €19.00")
    found = {field: refused.error_at(field) for field in ("email", "name", "card_number", "expiry", "cvc")}
    assert all(found.values())
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", "ana"),
        ("email", "ana@school"),
        ("card_number", "4242 4242 4242 4241"),
        ("card_number", "hello"),
        ("expiry", "13 / 34"),
        ("expiry", "12 / 20"),
        ("cvc", "12"),
        ("cvc", "1²3"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(checkout: OpenCheckout, visitor: Visitor, field: str, typed: str):
    fields = {"email": ANA, **card(), field: typed}
    refused = visitor.press(visitor.get(checkout().url), "Pay €19.00", **fields)
    assert refused.status == 422
    assert refused.error_at(field)


@pytest.mark.parametrize("typed", ["12 / 34", "12/34", "1234", "12/2034", "12-34"])
def test_a_date_may_be_written_in_many_ways(checkout: OpenCheckout, visitor: Visitor, typed: str):
    assert visitor.press(visitor.get(checkout().url), "Pay €19.00", email=ANA, **card(expiry=typed)).status == 303


def test_the_bank_asks_and_the_person_confirms(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    sent = visitor.press(visitor.get(session.url), "Pay €19.00", email=ANA, **card("4000 0027 6000 3184"))
    bank = visitor.follow(sent)
    assert "/auth/" in bank.url
    assert "Your bank asks you to confirm" in bank.text
    assert "€19.00" in bank.text
    assert api.v1.checkout.sessions.retrieve(session.id).status == "open"
    done = visitor.press(bank, "Complete")
    assert done.location == f"http://seller.test/done?session={session.id}"
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_the_bank_asks_and_the_person_fails(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    sent = visitor.press(visitor.get(session.url), "Pay €19.00", email=ANA, **card("4000 0027 6000 3184"))
    back = visitor.follow(visitor.press(visitor.follow(sent), "Fail"))
    assert back.url == f"{session.url}?declined=1"
    assert "authenticate" in back.error_at("card_number")
    assert api.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert visitor.press(back, "Pay €19.00", email=ANA, **card()).status == 303


def test_a_bank_page_answers_once(checkout: OpenCheckout, visitor: Visitor):
    sent = visitor.press(visitor.get(checkout().url), "Pay €19.00", email=ANA, **card("4000 0027 6000 3184"))
    bank = visitor.follow(sent)
    first, second = visitor.press(bank, "Complete"), visitor.press(bank, "Fail")
    assert first.location.startswith("http://seller.test/done")
    assert "This order is complete" in visitor.follow(second).text
    assert "already answered" in visitor.get(bank.url).text


def test_a_form_sent_twice_at_once_charges_once(api, checkout: OpenCheckout, visitor: Visitor, sandbox: Sandbox):
    """All of them are read before any of them is done."""
    session = checkout()
    page = visitor.get(session.url)
    with ThreadPoolExecutor(8) as crowd:
        with sandbox.lock:
            sent = [crowd.submit(visitor.press, page, "Pay €19.00", email=ANA, **card()) for _ in range(8)]
            time.sleep(0.5)
        ends = {(each.result().status, each.result().location) for each in sent}
    assert ends == {(303, f"http://seller.test/done?session={session.id}")}
    customer = _customer(api, session)
    assert len(api.v1.charges.list({"customer": customer}).data) == 1
    assert len(api.v1.subscriptions.list({"customer": customer, "status": "all"}).data) == 1


def test_a_form_sent_late_goes_where_the_first_one_went(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    page = visitor.get(session.url)
    first = visitor.press(page, "Pay €19.00", email=ANA, **card())
    late = visitor.press(page, "Pay €19.00", email=ANA, **card("4000 0000 0000 0002"))
    assert (late.status, late.location) == (303, first.location)
    assert len(api.v1.charges.list({"customer": _customer(api, session)}).data) == 1


def test_a_complete_session_says_so_and_leads_on(checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    visitor.press(visitor.get(session.url), "Pay €19.00", email=ANA, **card())
    page = visitor.get(session.url)
    assert "This order is complete" in page.text
    assert page.html.find("a", class_="button")["href"] == f"http://seller.test/done?session={session.id}"


def test_an_expired_session_says_so_and_leads_back(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    api.v1.checkout.sessions.expire(session.id)
    page = visitor.get(session.url)
    assert "has expired" in page.text
    assert page.html.find("a", class_="button")["href"] == CANCEL


def test_the_way_back_is_there(checkout: OpenCheckout, visitor: Visitor):
    page = visitor.get(checkout().url)
    assert page.html.select_one(".back a")["href"] == CANCEL


def test_the_customers_address_is_fixed(api, checkout: OpenCheckout, visitor: Visitor):
    customer = api.v1.customers.create({"email": ANA, "name": "Ana Lind"})
    session = checkout(customer=customer.id)
    page = visitor.get(session.url)
    field = page.html.find(id="email")
    assert field["value"] == ANA
    assert field.has_attr("readonly")
    visitor.press(page, "Pay €19.00", **card(email="mallory@evil.test"))
    assert api.v1.checkout.sessions.retrieve(session.id).customer_details.email == ANA


def test_a_promotion_code_changes_the_amount_before_the_click(api, checkout: OpenCheckout, visitor: Visitor):
    coupon = api.v1.coupons.create({"percent_off": 25, "duration": "once"})
    api.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING25"})
    session = checkout(allow_promotion_codes=True)
    page = visitor.get(session.url)
    assert visitor.press(page, "Apply", promotion_code="WINTER").error_at("promotion_code")
    # Pressing "Pay" with a code that was not applied shows the new amount first.
    shown = visitor.press(page, "Pay €19.00", email=ANA, **card(promotion_code="SPRING25"))
    assert shown.status == 200
    assert "Discount SPRING25 -€4.75" in shown.text
    assert "Then €19.00 per month" in shown.text
    assert visitor.press(shown, "Pay €14.25").status == 303
    assert api.v1.checkout.sessions.retrieve(session.id).amount_total == 1425


def test_a_promotion_code_can_be_taken_off(api, checkout: OpenCheckout, visitor: Visitor):
    coupon = api.v1.coupons.create({"percent_off": 25, "duration": "once"})
    api.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING25"})
    applied = visitor.press(visitor.get(checkout(allow_promotion_codes=True).url), "Apply", promotion_code="SPRING25")
    assert "€14.25" in applied.text
    assert "Pay €19.00" in visitor.press(applied, "Remove the code SPRING25").text


def test_terms_are_asked_for_when_the_seller_wants_it(checkout: OpenCheckout, visitor: Visitor):
    page = visitor.get(checkout(consent_collection={"terms_of_service": "required"}).url)
    refused = visitor.press(page, "Pay €19.00", email=ANA, **card())
    assert refused.error_at("terms")
    assert visitor.press(page, "Pay €19.00", email=ANA, **card(terms="yes")).status == 303


def test_a_card_from_the_list_fills_the_form(checkout: OpenCheckout, visitor: Visitor):
    page = visitor.get(checkout().url)
    filled = visitor.press(page, "Use 4242 4242 4242 4242", email=ANA, name="Ana Lind")
    assert filled.html.find(id="card_number")["value"] == "4242 4242 4242 4242"
    assert visitor.press(filled, "Pay €19.00").status == 303


def test_every_card_in_the_list_is_one_of_the_banks():
    assert set(TEST_CARDS) <= set(CARDS)


@pytest.mark.parametrize(
    ("locale", "accept", "language"),
    [
        ("fr", "en", "fr"),
        ("fr-CA", "en", "fr"),
        ("auto", "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("auto", "de,en;q=0.5,fr;q=0.4", "en"),
        (None, "fr", "fr"),
        ("en", "fr", "en"),
    ],
)
def test_the_page_speaks_the_sessions_language_or_the_browsers(
    checkout: OpenCheckout, locale: str | None, accept: str, language: str
):
    params = {"locale": locale} if locale else {}
    page = Visitor({"Accept-Language": accept}).get(checkout(**params).url)
    assert page.html.find("html")["lang"] == language
    assert {"fr": "Payer 19,00 €", "en": "Pay €19.00"}[language] in page.text


def test_a_french_refusal_is_french(checkout: OpenCheckout, visitor: Visitor):
    page = visitor.get(checkout(locale="fr").url)
    refused = visitor.press(page, "Payer 19,00 €", email=ANA, **card("4000 0000 0000 0002"))
    assert refused.error_at("card_number") == "Votre carte a été refusée."


def test_a_one_time_purchase_has_no_next_payment(api, checkout: OpenCheckout, visitor: Visitor, price: stripe.Price):
    once = api.v1.prices.create({"product": price.product, "currency": "jpy", "unit_amount": 4900})
    session = checkout(mode="payment", line_items=[{"price": once.id, "quantity": 1}])
    page = visitor.get(session.url)
    assert "Total ¥4,900" in page.text
    assert "Then" not in page.text
    assert visitor.press(page, "Pay ¥4,900", email=ANA, **card()).status == 303
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_an_unknown_session_is_not_found(sandbox: Sandbox, visitor: Visitor):
    assert visitor.get(f"{sandbox.url}/c/pay/cs_test_nothing").status == 404


def test_a_form_from_another_site_is_refused(api, checkout: OpenCheckout, visitor: Visitor):
    session = checkout()
    page = visitor.get(session.url)
    elsewhere = Visitor({"Origin": "http://evil.test"})
    assert elsewhere.press(page, "Pay €19.00", email=ANA, **card()).status == 403
    assert api.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_what_a_seller_writes_is_shown_as_text(api, checkout: OpenCheckout, visitor: Visitor, price: stripe.Price):
    api.v1.products.update(price.product, {"name": "<script>alert(1)</script> & co"})
    page = visitor.get(checkout().url)
    assert page.html.find("script") is None
    assert "<script>alert(1)</script> & co" in page.text


def _customer(api: stripe.StripeClient, session: stripe.checkout.Session) -> str:
    return str(api.v1.checkout.sessions.retrieve(session.id).customer)
