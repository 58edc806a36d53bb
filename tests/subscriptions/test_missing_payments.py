"""On which days of grace is a member reminded of a missing payment, however many days there are?"""

from datetime import timedelta

import pytest

from lms_memberships.models import Subscription
from lms_memberships.subscriptions import missing_payments
from tests.subscriptions.said import NOW

DAY = timedelta(days=1)


def days_of(grace: float) -> list[int]:
    """The days, counted from the begin of the unpaid period, on which a reminder comes, looked at each hour."""
    row = Subscription(status="past_due", unpaid_since=NOW, access_until=NOW + grace * DAY)
    days = []
    for hour in range(24 * 16):
        moment = missing_payments.due_since(row, now=NOW + timedelta(hours=hour))
        if moment is not None and (row.payment_reminded_for is None or row.payment_reminded_for < moment):
            row.payment_reminded_for = moment
            days.append(hour // 24)
    return days


@pytest.mark.parametrize(
    ("grace", "days"),
    [(0, []), (1, []), (2, [1]), (3, [2]), (4, [3]), (5, [3, 4]), (7, [3, 6]), (14, [3, 13])],
)
def test_the_third_day_and_the_last_one_and_never_twice(grace, days):
    """X17, F7: a short grace has fewer, and none comes on the day of the failure or after the end."""
    assert days_of(grace) == days


def test_a_job_that_did_not_run_for_days_reminds_once():
    """X17: of the last day whose time has come, and not of those before."""
    row = Subscription(status="past_due", unpaid_since=NOW, access_until=NOW + 7 * DAY)
    assert missing_payments.due_since(row, now=NOW + 6.5 * DAY) == NOW + 6 * DAY
    assert missing_payments.due_since(row, now=NOW + 7 * DAY) is None
