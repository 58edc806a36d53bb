"""Which work of announcements runs in the background? Telling the rest of the site."""

from django_tasks import task

from . import telling

#: A receiver that takes its time must not keep the worker from the purchases behind it. The next drain goes on.
PATIENCE = 5


@task()
def tell() -> None:
    """Tell what is owed. The rows are the truth: a task that never runs loses nothing."""
    telling.tell_due(seconds=PATIENCE)
