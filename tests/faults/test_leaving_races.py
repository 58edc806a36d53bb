"""Two presses at the same moment: is a contract withdrawn from once, a cancellation noted once, and taken back for good?

With negative controls.
"""

import uuid

import pytest
from django.db import connection

from lms_memberships import clock
from lms_memberships.emails import switches
from lms_memberships.models import Checkout, Departure, Email, GuestPurchase, Subscription, Withdrawal
from lms_memberships.payments import connect
from lms_memberships.subscriptions import (
    checkout,
    deeds,
    departures,
    ending,
    guest_claims,
    guest_withdrawing,
    withdrawing,
)
from lms_memberships.subscriptions.departures import Wish
from tests import hosted
from tests.factories import UserFactory
from tests.faults.processes import (
    Meeting,
    at_once,
    meet_before,
    nobody_begins_again,
    nobody_locks,
    values,
    without_unique,
)

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")


@pytest.fixture
def held(student, membership, no_worker, settings) -> Subscription:
    """Bought and paid a moment ago."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    switches.switch_all_on()
    gateway, now = connect.get_gateway(), clock.now()
    hosted.pay(checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now))
    return checkout.finish(student, Checkout.objects.get().session_id, gateway=gateway, now=now).subscription


def together(held: Subscription, model: type, press, *, locks: bool) -> Meeting:
    meeting = Meeting()

    def job() -> bool:
        if not locks:
            nobody_locks()
            nobody_begins_again()
        meet_before(model, "save", meeting)
        press(Subscription.objects.select_related("membership", "price").get(pk=held.pk))
        return True

    assert values(at_once(job, job, meeting=meeting)) == [True, True]
    return meeting


def withdraw(row: Subscription) -> None:
    withdrawing.withdraw(row, gateway=connect.get_gateway(), now=clock.now())


def leave(row: Subscription) -> None:
    departures.leave(row, Wish(), gateway=connect.get_gateway(), now=clock.now())


def receipts() -> int:
    return Email.objects.filter(kind="withdrawn").count()


def refunds(sandbox) -> list[int]:
    return [each["amount"] for each in sandbox.store.all("refund", account=sandbox.account_id)]


def test_two_presses_are_one_declaration_one_receipt_and_one_refund(held, sandbox):
    """X14: and the money goes back once."""
    meeting = together(held, Withdrawal, withdraw, locks=True)
    assert meeting.kept_out == 1, "the lock of the person must have held the other back"
    assert (Withdrawal.objects.count(), receipts(), refunds(sandbox)) == (1, 1, [1900])
    assert Withdrawal.objects.get().done_at is not None
    held.refresh_from_db()
    assert held.status == "canceled"


def test_control_without_the_lock_there_are_two_declarations_and_two_receipts(held, sandbox):
    """X14, negative control: both stood before the row. The payment's own key is what still keeps the money together."""
    with without_unique("lms_memberships_withdrawal", "subscription_id"):
        meeting = together(held, Withdrawal, lambda row: withdrawing._declare(row, now=clock.now()), locks=False)
        assert meeting.arrived == 2
        assert (Withdrawal.objects.count(), receipts()) == (2, 2)


def parked(held: Subscription) -> GuestPurchase:
    """The same payment, as if nobody had had an account: paid, and nobody has come for it."""
    at = {"account": held.account, "livemode": held.livemode, "stripe_id": held.stripe_id}
    return GuestPurchase.objects.create(
        **at, membership=held.membership, price=held.price, state="parked", email="guest@school.test",
        amount=1900, currency="eur", created_at=clock.now(), paid_at=clock.now(),
    )  # fmt: skip


def withdraw_at_once(purchase: GuestPurchase) -> None:
    def job() -> bool:
        gateway = connect.get_gateway()
        return guest_withdrawing.withdraw(purchase, gateway=gateway, now=clock.now()).guest_id == purchase.pk

    assert values(at_once(job, job, job, job)) == [True] * 4


def test_guests_who_press_at_once_are_one_declaration_one_receipt_and_one_refund(held, sandbox):
    """X14, K2: no lock of a person, for there is none; one write finds it parked."""
    withdraw_at_once(parked(held))
    assert (Withdrawal.objects.count(), receipts(), refunds(sandbox)) == (1, 1, [1900])
    assert Withdrawal.objects.get().done_at is not None
    assert GuestPurchase.objects.get().state == "returned"


@pytest.mark.parametrize("turn", range(5))
def test_a_guest_withdraws_while_somebody_claims(held, sandbox, turn):
    """X14, K2: it is somebody's, or it is withdrawn from; never both."""
    purchase, student = parked(held), UserFactory()

    def leaves() -> bool:
        try:
            guest_withdrawing.withdraw(purchase, gateway=None, now=clock.now())
        except guest_withdrawing.AddedToAnAccount:
            return False
        return True

    def claims() -> bool:
        return guest_claims.take(purchase.pk, student.pk, now=clock.now())

    is_withdrawn, is_claimed = values(at_once(leaves, claims))
    assert is_withdrawn != is_claimed
    assert Withdrawal.objects.exists() is is_withdrawn
    assert GuestPurchase.objects.get().return_reason == ("withdrawn" if is_withdrawn else "")


def test_two_cancellations_are_one_wish(held):
    """G18, G24"""
    meeting = together(held, Departure, leave, locks=True)
    assert meeting.kept_out == 1
    assert list(Departure.objects.values_list("state", flat=True)) == ["done"]
    held.refresh_from_db()
    assert held.cancel_at == held.period_end


def test_control_without_the_lock_there_are_two_wishes(held):
    """G18, negative control"""
    with without_unique("lms_memberships_departure", "subscription_id"):
        together(held, Departure, lambda row: departures._note(row, Wish(), now=clock.now()), locks=False)
        assert Departure.objects.count() == 2


class Meanwhile:
    """The way to Stripe on which the person presses "Keep" just before one of the job's calls."""

    def __init__(self, held: Subscription, before: str) -> None:
        self.gateway, self.held, self.before, self.is_done = connect.get_gateway(), held, before, False

    def __getattr__(self, name: str):
        call = getattr(self.gateway, name)
        if name != self.before or self.is_done:
            return call
        self.is_done = True

        def slow(*args, **named):
            departures.stay(Subscription.objects.get(pk=self.held.pk), gateway=self.gateway, now=clock.now())
            return call(*args, **named)

        return slow


def job_of_one_who_stays(held: Subscription, *, before: str) -> Departure:
    """The job has read its list with this one on it; they take it back before that call. Returned: what came of it."""
    departures._note(held, Wish(), now=clock.now())
    listed = list(departures.under_way().select_related("subscription"))
    departures.carry_out_all(listed, gateway=Meanwhile(held, before), now=clock.now())
    held.refresh_from_db()
    return Departure.objects.get()


def cancellations(sandbox) -> int:
    asked = sandbox.store.all("event", account=sandbox.account_id)
    return sum(
        bool(each["type"] == "customer.subscription.updated" and each["data"]["object"]["cancel_at_period_end"])
        for each in asked
    )


def test_who_stays_while_the_job_goes_through_its_list_is_not_cancelled(held, sandbox):
    """G24: the row is looked at again right before Stripe is asked."""
    assert job_of_one_who_stays(held, before="read_subscription").state == "dropped"
    assert (held.cancel_at, cancellations(sandbox)) == (None, 0)


def test_who_stays_in_the_very_moment_of_the_call_goes_on(held, sandbox):
    """G24: Stripe had it cancelled; it is taken back there, as they were told."""
    assert job_of_one_who_stays(held, before="cancel_at_period_end").state == "dropped"
    assert (held.cancel_at, cancellations(sandbox)) == (None, 1)


@pytest.mark.parametrize("before", ["read_subscription", "cancel_at_period_end"])
def test_control_without_the_second_looks_they_are_cancelled(held, before, monkeypatch):
    """G24, negative control"""
    monkeypatch.setattr(departures, "_is_still_asked", lambda departure: True)
    monkeypatch.setattr(departures, "_go_on_after_all", lambda departure, **named: None)
    job_of_one_who_stays(held, before=before)
    assert held.cancel_at is not None


def test_staff_who_let_it_go_on_drop_what_waits_for_stripe(held, student):
    """P25, G24: the job does not cancel it a minute later."""
    departures._note(held, Wish(), now=clock.now())
    wish = deeds.Wish(by=student, reason="They rang", key=uuid.uuid4())
    ending.keep(held, wish=wish, gateway=connect.get_gateway(), now=clock.now())
    assert Departure.objects.get().state == "dropped"
    assert list(departures.under_way()) == []
