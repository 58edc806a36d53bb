"""Was anything missed since yesterday? The nightly job's short comparison with Stripe; what is left waits for the next."""

from dataclasses import replace
from datetime import datetime, timedelta

from ..payments.connect import NotConnected, get_background_gateway
from ..subscriptions import syncing
from ..subscriptions.sync_course import Busy
from ..subscriptions.sync_models import SyncRun

#: The rest of the night's work must not wait for a whole account.
LASTS = timedelta(minutes=2)


class SomeFailed(Exception):
    """Single objects could not be compared. They are logged, and looked at again by the next run."""


class Unwatched:
    """Nobody watches: what was repaired stands in the run."""

    def repaired(self, line: str) -> None:
        return None

    def moved(self, run: SyncRun) -> None:
        return None


def find_missed(now: datetime) -> int:
    """How many rows were not as at Stripe, and are now."""
    try:
        gateway = get_background_gateway()
    except NotConnected:
        return 0
    plan = replace(syncing.plan_events(gateway, now=now), lasts=LASTS)
    try:
        run = syncing.synchronise(plan, gateway=gateway, now=now, watcher=Unwatched())
    except Busy:
        # Somebody runs it by hand just now.
        return 0
    if run.failed:
        msg = f"{run.failed} objects could not be compared with Stripe"
        raise SomeFailed(msg)
    return run.repaired
