"""Somebody else's receiver takes its time: does anybody wait for it, or for what it was told of? (B12)"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction

from lms_memberships import clock as our_clock
from lms_memberships import events
from lms_memberships.announcements import telling
from lms_memberships.emails import outbox, switches
from lms_memberships.models import Announcement, Subscription
from lms_memberships.subscriptions import checkout
from lms_memberships.webhooks import inbox
from tests import hosted
from tests.faults.sizes import pick
from tests.webhooks.conftest import URLS
from tests.webhooks.test_inbox import post_all

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks"),
]


@pytest.fixture
def paid(student, membership, gateway, postman, no_worker) -> None:
    """Stripe's calls are noted, and nothing of them is done yet. Every mail is on."""
    switches.switch_all_on()
    now = our_clock.now()
    hosted.pay(checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now))
    post_all(postman)


@contextmanager
def listening(receiver) -> Iterator[None]:
    events.announced.connect(receiver, weak=False)
    try:
        yield
    finally:
        events.announced.disconnect(receiver)


def test_a_receiver_that_sleeps_keeps_nobody_waiting(paid, mails):
    """B12: it is told after the commit, with a lease of its own; purchases and mails are through long before it is."""

    def sleeps(**kwargs: object) -> None:
        time.sleep(pick(test=3, ci=30, soak=30))

    with listening(sleeps):
        began = time.monotonic()
        inbox.work_off(now=our_clock.now())
        outbox.deliver_due(now=our_clock.now())
        took = time.monotonic() - began
    assert took < 3, "nobody was told yet"
    assert Subscription.objects.get().is_live(our_clock.now())
    assert len(mails()) == 3
    assert Announcement.objects.filter(state="owed").count() == 3


@dataclass
class Onlooker:
    """A receiver that looks, over a connection of its own, at what others see as long as it takes its time."""

    subscriptions: list[int] = field(default_factory=list)
    locked: list[bool] = field(default_factory=list)

    def __call__(self, **kwargs: object) -> None:
        with ThreadPoolExecutor(1) as others:
            others.submit(self._look).result()

    def _look(self) -> None:
        try:
            self.subscriptions.append(Subscription.objects.count())
            self.locked.append(self._is_locked())
        finally:
            connection.close()

    def _is_locked(self) -> bool:
        people = get_user_model().objects.filter(username="student")
        try:
            with transaction.atomic():
                return not people.select_for_update(nowait=True, no_key=True).get()
        except OperationalError:
            return True


def test_while_a_receiver_is_told_all_is_there_and_nothing_locked(paid):
    """B12: however long it takes."""
    onlooker = Onlooker()
    with listening(onlooker):
        inbox.work_off(now=our_clock.now())
        assert onlooker.subscriptions == [], "nobody was told yet"
        telling.tell_due()
    assert onlooker.subscriptions == [1, 1, 1]
    assert onlooker.locked == [False, False, False]


def test_control_told_inside_others_wait_and_see_nothing(paid):
    """B12, negative control: called where the fact is published, it keeps the person locked and the purchase unseen."""
    onlooker = Onlooker()

    def tell(fact: events.Fact) -> None:
        onlooker(fact=fact)

    events.connect(tell)
    try:
        inbox.work_off(now=our_clock.now())
    finally:
        events.disconnect(tell)
    assert onlooker.subscriptions[0] == 0
    assert onlooker.locked[0]
