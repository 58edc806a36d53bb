"""In whatever order Stripe's calls are worked off, does the same come out? Every order of six, many of fourteen."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from django.db import transaction

from lms_memberships import events
from lms_memberships.access import decide
from lms_memberships.models import Invoice, Subscription
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.payments.stripe_gateway import snapshots
from lms_memberships.subscriptions import lifecycle
from lms_memberships.webhooks.handlers import HANDLERS, Reading
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.faults.sizes import SEED, pick
from tests.faults.ways import LONG, WAYS, History
from tests.flows.steps import press_join
from tests.subscriptions import said

# In one process, and on PostgreSQL only: once is enough for what takes this long.
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

SIX = list(itertools.permutations(range(6)))
#: All orders of the plain purchase before many of the others.
ORDERS = {way: pick(test=48, ci=720 if way == "paid" else 120, soak=720) for way in WAYS}
ORDERS_OF_FOURTEEN = pick(test=20, ci=300, soak=10_000)
#: What each way must have told, however it came: once each.
FACTS = {
    "paid": {"SubscriptionStarted": 1, "AccessGained": 1, "PaymentSucceeded": 1},
    "async": {"SubscriptionStarted": 1, "AccessGained": 1, "PaymentSucceeded": 1},
    "trial": {"SubscriptionStarted": 1, "AccessGained": 1},
    "3-D Secure": {"SubscriptionStarted": 1, "AccessGained": 1, "PaymentSucceeded": 1},
    "decline": {},
}
#: Told only when a read met the bill before it was void: a mail about a bill that nobody can pay helps nobody.
SOMETIMES = {"decline": {"PaymentFailed": 1}}


@dataclass
class Trial:
    """One purchase, of which nothing was told yet, and the facts that we tell of it."""

    history: History
    now: object
    facts: list[events.Fact] = field(default_factory=list)

    def follow(self, orders: list[tuple[int, ...]]) -> Counter:
        """What comes out of each order; orders that begin alike share their beginning."""
        found: Counter = Counter()
        self._follow(sorted(orders), 0, found)
        return found

    def _follow(self, orders: list[tuple[int, ...]], depth: int, found: Counter) -> None:
        if depth == len(orders[0]):
            found[outcome(self.facts)] += len(orders)
            return
        for moment, alike in itertools.groupby(orders, key=lambda order: order[depth]):
            told_before = len(self.facts)
            with transaction.atomic():
                self._work_off(moment)
                self._follow(list(alike), depth + 1, found)
                transaction.set_rollback(True)
            del self.facts[told_before:]

    def _work_off(self, moment: int) -> None:
        self.history.moment = moment
        event = self.history.event(moment)
        HANDLERS[event.type](event, Reading(gateway=self.history, now=self.now))


def outcome(facts: list[events.Fact]) -> tuple:
    """All that a student, their account and their mails could show."""
    row = Subscription.objects.get()
    bills = tuple(Invoice.objects.values_list("status", "total", "amount_paid"))
    told = tuple(sorted(Counter(type(fact).__name__ for fact in facts).items()))
    opened = row.opened_at is not None
    return row.status, row.access_until, row.cancel_at, row.is_open_told, opened, row.trial_end, bills, told


@pytest.fixture
def purchase(gateway, live_session, student, client_for, sandbox, now) -> Iterator:
    """Makes one at the sandbox, and reads what a way would have said of it at each moment."""
    facts: list[events.Fact] = []

    def make(way: list, **fields: object) -> Trial:
        membership = publish(put_into(MembershipFactory(title="Pass", **fields), live_session), gateway=gateway)
        hosted.pay(press_join(client_for(student), membership))
        (there,) = sandbox.store.all("subscription", account=sandbox.account_id)
        read = gateway.client.v1.subscriptions.retrieve(there["id"], {"expand": snapshots.SUBSCRIPTION_EXPAND})
        assert not Subscription.objects.exists()
        facts.clear()
        return Trial(History(json.loads(str(read)), way, began=now), now, facts)

    events.connect(facts.append)
    yield make
    events.disconnect(facts.append)


@pytest.mark.parametrize("way", WAYS)
def test_every_order_of_the_six_core_events_ends_the_same(way, purchase, report):
    """T2, B1, B2, B4, B8, B10, A3, A16: each read says what was true when its event was sent, however late it is."""
    trial = purchase(WAYS[way], trial_days=14 if way == "trial" else 0)
    chosen = random.Random(SEED).sample(SIX, ORDERS[way])  # noqa: S311 - another choice for another seed
    found = trial.follow(chosen)
    report(f"T2 {way}", orders=found.total(), outcomes=len(found))
    assert found.total() == ORDERS[way]
    assert {end[:-1] for end in found} == {in_order(trial)[:-1]}
    assert all(dict(end[-1]) in (FACTS[way], SOMETIMES.get(way)) for end in found), found


def test_many_orders_of_fourteen_events_end_the_same(purchase, report):
    """B1, B8: declined first, paid, cancelled, kept and cancelled again."""
    trial = purchase(LONG)
    chance = random.Random(SEED)  # noqa: S311 - another choice for another seed
    chosen = [tuple(chance.sample(range(len(LONG)), len(LONG))) for _ in range(ORDERS_OF_FOURTEEN)]
    found = trial.follow(chosen)
    report("B1 long", orders=found.total(), outcomes=len(found))
    # Which of the changes of mind were seen, and so told, depends on the order; where it ends does not.
    ends = {end[:-1] for end in found}
    assert ends == {in_order(trial)[:-1]}
    for end in found:
        told = dict(end[-1])
        assert (told["SubscriptionStarted"], told["AccessGained"], told["PaymentSucceeded"]) == (1, 1, 1)
        # A failure that comes after the payment is no failure any more.
        assert told.get("PaymentFailed", 0) <= 1
        assert told.get("SubscriptionCancelled", 0) - told.get("SubscriptionResumed", 0) == 1


PLACES = {"first": "oAB", "in between": "AoB", "last": "ABo", "twice": "AoBo", "before and after": "oABo"}


@pytest.mark.parametrize("place", PLACES)
def test_the_end_of_the_old_subscription_leaves_the_new_one_alone(place, student, gateway, live_session, now):
    """B9: somebody moved from A to B; that A is over is told first, in between, last and twice."""
    passes = {name: put_into(MembershipFactory(title=name, live=True), live_session) for name in "AB"}
    attempts = {name: said.attempt(student, membership) for name, membership in passes.items()}
    over = {"status": SubscriptionStatus.CANCELED, "canceled_at": said.NOW, "ended_at": said.NOW}
    for second, step in enumerate(PLACES[place]):
        fields = over if step == "o" else {}
        whose = "A" if step == "o" else step
        # A read of A after it is over says so, whichever event asked for it.
        fields = over if whose == "A" and "o" in PLACES[place][:second] else fields
        read = said.subscription(attempts[whose], f"sub_{whose}", **fields)
        read = replace(read, read_started_at=said.NOW + timedelta(seconds=second))
        lifecycle.reconcile(read, gateway=gateway, now=said.NOW)
    live = Subscription.objects.giving_access(said.NOW)
    assert [row.membership for row in live] == [passes["B"]]
    assert decide(student, live_session, now=said.NOW).allowed


def test_control_without_the_moment_of_reading_the_orders_end_differently(purchase):
    """T2, B2, negative control: with every read taken for a new one, the last to come wins."""
    trial = purchase(WAYS["paid"])
    follow = trial._work_off

    def forgetting(moment: int) -> None:
        Subscription.objects.update(read_started_at=None)
        Invoice.objects.update(read_started_at=trial.now - timedelta(days=1))
        follow(moment)

    trial._work_off = forgetting
    found = trial.follow(random.Random(SEED).sample(SIX, 24))  # noqa: S311 - another choice for another seed
    assert len({end[:-1] for end in found}) > 1


def in_order(trial: Trial) -> tuple:
    """What comes out when all goes as it should."""
    (end,) = trial.follow([tuple(range(len(trial.history.way)))])
    return end
