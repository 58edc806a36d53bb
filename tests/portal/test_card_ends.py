"""Does a card of the account page say when it ends, in every situation in which it does, and in no other? (P12)"""

from datetime import timedelta

import pytest

from lms_memberships.models import Departure, Withdrawal
from lms_memberships.portal import standing
from lms_memberships.portal.dates import day
from lms_memberships.portal.situations import Situation
from lms_memberships.subscriptions.models import FOR_GOOD
from lms_memberships.subscriptions.queries import NO_PLACE, UNKNOWN_PRICE
from tests.portal.test_account import hold, read, seller

__all__ = ["hold", "read", "seller"]
pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NEVER, WHEN_CANCELLED, NOTHING = "It does not end", "When you cancel it", ""
#: Kept open for some days after the period's end: no day on which anything ends.
GRACE = {"period_end": 20 * DAY, "until": 27 * DAY}
OVER = {"status": "canceled", "until": -DAY, "ended_at": -DAY}
GIFT = {"origin": "gift", "is_recurring": False}

#: By situation: how it comes about, and what is said. A span is from now on.
ENDS: dict[Situation, tuple[dict[str, object], object]] = {
    Situation.FOR_GOOD: ({"is_recurring": False, "until": FOR_GOOD, "interval": "one_time"}, NEVER),
    Situation.GIVEN: ({"origin": "given", "is_recurring": False, "until": FOR_GOOD}, NEVER),
    Situation.GIVEN_FOR_A_WHILE: ({"origin": "given", "is_recurring": False, "until": 9 * DAY}, 9 * DAY),
    Situation.PAID_OFF: ({"until": FOR_GOOD, "paid_up_at": -DAY}, NEVER),
    Situation.TRIAL_WITH_CARD: ({"status": "trialing", "trial_end": 5 * DAY}, WHEN_CANCELLED),
    Situation.TRIAL_WITHOUT_CARD: (
        {"status": "trialing", "trial_end": 5 * DAY, "until": 5 * DAY, "has_card": False},
        5 * DAY,
    ),
    Situation.RENEWING: (GRACE, WHEN_CANCELLED),
    Situation.ENDING: ({"cancel_at": 20 * DAY, "until": 20 * DAY}, 20 * DAY),
    Situation.CLOSED_ENDING: (GRACE | {"cancel_at": 20 * DAY, "until": -DAY}, 20 * DAY),
    Situation.FAILING: ({"status": "past_due", "unpaid_since": -DAY}, NOTHING),
    Situation.LOCKED: ({"status": "unpaid", "until": -DAY}, NOTHING),
    Situation.WAITING: ({"opened_at": None, "until": None}, NOTHING),
    Situation.WAITING_TO_END: ({"opened_at": None, "until": None, "cancel_at": 20 * DAY}, 20 * DAY),
    Situation.PAUSED: ({"status": "paused", "until": -DAY}, NOTHING),
    Situation.PAYMENTS_PAUSED: (GRACE | {"collection_paused": "keep_as_draft"}, WHEN_CANCELLED),
    Situation.RUNNING_OUT: (GRACE | {"void_from": 20 * DAY, "until": 20 * DAY}, 20 * DAY),
    Situation.PRICE_UNKNOWN: ({"flag": UNKNOWN_PRICE, "until": 20 * DAY}, 20 * DAY),
    Situation.PRICE_UNKNOWN_CLOSED: ({"flag": UNKNOWN_PRICE, "until": -DAY}, NOTHING),
    Situation.LEAVING: (GRACE | {"leaves": True}, 20 * DAY),
    Situation.WITHDRAWING: (OVER | {"withdraws": True}, NOTHING),
    Situation.ENDED: (OVER, NOTHING),
    Situation.RETURNED: (OVER | {"flag": NO_PLACE}, NOTHING),
    Situation.REFUNDED: ({"until": -DAY, "revoked_at": -DAY, "is_revoked_by_refund": True}, NOTHING),
    Situation.REVOKED: ({"until": -DAY, "revoked_at": -DAY}, NOTHING),
    Situation.DISPUTED: ({"until": -DAY, "suspended_at": -DAY}, NOTHING),
    Situation.DISPUTE_LOST: (OVER | {"suspended_at": -DAY, "lost": True}, NOTHING),
    Situation.DISPUTE_LOST_ENDING: (
        {"until": -DAY, "suspended_at": -DAY, "cancel_at": 20 * DAY, "lost": True},
        NOTHING,
    ),
    Situation.GIFT: (GIFT | {"until": 20 * DAY, "started_at": -DAY}, 20 * DAY),
    Situation.GIFT_DISPUTED: (GIFT | {"until": -DAY, "suspended_at": -DAY}, NOTHING),
    Situation.GIFT_DISPUTE_LOST: (GIFT | {"until": -DAY, "suspended_at": -DAY, "lost": True}, NOTHING),
    Situation.GIFT_LATER: (GIFT | {"until": 40 * DAY, "started_at": 5 * DAY}, 40 * DAY),
}
#: The same situation, come about in another way.
BESIDES: list[tuple[Situation, dict[str, object], object]] = [
    (Situation.FAILING, {"status": "past_due", "unpaid_since": -DAY, "cancel_at": 20 * DAY}, 20 * DAY),
    (Situation.WAITING, {"status": "trialing", "trial_end": 5 * DAY, "opened_at": None, "until": None}, NOTHING),
    (
        Situation.WAITING_TO_END,
        {"status": "trialing", "trial_end": 5 * DAY, "opened_at": None, "until": None, "cancel_at": 5 * DAY},
        5 * DAY,
    ),
    (Situation.CLOSED_ENDING, {"status": "paused", "until": -DAY, "cancel_at": 20 * DAY}, 20 * DAY),
    (Situation.PAUSED, GRACE | {"void_from": -DAY, "until": -DAY}, NOTHING),
    (Situation.LEAVING, {"status": "paused", "until": -DAY, "leaves": True}, NOTHING),
    (Situation.LEAVING, {"status": "past_due", "unpaid_since": -DAY, "leaves": True}, NOTHING),
    (Situation.LEAVING, {"opened_at": None, "until": None, "leaves": True}, NOTHING),
    (Situation.LEAVING, {"period_end": -DAY, "until": 6 * DAY, "leaves": True}, NOTHING),
    (Situation.WITHDRAWING, {"until": -DAY, "suspended_at": -DAY, "withdraws": True}, NOTHING),
    (Situation.PAYMENTS_PAUSED, GRACE | {"collection_paused": "mark_uncollectible"}, WHEN_CANCELLED),
]
CASES = [(situation, *each) for situation, each in ENDS.items()] + BESIDES


def test_every_situation_has_its_line_here():
    """P12"""
    assert set(ENDS) == set(Situation)


@pytest.mark.parametrize(("situation", "columns", "end"), CASES)
def test_it_says_when_it_ends_or_nothing(situation, columns, end, hold, read, now):
    """P12: a day on which it ends, "When you cancel it", or no line at all."""
    columns = {name: now + value if isinstance(value, timedelta) else value for name, value in columns.items()}
    is_lost, leaves, withdraws = (columns.pop(name, False) for name in ("lost", "leaves", "withdraws"))
    row = hold(**columns)
    if is_lost:
        row.disputes.create(**_lost(row, now))
    if leaves:
        Departure.objects.create(subscription=row, asked_at=now)
    if withdraws:
        said = {"title": "Studio pass", "contract_at": now - DAY, "declared_at": now}
        Withdrawal.objects.create(subscription=row, membership=row.membership, **said)
    row.refresh_from_db()
    card = standing.standing(row, now=now, language="en")
    said = day(now + end, "en") if isinstance(end, timedelta) else end
    assert (card.situation, card.end) == (situation, said)
    page = read()
    assert (f"Ends {said}" in page) if said else ("Ends " not in page)


def _lost(row, now) -> dict[str, object]:
    return {
        "account": row.account,
        "livemode": row.livemode,
        "membership": row.membership,
        "stripe_id": "du_1",
        "payment_intent_id": "pi_1",
        "status": "lost",
        "amount": 1900,
        "currency": "eur",
        "created_at": now - DAY,
        "read_started_at": now,
    }
