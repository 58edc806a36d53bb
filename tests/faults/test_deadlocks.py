"""Many want the same few persons' rows at once, in any order: does anybody ever see the database's no? (B7)"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.db import DatabaseError, connection, transaction

from lms_memberships import clock as our_clock
from lms_memberships import retrying
from lms_memberships.models import Checkout, Subscription, WebhookEvent
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import billing, lifecycle, people
from tests.factories import UserFactory
from tests.faults.processes import FORK, at_once, nobody_begins_again, values
from tests.faults.sizes import SEED, pick
from tests.subscriptions import said
from tests.webhooks.test_poison import noted

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

#: PostgreSQL looks for a circle after so long. Its own second would let a test see few of them.
LOOKS_AFTER = "50ms"


def look_soon() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET deadlock_timeout = '{LOOKS_AFTER}'")


# ------------------------------------------------------------------ two, crosswise


def lock_crosswise(*, again: bool) -> list[str]:
    """Two workers that lock the same two rows in opposite orders: what did each of them surface?"""
    rows = [row.pk for row in WebhookEvent.objects.bulk_create([noted("evt_1", "sub_1"), noted("evt_2", "sub_2")])]
    barrier = FORK.Barrier(2)
    met = [False]

    def job(order):
        @retrying.retried
        def work() -> None:
            with transaction.atomic():
                WebhookEvent.objects.filter(pk=order[0]).update(error="x")
                if not met[0]:
                    met[0] = True
                    barrier.wait(20)
                WebhookEvent.objects.filter(pk=order[1]).update(error="x")

        def run() -> None:
            look_soon()
            if not again:
                nobody_begins_again()
            work()

        return run

    return [answer.failure for answer in at_once(job(rows), job(rows[::-1]))]


def test_a_deadlock_never_surfaces(db):
    """B7"""
    assert lock_crosswise(again=True) == ["", ""]


def test_control_without_trying_again_one_of_them_fails(db):
    """B7, negative control"""
    failures = [failure for failure in lock_crosswise(again=False) if failure]
    assert len(failures) == 1
    assert "deadlock" in failures[0]


# ------------------------------------------------------------------ many, for a while

CLIENTS = pick(test=8, ci=16, soak=64)
SECONDS = pick(test=4, ci=20, soak=600)
PERSONS = pick(test=3, ci=4, soak=8)
#: So many are somebody else's code, which locks in an order of its own. Among dozens of them five tries would not
#: always be enough, nor would any other number: order comes first, and trying again is for the few.
STRANGERS = 2
PAUSE_SECONDS = 0.1
STATES = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.CANCELED)


@dataclass
class Client:
    """Does one thing after the other to persons whom it chooses anew each time."""

    attempts: list[Checkout]
    number: int
    is_stranger: bool = False
    done: int = 0
    taken_back: int = 0
    surfaced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{SEED}:{self.number}")  # noqa: S311 - chooses, hides nothing

    def work(self) -> "Client":
        look_soon()
        self._count_what_is_taken_back()
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                self._do_something()
            except DatabaseError as error:
                self.surfaced.append(repr(error))
            self.done += 1
        return self

    def _do_something(self) -> None:
        if self.is_stranger:
            time.sleep(self.chance.random() * PAUSE_SECONDS)
            self.chance.choice([self.lock_two, self.lock_the_wrong_way])()
        else:
            self.chance.choice([self.reconcile, self.record, self.lapse])()

    def _count_what_is_taken_back(self) -> None:
        judge = retrying.is_passing

        def count(error: DatabaseError) -> bool:
            self.taken_back += 1
            return judge(error)

        retrying.is_passing = count

    # What ours does: one person, then what they hold.

    def reconcile(self) -> None:
        attempt = self.chance.choice(self.attempts)
        now = our_clock.now()
        read = said.subscription(
            attempt, f"sub_{attempt.pk}", status=self.chance.choice(STATES), read_started_at=now, started_at=now,
            current_period_start=now, current_period_end=now + said.MONTH,
        )  # fmt: skip
        lifecycle.reconcile(read, gateway=said.unreachable_gateway(), now=now)

    def record(self) -> None:
        attempt = self.chance.choice(self.attempts)
        now = our_clock.now()
        name = f"in_{attempt.pk}_{self.chance.randrange(3)}"
        read = said.invoice(name, subscription_id=f"sub_{attempt.pk}", read_started_at=now)
        billing.record_invoice(read, gateway=said.unreachable_gateway(), now=now)

    def lapse(self) -> None:
        attempt = self.chance.choice(self.attempts)
        pk = Subscription.objects.get(user_id=attempt.user_id).pk
        lifecycle._announce_lapse(pk, attempt.user_id, now=our_clock.now())

    # What somebody else's code may do, and nobody does it again for them.

    def lock_two(self) -> None:
        """Two persons, whichever comes first."""
        with transaction.atomic():
            for attempt in self.chance.sample(self.attempts, 2):
                people.lock_person(attempt.user_id)

    def lock_the_wrong_way(self) -> None:
        """What they hold, and then the person."""
        attempt = self.chance.choice(self.attempts)
        with transaction.atomic():
            list(Subscription.objects.select_for_update().filter(user_id=attempt.user_id).order_by("pk"))
            people.lock_person(attempt.user_id)


def crowd_around(membership) -> list[Checkout]:
    """A few persons, each with a subscription."""
    attempts = [said.attempt(UserFactory(), membership) for _person in range(PERSONS)]
    for attempt in attempts:
        Client([attempt], number=0).reconcile()
    return attempts


def in_each_others_way(membership, *, strangers: int = 0, before: Callable[[], None] = lambda: None) -> list[Client]:
    """What became of ours; those strangers do as they like."""
    attempts = crowd_around(membership)

    def job(number: int) -> Callable[[], Client]:
        def run() -> Client:
            before()
            client = Client(attempts, number, is_stranger=number < strangers).work()
            client.attempts, client.chance = [], random.Random()  # noqa: S311 - stays in its process
            return client

        return run

    clients = values(at_once(*[job(number) for number in range(CLIENTS)], patience=SECONDS + 60))
    return [client for client in clients if not client.is_stranger]


def total(clients: list[Client]) -> dict[str, int]:
    return {
        "clients": CLIENTS,
        "done": sum(each.done for each in clients),
        "taken_back": sum(each.taken_back for each in clients),
        "surfaced": sum(len(each.surfaced) for each in clients),
    }


def test_among_ourselves_nothing_is_even_taken_back(membership, no_worker, report):
    """B7: all lock in the same order, so that no circle can close."""
    found = total(in_each_others_way(membership))
    report("B7, ours", **found)
    assert (found["taken_back"], found["surfaced"]) == (0, 0)
    assert Subscription.objects.count() == PERSONS


def test_control_without_an_order_circles_close(membership, no_worker, report, monkeypatch):
    """B7, negative control: half of ours lock what a person holds before the person."""
    monkeypatch.setattr(Client, "record", retrying.retried(Client.lock_the_wrong_way))
    monkeypatch.setattr(Client, "lapse", retrying.retried(Client.lock_two))
    found = total(in_each_others_way(membership))
    report("B7, without an order", **found)
    assert found["taken_back"] > 0


def test_what_strangers_tie_up_never_surfaces_with_us(membership, no_worker, report):
    """B7: transactions of ours are taken back for their sake, and done again."""
    found = total(in_each_others_way(membership, strangers=STRANGERS))
    report("B7, with strangers", **found)
    assert found["surfaced"] == 0
    assert found["taken_back"] > 0, "nobody was in anybody's way: nothing was tried"


def test_control_whoever_does_not_begin_again_sees_deadlocks(membership, no_worker, report):
    """B7, negative control"""
    clients = in_each_others_way(membership, strangers=STRANGERS, before=nobody_begins_again)
    report("B7, without a second try", **total(clients))
    assert any("deadlock" in surfaced for each in clients for surfaced in each.surfaced)
