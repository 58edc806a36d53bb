"""What if the database takes our transaction back, because another one stood in its way? It is done again."""

import time

import pytest
from django.db import connection, transaction

from lms_memberships.models import Subscription
from lms_memberships.subscriptions import lifecycle, people
from tests.faults.conftest import mails, no_worker  # noqa: F401 - fixtures
from tests.faults.processes import PATIENCE, Meeting, _blocked, at_once, meet_before
from tests.subscriptions import said

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no deadlocks"),
]


def set_patience(span: str) -> None:
    """How soon this process finds out that it stands in a circle: the first to look is the one taken back."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET deadlock_timeout = '{span}'")


def close_the_circle_last(owner: object, name: str) -> None:
    """PostgreSQL looks for circles once in each wait: whoever waits last, with little patience, is taken back."""
    original = getattr(owner, name)

    def after_the_other(*args: object) -> object:
        until = time.monotonic() + PATIENCE
        while not _blocked() and not seen:
            assert time.monotonic() < until
            time.sleep(0.01)
        seen.append(True)
        return original(*args)

    seen: list[bool] = []
    setattr(owner, name, after_the_other)


def meet_in_a_circle(student, membership, *, retries: bool) -> list:
    """Ours locks the person, then the subscription; somebody else's transaction the other way round."""
    checkout = said.attempt(student, membership)
    lifecycle.reconcile(said.subscription(checkout), gateway=said.unreachable_gateway(), now=said.NOW)
    later = said.subscription(checkout, cancel_at=said.NOW + said.MONTH)
    meeting = Meeting()

    def ours() -> bool:
        set_patience("50ms")
        if not retries:
            lifecycle._write = lifecycle._write.__wrapped__
        close_the_circle_last(people, "holdings")
        meet_before(people, "holdings", meeting)
        row = lifecycle.reconcile(later, gateway=said.unreachable_gateway(), now=said.NOW)
        return row.cancel_at is not None

    def theirs() -> bool:
        set_patience("30s")
        with transaction.atomic():
            list(Subscription.objects.select_for_update(of=("self",)))
            meeting.wait()
            people.lock_person(student.pk)
        return True

    return at_once(ours, theirs, meeting=meeting)


def test_a_deadlock_is_done_again_and_never_seen(student, membership, no_worker):  # noqa: F811
    """B7, E6: the database ends one of the two; it begins again, and what it says is told once."""
    answers = meet_in_a_circle(student, membership, retries=True)
    assert [answer.value for answer in answers] == [True, True], answers
    row = Subscription.objects.get()
    assert (row.cancel_at, row.turn) == (said.NOW + said.MONTH, 3), "started, open, and cancelled once"


def test_control_without_a_second_try_the_deadlock_surfaces(student, membership, no_worker):  # noqa: F811
    """B7, negative control"""
    ours, theirs = meet_in_a_circle(student, membership, retries=False)
    assert "deadlock detected" in ours.failure
    assert theirs.value is True
    assert Subscription.objects.get().cancel_at is None
