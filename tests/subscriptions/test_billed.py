"""What if something else is billed beside the membership? The membership's own price decides, whatever was added (G12)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.payments.items import ItemSnapshot, longest
from lms_memberships.subscriptions import billed, lifecycle
from tests.factories import MembershipFactory
from tests.subscriptions import said
from tests.subscriptions.said import MONTH, NOW, UNPAID

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def item(price_id: str, number: int, *, ends=NOW + MONTH, minor: int = 1900, interval: str = "month") -> ItemSnapshot:
    money = Money(minor, "eur")
    return ItemSnapshot(f"si_{number}", price_id, f"prod_{price_id}", money, interval, 1, 1, NOW, ends)


COACHING = item("price_coaching", 9, ends=NOW + 365 * DAY, minor=60_000, interval="year")


@pytest.fixture
def hear(checkout, nobody_answers):
    """A read in which so much is billed. As the gateway reads it, the longest stands in front."""

    def read(*items: ItemSnapshot, after=timedelta(0), **changes):
        shown = vars(longest(items))
        snapshot = said.subscription(checkout, read_started_at=NOW + after, items=items, **{**shown, **changes})
        return lifecycle.reconcile(snapshot, gateway=nobody_answers, now=NOW + after)

    return read


@pytest.mark.parametrize("is_first", [True, False])
def test_what_is_added_beside_it_changes_neither_price_nor_access(is_first, checkout, hear):
    """G12, S9: a yearly line for something else; and in whatever order Stripe names the two."""
    own = item(checkout.price.stripe_id, 1)
    hear(own)
    row = hear(*([own, COACHING] if is_first else [COACHING, own]), after=DAY)
    assert (row.price, row.flag, row.amount, row.interval) == (checkout.price, "", 1900, "month")
    assert (row.period_end, row.access_until) == (NOW + MONTH, NOW + MONTH + 7 * DAY)


def test_it_goes_on_with_the_memberships_own_period(checkout, hear):
    """G12, G2: renewed, it is open for another month."""
    own = item(checkout.price.stripe_id, 1)
    hear(own, COACHING)
    renewed = replace(own, current_period_start=NOW + MONTH, current_period_end=NOW + 2 * MONTH)
    row = hear(renewed, COACHING, after=MONTH)
    assert row.access_until == NOW + 2 * MONTH + 7 * DAY


def test_control_the_longest_alone_would_be_a_price_that_nobody_knows(hear, checkout, monkeypatch):
    """G12, negative control: access stays as it was promised, and closes although the membership is paid."""
    own = item(checkout.price.stripe_id, 1)
    hear(own)
    monkeypatch.setattr(billed, "of", lambda subscription, snapshot: snapshot)
    renewed = replace(own, current_period_start=NOW + MONTH, current_period_end=NOW + 2 * MONTH)
    row = hear(renewed, COACHING, after=MONTH)
    assert (row.flag, row.access_until) == ("unknown_price", NOW + MONTH + 7 * DAY)


def test_changed_to_another_price_of_ours_beside_it(checkout, hear, student):
    """G12: it is the one that is paid for now."""
    gold = said.attempt(student, MembershipFactory(title="Gold", live=True)).price
    hear(item(checkout.price.stripe_id, 1), COACHING)
    row = hear(item(gold.stripe_id, 1), COACHING, after=DAY)
    assert (row.price, row.membership, row.flag) == (gold, gold.membership, "")


def test_with_a_second_price_of_ours_the_rows_own_counts(checkout, hear, student):
    """G12: somebody added another membership to it; the row is one of the first, and stays so."""
    gold = said.attempt(student, MembershipFactory(title="Gold", live=True)).price
    own = item(checkout.price.stripe_id, 1)
    hear(own)
    row = hear(own, item(gold.stripe_id, 2, ends=NOW + 365 * DAY), after=DAY)
    assert row.membership == checkout.membership


def test_at_no_price_of_ours_it_is_flagged_as_ever(checkout, hear):
    """S9, G12"""
    hear(item(checkout.price.stripe_id, 1))
    row = hear(item("price_strange", 1), COACHING, after=DAY)
    assert row.flag == "unknown_price"


def test_the_renewal_of_what_was_added_closes_no_month_that_is_paid(checkout, hear):
    """G2, G12: it is refused in the middle of the membership's own period, and grace runs from then on."""
    own = item(checkout.price.stripe_id, 1)
    hear(own, COACHING)
    refused = said.invoice("in_2", **UNPAID, billing_reason="subscription_cycle", created_at=NOW + 20 * DAY)
    row = hear(own, COACHING, after=20 * DAY, status=SubscriptionStatus.PAST_DUE, latest_invoice=refused)
    assert row.access_until == NOW + 27 * DAY
