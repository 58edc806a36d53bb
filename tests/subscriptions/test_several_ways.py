"""Does access last as long as any one of several subscriptions does, and is its loss told once? (X2)"""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import transaction

from lms_memberships import events
from lms_memberships.access import decide
from lms_memberships.models import Subscription
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import duplicates, lifecycle
from lms_memberships.subscriptions.models import FOR_GOOD
from tests.access import school
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = pytest.mark.django_db

END = NOW + timedelta(seconds=1)
WAYS = ("bought", "given", "imported", "gift")
ORDERS = list(permutations(WAYS))


class Held:
    """One student with four subscriptions: all of one membership, or of two that share an item."""

    def __init__(self, student, item, nobody_answers, *, memberships: int) -> None:
        self.student, self.item, self.gateway = student, item, nobody_answers
        sold = [school.sold(item, title=f"Pass {number}", now=NOW) for number in range(memberships)]
        self.membership_of = {way: sold[number % memberships] for number, way in enumerate(WAYS)}
        self.attempt = said.attempt(student, self.membership_of["bought"])
        self.rows = {"bought": self._hear(said.subscription(self.attempt))}
        for way in WAYS[1:]:
            self.rows[way] = self._give(way)

    def _hear(self, snapshot) -> Subscription:
        return lifecycle.reconcile(snapshot, gateway=self.gateway, now=snapshot.read_started_at)

    def _give(self, way: str) -> Subscription:
        values = {"origin": way, "is_open_told": True, "started_at": NOW, "opened_at": NOW, "is_recurring": False}
        return school.subscribe(self.student, self.membership_of[way], until=FOR_GOOD, **values)

    def end(self, way: str) -> None:
        if way == "bought":
            over = {"status": SubscriptionStatus.CANCELED, "ended_at": END, "read_started_at": END}
            self._hear(said.subscription(self.attempt, **over))
        else:
            Subscription.objects.filter(pk=self.rows[way].pk).update(access_until=END)
            lifecycle.announce_lapses(now=END)

    @property
    def is_open(self) -> bool:
        return decide(type(self.student).objects.get(pk=self.student.pk), self.item, now=END).allowed


def losses(told) -> list[int]:
    """The membership of each loss that was told."""
    lost = [fact.subscription_id for fact in told if isinstance(fact, events.AccessLost)]
    return [Subscription.objects.get(pk=pk).membership_id for pk in lost]


@pytest.mark.parametrize("memberships", [1, 2])
def test_one_that_lives_is_enough_and_the_last_end_is_told_once(
    memberships, student, live_session, nobody_answers, told
):
    """X2: paid, given, imported and gift, ended in each of the 24 orders."""
    held = Held(student, live_session, nobody_answers, memberships=memberships)
    for order in ORDERS:
        with transaction.atomic():
            told.clear()
            for number, way in enumerate(order, start=1):
                held.end(way)
                alive = {held.membership_of[left].pk for left in order[number:]}
                gone = {held.membership_of[each].pk for each in order[:number]} - alive
                assert held.is_open is bool(alive), order[:number]
                assert sorted(losses(told)) == sorted(gone), order[:number]
            transaction.set_rollback(True)


def test_control_without_asking_for_the_others_each_end_is_a_loss(
    student, live_session, nobody_answers, told, monkeypatch
):
    """X2, negative control"""
    monkeypatch.setattr(duplicates.Others, "give_access", lambda self, now: False)
    held = Held(student, live_session, nobody_answers, memberships=1)
    told.clear()
    for way in WAYS:
        held.end(way)
    assert len(losses(told)) == 4
