"""What does the hosted page make of the customer's balance? A first invoice uses it, once, and only when it is paid."""

import pytest

from tests import hosted
from tests.sandbox.shop import DECLINED, GOOD, NEEDS_PERSON_ALWAYS, Shop

PRICE = 1900


def with_balance(shop: Shop, balance: int) -> str:
    return shop.api.customers.create({"email": "ada@school.test", "name": "Ada", "balance": balance}).id


def balance(shop: Shop, customer: str) -> int:
    return shop.api.customers.retrieve(customer).balance


def received(shop: Shop) -> list[int]:
    return [each.amount_received for each in shop.api.payment_intents.list().data]


def sums(invoice) -> tuple[int, ...]:
    return (
        invoice.total,
        invoice.starting_balance,
        invoice.ending_balance,
        invoice.amount_due,
        invoice.amount_paid,
        invoice.amount_remaining,
    )


@pytest.mark.parametrize(
    ("before", "after", "due"),
    [(-500, 0, 1400), (-1900, 0, 0), (-5000, -3100, 0), (300, 0, 2200), (0, 0, 1900)],
)
def test_a_first_invoice_uses_the_balance_and_the_card_pays_the_rest(shop: Shop, before, after, due):
    """X9: partly, wholly, with more than is needed; a debit is added; and no balance at all."""
    customer = with_balance(shop, before)
    session = shop.session(shop.price(PRICE), customer=customer)
    view = shop.sandbox.actions.open_checkout(session.id)
    assert (session.amount_total, view["total"], view["today"], view["card_required"]) == (PRICE, PRICE, due, True)
    page = hosted.get(session.url)
    assert ("Applied balance" in page) is bool(before)
    assert balance(shop, customer) == before, "looking uses nothing"
    assert shop.pay(session).kind == ("paid" if due else "started")
    done = shop.api.checkout.sessions.retrieve(session.id)
    assert (done.amount_total, done.payment_status) == (PRICE, "paid" if due else "no_payment_required")
    bought = shop.read(done.subscription)
    assert (bought.status, bought.latest_invoice.status) == ("active", "paid")
    assert bought.default_payment_method, "a card is there for what follows"
    assert sums(bought.latest_invoice) == (PRICE, before, after, due, due, 0)
    assert (balance(shop, customer), received(shop)) == (after, [due] if due else [])
    shop.advance(days=32)
    renewed = shop.read(bought).latest_invoice
    assert (renewed.starting_balance, renewed.amount_paid) == (after, max(PRICE + after, 0))


def test_a_page_that_is_left_or_refused_uses_nothing(shop: Shop):
    """X9: open, declined and expired: the balance is what it was. Paid twice, it is used once."""
    customer = with_balance(shop, -500)
    left = shop.session(shop.price(PRICE), customer=customer)
    shop.api.checkout.sessions.expire(left.id)
    session = shop.session(shop.price(PRICE), customer=customer)
    assert shop.pay(session, DECLINED).kind == "declined"
    assert balance(shop, customer) == -500
    assert [shop.pay(session, GOOD).kind for _ in range(2)] == ["paid", "declined"]
    assert (balance(shop, customer), received(shop)) == (0, [1400])


def test_the_second_of_two_pages_has_nothing_left_to_use(shop: Shop):
    """X9: both say the same; whichever is paid first uses it."""
    customer = with_balance(shop, -500)
    pages = [shop.session(shop.price(PRICE), customer=customer) for _ in range(2)]
    assert [shop.pay(each).kind for each in pages] == ["paid", "paid"]
    assert (balance(shop, customer), received(shop)) == (0, [1900, 1400])


def test_used_up_while_the_bank_asks_nothing_starts_unpaid(shop: Shop):
    """X9: the page comes back with the new amount, and takes it."""
    customer = with_balance(shop, -PRICE)
    session = shop.session(shop.price(PRICE), customer=customer)
    outcome = shop.pay(session, NEEDS_PERSON_ALWAYS)
    assert outcome.kind == "authentication_required"
    shop.api.customers.update(customer, {"balance": 0})
    back = shop.sandbox.actions.approve_authentication(outcome.authentication_id)
    assert (back.kind, shop.api.checkout.sessions.retrieve(session.id).status) == ("declined", "open")
    assert "was used for something else" in back.message
    assert "Applied balance" not in hosted.get(session.url)
    assert shop.pay(session).kind == "paid"
    assert received(shop) == [PRICE]


def test_a_trial_uses_no_credit(shop: Shop):
    """X9: nothing is due today, so that it waits for the first payment."""
    customer = with_balance(shop, -500)
    bought = shop.buy(shop.price(PRICE), customer=customer, subscription_data={"trial_period_days": 7})
    assert (sums(bought.latest_invoice), balance(shop, customer)) == ((0, -500, -500, 0, 0, 0), -500)
    shop.advance(days=7, hours=2)
    assert (shop.read(bought).latest_invoice.amount_paid, balance(shop, customer)) == (1400, 0)


def test_a_debit_that_fails_has_used_it(shop: Shop):
    """X9: the invoice is final, and asks for the rest alone."""
    customer = with_balance(shop, -500)
    session = shop.session(shop.price(PRICE), customer=customer)
    paid = shop.sandbox.actions.pay_checkout_by_debit(
        session.id, email="ada@school.test", name="Ada", iban=hosted.FAILING_ACCOUNT
    )
    assert (paid.kind, balance(shop, customer)) == ("processing", 0)
    shop.advance(days=6)
    invoice = shop.read(shop.api.checkout.sessions.retrieve(session.id).subscription).latest_invoice
    assert (invoice.status, *sums(invoice)) == ("open", PRICE, -500, 0, 1400, 0, 1400)


@pytest.mark.parametrize("before", [-500, 300])
def test_what_is_paid_once_leaves_the_balance_alone(shop: Shop, before):
    """X9: Stripe's one exception: a page in payment mode that makes an invoice."""
    customer = with_balance(shop, before)
    session = shop.session(shop.price(PRICE, interval=None), customer=customer, invoice_creation={"enabled": True})
    assert "Applied balance" not in hosted.get(session.url)
    assert shop.pay(session).kind == "paid"
    invoice = shop.api.invoices.retrieve(shop.api.checkout.sessions.retrieve(session.id).invoice)
    assert sums(invoice) == (PRICE, before, before, PRICE, PRICE, 0)
    assert balance(shop, customer) == before
