"""Does the page of Continue show how its amount comes about, and what is left over? (X9, X14)"""

import pytest

from lms_memberships.models import Membership, Subscription
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, text
from tests.flows.test_pausing import CARD, address, at_stripe, browser, invoices, press

__all__ = ["browser"]
pytestmark = pytest.mark.django_db

YEAR, HALF = 39000, 19500


@pytest.fixture
def yearly(browser, gateway, live_session) -> Subscription:
    wanted = MembershipFactory(title="Year pass", price_amount=YEAR, interval="year", may_pause=True)
    buy(browser, publish(put_into(wanted, live_session), gateway=gateway))
    return Subscription.objects.get()


def halve(row, gateway, **duration: object) -> None:
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, **(duration or {"duration": "forever"})})
    gateway.client.v1.subscriptions.update(row.stripe_id, {"discounts": [{"coupon": coupon.id}]})


def rest(row, browser, clock, *, days: int) -> None:
    """Paused after so many days."""
    clock.advance(days=days)
    press(browser, row, "pause")


def look(row, browser) -> str:
    return text(browser.get(address(row, "continue")).content.decode())


def euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}€{abs(cents) / 100:.2f}"


def balance(sandbox) -> int:
    return -sandbox.store.all("customer", account=sandbox.account_id)[0]["balance"]


def put_aside(sandbox) -> int:
    return -sum(each["amount"] for each in sandbox.store.all("invoiceitem", account=sandbox.account_id))


def test_a_credit_above_the_price_is_said_with_what_is_left_of_it(yearly, browser, gateway, sandbox, clock, postman):
    """X9: price, discount, credit and the rest; and the next payment is less by that rest."""
    halve(yearly, gateway)
    rest(yearly, browser, clock, days=30)
    credit = put_aside(sandbox)
    left = credit - HALF
    assert left > 0
    shown = look(yearly, browser)
    assert (
        f"What was credited to you {euros(-credit)} Year pass: a new period {euros(YEAR)} Discount {euros(-HALF)} "
        f"To pay today €0.00 Left over for your next payments {euros(left)}"
    ) in shown
    assert (
        f"you pay €0.00 now. {euros(left)} of your credit is left over, and is taken off your next payments." in shown
    )
    assert "After that you pay €390.00 per year, less your discount as long as it lasts." in shown
    assert "Continue Not yet" in shown
    assert "Continue and pay" not in shown
    assert "goes on" in press(browser, yearly, "continue")
    assert (invoices(sandbox)[0]["amount_due"], balance(sandbox)) == (0, left)
    clock.advance(days=367)
    postman.deliver()
    assert invoices(sandbox)[0]["amount_paid"] == HALF - left


def test_a_part_that_is_left_to_pay_is_the_sum_of_its_rows(yearly, browser, sandbox, clock):
    """X9: what was shown is what is charged."""
    rest(yearly, browser, clock, days=100)
    credit = put_aside(sandbox)
    shown = look(yearly, browser)
    due = YEAR - credit
    assert (
        f"What was credited to you {euros(-credit)} Year pass: a new period {euros(YEAR)} To pay today {euros(due)} "
    ) in shown
    assert "Left over" not in shown
    assert f"you pay {euros(due)} now, and after that €390.00 per year." in shown
    assert "Continue and pay" in shown
    press(browser, yearly, "continue")
    assert invoices(sandbox)[0]["amount_paid"] == due


def test_a_balance_is_a_row_of_its_own(yearly, browser, gateway, sandbox, clock, postman):
    """X9, H7: a credit that they have besides pays first, and what of it is not needed stays theirs."""
    gateway.client.v1.subscriptions.pause(yearly.stripe_id, {"type": "subscription"})
    gateway.client.v1.customers.update(at_stripe(sandbox)["customer"], {"balance": -50000})
    postman.deliver()
    shown = look(yearly, browser)
    assert (
        f"Year pass: a new period {euros(YEAR)} From your credit {euros(-YEAR)} To pay today €0.00 "
        f"Left over for your next payments {euros(11000)}"
    ) in shown
    assert "Continue Not yet" in shown
    press(browser, yearly, "continue")
    assert (invoices(sandbox)[0]["amount_paid"], balance(sandbox)) == (0, 11000)


def test_the_price_alone_needs_no_rows(yearly, browser, gateway, clock, postman):
    """X9: negative control: nothing comes off."""
    gateway.client.v1.subscriptions.pause(yearly.stripe_id, {"type": "subscription"})
    postman.deliver()
    shown = look(yearly, browser)
    assert "a new period €" not in shown
    assert "you pay €390.00 now, and after that €390.00 per year." in shown


def test_a_discount_that_ends_before_the_next_payment_is_not_promised_for_it(yearly, browser, gateway, sandbox, clock):
    """X9: taken off today, and in a year no more."""
    halve(yearly, gateway, duration="repeating", duration_in_months=3)
    rest(yearly, browser, clock, days=30)
    shown = look(yearly, browser)
    assert f"Discount {euros(-HALF)}" in shown
    assert "After that you pay €390.00 per year. " in shown


def test_one_that_was_pressed_before_names_the_discount_without_its_sums(yearly, browser, gateway, sandbox, clock):
    """X9, D1: the invoice that waits says what is due; what follows it is less than the price."""
    halve(yearly, gateway)
    rest(yearly, browser, clock, days=300)
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number="4000000000000341", **CARD)
    browser.post(address(yearly, "continue"))
    shown = look(yearly, browser)
    due = invoices(sandbox)[0]["amount_due"]
    assert due > 0
    assert f"you pay {euros(due)} now, and after that €390.00 per year, less your discount or credit." in shown
    assert Membership.objects.get().title in shown
