"""Which work of e-mails runs in the background? Sending what is owed."""

from django_tasks import task

from .. import clock, signs
from . import outbox


@task()
def deliver() -> None:
    """Send what is due. The rows are the truth: a task that never runs loses nothing."""
    signs.note("worker.task")
    outbox.deliver_due(now=clock.now())
