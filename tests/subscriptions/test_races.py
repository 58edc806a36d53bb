"""What if several processes do the same at the same moment? Real processes, real row locks: PostgreSQL only."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from lms_memberships import clock as our_clock
from lms_memberships.models import Checkout, Email, Invoice, Subscription, WebhookEvent
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout, lifecycle
from lms_memberships.webhooks import inbox
from tests import hosted
from tests.faults import processes
from tests.subscriptions import said
from tests.webhooks_rig import post_event

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
ROUNDS = 5


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Each job in a process of its own, all let go together. Returns what they return, in order; none may fail."""
    return processes.values(processes.at_once(*jobs))


def start(student, membership) -> str:
    gateway = connect.get_gateway()
    return checkout.start(
        student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=our_clock.now()
    )


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_eight_presses_at_once_open_one_page(student, membership, sandbox, _round):
    """C6"""
    urls = at_once(*[lambda: start(student, membership)] * 8)
    assert len(set(urls)) == 1
    assert len(sandbox.store.all("checkout.session", account=sandbox.account_id)) == 1
    assert Checkout.objects.count() == 1


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_the_same_read_in_eight_processes_is_one_subscription(student, membership, nobody_answers, _round):
    """B3, C2, F4"""
    read = said.subscription(said.attempt(student, membership))
    at_once(*[lambda: lifecycle.reconcile(read, gateway=nobody_answers, now=said.NOW).pk] * 8)
    row = Subscription.objects.get()
    assert (row.turn, row.is_open_told) == (2, True)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_new_and_an_old_read_at_once_leave_the_new_one(student, membership, nobody_answers, _round):
    """B2"""
    attempt = said.attempt(student, membership)
    old = said.subscription(attempt, latest_invoice=said.invoice(**said.UNPAID))
    new = said.subscription(attempt, read_started_at=said.NOW + timedelta(seconds=1))

    def hear(read):
        return lambda: lifecycle.reconcile(read, gateway=nobody_answers, now=said.NOW).pk

    at_once(*[hear(old), hear(new)] * 4)
    assert Subscription.objects.get().is_live(said.NOW)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_purchases_at_once_leave_one(student, membership, nobody_answers, _round):
    """C6: exactly one of them is the second, however they meet."""
    one = said.attempt(student, membership, state=Checkout.State.EXPIRED)
    two = said.attempt(student, membership)

    def hear(attempt, stripe_id):
        read = said.subscription(attempt, stripe_id)
        return lambda: lifecycle._reconcile(read, gateway=nobody_answers, now=said.NOW).pk

    at_once(hear(one, "sub_1"), hear(two, "sub_2"))
    assert Subscription.objects.giving_access(said.NOW).count() == 1
    assert Subscription.objects.filter(duplicate_of__isnull=False, access_until=None).count() == 1


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_workers_and_the_way_back_at_once(student, membership, sandbox, postman, settings, _round):
    """C2, F4: three workers and the student's browser; each thing is told once."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    hosted.pay(start(student, membership))
    for event in postman.waiting():
        assert post_event(event).status_code == 200
    session_id = Checkout.objects.get().session_id

    def come_back():
        gateway = connect.get_gateway()
        return checkout.finish(student, session_id, gateway=gateway, now=our_clock.now()).pk

    def work():
        return inbox.work_off(now=our_clock.now())

    at_once(come_back, work, work, work)
    row = Subscription.objects.get()
    assert (row.is_live(our_clock.now()), row.turn) == (True, 2)
    assert Invoice.objects.count() == 1
    assert len(set(Email.objects.values_list("key", flat=True))) == Email.objects.count()
    assert not WebhookEvent.objects.filter(state="received").exists()


def test_the_same_event_from_eight_senders_is_one_row(db):
    """A1"""
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "customer.subscription.updated",
        "created": int(our_clock.wall_time().timestamp()),
        "livemode": False,
        "data": {"object": {"id": "sub_1", "object": "subscription"}},
    }
    answers = at_once(*[lambda: [post_event(event).status_code for _time in range(10)]] * 8)
    assert {status for answer in answers for status in answer} == {200}
    assert WebhookEvent.objects.count() == 1


def test_two_lapses_at_once_are_told_once(student, membership, nobody_answers):
    """F4"""
    read = said.subscription(said.attempt(student, membership))
    lifecycle.reconcile(read, gateway=nobody_answers, now=said.NOW)
    later = said.NOW + timedelta(days=60)
    assert sum(at_once(*[lambda: lifecycle.announce_lapses(now=later)] * 4)) == 1
