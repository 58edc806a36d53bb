"""Workers are killed, doubled, held up, and cut off from the database: is every job done, and done once?

Real processes on PostgreSQL, as in test_races.py; each guard with its negative control.
"""

import os
import signal
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from wagtail.models import Locale, Page, Site
from wagtail_lms.models import CourseEnrollment

from lms_memberships import clock as our_clock
from lms_memberships import events, leases, retrying
from lms_memberships.access import deliveries
from lms_memberships.emails import outbox, switches
from lms_memberships.management import draining, jobs
from lms_memberships.models import Delivery, Email, Invoice, Membership, Subscription, WebhookEvent
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout, lifecycle
from lms_memberships.webhooks import inbox, receive
from lms_memberships.webhooks.tasks import work_off_inbox
from tests import hosted
from tests.access import school
from tests.factories import UserFactory, put_into
from tests.faults.processes import FORK, at_once, values
from tests.faults.sizes import pick
from tests.webhooks_rig import post_event

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
LEASE = 2
WORKERS = 8


def now():
    return our_clock.now()


@pytest.fixture
def short_leases(settings):
    settings.LMS_MEMBERSHIPS_LEASE_SECONDS = LEASE


@pytest.fixture
def bought(student, membership, gateway, postman, no_worker, short_leases):
    """Paid; Stripe's calls are noted, and nothing of them is done yet. Every mail is on."""
    switches.switch_all_on()
    hosted.pay(checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now()))
    for event in postman.waiting():
        assert post_event(event).status_code == 200
    return membership


def with_a_course(membership: Membership) -> Membership:
    """An enrolment is owed as well. Tests that commit begin without Wagtail's first pages."""
    if not Site.objects.exists():
        Locale.objects.get_or_create(language_code="en")
        root = Page.add_root(instance=Page(title="Root", slug="root"))
        front = root.add_child(instance=Page(title="Front", slug="front"))
        Site.objects.create(hostname="testserver", root_page=front, is_default_site=True)
    return put_into(membership, school.course("Clay"))


def killed(work) -> None:
    """A process that does this and is killed with SIGKILL where it stands."""

    def run() -> None:
        connection.close()
        work()
        os.kill(os.getpid(), signal.SIGKILL)

    connection.close()
    process = FORK.Process(target=run, daemon=True)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def drain_until_done() -> float:
    """Seconds until nothing is left, with one worker that looks again and again."""
    began = time.monotonic()
    while WebhookEvent.objects.filter(state="received").exists() or Email.objects.filter(state="owed").exists():
        draining.drain()
        assert time.monotonic() - began < 60
        time.sleep(0.1)
    return time.monotonic() - began


# ------------------------------------------------------------------ E3, E4: a worker dies with all it holds


def test_what_a_killed_worker_held_is_done_within_two_leases(bought, mails):
    """E3, E4: ten leases and more; and the one who comes to the rescue is killed as well."""
    killed(inbox._claim)
    assert WebhookEvent.objects.exclude(leased_until=None).count() >= pick(test=5, ci=5, soak=5)
    assert draining.drain()["webhooks"].done == 0, "held, as far as anybody knows"
    time.sleep(LEASE)
    killed(inbox._claim)
    assert drain_until_done() < 2 * LEASE + 5
    assert Subscription.objects.get().is_live(now())
    assert len(mails()) == len(set(mails())) == 3


def test_control_without_an_end_of_leases_it_is_never_done(bought, monkeypatch):
    """E3, negative control"""
    killed(inbox._claim)
    WebhookEvent.objects.update(leased_until=our_clock.wall_time() + timedelta(days=365))
    time.sleep(LEASE)
    assert inbox.work_off(now=now()) == 0
    assert not Subscription.objects.exists()


def owe_mails(number: int) -> Subscription:
    subscription = Subscription.objects.get()
    for turn in range(100, 100 + number):
        with transaction.atomic():
            events.publish(events.AccessGained(subscription_id=subscription.pk, turn=turn))
    return subscription


def test_ten_mails_of_a_killed_worker_leave_once(bought, mails):
    """E3, F1: leased and not marked, they are nobody's loss."""
    inbox.work_off(now=now())
    owe_mails(10)
    killed(outbox._claim)
    assert Email.objects.exclude(leased_until=None).count() >= 10
    assert drain_until_done() < 2 * LEASE + 5
    assert not Email.objects.exclude(state="sent").exists()
    assert len(mails()) == Email.objects.count()


# ------------------------------------------------------------------ E2: killed right after the commit


def test_a_mail_survives_the_process_that_owed_it(bought, mails):
    """E2: killed after the commit and before any hook of it; the row is there."""

    def work() -> None:
        transaction.on_commit = lambda *args, **kwargs: None
        inbox.work_off(now=now())

    killed(work)
    assert mails() == []
    drain_until_done()
    assert len(mails()) == len(set(mails())) == 3


# ------------------------------------------------------------------ B11: every job in eight processes at once


def everything_is_once(mails) -> None:
    row = Subscription.objects.get()
    assert (row.is_live(now()), row.turn) == (True, 2)
    assert Invoice.objects.count() == 1
    assert not WebhookEvent.objects.filter(state="received").exists()
    assert len(mails()) == len(set(mails())) == Email.objects.filter(state="sent").count() == 3


def test_every_job_in_eight_processes_at_once(bought, mails, course_too):
    """B11: whatever runs, and however often, each thing is done once."""
    names = list(jobs.JOBS)

    def work() -> dict:
        results: dict = {}
        for _round in range(3):
            draining.run(names, results)
        return {name: result.error for name, result in results.items() if result.error}

    for errors in values(at_once(*[work] * WORKERS)):
        assert errors == {}
    drain_until_done()
    everything_is_once(mails)
    assert CourseEnrollment.objects.count() == 1
    assert set(Delivery.objects.values_list("state", "attempts")) == {("done", 1)}


@pytest.fixture
def course_too(bought):
    """The membership holds a course as well: an enrolment is owed."""
    return with_a_course(bought)


def send_in_eight(mails, *, guard: bool) -> None:
    """All stand with the same mails in their hands, as if leases were worth nothing."""

    def work() -> int:
        leases.is_free = lambda moment: Q()
        QuerySet.select_for_update = lambda self, *args, **kwargs: self
        leases.mine = lambda rows, token: rows
        if not guard:
            outbox._mark = lambda email, lease: True
        return outbox.deliver_due(now=now())

    at_once(*[work] * WORKERS)


def test_the_mark_alone_keeps_a_mail_from_going_out_twice(bought, mails):
    """B11, F4: even where eight workers hold the same lease."""
    inbox.work_off(now=now())
    send_in_eight(mails, guard=True)
    assert len(mails()) == len(set(mails())) == 3


def test_control_without_the_mark_they_go_out_again_and_again(bought, mails):
    """B11, negative control"""
    inbox.work_off(now=now())
    send_in_eight(mails, guard=False)
    assert len(mails()) > len(set(mails())) == 3


def hand_over_late(bought, *, guard: bool) -> int:
    """A delivery whose worker was silent for longer than its lease. How many enrolments were committed by both."""
    with_a_course(bought)
    inbox.work_off(now=now())
    (slow,) = [deliveries._lease(now())]
    Delivery.objects.update(leased_until=our_clock.wall_time() - timedelta(seconds=1))
    quick = deliveries._lease(now())
    before = {row.pk for row in slow.rows}
    assert before == {row.pk for row in quick.rows} != set()
    if not guard:
        leases.mine, real = (lambda rows, token: rows), leases.mine
    try:
        for row in slow.rows:
            deliveries._attempt(row, slow, now())
    finally:
        if not guard:
            leases.mine = real
    return Delivery.objects.filter(state="done").count()


def test_a_late_delivery_is_rolled_back(bought):
    """B11: the token is checked in the same transaction; what the item's system wrote goes with it."""
    assert hand_over_late(bought, guard=True) == 0
    assert CourseEnrollment.objects.count() == 0


def test_control_without_the_token_a_late_delivery_is_kept(bought):
    """B11, negative control"""
    assert hand_over_late(bought, guard=False) > 0
    assert CourseEnrollment.objects.count() == 1


# ------------------------------------------------------------------ B7, E6: the database takes it back

STATES = sorted(retrying.TAKEN_BACK)


def raising(state: str, *, times: int):
    """An SQL statement of ours that fails with this state, so often; then all is well."""
    left = [times]

    def wrapper(execute, sql, params, many, context):
        # The writes of the unit of work, and not those of the test's own.
        if left[0] and sql.lstrip().upper().startswith(("UPDATE", "INSERT")):
            left[0] -= 1
            execute(f"DO $$ BEGIN RAISE EXCEPTION 'taken back' USING ERRCODE = '{state}'; END $$", None, False, context)
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


@pytest.mark.parametrize("state", STATES)
def test_what_the_database_takes_back_is_done_again(state, bought, mails, monkeypatch):
    """E6, B7: each state, three times in a row, and nothing is lost or doubled."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.001)
    with raising(state, times=3):
        assert inbox.work_through(now=now()).failed == 0
    with raising(state, times=3):
        outbox.deliver_due(now=now())
    everything_is_once(mails)


def test_control_without_trying_again_it_fails(bought, monkeypatch):
    """E6, negative control"""
    monkeypatch.setattr(retrying, "MOST_TRIES", 1)
    with raising("40001", times=1), pytest.raises(OperationalError):
        inbox.work_through(now=now())


def test_a_rule_of_others_is_no_passing_matter(bought, student):
    """E6: a unique violation of ours is done again; anybody else's rises at once."""
    calls = []

    @retrying.retried
    def work() -> None:
        calls.append(1)
        UserFactory(username=student.username)

    with pytest.raises(IntegrityError):
        work()
    assert len(calls) == 1


# ------------------------------------------------------------------ E10, I9: cron only, and cron that was away


def test_cron_alone_is_enough(bought, mails):
    """E10: tasks are noted and never run; the commands do all of it."""
    assert not Subscription.objects.exists()
    call_command("memberships_drain", verbosity=0)
    everything_is_once(mails)
    call_command("memberships_daily", verbosity=0)
    everything_is_once(mails)


def test_control_what_is_only_a_task_is_never_done(student, membership, gateway, postman, no_worker, monkeypatch):
    """E10, negative control: an intake that leaves the work to the queue, and writes no row that a command could find."""
    monkeypatch.setattr(receive, "_note", lambda notice: work_off_inbox.enqueue())
    hosted.pay(checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now()))
    for event in postman.waiting():
        assert post_event(event).status_code == 200
    call_command("memberships_drain", verbosity=0)
    assert not Subscription.objects.exists()


def test_a_scheduler_that_was_off_for_three_days_catches_up_once(bought, mails, clock):
    """I9: ends are told, once; what is no news any more is not mailed; the next run finds nothing."""
    draining.drain()
    gateway = connect.get_gateway()
    row = Subscription.objects.get()
    gateway.cancel_at_period_end(row.stripe_id, key="stop")
    lifecycle.reconcile(gateway.read_subscription(row.stripe_id), gateway=gateway, now=now())
    draining.drain()
    before = len(mails())
    clock.advance(days=34)
    for run in range(2):
        call_command("memberships_daily", verbosity=0)
        lost = Email.objects.filter(kind="access_lost")
        assert [each.state for each in lost] == ["dropped"], run
        assert not Subscription.objects.get().is_open_told
    assert len(mails()) == before


def test_task_bodies_run_twice_are_as_good_as_once(bought, mails, settings):
    """B11: queues deliver a task more than once."""
    from lms_memberships.access.tasks import deliver as deliver_items
    from lms_memberships.announcements.tasks import tell
    from lms_memberships.emails.tasks import deliver as deliver_emails

    for _time in range(3):
        for task in (work_off_inbox, deliver_items, deliver_emails, tell):
            task.func()
    everything_is_once(mails)
