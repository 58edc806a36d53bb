"""What does a subscription bring in every month? The table of what other products were once wrong about (H10)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lms_memberships.models import Invoice, RevenueChange, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.gateway import InvoiceSnapshot, LastingDiscount
from lms_memberships.subscriptions import revenue
from tests import hosted
from tests.factories import MembershipFactory
from tests.flows.steps import buy, press_join
from tests.subscriptions import said

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def half() -> LastingDiscount:
    return LastingDiscount(percent_off=5000)


def off(minor: int, currency: str = "eur") -> LastingDiscount:
    return LastingDiscount(amount_off=Money(minor, currency))


@pytest.mark.parametrize(
    ("minor", "interval", "count", "discounts", "monthly"),
    [
        (500, "month", 1, (), 500),
        (500, "month", 1, (half(),), 250),
        (6000, "year", 1, (half(),), 250),
        (500, "month", 1, (off(100),), 400),
        (6000, "year", 1, (off(60),), 495),
        (500, "month", 1, (off(600),), 0),
        (500, "month", 1, (off(100, "usd"),), 500),
        (500, "month", 1, (half(), off(50)), 200),
        (999, "month", 1, (LastingDiscount(percent_off=1250),), 874),
        (3000, "month", 3, (), 1000),
        (1000, "week", 1, (), 4333),
        (1000, "week", 2, (), 2166),
        (100, "day", 1, (), 3041),
        (6000, "year", 2, (), 250),
    ],
)
def test_every_rhythm_and_every_lasting_discount_is_a_month(minor, interval, count, discounts, monthly):
    """H10: in minor units, rounded down; whole numbers only."""
    snapshot = replace(
        said.subscription(None),
        money=Money(minor, "eur"),
        interval=interval,
        interval_count=count,
        lasting_discounts=discounts,
    )
    assert revenue.monthly(snapshot) == monthly


@pytest.fixture
def make_code(gateway):
    def make(code: str, **coupon: object):
        made = gateway.client.v1.coupons.create(coupon)
        gateway.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": made.id}, "code": code})

    return make


@pytest.mark.parametrize(
    ("coupon", "billed", "counted"),
    [
        ({"percent_off": 50, "duration": "forever"}, 950, 950),
        ({"percent_off": 12.5, "duration": "forever"}, 1662, 1662),
        ({"amount_off": 300, "currency": "eur", "duration": "forever"}, 1600, 1600),
        ({"percent_off": 50, "duration": "once"}, 950, 1900),
        ({"percent_off": 50, "duration": "repeating", "duration_in_months": 3}, 950, 1900),
        ({"amount_off": 300, "currency": "eur", "duration": "repeating", "duration_in_months": 3}, 1600, 1900),
    ],
)
def test_what_is_taken_off_for_good_counts_and_what_ends_does_not(
    client_for, student, membership, postman, make_code, coupon, billed, counted
):
    """H10: from the code on the page to the bill and the report."""
    make_code("GHOST", **coupon)
    assert hosted.pay(press_join(client_for(student), membership, data={"promo": "GHOST"}))[0] == 303
    postman.deliver()
    subscription = Subscription.objects.get()
    assert subscription.invoices.get().total == billed
    [change] = RevenueChange.objects.all()
    assert (change.kind, change.delta, change.members) == ("new", counted, 1)
    assert change.at == subscription.opened_at


def test_a_discount_that_is_given_later_is_less_from_then_on(client_for, student, membership, postman, gateway, clock):
    """H10"""
    buy(client_for(student), membership)
    postman.deliver()
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    clock.advance(days=3)
    stripe_id = Subscription.objects.get().stripe_id
    gateway.client.v1.subscriptions.update(stripe_id, {"discounts": [{"coupon": coupon.id}]})
    postman.deliver()
    postman.deliver()
    changes = RevenueChange.objects.order_by("pk")
    assert [(each.kind, each.delta, each.members) for each in changes] == [("new", 1900, 1), ("changed", -950, 0)]


def test_noted_once_however_often_it_is_read(client_for, student, membership, postman, gateway, now):
    """A second read finds no difference, and one that comes from nowhere changes nothing."""
    buy(client_for(student), membership)
    postman.deliver()
    subscription = Subscription.objects.get()
    for _time in range(2):
        revenue.hear(subscription, gateway.read_subscription(subscription.stripe_id), now=now)
        revenue.note(subscription)
    revenue.note(Subscription.objects.get())
    assert RevenueChange.objects.count() == 1


def test_an_older_read_leaves_it_to_the_newer_one(client_for, student, membership, postman, gateway, now):
    """B2: what another process has read later is noted by that process."""
    buy(client_for(student), membership)
    postman.deliver()
    RevenueChange.objects.all().delete()
    stale = Subscription.objects.get()
    revenue.hear(stale, gateway.read_subscription(stale.stripe_id), now=now)
    stale.read_started_at = now.replace(year=2020)
    revenue.note(stale)
    assert not RevenueChange.objects.exists()


def test_a_change_of_tier_is_neither_lost_nor_won(membership, student, now):
    """X21: out of one, into the other; what ends then was lost by the second, and who comes back to it is won back."""
    other = MembershipFactory(title="Gold")
    values = {"user": student, "currency": "eur", "status": "active", "started_at": now, "opened_at": now}
    first = Subscription.objects.create(membership=membership, stripe_id="sub_1", read_started_at=now, **values)

    def read(subscription: Subscription, minor: int) -> None:
        snapshot = replace(said.subscription(None), money=Money(minor, "eur"))
        revenue.hear(subscription, snapshot, now=now)
        revenue.note(subscription)

    read(first, 1900)
    first.membership = other
    read(first, 2900)
    first.status, first.ended_at = "canceled", now
    read(first, 2900)
    again = Subscription.objects.create(membership=other, stripe_id="sub_2", read_started_at=now, **values)
    read(again, 2900)
    told = RevenueChange.objects.order_by("pk").values_list("kind", "membership_id", "delta", "members")
    assert list(told) == [
        ("new", membership.pk, 1900, 1),
        ("switched", membership.pk, -1900, -1),
        ("switched", other.pk, 2900, 1),
        ("lost", other.pk, -2900, -1),
        ("won_back", other.pk, 2900, 1),
    ]


@pytest.mark.parametrize(
    "otherwise",
    [
        {"status": "trialing"},
        {"status": "unpaid"},
        {"opened_at": None},
        {"origin": "gift"},
        {"origin": "given"},
        {"is_recurring": False},
        {"flag": "unknown_price"},
        {"flag": "no_place"},
        {"collection_paused": "void"},
    ],
)
def test_what_is_not_paid_for_again_and_again_does_not_count(membership, student, now, otherwise):
    """H10"""
    values = {"user": student, "currency": "eur", "status": "active", "started_at": now, "opened_at": now}
    subscription = Subscription(membership=membership, **{**values, **otherwise})
    assert not revenue.counts(subscription)
    assert revenue.counts(Subscription(membership=membership, **values))


@pytest.fixture
def after_trial(membership, student, now):
    """Its trial is over, and Stripe calls it active although nothing was paid yet."""

    def read(*, latest: InvoiceSnapshot | None, heard_at: datetime = now) -> None:
        held, _is_new = Subscription.objects.get_or_create(
            stripe_id="sub_1", user=student, membership=membership, currency="eur", status="active",
            started_at=now - 10 * DAY, opened_at=now - 10 * DAY, trial_end=now, read_started_at=now,
        )  # fmt: skip
        revenue.hear(held, replace(said.subscription(None), latest_invoice=latest), now=heard_at)
        revenue.note(held)

    return read


@pytest.fixture
def billed(membership, student, now):
    """An invoice that is written down here."""

    def go(at, **more: object) -> Invoice:
        values = {"user": student, "membership": membership, "currency": "eur", "created_at": at, "read_started_at": now,
                  "total": 1900, "amount_paid": 1900, "amount_due": 1900, "status": "paid", "period_start": at,
                  "paid_at": at, "stripe_id": f"in_{Invoice.objects.count()}"}  # fmt: skip
        return Invoice.objects.create(subscription=Subscription.objects.get(), **{**values, **more})

    return go


def kinds() -> list[str]:
    return list(RevenueChange.objects.order_by("pk").values_list("kind", flat=True))


def test_a_trial_brings_nothing_until_its_first_payment_came(after_trial, now):
    """X21: the definition on the page, "paid for the first time, after the trial if there was one"."""
    of_the_trial = replace(said.invoice(), period_start=now - 10 * DAY)
    failed = replace(said.invoice(), period_start=now, status="open")
    for latest in (None, of_the_trial, failed):
        after_trial(latest=latest)
        assert kinds() == []
    after_trial(latest=replace(said.invoice(), period_start=now))
    assert kinds() == ["new"]


def test_a_payment_that_came_before_the_newest_invoice_counts(after_trial, billed, now):
    """X21: read for the first time long after, while the newest invoice is still open."""
    after_trial(latest=None)
    billed(now)
    after_trial(latest=replace(said.invoice(), period_start=now + 31 * DAY, status="open"))
    assert kinds() == ["new"]


def test_new_is_dated_by_the_first_payment_and_not_by_the_trials_end(after_trial, billed, now):
    """X21: paid 18 days late. What cost nothing is no payment, and a later one is not the first."""
    after_trial(latest=None)
    billed(now, total=0, amount_paid=0, amount_due=0)
    after_trial(latest=replace(said.invoice(), period_start=now, total=Money(0, "eur")))
    assert kinds() == []
    billed(now, paid_at=now + 18 * DAY)
    after_trial(latest=replace(said.invoice(), period_start=now + 31 * DAY, paid_at=now + 31 * DAY))
    assert RevenueChange.objects.get().at == now + 18 * DAY


def test_a_clock_behind_stripes_dates_nothing_before_the_trials_end(after_trial, now):
    """X21: the payment is heard of before our own clock has reached the end of the trial."""
    paid_at = now + timedelta(seconds=3)
    after_trial(latest=replace(said.invoice(), period_start=now, paid_at=paid_at), heard_at=now - timedelta(seconds=5))
    assert RevenueChange.objects.get().at == paid_at


def test_heard_of_long_after_it_is_dated_by_the_trials_end(after_trial, now):
    """X21: imported with its newest invoice alone, it was not won in the month of the import."""
    after_trial(latest=replace(said.invoice(), period_start=now + 310 * DAY, paid_at=now + 310 * DAY))
    assert RevenueChange.objects.get().at == now
