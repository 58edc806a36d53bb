"""What if two accounts become one between a look and the lock? The work goes on, for whoever holds it by then (K11, B3).

Each has its negative control: without the second look it breaks off, or writes to the account that was emptied.
"""

import uuid
from datetime import timedelta

import pytest

from lms_memberships.models import Deed, Email, Invoice, Subscription
from lms_memberships.subscriptions import billing, given_access, lifecycle, merging, people
from lms_memberships.subscriptions.deeds import Wish
from tests.creator.crowds import holds
from tests.factories import UserFactory
from tests.flows.desk import helper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_is_on")]

DAY = timedelta(days=1)


def wish() -> Wish:
    return Wish(by=helper(), reason="Two addresses", key=uuid.uuid4())


@pytest.fixture
def merged_at_the_lock(monkeypatch, other, student, clock):
    """Somebody merges the two in the moment before the first lock is taken."""
    lock, done = people.lock_person, []

    def late(user_id: int) -> None:
        if not done:
            done.append(True)
            merging.merge(other.pk, student.pk, wish=wish(), now=clock.now)
        lock(user_id)

    monkeypatch.setattr(people, "lock_person", late)


@pytest.fixture
def nobody_looks_again(monkeypatch) -> None:
    def hold(subscription_id: int, owner_id: int):
        people.lock_person(owner_id)
        rows = people.holdings(owner_id)
        return next(row for row in rows if row.pk == subscription_id), rows

    monkeypatch.setattr(people, "hold", hold)
    monkeypatch.setattr(billing.Owner, "locked", lambda owner: owner.user_id)


@pytest.fixture
def lapsed(other, membership, clock) -> list[Subscription]:
    """Of the account that is merged, and of somebody after it."""
    ended = {"is_open_told": True, "access_until": clock.now - DAY, "status": "canceled"}
    return [holds(each, membership, **ended) for each in (other, UserFactory(), UserFactory())]


def test_all_lapses_of_the_day_are_told(lapsed, merged_at_the_lock, student, clock):
    """K11, G2: also those after the one that was moved."""
    assert lifecycle.announce_lapses(now=clock.now) == 3
    assert set(Email.objects.filter(kind="access_lost").values_list("user", flat=True)) == {
        student.pk,
        *(row.user_id for row in lapsed[1:]),
    }


def test_control_without_a_second_look_the_day_stops(lapsed, merged_at_the_lock, nobody_looks_again, clock):
    """K11, negative control."""
    with pytest.raises((StopIteration, RuntimeError)):
        lifecycle.announce_lapses(now=clock.now)


def test_a_lapse_that_is_gone_stops_nobody(lapsed, monkeypatch, clock):
    """X2: the row of a gift that waits is deleted when what it stands behind goes on."""
    lock = people.lock_person

    def late(user_id: int) -> None:
        Subscription.objects.filter(pk=lapsed[0].pk).delete()
        lock(user_id)

    monkeypatch.setattr(people, "lock_person", late)
    assert lifecycle.announce_lapses(now=clock.now) == 2


def test_what_is_rewritten_is_the_other_accounts_by_then(lapsed, merged_at_the_lock, student, clock):
    """K11: a dispute that is heard in that moment is no error."""
    assert lifecycle.rewrite(lapsed[0].pk, lambda row: None, now=clock.now).user_id == student.pk


def test_what_was_given_is_ended_all_the_same(other, membership, merged_at_the_lock, student, clock):
    """K11, X2"""
    given = holds(other, membership, origin="given", is_recurring=False)
    given_access.take_back(given, wish=wish(), now=clock.now)
    given.refresh_from_db()
    assert (given.user, given.status) == (student, "canceled")
    assert Deed.objects.get(kind="took_back").user == student


def heard_late(old, gateway, clock) -> Invoice:
    snapshot = gateway.read_subscription(old.stripe_id).latest_invoice
    owner = billing.Owner.of(old)
    Invoice.objects.all().delete()
    return billing.record_invoice_of(owner, snapshot, gateway=gateway, now=clock.now)


def test_an_invoice_that_is_heard_in_a_merge_is_not_left_behind(old, gateway, merged_at_the_lock, student, clock):
    """K11, H11: nothing would ever move it later."""
    assert heard_late(old, gateway, clock).user == student


def test_control_without_a_second_look_it_is_left_behind(
    old, gateway, merged_at_the_lock, nobody_looks_again, other, student, clock
):
    """K11, negative control."""
    merging.merge(other.pk, student.pk, wish=wish(), now=clock.now)
    assert heard_late(old, gateway, clock).user == other
