"""Does the sandbox's bank debit behave as Stripe's: complete at once, and the money days later or never?"""

import pytest

from lms_memberships.sandbox.rendering import render
from tests.sandbox.shop import Shop

PAYS, FAILS = "DE89370400440532013000", "DE62370400440532013001"
SOON = {"DE08370400440532013003": "succeeded", "DE78370400440532013004": "requires_payment_method"}
BOOK = {"customer_creation": "always", "invoice_creation": {"enabled": True}}


def debit(shop: Shop, price, iban: str = PAYS, **more):
    session = shop.session(price, **more)
    outcome = shop.sandbox.actions.pay_checkout_by_debit(session.id, email="ada@school.test", name="Ada", iban=iban)
    return session.id, outcome


def read(shop: Shop, session_id: str):
    expand = ["payment_intent.latest_charge", "subscription.latest_invoice.payments"]
    return shop.api.checkout.sessions.retrieve(session_id, {"expand": expand})


def test_what_is_paid_once_waits_for_its_money(shop: Shop):
    session_id, outcome = debit(shop, shop.price(2500, interval=None), **BOOK)
    assert outcome.kind == "processing"
    session = read(shop, session_id)
    assert (session.status, session.payment_status, session.invoice) == ("complete", "unpaid", None)
    assert (session.payment_intent.status, session.payment_intent.latest_charge.status) == ("processing", "pending")
    shop.advance(days=4)
    assert read(shop, session_id).payment_status == "unpaid"
    shop.advance(days=2)
    session = read(shop, session_id)
    assert (session.payment_status, session.payment_intent.latest_charge.paid) == ("paid", True)
    assert shop.api.invoices.retrieve(session.invoice).status == "paid"
    told = shop.told()
    assert told.index("checkout.session.completed") < told.index("checkout.session.async_payment_succeeded")
    assert "checkout.session.async_payment_failed" not in told


def test_what_is_paid_once_and_fails_stays_unpaid(shop: Shop):
    session_id, _outcome = debit(shop, shop.price(2500, interval=None), FAILS, **BOOK)
    shop.advance(days=6)
    session = read(shop, session_id)
    assert (session.status, session.payment_status, session.invoice) == ("complete", "unpaid", None)
    assert session.payment_intent.status == "requires_payment_method"
    assert session.payment_intent.latest_charge.status == "failed"
    assert "checkout.session.async_payment_failed" in shop.told()
    assert "checkout.session.async_payment_succeeded" not in shop.told()


def test_a_subscription_is_active_while_its_first_invoice_is_open(shop: Shop):
    session_id, _outcome = debit(shop, shop.price())
    session = read(shop, session_id)
    invoice = session.subscription.latest_invoice
    assert (session.payment_status, session.subscription.status) == ("unpaid", "active")
    assert (invoice.status, invoice.attempted, invoice.attempt_count) == ("open", True, 1)
    shop.advance(days=6)
    session = read(shop, session_id)
    assert (session.payment_status, session.subscription.latest_invoice.status) == ("paid", "paid")


@pytest.mark.parametrize(("then", "status"), [("cancel", "canceled"), ("past_due", "past_due"), ("unpaid", "unpaid")])
def test_a_subscription_whose_first_debit_fails_ends_as_the_account_says(shop: Shop, then, status):
    shop.sandbox.actions.set_retries(days=[], then=then)
    session_id, _outcome = debit(shop, shop.price(), FAILS)
    shop.advance(days=6)
    session = read(shop, session_id)
    assert (session.payment_status, session.subscription.status) == ("unpaid", status)
    assert shop.told().count("checkout.session.async_payment_failed") == 1


def test_renewals_are_taken_from_the_same_account(shop: Shop):
    session_id, _outcome = debit(shop, shop.price())
    shop.advance(days=29)
    shop.advance(hours=26)
    renewal = read(shop, session_id).subscription.latest_invoice
    assert (renewal.billing_reason, renewal.status) == ("subscription_cycle", "open")
    shop.advance(days=6)
    assert shop.api.invoices.retrieve(renewal.id).status == "paid"


def test_a_trial_notes_the_account_and_takes_nothing(shop: Shop):
    session_id, outcome = debit(shop, shop.price(), subscription_data={"trial_period_days": 10})
    assert (outcome.kind, read(shop, session_id).payment_status) == ("started", "no_payment_required")
    shop.advance(days=10, hours=2)
    assert read(shop, session_id).subscription.latest_invoice.status == "open"
    shop.advance(days=6)
    assert read(shop, session_id).subscription.latest_invoice.status == "paid"


@pytest.mark.parametrize(("iban", "status"), SOON.items())
def test_some_accounts_answer_after_three_minutes(shop: Shop, iban, status):
    session_id, _outcome = debit(shop, shop.price(2500, interval=None), iban)
    shop.advance(hours=0.04)
    assert read(shop, session_id).payment_intent.status == "processing"
    shop.advance(hours=0.02)
    assert read(shop, session_id).payment_intent.status == status


def test_a_button_makes_the_bank_answer_now_and_once(shop: Shop):
    session_id, _outcome = debit(shop, shop.price(2500, interval=None))
    intent = read(shop, session_id).payment_intent
    for _press in range(2):
        assert shop.sandbox.actions.answer_debit(intent.id)["status"] == "succeeded"
    shop.advance(days=6)
    assert shop.told().count("checkout.session.async_payment_succeeded") == 1


@pytest.mark.parametrize("iban", ["", "DE00370400440532013000", "GB33BUKB20201555555555", "é" * 20])
def test_other_accounts_are_refused(shop: Shop, iban):
    session_id, outcome = debit(shop, shop.price(), iban)
    assert outcome.kind == "declined"
    assert read(shop, session_id).status == "open"


def test_debits_are_for_euros_and_for_who_takes_them(shop: Shop):
    assert debit(shop, shop.price(), excluded_payment_method_types=["sepa_debit"])[1].kind == "declined"
    product = shop.api.products.create({"name": "Gold"})
    dollars = shop.api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 900})
    assert debit(shop, dollars)[1].kind == "declined"


def test_an_invoice_whose_debit_is_under_way_cannot_be_paid_again(shop: Shop):
    session_id, _outcome = debit(shop, shop.price())
    invoice = read(shop, session_id).subscription.latest_invoice
    typed = {"card_number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    assert shop.sandbox.actions.pay_hosted_invoice(invoice.id, **typed).kind == "declined"
    with pytest.raises(Exception, match="already processing"):
        shop.api.invoices.pay(invoice.id)


def test_everything_that_a_debit_leaves_is_in_stripes_shape(contract, shop: Shop):
    for price in (shop.price(), shop.price(2500, interval=None)):
        for iban in (PAYS, FAILS, *SOON):
            debit(shop, price, iban, **({} if price.recurring else BOOK))
    debit(shop, shop.price(), subscription_data={"trial_period_days": 10})
    under_way = kept(shop)
    shop.advance(days=6)
    paid = next(each for each in shop.api.charges.list({"limit": 100}).data if each.paid)
    shop.api.refunds.create({"charge": paid.id, "amount": 100})
    wrong = {}
    for each in [*under_way, *kept(shop)]:
        if said := contract.check_response_object(each):
            wrong[each["id"], each.get("type", each["object"])] = said
    assert wrong == {}
    assert {each["status"] for each in under_way if each["object"] == "payment_intent"} == {"processing"}
    assert {each["type"] for each in under_way if each["object"] == "payment_method"} == {"sepa_debit"}


def kept(shop: Shop) -> list[dict]:
    with shop.sandbox.lock:
        return [render(each) for (_, kind, _), each in shop.sandbox.store.walk() if not kind.startswith("_")]
