"""Which work of e-mails runs in the background? Sending what is owed."""

from django_tasks import task

from .. import clock
from . import outbox


@task()
def deliver() -> None:
    """Send what is due. The rows are the truth: a task that never runs loses nothing."""
    outbox.deliver_due(now=clock.now())
