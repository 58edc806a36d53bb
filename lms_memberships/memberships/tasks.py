"""Which work of memberships can run in the background? Preparing what was published for sale."""

import logging

from django_tasks import task

from .. import clock
from ..errors import OutsideFailure, Refusal
from ..payments.connect import get_gateway
from . import publishing

logger = logging.getLogger(__name__)


@task()
def prepare_waiting() -> None:
    """Have Stripe confirm what was published. What fails stays waiting: ``memberships_drain`` tries again."""
    try:
        publishing.prepare_waiting(gateway=get_gateway(), now=clock.now())
    except (OutsideFailure, Refusal):
        logger.warning("Memberships could not be prepared at Stripe", exc_info=True)
