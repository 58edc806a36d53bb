"""Two processes stand between check and write: is it still done once? And doubled, when the guard is taken away?

Every test has its negative control: without it nobody would know whether the two really met.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse

from lms_memberships import clock as our_clock
from lms_memberships import events
from lms_memberships.emails import outbox, owed, switches
from lms_memberships.models import Checkout, Email, Invoice, Subscription, WebhookEvent
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout, lifecycle
from lms_memberships.webhooks import inbox, receive
from tests import hosted
from tests.faults.processes import (
    FORK,
    Meeting,
    at_once,
    meet_before,
    nobody_asks_whose_it_is,
    nobody_begins_again,
    nobody_locks,
    values,
    without_unique,
)
from tests.subscriptions import said
from tests.webhooks_rig import post_event

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

SUBSCRIPTIONS = "lms_memberships_subscription"
URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.subscription.updated",
    "created": 1_795_000_000,
    "livemode": False,
    "data": {"object": {"id": "sub_1", "object": "subscription"}},
}


def now():
    return our_clock.now()


# ------------------------------------------------------------------ A1: the same event, at the same instant


def call_twice(*, insert=None) -> list[int]:
    meeting = Meeting()

    def call() -> int:
        if insert is not None:
            receive._insert = insert
        meet_before(receive, "_insert", meeting)
        return post_event(EVENT).status_code

    answers = values(at_once(call, call, meeting=meeting))
    assert meeting.arrived == 2, "both must stand before the insert"
    return answers


def test_the_same_event_at_the_same_instant_is_one_row_and_two_200(no_worker):
    """A1"""
    assert call_twice() == [200, 200]
    assert WebhookEvent.objects.count() == 1


def test_control_without_the_constraint_it_is_two_rows(no_worker):
    """A1, negative control"""
    with without_unique("lms_memberships_webhookevent", "account", "livemode", "event_id"):
        assert call_twice() == [200, 200]
        assert WebhookEvent.objects.count() == 2


def test_control_with_a_plain_insert_one_of_them_is_an_error(no_worker):
    """A1, negative control: what dj-stripe#1239 is about."""
    meeting = Meeting()

    def call() -> int:
        receive._insert = lambda event: event.save()
        meet_before(receive, "_insert", meeting)
        return post_event(EVENT).status_code

    assert sum("IntegrityError" in answer.failure for answer in at_once(call, call, meeting=meeting)) == 1


# ------------------------------------------------------------------ B3, B5: the same new subscription


def hear(read, meeting, *, name="", locks=True):
    """A job: reconcile, perhaps inside somebody's own transaction, which also writes a group of that name."""

    def job() -> int:
        if not locks:
            nobody_locks()
            nobody_begins_again()
        meet_before(Subscription, "save", meeting)
        gateway = said.unreachable_gateway()
        if not name:
            return lifecycle.reconcile(read, gateway=gateway, now=said.NOW).pk
        with transaction.atomic():
            Group.objects.create(name=name)
            return lifecycle.reconcile(read, gateway=gateway, now=said.NOW).pk

    return job


def test_two_processes_with_the_same_new_subscription_make_one_row(student, membership, no_worker):
    """B3"""
    read = said.subscription(said.attempt(student, membership))
    meeting = Meeting()
    one, two = values(at_once(hear(read, meeting), hear(read, meeting), meeting=meeting))
    assert one == two == Subscription.objects.get().pk
    assert meeting.kept_out == 1, "the lock of the person must have held the other back"


def test_control_without_locks_the_constraint_is_what_is_left(student, membership, no_worker):
    """B3, negative control: one row still, but one of the two fails."""
    read = said.subscription(said.attempt(student, membership))
    meeting = Meeting()
    jobs = [hear(read, meeting, locks=False)] * 2
    answers = at_once(*jobs, meeting=meeting)
    assert meeting.kept_out == 0
    assert sum("IntegrityError" in answer.failure for answer in answers) == 1
    assert Subscription.objects.count() == 1


def test_control_without_locks_and_constraint_there_are_two(student, membership, no_worker):
    """B3, negative control"""
    read = said.subscription(said.attempt(student, membership))
    meeting = Meeting()
    with without_unique(SUBSCRIPTIONS, "account", "livemode", "stripe_id"):
        values(at_once(*[hear(read, meeting, locks=False)] * 2, meeting=meeting))
        assert Subscription.objects.count() == 2


def test_what_else_was_written_in_the_same_transaction_is_kept(student, membership, no_worker):
    """B5: the conflict does not poison the transaction around it."""
    read = said.subscription(said.attempt(student, membership))
    meeting = Meeting()
    jobs = [hear(read, meeting, name="first"), hear(read, meeting, name="second")]
    values(at_once(*jobs, meeting=meeting))
    assert set(Group.objects.filter(name__in=["first", "second"]).values_list("name", flat=True)) == {"first", "second"}
    assert Subscription.objects.count() == 1


def test_control_without_locks_one_transaction_is_lost(student, membership, no_worker):
    """B5, negative control"""
    read = said.subscription(said.attempt(student, membership))
    meeting = Meeting()
    jobs = [hear(read, meeting, name=name, locks=False) for name in ("first", "second")]
    answers = at_once(*jobs, meeting=meeting)
    assert sum("IntegrityError" in answer.failure for answer in answers) == 1
    assert Group.objects.filter(name__in=["first", "second"]).count() == 1


# ------------------------------------------------------------------ B2: an older read that arrives later


def read_overtaken_by_a_cancellation(student, membership, *, fence: bool) -> Subscription:
    gateway = connect.get_gateway()
    hosted.pay(checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now()))
    attempt = checkout.finish(student, Checkout.objects.get().session_id, gateway=gateway, now=now())
    stripe_id = attempt.subscription.stripe_id
    was_read, was_written = FORK.Event(), FORK.Event()

    def slow() -> str:
        if not fence:
            lifecycle._is_older = lambda read, subscription: False
        gateway = connect.get_gateway()
        snapshot = gateway.read_subscription(stripe_id)
        was_read.set()
        assert was_written.wait(30)
        lifecycle.reconcile(snapshot, gateway=gateway, now=now())
        return snapshot.status

    def quick() -> str:
        assert was_read.wait(30)
        gateway = connect.get_gateway()
        gateway.cancel_now(stripe_id)
        snapshot = gateway.read_subscription(stripe_id)
        lifecycle.reconcile(snapshot, gateway=gateway, now=now())
        was_written.set()
        return snapshot.status

    assert values(at_once(slow, quick)) == ["active", "canceled"]
    return Subscription.objects.get()


def test_an_older_read_that_arrives_later_changes_nothing(student, membership, no_worker):
    """B2"""
    row = read_overtaken_by_a_cancellation(student, membership, fence=True)
    assert row.status == "canceled"
    assert not row.is_live(now())


def test_control_without_the_fence_the_old_state_comes_back(student, membership, no_worker):
    """B2, negative control"""
    row = read_overtaken_by_a_cancellation(student, membership, fence=False)
    assert row.status == "active"
    assert row.is_live(now())


# ------------------------------------------------------------------ C2: the webhook and the way back


def come_back_while_a_worker_comes(student, membership, client_for, postman, meeting, *, locks=True):
    """Two jobs: the student's browser on the way back, and a worker with Stripe's events."""
    browser = client_for(student)
    location = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))["Location"]
    back = hosted.path_of(hosted.pay(location)[1])
    for event in postman.waiting():
        assert post_event(event).status_code == 200

    def come_back() -> int:
        if not locks:
            nobody_locks()
        meet_before(Subscription, "save", meeting)
        return browser.get(back).status_code

    def work() -> int:
        if not locks:
            nobody_locks()
        meet_before(Subscription, "save", meeting)
        return inbox.work_off(now=now())

    return come_back, work


def test_webhook_and_way_back_together_are_one_of_everything(
    student, membership, client_for, postman, no_worker, mails, settings
):
    """C2, F4: one subscription, one invoice, each mail once."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    meeting = Meeting()
    jobs = come_back_while_a_worker_comes(student, membership, client_for, postman, meeting)
    status, handled = values(at_once(*jobs, meeting=meeting))
    assert (status, meeting.kept_out) == (200, 1)
    assert handled > 0
    assert not WebhookEvent.objects.filter(state="received").exists()
    row = Subscription.objects.get()
    assert (row.is_live(now()), row.turn) == (True, 2)
    assert Invoice.objects.count() == 1
    outbox.deliver_due(now=now())
    kinds = sorted(Email.objects.values_list("kind", flat=True))
    assert kinds == ["access_gained", "admin_bought", "bought", "payment_succeeded"]
    assert len(mails()) == 4


def test_control_without_locks_and_constraint_everything_comes_twice(
    student, membership, client_for, postman, no_worker, mails
):
    """C2, negative control"""
    switches.switch_all_on()
    meeting = Meeting()
    with without_unique(SUBSCRIPTIONS, "account", "livemode", "stripe_id"):
        jobs = come_back_while_a_worker_comes(student, membership, client_for, postman, meeting, locks=False)
        at_once(*jobs, meeting=meeting)
        assert Subscription.objects.count() == 2
        outbox.deliver_due(now=now())
        assert Email.objects.filter(kind="bought").count() == 2


# ------------------------------------------------------------------ F4: two paths owe the same mail


def owe_twice(subscription: Subscription) -> None:
    fact = events.SubscriptionStarted(subscription_id=subscription.pk, turn=99)
    meeting = Meeting()

    def owe() -> None:
        meet_before(QuerySet, "bulk_create", meeting)
        with transaction.atomic():
            owed.about_subscription(fact)

    values(at_once(owe, owe, meeting=meeting))
    assert meeting.arrived == 2


@pytest.fixture
def bought(student, membership, no_worker) -> Subscription:
    """Bought while all mails were off."""
    read = said.subscription(said.attempt(student, membership))
    row = lifecycle.reconcile(read, gateway=said.unreachable_gateway(), now=said.NOW)
    switches.switch_all_on()
    return row


def test_two_paths_that_owe_the_same_mail_owe_it_once(bought):
    """F4"""
    owe_twice(bought)
    assert Email.objects.filter(kind="bought").count() == 1


def test_control_without_the_key_it_is_owed_twice(bought):
    """F4, negative control"""
    with without_unique("lms_memberships_email", "key"):
        owe_twice(bought)
        assert Email.objects.filter(kind="bought").count() == 2


# ------------------------------------------------------------------ F4, B11: two workers at the same rows


def send_with_two_workers(subscription, *, locks: bool) -> int:
    with transaction.atomic():
        owed.about_subscription(events.SubscriptionStarted(subscription_id=subscription.pk, turn=99))
    meeting = Meeting()

    def work() -> int:
        if not locks:
            nobody_locks()
            nobody_asks_whose_it_is()
            outbox._mark = lambda email, lease: True
        meet_before(QuerySet, "update", meeting)
        return outbox.deliver_due(now=now())

    sent = sum(values(at_once(work, work, meeting=meeting)))
    # With locks the second finds nothing that it could take, and does not come.
    assert meeting.arrived == (1 if locks else 2)
    return sent


def test_two_workers_send_each_mail_once(bought, mails):
    """F4"""
    send_with_two_workers(bought, locks=True)
    assert len(mails()) == len(set(mails())) == Email.objects.filter(state="sent").count() > 0


def test_control_without_locks_and_marks_each_mail_goes_out_twice(bought, mails):
    """F4, negative control"""
    send_with_two_workers(bought, locks=False)
    assert len(mails()) == 2 * len(set(mails())) > 0


def work_off_with_two_workers(student, membership, postman, sandbox, *, locks: bool) -> tuple[int, int]:
    """(events handled by both together, reads of the subscription at Stripe)."""
    gateway = connect.get_gateway()
    hosted.pay(checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now()))
    for event in postman.waiting():
        assert post_event(event).status_code == 200
    sandbox.requests.clear()
    meeting = Meeting()

    def work() -> int:
        if not locks:
            nobody_locks()
        meet_before(QuerySet, "update", meeting)
        return inbox.work_off(now=now())

    handled = sum(values(at_once(work, work, meeting=meeting)))
    reads = [each for each in sandbox.requests.all() if each["path"].startswith("/v1/subscriptions/")]
    return handled, len(reads)


def test_two_workers_handle_each_event_once(student, membership, postman, sandbox, no_worker):
    """A1, C2"""
    handled, reads = work_off_with_two_workers(student, membership, postman, sandbox, locks=True)
    assert (handled, reads) == (WebhookEvent.objects.count(), 1)
    assert Subscription.objects.get().turn == 2


def test_control_without_locks_both_handle_all(student, membership, postman, sandbox, no_worker):
    """A1, negative control"""
    meeting_handled, reads = work_off_with_two_workers(student, membership, postman, sandbox, locks=False)
    assert (meeting_handled, reads) == (2 * WebhookEvent.objects.count(), 2)


# ------------------------------------------------------------------ F4: two nightly jobs


def lapse_twice(bought, *, locks: bool) -> int:
    later = said.NOW + timedelta(days=60)
    meeting = Meeting()

    def work() -> int:
        if not locks:
            nobody_locks()
        meet_before(Subscription, "save", meeting)
        return lifecycle.announce_lapses(now=later)

    return sum(values(at_once(work, work, meeting=meeting)))


def test_two_nightly_jobs_tell_an_end_once(bought):
    """F4, U37"""
    assert lapse_twice(bought, locks=True) == 1
    assert Email.objects.filter(kind="access_lost").count() == 1


def test_control_without_locks_the_end_is_told_twice(bought):
    """F4, negative control: told twice, and owed once all the same, for the key."""
    assert lapse_twice(bought, locks=False) == 2
    assert Email.objects.filter(kind="access_lost").count() == 1
