"""Until when each status gives access: the table of design §5, row by row."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions.liveness import RULES, Standing, access_until
from lms_memberships.subscriptions.models import FOR_GOOD

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = NOW - timedelta(days=10)
END = NOW + timedelta(days=20)
GRACE = timedelta(days=7)
DAY = timedelta(days=1)

RENEWING = Standing(
    status=SubscriptionStatus.ACTIVE,
    is_recurring=True,
    has_card=True,
    opened_at=START,
    period_end=END,
    trial_end=None,
    unpaid_since=None,
    cancel_at=None,
    canceled_at=None,
    ended_at=None,
    grace=GRACE,
    was_until=END + GRACE,
)


def standing(status: str, **changes: object) -> Standing:
    return Standing(**{**vars(RENEWING), "status": SubscriptionStatus(status), **changes})


TABLE = [
    ("renews", standing("active"), END + GRACE),
    ("renews, no grace at all", standing("active", grace=timedelta(0)), END),
    ("was cancelled: that moment, no grace", standing("active", cancel_at=END), END),
    ("ends before the period does", standing("active", cancel_at=NOW + DAY), NOW + DAY),
    ("ends in a year, pays each month", standing("active", cancel_at=NOW + 365 * DAY), END + GRACE),
    ("paid once", standing("active", is_recurring=False, period_end=None), FOR_GOOD),
    ("trial with a card", standing("trialing", trial_end=END), END + GRACE),
    ("trial without a card", standing("trialing", trial_end=END, has_card=False), END),
    ("trial with a card, cancelled", standing("trialing", trial_end=END, cancel_at=END), END),
    ("past due: start of the unpaid period", standing("past_due", unpaid_since=START), START + GRACE),
    ("past due since yesterday", standing("past_due", unpaid_since=NOW - DAY), NOW + 6 * DAY),
    (
        "past due, then cancelled: now",
        standing("past_due", unpaid_since=NOW - DAY, cancel_at=END, canceled_at=NOW),
        NOW,
    ),
    (
        "past due, and the grace was over before it was cancelled",
        standing("past_due", unpaid_since=START, cancel_at=END, canceled_at=NOW),
        START + GRACE,
    ),
    (
        "an end was set before the payment failed: the grace",
        standing("past_due", unpaid_since=NOW - DAY, cancel_at=END, canceled_at=NOW - 5 * DAY),
        NOW + 6 * DAY,
    ),
    (
        "an end was set before, and comes before the grace is over",
        standing("past_due", unpaid_since=NOW - DAY, cancel_at=NOW + DAY, canceled_at=NOW - 5 * DAY),
        NOW + DAY,
    ),
    (
        "an end was set by the same request that was not paid",
        standing("past_due", unpaid_since=NOW - DAY, cancel_at=END, canceled_at=NOW - DAY),
        NOW + 6 * DAY,
    ),
    (
        "written again without a look at Stripe: as it was",
        standing("past_due", unpaid_since=NOW - DAY, cancel_at=END, was_until=NOW - DAY),
        NOW - DAY,
    ),
    (
        "written again without a look, in the grace",
        standing("past_due", unpaid_since=NOW - DAY, cancel_at=END, was_until=NOW + 6 * DAY),
        NOW + 6 * DAY,
    ),
    ("unpaid: closed since then (G3)", standing("unpaid", was_until=START + GRACE), START + GRACE),
    ("unpaid, read while still open", standing("unpaid"), NOW),
    ("paused", standing("paused"), NOW),
    ("ended early", standing("canceled", ended_at=NOW - DAY), NOW - DAY),
    ("ended, by a clock that is ahead of ours", standing("canceled", ended_at=NOW + DAY), NOW),
    ("ended long after the grace", standing("canceled", ended_at=NOW, was_until=START), START),
    ("ended, with all instalments paid (V10)", standing("canceled", ended_at=NOW, is_paid_up=True), FOR_GOOD),
    ("all instalments paid, and it still runs (V10)", standing("active", is_paid_up=True), FOR_GOOD),
    ("incomplete after all", standing("incomplete"), NOW),
    ("incomplete for ever", standing("incomplete_expired"), NOW),
]


@pytest.mark.parametrize(("said", "row", "until"), TABLE, ids=[row[0] for row in TABLE])
def test_access_lasts_until(said: str, row: Standing, until: datetime):
    """G1, G2, G3, G5"""
    assert access_until(row, now=NOW) == until


@pytest.mark.parametrize("status", list(SubscriptionStatus))
def test_no_status_opens_before_the_first_invoice_is_settled(status: SubscriptionStatus):
    """G1"""
    row = standing(status, opened_at=None, trial_end=END, unpaid_since=START, ended_at=NOW, was_until=None)
    assert access_until(row, now=NOW) is None


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "unpaid", "paused", "canceled"])
def test_closed_means_closed_whatever_else_is_said(status: str):
    """G1, G3"""
    row = standing(status, trial_end=END, unpaid_since=NOW, ended_at=NOW if status == "canceled" else None)
    assert access_until(row, now=NOW) <= NOW


def test_every_status_has_a_rule():
    assert set(RULES) == set(SubscriptionStatus)


@pytest.mark.parametrize(("days", "is_open"), [(0, True), (6, True), (8, False)])
def test_grace_runs_from_the_first_unpaid_day(days: int, is_open: bool):
    """G2"""
    row = standing("past_due", unpaid_since=NOW - days * DAY, period_end=NOW - days * DAY + 30 * DAY)
    assert (access_until(row, now=NOW) > NOW) is is_open
