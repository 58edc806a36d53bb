"""What work can wait, and how is it worked off? The jobs behind ``memberships_drain`` and ``memberships_daily``."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from .. import clock
from ..access import deliveries
from ..emails import outbox
from ..memberships import publishing
from ..payments.connect import NotConnected, get_gateway
from ..webhooks import inbox

logger = logging.getLogger(__name__)

Job = Callable[[datetime], int]

#: One round makes work for the next (an event owes an e-mail). More rounds than this is a job that never ends.
MOST_ROUNDS = 100


class SomeFailed(Exception):
    """Single rows failed. They are logged, and wait for another try."""


@dataclass
class Result:
    """What came of one job."""

    done: int = 0
    error: str = ""


def run(jobs: Mapping[str, Job], results: dict[str, Result]) -> int:
    """Each job once; one that fails is logged and does not stop the others. Returns how much was done."""
    done = 0
    for name, job in jobs.items():
        result = results.setdefault(name, Result())
        try:
            count = job(clock.now())
        except Exception as error:
            logger.exception("The job %s failed", name)
            result.error = f"{type(error).__name__}: {error}"
        else:
            result.done += count
            done += count
    return done


def drain() -> dict[str, Result]:
    """Work off all that is due, round after round, until nothing is."""
    results: dict[str, Result] = {}
    run(ONCE, results)
    empty(results)
    return results


def empty(results: dict[str, Result]) -> None:
    """The jobs whose rows say themselves when they are due again."""
    for _round in range(MOST_ROUNDS):
        if not run(UNTIL_EMPTY, results):
            break


def _prepare_memberships(now: datetime) -> int:
    try:
        gateway = get_gateway()
    except NotConnected:
        # A site that has not connected Stripe yet has nothing to prepare, and nothing wrong with it.
        return 0
    return publishing.prepare_waiting(gateway=gateway, now=now)


def _work_off_inbox(now: datetime) -> int:
    tally = inbox.work_through(now=now)
    if tally.failed:
        msg = f"{tally.failed} webhook events failed and wait for another try"
        raise SomeFailed(msg)
    return tally.done


def _deliver_emails(now: datetime) -> int:
    return outbox.deliver_due(now=now)


def _deliver_items(now: datetime) -> int:
    return deliveries.deliver_due(now=now)


#: Once in a run: what fails here is due again at once.
ONCE: dict[str, Job] = {
    # Published by workflow, schedule or bulk action: not on sale before Stripe has confirmed the price.
    "memberships": _prepare_memberships,
}
#: In this order: an event owes items and e-mails.
UNTIL_EMPTY: dict[str, Job] = {
    "webhooks": _work_off_inbox,
    "items": _deliver_items,
    "emails": _deliver_emails,
}
