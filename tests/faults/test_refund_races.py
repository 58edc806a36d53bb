"""One payment, two who give it back at the same moment: is it given back once? And twice, when the guard is taken away?"""

import uuid

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from lms_memberships.errors import Refusal
from lms_memberships.models import Invoice, Membership, Refund, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.refunds import RefundSnapshot
from lms_memberships.subscriptions import giving_back, refunds
from lms_memberships.subscriptions.payments_made import Payment, of_invoice
from tests.faults.processes import (
    Meeting,
    at_once,
    meet_before,
    nobody_begins_again,
    nobody_locks,
    values,
    without_unique,
)
from tests.faults.sizes import pick
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

ROUNDS = pick(test=2, ci=10, soak=100)
PAID = Money(1900, "eur")


@pytest.fixture
def payment() -> Payment:
    """One month, paid."""
    person, _made = get_user_model().objects.get_or_create(username="ada", email="ada@school.test")
    membership = Membership.objects.create(title="Gold", price_amount=1900, currency="eur", interval="month", live=True)
    about = {"user": person, "membership": membership, "account": said.ACCOUNT, "currency": "eur"}
    held = Subscription.objects.create(
        stripe_id="sub_1", status="active", started_at=NOW, opened_at=NOW, access_until=NOW + said.MONTH, **about
    )
    invoice = Invoice.objects.create(
        stripe_id="in_1", subscription=held, status="paid", total=1900, amount_paid=1900, amount_due=1900,
        payment_intent_id="pi_1", created_at=NOW, read_started_at=NOW, **about,
    )  # fmt: skip
    return of_invoice(invoice)


def given_by_two(payment: Payment, tokens: tuple[uuid.UUID, uuid.UUID], *, locks: bool) -> tuple[int, int]:
    """How many of two admins were let through, and how much is to go back."""
    Refund.objects.all().delete()
    meeting = Meeting()

    def job_of(token: uuid.UUID):
        def job() -> int:
            if not locks:
                nobody_locks()
            meet_before(Refund, "save", meeting)
            asked = giving_back.Asked(PAID, PAID, token)
            try:
                giving_back._decide(payment, PAID, asked, gateway=said.unreachable_gateway(), now=NOW)
            except Refusal:
                return 0
            return 1

        return job

    through = sum(values(at_once(*map(job_of, tokens), meeting=meeting)))
    given = refunds.given_back("pi_1", None, account=said.ACCOUNT, livemode=False)
    return through, given


def two_forms() -> tuple[uuid.UUID, uuid.UUID]:
    return uuid.uuid4(), uuid.uuid4()


def test_of_two_admins_at_once_one_gives_back(payment, no_worker):
    """X13, G9, H4"""
    assert [given_by_two(payment, two_forms(), locks=True) for _round in range(ROUNDS)] == [(1, 1900)] * ROUNDS


def test_control_without_the_lock_both_give_back(payment, no_worker):
    """X13, negative control: more than was paid."""
    assert (2, 3800) in [given_by_two(payment, two_forms(), locks=False) for _round in range(3)]


def test_one_form_pressed_twice_at_once_is_one_refund(payment, no_worker):
    """X13: both are told that it is on its way, and it is the same one."""
    token = uuid.uuid4()
    assert given_by_two(payment, (token, token), locks=True) == (2, 1900)
    assert Refund.objects.count() == 1


def heard_twice(payment: Payment, *, locks: bool) -> list:
    """The same refund, in two events at once."""
    Refund.objects.all().delete()
    meeting = Meeting()
    read = RefundSnapshot("re_1", "pi_1", Money(500, "eur"), "succeeded", "", NOW, NOW)

    def job() -> int:
        if not locks:
            nobody_locks()
            nobody_begins_again()
        meet_before(Refund, "save", meeting)
        return refunds.record(read, gateway=said.unreachable_gateway(), now=NOW).pk

    return at_once(job, job, meeting=meeting)


def test_one_refund_in_two_events_at_once_is_one_row(payment, no_worker):
    """G9"""
    one, two = values(heard_twice(payment, locks=True))
    assert one == two == Refund.objects.get().pk


def test_control_without_lock_and_constraint_there_are_two(payment, no_worker):
    """G9, negative control"""
    with without_unique("lms_memberships_refund", "account", "livemode", "stripe_id"):
        values(heard_twice(payment, locks=False))
        assert Refund.objects.count() == 2
        Refund.objects.all().delete()
