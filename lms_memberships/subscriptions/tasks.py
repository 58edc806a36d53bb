"""Which work of subscriptions can run in the background? What a purchase or a change leaves to be done at Stripe."""

import logging

from django.db import transaction
from django_tasks import task

from .. import clock
from ..errors import OutsideFailure, Refusal
from ..payments import customers
from ..payments.connect import background_gateway_or_none, get_gateway
from . import changing_tiers, daily, exporting, instalment_ends, people_working
from .models import Subscription

logger = logging.getLogger(__name__)


@task()
def end_instalments(subscription_id: int) -> None:
    """Attach the schedule of one that was just bought. What fails is found again by ``memberships_daily``."""
    try:
        due = list(instalment_ends.endless().filter(pk=subscription_id))
        if due:
            daily.end_instalments(due, gateway=get_gateway(), now=clock.now())
    except (OutsideFailure, Refusal):
        logger.warning("Subscription %s has no end at Stripe yet", subscription_id, exc_info=True)


@task()
def tidy_change(subscription_id: int) -> None:
    """Let go of a schedule that has done its work, and name the membership. Should it fail, nothing is lost by it."""
    try:
        subscription = Subscription.objects.select_related("membership", "price").get(pk=subscription_id)
        changing_tiers.tidy(subscription, gateway=get_gateway())
    except (OutsideFailure, Refusal):
        logger.warning("Subscription %s was not tidied at Stripe", subscription_id, exc_info=True)


@task()
def tell_emails() -> None:
    """Tell Stripe the addresses that were proven here. What fails is found again by ``memberships_drain``."""
    try:
        customers.tell_emails(gateway=get_gateway())
    except (OutsideFailure, Refusal):
        logger.warning("Stripe has not been told an address yet", exc_info=True)


@task()
def make_exports() -> None:
    """Make the files that somebody asked for. What breaks off is gone on with by ``memberships_drain``."""
    while exporting.make_due():
        pass


@task()
def work_on_people() -> None:
    """A few of those for whom something was confirmed, then whatever else waits for a worker, then the next few (N6)."""
    if people_working.work(background_gateway_or_none, now=clock.now()):
        work_on_people.enqueue()


def wake_for_people() -> None:
    """Only a worker: without one, whoever presses would wait until it is done for everybody. ``memberships_drain`` does it."""
    if work_on_people.get_backend().supports_defer:
        transaction.on_commit(work_on_people.enqueue, robust=True)
