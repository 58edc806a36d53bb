"""Which work of access can run in the background? Delivering what was owed when something opened."""

from django_tasks import task

from .. import clock
from . import deliveries


@task()
def deliver() -> None:
    """Hand over what is due. The rows are there: ``memberships_drain`` tries again what fails."""
    deliveries.deliver_due(now=clock.now())
