"""Is whoever wants to leave told only what they are charged then, and in words for a member? (V53, X9, X14, H7)"""

from datetime import timedelta

import pytest
from django.urls import reverse

from lms_memberships.memberships import promotion_making
from lms_memberships.models import Membership, Price, PriceMove, PriceMoveEntry, StayOffer, Subscription
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.subscriptions import staying
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, text
from tests.flows.test_switching import (  # noqa: F401 - fixtures
    account_page,
    act,
    bronze,
    browser,
    change,
    gold,
    held,
    invoices,
    ladder,
    silver,
    tier,
)

pytestmark = pytest.mark.django_db

STAY = "Stay, and pay less"


@pytest.fixture
def offer(gateway):
    """Half the price, for whoever wants to leave any membership."""

    def make(duration: str = "repeating", months: int | None = 3):
        made = promotion_making.make(
            promotion_making.Draft(
                token=f"stay-{duration}-{months}",
                code=f"STAY{duration}{months or ''}".upper(),
                name="Stay",
                percent_off=5000,
                money_off=None,
                duration=duration,
                months=months,
                memberships=(),
                max_redemptions=None,
                last_day=None,
                first_time_only=False,
            ),
            gateway=gateway,
        )
        Membership.objects.update(stay_code=made)
        return made

    return make


@pytest.fixture
def yearly(browser, gateway, live_session) -> Subscription:  # noqa: F811
    """390 euros a year."""
    draft = MembershipFactory(title="Studio year", price_amount=39000, interval="year")
    buy(browser, publish(put_into(draft, live_session), gateway=gateway))
    return Subscription.objects.get()


def page(browser, row) -> str:  # noqa: F811
    return text(browser.get(reverse("lms_memberships:cancel", args=[row.pk])).content.decode())


def press(browser, row, name: str) -> str:  # noqa: F811
    return text(browser.post(reverse(f"lms_memberships:{name}", args=[row.pk]), follow=True).content.decode())


def test_what_was_said_is_what_the_next_invoice_says(held, browser, offer, sandbox, clock):  # noqa: F811
    """X9, H7: the amount of the page is the amount of the invoice."""
    offer()
    assert "you pay €9.50 instead of €19.00" in page(browser, held)
    assert "your discount begins with your next payment" in press(browser, held, "stay")
    clock.advance(days=31, hours=3)
    assert invoices(sandbox)[0]["amount_paid"] == 950


def test_nothing_is_offered_while_another_tier_is_planned(
    held,  # noqa: F811
    browser,  # noqa: F811
    act,  # noqa: F811
    bronze,  # noqa: F811
    offer,
    sandbox,
    clock,
):
    """X9: the next payment is Bronze's, and Stripe previews Silver's. Taken back, it is offered."""
    offer()
    before = page(browser, held)
    assert STAY in before, "the control"
    act(change, browser, held, bronze)
    assert STAY not in page(browser, held)
    assert "This offer is over" in press(browser, held, "stay"), "an old tab"
    press(browser, held, "keep")
    assert STAY in page(browser, held)
    assert not StayOffer.objects.exists()


def test_nor_while_somebody_has_planned_something_in_the_dashboard(held, browser, offer, gateway):  # noqa: F811
    """X9: we know no change of it; Stripe has a schedule."""
    offer()
    made = gateway.client.v1.subscription_schedules.create({"from_subscription": held.stripe_id})
    assert STAY not in page(browser, held)
    assert "This offer is over" in press(browser, held, "stay")
    gateway.client.v1.subscription_schedules.release(made.id)
    assert STAY in page(browser, held), "the control"


@pytest.mark.parametrize(("days", "is_offered"), [(-1, False), (1, True)])
def test_nor_when_the_next_payment_is_at_a_new_price(held, browser, offer, silver, now, days, is_offered):  # noqa: F811
    """X9, X11: they were told of it; one that begins after the next payment changes nothing about that."""
    offer()
    old = silver.prices.get()
    new = Price.objects.create(
        membership=silver, account=old.account, amount=2500, currency="eur", interval="month", created_at=now
    )
    at = {"account": old.account, "livemode": old.livemode}
    move = PriceMove.objects.create(membership=silver, old_price=old, new_price=new, move_at=now, created_at=now, **at)
    applies_from = held.period_end + timedelta(days=days)
    PriceMoveEntry.objects.create(
        move=move, subscription=held, state="told", applies_from=applies_from, next_try_at=now + timedelta(days=9)
    )
    assert (STAY in page(browser, held)) is is_offered


def test_a_discount_that_is_over_before_the_next_payment_is_no_offer(yearly, browser, offer, sandbox, clock):  # noqa: F811
    """V53, X9: three months of a year that is paid take nothing off; for ever does, and is charged as said."""
    offer()
    assert STAY not in page(browser, yearly)
    assert "This offer is over" in press(browser, yearly, "stay")
    offer("forever", None)
    assert "you pay €195.00 instead of €390.00" in page(browser, yearly)
    press(browser, yearly, "stay")
    clock.advance(days=366)
    assert invoices(sandbox)[0]["amount_paid"] == 19500


def test_what_credit_pays_is_said(held, browser, offer, gateway, sandbox, clock):  # noqa: F811
    """X9, H7: what is charged is nothing either way; the payment is smaller, and the credit lasts longer."""
    offer()
    gateway.client.v1.customers.update(held.customer_id, {"balance": -1200})
    said = page(browser, held)
    assert "comes to €9.50 instead of €19.00. Your credit pays €9.50 of it: you pay €0.00." in said
    press(browser, held, "stay")
    clock.advance(days=31, hours=3)
    first = invoices(sandbox)[0]
    assert (first["total"], first["amount_paid"]) == (950, 0)
    assert sandbox.store.all("customer", account=sandbox.account_id)[0]["balance"] == -250


def test_taken_the_account_says_so_before_any_webhook(held, browser, offer):  # noqa: F811
    """V53, P7: nothing was delivered, and the next payment is named as less."""
    offer()
    assert "less your discount" not in account_page(browser), "the control"
    press(browser, held, "stay")
    assert "€19.00 per month, less your discount or credit" in account_page(browser)


class ReadOnce:
    """A gateway that does not answer when a subscription is read for the second time."""

    def __init__(self, real) -> None:
        self.real, self.reads = real, 0

    def __getattr__(self, name: str):
        return getattr(self.real, name)

    def read_subscription(self, stripe_id: str):
        self.reads += 1
        if self.reads > 1:
            raise GatewayUnreachable
        return self.real.read_subscription(stripe_id)


def test_taken_it_is_taken_although_it_cannot_be_read_again(held, offer, gateway, now):  # noqa: F811
    """D1: the last look fails; the discount is on, and answered."""
    offer()
    once = ReadOnce(gateway)
    staying.take(held, gateway=once, now=now)
    assert once.reads == 2, "the control"
    assert StayOffer.objects.get().is_taken
    assert len(gateway.codes_on(held.stripe_id)) == 1


@pytest.mark.parametrize(
    ("duration", "months", "words"),
    [
        ("once", None, "50% off your next payment:"),
        ("repeating", 1, "50% off for the next month:"),
        ("repeating", 3, "50% off for the next 3 months:"),
        ("forever", None, "50% off every payment from now on:"),
    ],
)
def test_the_words_are_for_a_member(held, browser, offer, clock, duration, months, words):  # noqa: F811
    """V53: nothing that somebody pays after years is the first."""
    offer(duration, months)
    clock.advance(days=5)
    said = page(browser, held)
    assert words in said
    assert "first" not in said.partition(STAY)[2].partition("instead of")[0]
