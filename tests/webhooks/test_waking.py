"""How often is the worker woken by a burst of events?"""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks import task_backends

from lms_memberships.webhooks import waking


@pytest.fixture
def queue(settings):
    """One that can put tasks off, and only notes them."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    return task_backends["default"].results


def test_a_burst_rings_at_once_and_once_more_at_its_end(queue):
    """A6: a thousand events are no thousand tasks, and the last of them is not forgotten."""
    bell = waking.Bell()
    for _event in range(100):
        bell.ring()
    first, last = queue
    assert first.task.run_after is None
    assert last.task.run_after > timezone.now()
    assert last.task.run_after <= timezone.now() + waking.PAUSE


def test_after_the_pause_it_rings_at_once_again(queue, monkeypatch):
    monkeypatch.setattr(waking, "PAUSE", timedelta(0))
    bell = waking.Bell()
    bell.ring()
    bell.ring()
    assert [result.task.run_after for result in queue] == [None, None]


def test_a_queue_that_cannot_put_off_hears_of_each_event(settings):
    settings.TASKS = {"default": {"BACKEND": "tests.webhooks.broken.BrokenQueue"}}
    bell = waking.Bell()
    for _event in range(2):
        with pytest.raises(Exception, match="The queue is down"):
            bell.ring()


def test_a_ring_that_failed_is_made_up_for_by_the_next(queue, settings):
    """Noted only after it rang: a queue that was down does not silence the bell."""
    bell = waking.Bell()
    settings.TASKS = {"default": {"BACKEND": "tests.webhooks.broken.BrokenQueue"}}
    with pytest.raises(Exception, match="The queue is down"):
        bell.ring()
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    bell.ring()
    assert [result.task.run_after for result in task_backends["default"].results] == [None]
