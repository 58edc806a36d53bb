"""Which work of the webhooks runs in the background? Working off the inbox, sooner than the next drain would."""

from django_tasks import task

from .. import clock, signs
from . import inbox


@task()
def work_off_inbox() -> None:
    """Whatever is due. Every event is a row: a task that is lost or fails loses nothing."""
    signs.note("worker.task")
    inbox.work_off(now=clock.now())
