"""Since when is a payment missing? From the first failure on, however it came about, and no later for being tried again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import billing, copies, lifecycle
from tests.subscriptions import said
from tests.subscriptions.said import MONTH, NOW, UNPAID

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
GRACE = 7 * DAY
PAST_DUE = {"status": SubscriptionStatus.PAST_DUE}
RENEWED = {"current_period_start": NOW + MONTH, "current_period_end": NOW + 2 * MONTH}


@pytest.fixture
def hear(checkout, nobody_answers):
    """One read of Stripe's subscription, with its latest invoice, so long after the purchase. The row as it is then."""
    # What the bank wants of whoever pays is no matter here.
    nobody_answers.needs_person = lambda invoice_id: False

    def read(after: timedelta = timedelta(0), **changes):
        now = NOW + after
        snapshot = said.subscription(checkout, read_started_at=now, **changes)
        row = lifecycle.reconcile(snapshot, gateway=nobody_answers, now=now)
        if snapshot.latest_invoice is not None:
            owner = billing.Owner.of(row)
            billing.record_invoice_of(owner, snapshot.latest_invoice, gateway=nobody_answers, now=now)
        row.refresh_from_db()
        return row

    return read


def extra(**changes):
    """Of a change within the period, made in Stripe's dashboard on day 20."""
    values = {"billing_reason": "subscription_update", "created_at": NOW + 20 * DAY, "total": Money(1267, "eur")}
    return said.invoice("in_2", **{**UNPAID, **values, **changes})


def renewal(**changes):
    values = {"billing_reason": "subscription_cycle", "created_at": NOW + MONTH}
    return said.invoice("in_2", **{**UNPAID, **values, **changes})


def read_at(moment: timedelta, invoice):
    """The invoice as that read has it."""
    return {"latest_invoice": replace(invoice, read_started_at=NOW + moment)}


def test_what_fails_within_a_paid_period_has_its_days_of_grace_from_then_on(hear):
    """G2: paid for a month, and on day 20 a card is refused for more."""
    hear()
    row = hear(20 * DAY, **PAST_DUE, **read_at(20 * DAY, extra()))
    assert row.access_until == NOW + 20 * DAY + GRACE


def test_tries_of_stripes_extend_nothing(hear):
    """G2: told again on day 23, and on day 26, and when the period has moved on."""
    hear()
    until = hear(20 * DAY, **PAST_DUE, **read_at(20 * DAY, extra())).access_until
    for day, attempts in ((23, 2), (26, 3)):
        row = hear(day * DAY, **PAST_DUE, **read_at(day * DAY, extra(attempts=attempts)))
        assert row.access_until == until
    row = hear(MONTH + DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + DAY, renewal()))
    assert row.access_until == until


def test_control_whoever_counts_from_each_read_never_closes(hear, monkeypatch):
    """G2, negative control: the debt of a row that owes already, reckoned anew."""
    hear()
    monkeypatch.setattr(copies, "_unpaid_since", lambda subscription, snapshot, *, now: now)
    first = hear(20 * DAY, **PAST_DUE, **read_at(20 * DAY, extra())).access_until
    assert hear(26 * DAY, **PAST_DUE, **read_at(26 * DAY, extra(attempts=3))).access_until > first


def test_a_second_debt_of_one_period_is_a_new_one(hear):
    """G2, A16: the renewal failed and was paid on day 5, unseen; on day 20 something else fails."""
    hear()
    row = hear(MONTH, **PAST_DUE, **RENEWED, **read_at(MONTH, renewal()))
    assert row.unpaid_since == NOW + MONTH
    paid = {"status": "paid", "amount_paid": 1900, "paid_at": NOW + MONTH + 5 * DAY}
    row.invoices.filter(stripe_id="in_2").update(**paid)
    again = replace(extra(created_at=NOW + MONTH + 20 * DAY), id="in_3")
    row = hear(MONTH + 20 * DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + 20 * DAY, again))
    assert row.access_until == NOW + MONTH + 20 * DAY + GRACE


def test_a_debit_that_fails_late_has_its_days_of_grace_from_then_on(hear):
    """G2, G10: billed at the renewal, refused on day 6; the bank says so when it does."""
    hear()
    hear(MONTH, **RENEWED, **read_at(MONTH, renewal()))
    row = hear(MONTH + 6 * DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + 6 * DAY, renewal()))
    assert row.access_until == NOW + MONTH + 6 * DAY + GRACE
    later = hear(MONTH + 9 * DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + 9 * DAY, renewal(attempts=2)))
    assert later.access_until == row.access_until, "and a second look changes nothing"


def test_a_card_that_is_refused_at_the_renewal_counts_from_the_periods_start(hear):
    """G2: also if the news of it comes three days late, and its invoice was known as a draft."""
    hear()
    hear(MONTH, **RENEWED, **read_at(MONTH, renewal(status="draft", attempts=0)))
    row = hear(MONTH + 3 * DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + 3 * DAY, renewal()))
    assert row.access_until == NOW + MONTH + GRACE


def test_an_invoice_that_was_heard_of_before_its_subscription_is_no_debit(hear, nobody_answers):
    """G2: what was known of the subscription was of the period before; nothing is given for the delay."""
    row = hear()
    billing.record_invoice_of(billing.Owner.of(row), renewal(), gateway=nobody_answers, now=NOW + MONTH)
    row = hear(MONTH + 3 * DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + 3 * DAY, renewal()))
    assert row.access_until == NOW + MONTH + GRACE


def test_what_is_first_seen_past_due_counts_from_stripes_own_words(hear, nobody_answers):
    """G2, D6: nobody was here when it failed."""
    nobody_answers.list_invoices = lambda subscription_id: [said.invoice(), renewal()]
    row = hear(MONTH + 3 * DAY, **PAST_DUE, **RENEWED, **read_at(MONTH + 3 * DAY, renewal()))
    assert row.unpaid_since == NOW + MONTH
