"""Two comparisons at once, and one that is killed in the middle: is the work done once, and is none of it lost?"""

import signal
from datetime import timedelta

import pytest
from django.db import connection, connections

from lms_memberships import clock as our_clock
from lms_memberships import killpoints
from lms_memberships.models import Subscription, SyncRun
from lms_memberships.payments import connect
from lms_memberships.payments.stripe_gateway import client
from lms_memberships.subscriptions import sync_course, syncing
from lms_memberships.subscriptions.sync_course import Busy, Plan
from tests.faults import crowd, traffic
from tests.faults.processes import FORK, Meeting, at_once, meet_before, nobody_locks, values
from tests.faults.traffic import requests, sync

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

PAGE = 10


class Nobody:
    """Hears all, and says nothing."""

    def repaired(self, line: str) -> None:
        return None

    def moved(self, run: SyncRun) -> None:
        return None


@pytest.fixture
def school(sandbox, clock, gateway, live_session) -> traffic.School:
    return traffic.open_school(sandbox, clock, gateway, live_session)


@pytest.fixture
def bought(school, postman, no_worker) -> Subscription:
    stripe_id = school.pay("first", school.monthly)
    postman.deliver()
    return Subscription.objects.get(stripe_id=stripe_id)


def compare() -> SyncRun:
    gateway = connect.get_background_gateway()
    plan = Plan(None, "subscriptions", page_size=PAGE)
    return syncing.synchronise(plan, gateway=gateway, now=our_clock.now(), watcher=Nobody())


def compare_with_two(*, locks: bool) -> list[str]:
    meeting = Meeting()

    def run() -> str:
        if not locks:
            nobody_locks()
        meet_before(SyncRun, "save", meeting)
        try:
            compare()
        except Busy:
            return "busy"
        return "done"

    return sorted(values(at_once(run, run, meeting=meeting)))


def test_two_runs_at_once_are_one(school, bought):
    """A4: the second says so, and does nothing."""
    school.sandbox.requests.clear()
    assert compare_with_two(locks=True) == ["busy", "done"]
    assert SyncRun.objects.count() == 1
    assert requests(school.sandbox, path="subscriptions") == ["/v1/subscriptions"]


def test_control_without_locks_all_is_done_twice(school, bought):
    """A4, negative control"""
    school.sandbox.requests.clear()
    assert compare_with_two(locks=False) == ["done", "done"]
    assert SyncRun.objects.count() == 2
    assert requests(school.sandbox, path="subscriptions").count("/v1/subscriptions") == 2


def killed_at(point: str) -> int:
    """A run in a process of its own that dies there; its exit code."""
    connections.close_all()

    def run() -> None:
        connections.close_all()
        client._clients.clear()
        killpoints.KILL_AT = point
        compare()

    process = FORK.Process(target=run, daemon=True)
    process.start()
    process.join(120)
    return process.exitcode


def test_a_killed_run_is_gone_on_with(school, bought):
    """T14, E1: SIGKILL after three pages; the rest is compared when its lease is over, the first pages not again."""
    them = crowd.gather(school.sandbox, bought, 59)
    for stripe_id in them.ids[::6]:
        them.change(stripe_id, status="canceled", ended_at=int(our_clock.now().timestamp()))
    assert killed_at("sync.moved:3") == -signal.SIGKILL
    run = SyncRun.objects.get()
    assert (run.phase, run.seen, run.finished_at) == ("subscriptions", 3 * PAGE, None)
    assert run.cursor
    code, said = sync("--all")
    assert (code, said) == (0, ["Another run is at work (subscriptions, 30 compared). Nothing was done."])
    SyncRun.objects.update(leased_until=our_clock.wall_time() - timedelta(seconds=1))
    school.sandbox.requests.clear()
    run = compare()
    assert requests(school.sandbox, path="subscriptions").count("/v1/subscriptions") == 3
    assert (run.pk, run.repaired, run.failed) == (SyncRun.objects.get().pk, 10, 0)
    assert school.complaints() == []
    assert sync("--all")[0] == 0


def test_control_without_the_cursor_it_begins_again(school, bought, monkeypatch):
    """T14, negative control"""
    crowd.gather(school.sandbox, bought, 59)
    assert killed_at("sync.moved:3") == -signal.SIGKILL
    SyncRun.objects.update(leased_until=None, cursor="")
    school.sandbox.requests.clear()
    compare()
    assert requests(school.sandbox, path="subscriptions").count("/v1/subscriptions") == 6


def test_whoever_was_taken_for_dead_writes_nothing_more(school, bought):
    """B11: a process that wakes up after its lease may not move the run of another."""
    gateway = connect.get_background_gateway()
    plan = Plan(None, "subscriptions")
    taking = {"gateway": gateway, "now": our_clock.now(), "is_fresh": False, "watcher": Nobody()}
    late = sync_course.take(plan, **taking)
    SyncRun.objects.update(leased_until=our_clock.wall_time() - timedelta(seconds=1))
    other = sync_course.take(plan, **taking)
    other.move("", phase="invoices")
    with pytest.raises(Busy):
        late.move("sub_1")
    assert SyncRun.objects.get().phase == "invoices"
