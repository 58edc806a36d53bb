"""Is what is paid after the next payment said truly while a discount runs? (X9, H7)"""

from datetime import UTC, datetime

import pytest
from django.core import mail

from lms_memberships.emails import switches
from lms_memberships.models import Subscription
from tests.flows.steps import buy, text
from tests.flows.test_switching import (
    MONTH_AND_A_BIT,
    act,
    bronze,
    browser,
    change,
    gold,
    invoices,
    ladder,
    look_at,
    silver,
    tier,
)

__all__ = ["act", "bronze", "browser", "gold", "ladder", "silver", "tier"]
pytestmark = pytest.mark.django_db

FULL, HALF = 4900, 2450
#: Of the period, when the discount is put on.
DAYS = 3
AFTER = "After that €49.00 per month"


def _months(number: int) -> dict[str, object]:
    return {"duration": "repeating", "duration_in_months": number}


@pytest.fixture
def discounted(browser, act, silver, gold, gateway, clock):
    """Holds Silver, with half of it off for so long."""

    def make(**duration: object) -> Subscription:
        act(buy, browser, silver)
        held = Subscription.objects.get()
        # Its end is not the moment of a payment.
        clock.advance(days=DAYS)
        coupon = gateway.client.v1.coupons.create({"percent_off": 50, **duration})
        gateway.client.v1.subscriptions.update(held.stripe_id, {"discounts": [{"coupon": coupon.id}]})
        return held

    return make


def paid(sandbox, clock, postman, act) -> list[int]:
    """At the next two renewals."""
    amounts = []
    for _ in range(2):
        clock.advance(**MONTH_AND_A_BIT)
        act(postman.deliver)
        amounts.append(invoices(sandbox)[0]["amount_paid"])
    return amounts


HALF_OFF_FOR = [
    ({"duration": "forever"}, 5, ", less your discount as long as it lasts.", [HALF, HALF]),
    (_months(3), 5, ", less your discount for payments before ", [HALF, HALF]),
    (_months(2), 36, ".", [HALF, FULL]),
    (_months(1), 36, ".", [FULL, FULL]),
    ({"duration": "once"}, 5, ".", [FULL, FULL]),
    (None, 5, ".", [FULL, FULL]),
]


@pytest.mark.parametrize(("duration", "days", "suffix", "charged"), HALF_OFF_FOR)
@pytest.mark.parametrize("when", ["now", "period_end"])
def test_the_price_after_the_next_payment_names_the_discount_that_outlasts_it(
    discounted, browser, act, silver, gold, sandbox, clock, postman, duration, days, suffix, charged, when
):
    """X9: and the charges are as it says: still less, or in full. One for a single payment is used up by today's."""
    if when == "period_end" and duration == {"duration": "once"}:
        charged = [HALF, FULL]
    if duration is None:
        act(buy, browser, silver)
        held = Subscription.objects.get()
    else:
        held = discounted(**duration)
    clock.advance(days=days - DAYS)
    act(postman.deliver)
    said = text(look_at(browser, held, gold, when=when))
    after = AFTER if when == "now" else "and after that €49.00 per month"
    assert f"{after}{suffix}" in said
    assert f"€{charged[0] / 100:.2f}" in said
    act(change, browser, held, gold, when=when)
    assert paid(sandbox, clock, postman, act) == charged


def test_the_day_is_that_of_the_discounts_end(discounted, browser, gold, sandbox):
    """X9: the first payment in full is on it, or after it."""
    held = discounted(**_months(3))
    said = text(look_at(browser, held, gold))
    day = said.partition("less your discount for payments before ")[2].partition(".")[0]
    [discount] = sandbox.store.all("discount", account=sandbox.account_id)
    end = datetime.fromtimestamp(discount["end"], UTC)
    assert day == f"{end:%B} {end.day}, {end.year}"


def test_in_another_rhythm_it_is_over_before_the_payment_after_the_next(discounted, browser, tier):
    """X9: negative control: two years from now nothing is taken off."""
    yearly = tier("Diamond", 30000, interval="year")
    held = discounted(**_months(14))
    assert "After that €300.00 per year." in text(look_at(browser, held, yearly, when="now"))


def test_the_mail_of_the_change_names_it_too(discounted, browser, act, gold, postman):
    """X9, F11: what is paid from now on is less."""
    switches.switch_all_on()
    held = discounted(duration="forever")
    mail.outbox.clear()
    act(change, browser, held, gold)
    act(postman.deliver)
    [told] = [each for each in mail.outbox if "is now Gold" in each.body]
    assert "What you pay from now on: €49.00 per month, less your discount or credit." in told.body
