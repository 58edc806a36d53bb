"""Which invoices are instalments, which end is a cancellation, and what follows from the count? (V10, guide §9)."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_memberships import events
from lms_memberships.models import Subscription
from lms_memberships.money import Money
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import billing, instalments, lifecycle
from tests.subscriptions import said
from tests.subscriptions.said import MONTH, NOW

DAY = timedelta(days=1)
FREE = Money(0, "eur")


@pytest.fixture
def plan(checkout):
    """Three instalments, a month apart."""
    checkout.price.instalments = 3
    checkout.price.save()
    return checkout


@pytest.fixture
def hear(plan, nobody_answers):
    def reconcile(**changes: object) -> Subscription:
        return lifecycle.reconcile(said.subscription(plan, **changes), gateway=nobody_answers, now=NOW)

    return reconcile


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"billing_reason": "subscription_cycle"}, True),
        ({"billing_reason": "subscription_update"}, False),
        ({"billing_reason": "manual"}, False),
        ({"total": FREE, "amount_paid": FREE}, False),
    ],
)
def test_a_period_that_costs_something_is_an_instalment(changes, counts):
    """Guide §9: the reason of the invoice, and its amount."""
    assert instalments.is_instalment(said.invoice(**changes), None) is counts


def test_a_fee_for_a_trial_is_no_instalment():
    """The first invoice of a trial may hold a fee: it is no zero, and no instalment either."""
    trial_end = NOW + 14 * DAY
    assert not instalments.is_instalment(said.invoice(period_start=NOW), trial_end)
    assert instalments.is_instalment(said.invoice(period_start=trial_end), trial_end)


@pytest.mark.parametrize(
    ("days", "is_cancelled"), [(30, True), (61, True), (88, False), (90, False), (92, False), (122, False)]
)
def test_an_end_before_the_last_instalment_is_over_is_a_cancellation(hear, days, is_cancelled):
    """V10, G13: an end where the instalments are over is none; months are of different lengths."""
    row = hear(cancel_at=NOW + days * DAY, schedule_id="sub_sched_1")
    assert (row.cancel_at is not None) is is_cancelled


def test_an_end_that_no_schedule_has_set_is_a_cancellation(hear):
    """V10, G13: after a free period the last instalment is later than the dates say."""
    assert hear(cancel_at=NOW + 92 * DAY).cancel_at == NOW + 92 * DAY


def test_what_renews_may_be_cancelled_to_any_day(checkout, nobody_answers):
    """The same end, of a subscription that has no last instalment."""
    snapshot = said.subscription(checkout, cancel_at=NOW + 92 * DAY)
    row = lifecycle.reconcile(snapshot, gateway=nobody_answers, now=NOW)
    assert row.cancel_at == NOW + 92 * DAY


def test_the_last_of_january_is_the_last_of_february(hear):
    """Months are counted from the first instalment, as Stripe counts them."""
    start = datetime(2027, 1, 31, 9, tzinfo=UTC)
    row = hear(started_at=start, current_period_start=start, current_period_end=start + MONTH)
    assert [instalments.due_at(row, number) for number in range(4)] == [
        start,
        datetime(2027, 2, 28, 9, tzinfo=UTC),
        datetime(2027, 3, 31, 9, tzinfo=UTC),
        datetime(2027, 4, 30, 9, tzinfo=UTC),
    ]


def test_an_invoice_counts_once_however_it_is_heard(hear, nobody_answers):
    """A16: with the subscription, by itself, and again."""
    row = hear()
    assert row.instalments_paid == 1
    owner = billing.Owner.of(row)
    for _each in range(2):
        billing.record_invoice_of(owner, said.invoice(), gateway=nobody_answers, now=NOW)
    row = hear()
    assert (row.instalments_paid, row.paid_up_at) == (1, None)


def test_an_open_invoice_is_not_paid(hear):
    """A status of the subscription says nothing about it."""
    assert hear(latest_invoice=said.invoice(**said.UNPAID)).instalments_paid == 0


def paid_up(row: Subscription) -> Subscription:
    row.paid_up_at, row.instalments_paid = NOW, 3
    row.save()
    return row


def test_what_is_paid_off_ends_without_a_loss(hear, plan, nobody_answers, told):
    """V10: over at Stripe, which the site may hear; nobody is told of a cancellation, or of access that is lost."""
    paid_up(hear())
    told.clear()
    row = hear(status=SubscriptionStatus.CANCELED, ended_at=NOW, cancel_at=NOW + MONTH, canceled_at=NOW)
    assert (row.status, row.is_for_good) == ("canceled", True)
    assert [type(fact) for fact in told] == [events.SubscriptionEnded]


def test_what_is_paid_off_is_held_after_its_end(hear):
    """C6: a second purchase would be paid twice."""
    paid_up(hear())
    row = hear(status=SubscriptionStatus.CANCELED, ended_at=NOW)
    assert row.is_held(NOW + 365 * DAY)
    assert list(Subscription.objects.held(NOW + 365 * DAY)) == [row]


def test_what_ended_with_an_instalment_missing_is_not_held(hear, monkeypatch):
    """V10: it may be bought again."""
    row = hear()
    monkeypatch.setattr(instalments, "prove", lambda snapshot, *, gateway: 2)
    row = hear(status=SubscriptionStatus.CANCELED, ended_at=NOW)
    assert (row.instalments_paid, row.paid_up_at, row.is_live(NOW)) == (2, None, False)
    assert not row.is_held(NOW)
