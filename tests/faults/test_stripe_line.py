"""What if Stripe hangs, fails, is busy or drops its answers? Bounds, rests, second tries and one object each."""

import secrets
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet

from lms_memberships import clock
from lms_memberships.models import Intent, Throttle
from lms_memberships.payments import connect, throttle
from lms_memberships.payments.gateway import CustomerRequest, GatewayUnreachable, NotAsked, RateLimited
from lms_memberships.payments.intents import carry_out
from lms_memberships.payments.stripe_gateway import StripeGateway, breaker, client, line
from lms_memberships.payments.stripe_gateway.line import BACKGROUND, INTERACTIVE
from lms_memberships.sandbox.faults import Fault
from tests.faults.processes import Meeting, at_once, meet_before, values
from tests.faults.sizes import SEED, pick

pytestmark = pytest.mark.django_db


def at(sandbox, manner=INTERACTIVE) -> StripeGateway:
    return StripeGateway("sk_test_line", api_base=sandbox.url, account_id=sandbox.account_id, manner=manner)


def calls(sandbox) -> int:
    return len(sandbox.requests.all())


def fail(gateway, times: int) -> None:
    for _ in range(times):
        with pytest.raises(GatewayUnreachable):
            gateway.read_account()


def person(number: int) -> CustomerRequest:
    return CustomerRequest(f"buyer{number}@school.test", "", "en", {"lmsm_user": str(number)})


# ------------------------------------------------------------------ D8: bounds and rests
@pytest.mark.parametrize(("manner", "most"), [(INTERACTIVE, 10), (BACKGROUND, 20)])
def test_no_call_can_take_longer_than_its_bounds(manner, most):
    """D8: the first try, if it failed within its time, the pause, and a second try that hangs to the end."""
    worst = manner.again_within_seconds + line.PAUSE_SECONDS + manner.connect_seconds + manner.read_seconds
    assert worst <= most


def let_the_rest_pass() -> None:
    """As after half a minute."""
    for each in client._breakers.values():
        each._rests_until = 0.0


def test_after_five_failures_nobody_waits_for_a_dead_line(sandbox):
    """D8: the sixth call fails at once and is not sent; after the rest one call tries for all."""
    gateway = at(sandbox)
    sandbox.faults.plan(Fault("hang", count=0))
    fail(gateway, breaker.FAILURES_IN_A_ROW)
    asked = calls(sandbox)
    with pytest.raises(NotAsked) as caught:
        gateway.read_account()
    assert calls(sandbox) == asked
    assert "could not be reached" in str(caught.value.message)
    assert not caught.value.is_ambiguous, "what was not sent was not done"
    sandbox.faults.clear()
    with pytest.raises(NotAsked):
        gateway.read_account()
    let_the_rest_pass()
    assert gateway.read_account().id == sandbox.account_id
    assert gateway.read_account().id == sandbox.account_id


def test_of_many_who_come_after_the_rest_only_one_asks(sandbox):
    """D8: while that one waits, the others are told at once."""
    gateway = at(sandbox)
    sandbox.faults.plan(Fault("hang", count=0))
    fail(gateway, breaker.FAILURES_IN_A_ROW)
    let_the_rest_pass()
    asked = calls(sandbox)
    with pytest.raises(GatewayUnreachable) as caught:
        gateway.read_account()
    assert not isinstance(caught.value, NotAsked)
    tried = calls(sandbox)
    assert tried > asked
    for _ in range(3):
        with pytest.raises(NotAsked):
            gateway.read_account()
    assert calls(sandbox) == tried


def test_control_without_the_breaker_the_sixth_call_is_sent(sandbox, monkeypatch):
    """D8, negative control."""
    monkeypatch.setattr(breaker, "FAILURES_IN_A_ROW", 10**6)
    gateway = at(sandbox)
    sandbox.faults.plan(Fault("hang", count=0))
    fail(gateway, 5)
    asked = calls(sandbox)
    fail(gateway, 1)
    assert calls(sandbox) > asked


def test_another_key_has_a_line_of_its_own(sandbox):
    """D8"""
    sandbox.faults.plan(Fault("hang", count=0))
    fail(at(sandbox), breaker.FAILURES_IN_A_ROW)
    sandbox.faults.clear()
    other = StripeGateway("sk_test_other", api_base=sandbox.url, account_id="")
    assert other.read_account().id == sandbox.account_id


def test_what_rests_leaves_the_write_planned(gateway, sandbox):
    """D8, D1: nothing was sent, so nothing has to be looked for."""
    sandbox.faults.plan(Fault("hang", count=0))
    fail(gateway, breaker.FAILURES_IN_A_ROW)
    with pytest.raises(NotAsked):
        make(gateway, 1)
    assert Intent.objects.get().state == Intent.State.PLANNED


# ------------------------------------------------------------------ D5, D6: busy, and locked
def test_background_work_waits_until_stripe_is_free_again(sandbox):
    """D5: as long as Stripe says; whoever waits for a page is told at once."""
    sandbox.faults.plan(Fault("status", status=429, retry_after=1.2))
    began = time.monotonic()
    assert at(sandbox, BACKGROUND).read_account().id == sandbox.account_id
    assert time.monotonic() - began >= 1.2
    sandbox.faults.plan(Fault("status", status=429, retry_after=1.2))
    asked = calls(sandbox)
    with pytest.raises(RateLimited):
        at(sandbox).read_account()
    assert calls(sandbox) == asked + 1, "it was not tried again, so nobody waited"


def lock_a_fifth(sandbox) -> None:
    sandbox.faults.plan(Fault("status", "POST /v1/*", status=429, code="lock_timeout", share=0.2, seed=SEED, count=0))


def test_locked_objects_are_tried_again_under_the_same_key(sandbox, monkeypatch):
    """D6: a fifth of all writes finds the object locked."""
    monkeypatch.setattr(line, "PAUSE_SECONDS", 0.05)
    lock_a_fifth(sandbox)
    gateway = at(sandbox, BACKGROUND)
    made = {gateway.create_customer(person(number), key=f"k{number}") for number in range(40)}
    tries = Counter(each["idempotency_key"] for each in sandbox.requests.all())
    assert len(made) == len(tries) == 40
    assert max(tries.values()) > 1
    assert len(sandbox.store.all("customer", account=sandbox.account_id)) == 40


def test_control_without_that_a_locked_object_is_a_failure(sandbox, monkeypatch):
    """D6, negative control."""
    monkeypatch.setattr(line, "_is_locked", lambda answer: False)
    lock_a_fifth(sandbox)
    refused = 0
    for number in range(40):
        try:
            at(sandbox).create_customer(person(number), key=f"k{number}")
        except RateLimited:
            refused += 1
    assert refused > 0


# ------------------------------------------------------------------ T8: answers that never arrive
def make(gateway, number: int, *, own_key: str = "") -> str:
    return carry_out(
        purpose="customer",
        subject=f"{number}{own_key}",
        parameters={"user": str(number)},
        gateway=gateway,
        call=lambda key: gateway.create_customer(person(number), key=key),
        result_id=str,
        find=lambda: gateway.find_customer(
            email=person(number).email, metadata_key="lmsm_user", metadata_value=str(number)
        ),
    )


def until_made(gateway, number: int, *, keys: bool = True) -> None:
    for _ in range(20):
        try:
            make(gateway, number, own_key="" if keys else secrets.token_hex(4))
        except GatewayUnreachable:
            continue
        return
    pytest.fail("twenty tries were not enough")


def drop_answers(sandbox, share: float) -> None:
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/*", share=share, seed=SEED, count=0))


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_whatever_answers_are_lost_each_intent_makes_one_object(share, gateway, sandbox, monkeypatch):
    """T8: 20 % of all writes are carried out and not answered; and, to meet the second try as well, 60 %."""
    monkeypatch.setattr(line, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(breaker, "FAILURES_IN_A_ROW", 10**6)
    drop_answers(sandbox, share)
    people = pick(test=25, ci=200, soak=2000)
    for number in range(people):
        until_made(gateway, number)
    made = sandbox.store.all("customer", account=sandbox.account_id)
    assert Counter(each["metadata"]["lmsm_user"] for each in made) == {str(number): 1 for number in range(people)}
    assert set(Intent.objects.values_list("state", flat=True)) == {Intent.State.CONFIRMED}
    assert set(Intent.objects.values_list("result_id", flat=True)) == {each["id"] for each in made}


def test_control_with_a_key_of_its_own_for_each_try_there_are_more(gateway, sandbox, monkeypatch):
    """T8, negative control: the same loss, and no intent that is remembered."""
    monkeypatch.setattr(line, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(breaker, "FAILURES_IN_A_ROW", 10**6)
    drop_answers(sandbox, 0.6)
    for number in range(15):
        until_made(gateway, number, keys=False)
    assert len(sandbox.store.all("customer", account=sandbox.account_id)) > 15


# ------------------------------------------------------------------ D5, M6: one pace for all processes
PACE = 20
FAKE_LIMIT = 25
#: So slow that a busy machine without a pace is still faster.
SLOW = 8


def test_turns_are_reserved_by_the_handful(gateway, django_assert_max_num_queries):
    """D5: at most a fifth of a query for each call."""
    pace = throttle.Pace("acct_pace", livemode=False)
    pace()
    with django_assert_max_num_queries(8):
        # Nobody waits for them here, so that a busy machine lets none of them grow stale.
        for _ in range(39):
            pace._next_turn(PACE)


def test_turns_that_were_not_taken_are_not_saved_up(gateway):
    """D5: after a pause no burst follows."""
    pace = throttle.Pace("acct_pace", livemode=False)
    pace()
    time.sleep(throttle.STALE_SECONDS + 0.2)
    began = time.monotonic()
    for _ in range(11):
        pace()
    assert time.monotonic() - began > 10 / PACE - 0.05


def test_a_clock_that_was_set_back_stops_nobody(gateway):
    """D5, E12"""
    pace = throttle.Pace("acct_pace", livemode=False)
    pace()
    Throttle.objects.filter(account="acct_pace").update(free_at="2099-01-01T00:00:00Z")
    pace._turns.clear()
    began = time.monotonic()
    pace()
    assert time.monotonic() - began < 10, "not until 2099"


def test_whoever_waits_for_a_page_takes_no_turn(gateway):
    """D5, M6: however much work the others have queued."""
    # What a test just before has reserved in this process would be used first, without a row.
    throttle._paces.clear()
    for _ in range(3):
        gateway.customer_exists("cus_buyer")
    assert not Throttle.objects.exists()
    connect.get_background_gateway().customer_exists("cus_nobody")
    assert Throttle.objects.count() == 1


needs_processes = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer: processes would share a lock"),
]


def handed_out(*, times: int, guarded: bool) -> tuple[int, float]:
    """Three processes reserve turns and meet between look and write. How many turns, in how many of the row's seconds?"""
    # Ahead, so that a slow start is no gap in the row; within the minute after which a clock is not believed.
    start = clock.wall_time() + timedelta(seconds=30)
    row = Throttle.objects.create(account="acct_pace", free_at=start)
    meeting = Meeting(3)

    def reserve() -> int:
        meet_before(QuerySet, "update", meeting)
        if not guarded:
            nobody_asks_who_came_first()
        pace = throttle.Pace("acct_pace", livemode=False)
        return sum(len(pace._reserve(PACE)) for _ in range(times))

    turns = sum(values(at_once(reserve, reserve, reserve, meeting=meeting)))
    assert meeting.arrived == 3
    row.refresh_from_db()
    return turns, (row.free_at - start).total_seconds()


def nobody_asks_who_came_first() -> None:
    """In this process: the guard is taken away."""
    whole = QuerySet.filter

    def careless(self: QuerySet, *args: object, **kwargs: object) -> QuerySet:
        kwargs.pop("free_at", None)
        return whole(self, *args, **kwargs)

    QuerySet.filter = careless


class Work:
    """What three workers sent, and when it was answered: seconds since before the first of them began."""

    def __init__(self, sandbox, *, each: int) -> None:
        connect.refresh()
        sandbox.requests.clear()
        self.began = time.time()

        def read() -> list[bool]:
            gateway = connect.get_background_gateway()
            return [gateway.customer_exists("cus_nobody") for _ in range(each)]

        def buy() -> list[bool]:
            gateway = connect.get_gateway()
            return [gateway.customer_exists("cus_buyer") for _ in range(3)]

        self.heard = values(at_once(read, read, read, buy))
        log = sandbox.requests.all()
        self.refused = [entry for entry in log if entry["status"] == 429]
        self.of_workers = sorted(entry["at"] - self.began for entry in log if "cus_nobody" in entry["path"])
        self.of_buyers = [entry for entry in log if "cus_buyer" in entry["path"]]

    def too_early(self, rate: int, burst: int) -> int:
        """How many answers came before their turn. A slow machine makes them later, never earlier."""
        return sum(number > rate * at + burst for number, at in enumerate(self.of_workers, 1))


class TestThreeWorkers:
    pytestmark = [*needs_processes, pytest.mark.django_db(transaction=True)]

    def test_are_handed_as_many_turns_as_the_rate_allows(self):
        """D5, M6: counted in the row itself, so that a slow machine changes nothing."""
        turns, seconds = handed_out(times=4, guarded=True)
        assert turns == 3 * 4 * throttle.MOST_AT_ONCE
        assert turns == round(PACE * seconds)

    def test_control_without_the_guard_they_are_handed_more(self):
        """D5, M6, negative control: three who looked at the same moment all took the same turns."""
        turns, seconds = handed_out(times=1, guarded=False)
        assert turns == 3 * throttle.MOST_AT_ONCE > PACE * seconds + 1

    def test_share_one_pace_and_no_buyer_waits_for_it(self, sandbox, settings):
        """D5, M6: never ahead of the pace, nothing lost, nothing refused, and buyers are not counted."""
        settings.LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND = SLOW
        sandbox.faults.plan(Fault("rate_limit", rate=FAKE_LIMIT))
        each = pick(test=8, ci=20, soak=100)
        work = Work(sandbox, each=each)
        assert [len(heard) for heard in work.heard] == [each, each, each, 3]
        assert len(work.of_workers) == 3 * each
        assert len(work.of_buyers) == 3
        assert work.too_early(SLOW, burst=1) == 0
        assert work.refused == []

    def test_control_without_a_pace_they_are_faster(self, sandbox, settings):
        """D5, M6, negative control: the same work, and most of it before its turn."""
        settings.LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND = 0
        work = Work(sandbox, each=40)
        assert len(work.of_workers) == 120
        assert work.too_early(SLOW, burst=1) > 0
