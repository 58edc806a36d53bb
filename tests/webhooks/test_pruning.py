"""What becomes of old rows? Texts go, then rows, and never many at once (E11)."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from lms_memberships.management import jobs, pruning
from lms_memberships.models import Announcement, Email, WebhookEvent
from tests.faults.sizes import pick
from tests.webhooks.test_queue import now_in

pytestmark = pytest.mark.django_db

MANY = pick(test=2500, ci=100_000, soak=100_000)


def old_event(number: int, days: int, state: str = "done", error: str = "") -> WebhookEvent:
    moment = now_in(days=-days)
    return WebhookEvent(
        event_id=f"evt_{number}_{days}", type="x", state=state, error=error, created_at=moment, received_at=moment,
        next_try_at=moment,
    )  # fmt: skip


def test_texts_go_after_three_months_and_rows_after_thirteen(settings):
    """E11: what still waits stays, however old it is."""
    rows = [old_event(number, days, error="Traceback") for number, days in enumerate((1, 89, 91, 399, 401))]
    WebhookEvent.objects.bulk_create([*rows, old_event(9, 500, state="received", error="Traceback")])
    now = timezone.now()
    Announcement.objects.create(key="a", fact="x", state="done", owed_at=now_in(days=-91))
    Announcement.objects.create(key="b", fact="x", state="owed", owed_at=now_in(days=-91))
    for days in (1, 91, 401):
        Email.objects.create(
            key=f"{days}", kind="bought", recipient="a@b.test", language="en", state="sent", context={"title": "x"},
            subject="x", owed_at=now - timedelta(days=days), next_try_at=now,
        )  # fmt: skip
    assert jobs.JOBS["pruning"].do(now) > 0
    assert dict(WebhookEvent.objects.values_list("event_id", "error")) == {
        "evt_0_1": "Traceback", "evt_1_89": "Traceback", "evt_2_91": "", "evt_3_399": "", "evt_9_500": "Traceback",
    }  # fmt: skip
    assert dict(Email.objects.values_list("key", "context")) == {"1": {"title": "x"}, "91": {}}
    assert list(Announcement.objects.values_list("key", flat=True)) == ["b"]
    assert jobs.JOBS["pruning"].do(now) == 0


@contextmanager
def deletions() -> Iterator[list[tuple[int, float]]]:
    """Of each transaction that deletes: how many rows it locked, and for how long."""
    found: list[tuple[int, float]] = []
    locked: list[int] = []

    def watch(execute, sql, params, many, context):
        began = time.monotonic()
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE"):
            locked.append(context["cursor"].rowcount)
            if len(locked) == 1:
                transaction.on_commit(lambda: close(began))
        return result

    def close(began: float) -> None:
        found.append((sum(locked), time.monotonic() - began))
        locked.clear()

    with connection.execute_wrapper(watch):
        yield found


def prune_many() -> list[tuple[int, float]]:
    WebhookEvent.objects.bulk_create((old_event(each, 401) for each in range(MANY)), batch_size=1000)
    with deletions() as deleted:
        assert pruning.prune() == MANY
    assert not WebhookEvent.objects.exists()
    return deleted


@pytest.mark.django_db(transaction=True)
def test_pruning_goes_in_small_transactions():
    """E11: a thousand rows at most are locked at once, and for less than a second."""
    deleted = prune_many()
    assert sum(rows for rows, _seconds in deleted) == MANY
    assert max(rows for rows, _seconds in deleted) == pruning.BATCH == 1000
    assert max(seconds for _rows, seconds in deleted) < 1


@pytest.mark.django_db(transaction=True)
def test_control_without_batches_all_are_locked_at_once(monkeypatch):
    """E11, negative control"""
    monkeypatch.setattr(pruning, "BATCH", sys.maxsize)
    assert [rows for rows, _seconds in prune_many()] == [MANY]
