"""Does the rest of the site hear of every fact, and can it break us? (B12)"""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from lms_memberships import events
from lms_memberships.announcements import telling
from lms_memberships.models import Announcement, Subscription
from lms_memberships.subscriptions import lifecycle
from tests.subscriptions import said

pytestmark = pytest.mark.django_db

FACT = events.SubscriptionResumed(subscription_id=1, turn=1)


@pytest.fixture
def listen():
    """Connect receivers for one test."""
    connected = []

    def connect(receiver, **how):
        events.announced.connect(receiver, weak=False, **how)
        connected.append((receiver, how))

    yield connect
    for receiver, how in connected:
        events.announced.disconnect(receiver, **how)


def publish(*facts: events.Fact) -> None:
    with transaction.atomic():
        events.publish(*facts)


def test_nothing_is_written_while_nobody_listens(listen):
    publish(FACT)
    assert not Announcement.objects.exists()
    listen(lambda **kwargs: None, sender=events.SubscriptionEnded)
    publish(FACT)
    assert not Announcement.objects.exists()


def test_a_receiver_hears_the_fact_itself_once(listen):
    """B12"""
    heard = []
    listen(lambda sender, fact, **kwargs: heard.append((sender, fact)))
    publish(FACT)
    publish(FACT)
    telling.tell_due()
    telling.tell_due()
    assert heard == [(events.SubscriptionResumed, FACT)]


class TheirBug(ValueError):
    """Of the site's own code."""


def breaks(**kwargs: object) -> None:
    raise TheirBug("a bug of the site's")


def buy(student, membership) -> None:
    read = said.subscription(said.attempt(student, membership))
    lifecycle.reconcile(read, gateway=said.unreachable_gateway(), now=said.NOW)


def test_one_that_raises_keeps_nobody_from_hearing(listen, student, membership, caplog):
    """B12: neither the state, nor the receivers behind it, nor the facts behind this one."""
    heard = []
    listen(breaks)
    listen(lambda fact, **kwargs: heard.append(type(fact).__name__))
    buy(student, membership)
    telling.tell_due()
    assert Subscription.objects.get().is_live(said.NOW)
    assert heard == ["SubscriptionStarted", "AccessGained"]
    assert set(Announcement.objects.values_list("state", flat=True)) == {"done"}
    assert "a bug of the site's" in caplog.text


@pytest.fixture
def told_inside():
    """Receivers are called where the fact is published: in the transaction that makes it true."""

    def tell(fact: events.Fact) -> None:
        events.announced.send(sender=type(fact), fact=fact)

    events.connect(tell)
    yield
    events.disconnect(tell)


def test_control_told_inside_one_that_raises_takes_the_state_with_it(listen, told_inside, student, membership):
    """B12, negative control: paid at Stripe, and nothing of it is here; the receivers behind it hear nothing either."""
    heard = []
    listen(breaks)
    listen(lambda fact, **kwargs: heard.append(type(fact).__name__))
    with pytest.raises(TheirBug):
        buy(student, membership)
    assert not Subscription.objects.exists()
    assert not Announcement.objects.exists()
    assert heard == []


def test_a_worker_killed_while_it_tells_has_it_told_again(listen):
    """B12: at least once. The fact's key tells a repetition."""
    heard = []

    def dies_the_first_time(fact, **kwargs):
        heard.append(fact.key)
        if len(heard) == 1:
            raise SystemExit

    listen(dies_the_first_time)
    publish(FACT)
    with pytest.raises(SystemExit):
        telling.tell_due()
    assert telling.tell_due() == 0, "it is still the dead one's"
    Announcement.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert telling.tell_due() == 1
    assert heard == [FACT.key] * 2


def test_slow_receivers_do_not_hold_up_a_round(listen):
    """B12: when the time is used up, what is left is given back at once."""
    listen(lambda **kwargs: None)
    publish(*(events.SubscriptionResumed(subscription_id=1, turn=turn) for turn in range(5)))
    assert telling.tell_due(seconds=-1) == 0
    assert not Announcement.objects.exclude(leased_until=None).exists()
    assert telling.tell_due() == 5


def test_draining_tells(listen, gateway):
    heard = []
    listen(lambda fact, **kwargs: heard.append(fact))
    publish(FACT)
    call_command("memberships_drain", verbosity=0)
    assert heard == [FACT]


def test_a_kind_of_fact_that_is_gone_is_no_poison(listen, caplog):
    listen(lambda **kwargs: None)
    publish(FACT)
    Announcement.objects.update(fact="Forgotten")
    assert telling.tell_due() == 1
    assert "no longer known" in caplog.text
