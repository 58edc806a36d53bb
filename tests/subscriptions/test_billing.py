"""What is told of money: once when it came, once for each refusal, and never of nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lms_memberships.models import Invoice
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import billing, lifecycle
from tests.subscriptions import said
from tests.subscriptions.said import NOTHING, NOW, UNPAID

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def row(checkout, nobody_answers, names):
    found = lifecycle.reconcile(said.subscription(checkout), gateway=nobody_answers, now=NOW)
    names()
    return found


@pytest.fixture
def hear(row, nobody_answers):
    def record(snapshot, status="active"):
        row.status = SubscriptionStatus(status)
        row.save()
        return billing.record_invoice(snapshot, gateway=nobody_answers, now=NOW)

    return record


def later(snapshot, **changes):
    return replace(snapshot, read_started_at=snapshot.read_started_at + SECOND, **changes)


def test_money_that_came_is_told_once(row, hear, names):
    """F4"""
    paid = said.invoice()
    invoice = hear(paid)
    hear(later(paid))
    assert names() == ["PaymentSucceeded"]
    assert (invoice.subscription, invoice.user, invoice.membership) == (row, row.user, row.membership)
    assert Invoice.objects.count() == 1


def test_an_amount_of_zero_is_no_payment(hear, names):
    """Trap 11: the first invoice of a trial is paid, with nothing."""
    hear(said.invoice(**NOTHING))
    assert names() == []


def test_open_then_paid_is_told_when_it_is_paid(hear, names):
    invoice = said.invoice(**{**UNPAID, "attempts": 0})
    hear(invoice)
    assert names() == []
    assert hear(later(said.invoice())).status == "paid"
    assert names() == ["PaymentSucceeded"]


def test_each_refusal_is_told_once(hear, told):
    refused = said.invoice(**UNPAID)
    for attempts in (1, 1, 2, 2, 3):
        refused = later(refused, attempts=attempts)
        hear(refused, "past_due")
    assert [fact.attempt for fact in told] == [1, 2, 3]


def test_the_last_refusal_is_told_even_when_it_ends_the_subscription(hear, names):
    hear(said.invoice(**UNPAID, attempts=4), "canceled")
    assert names() == ["PaymentFailed"]


def test_a_debit_on_its_way_is_no_refusal(hear, names):
    """G1: an attempt was made and the invoice is open, but Stripe still calls the subscription active."""
    processing = said.invoice(**UNPAID)
    hear(processing)
    assert names() == []
    hear(later(processing), "past_due")
    assert names() == ["PaymentFailed"]


def test_an_older_read_of_an_invoice_cannot_take_its_payment_back(hear, names):
    """B2"""
    hear(later(said.invoice()))
    hear(said.invoice(**UNPAID), "past_due")
    assert Invoice.objects.get().status == "paid"
    assert names() == ["PaymentSucceeded"]


def test_an_invoice_of_somebody_else_makes_no_row(nobody_answers, names, db):
    """L9: it names neither a subscription nor an attempt of ours."""
    foreign = said.invoice(subscription_id="", metadata={})
    assert billing.record_invoice(foreign, gateway=nobody_answers, now=NOW) is None
    assert not Invoice.objects.exists()
    assert names() == []
