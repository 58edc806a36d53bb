"""Which webhook events wait, and who works them off? A lease for each bundle, one read for all that it is about."""

import logging
import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from .. import clock, killpoints, leases
from ..payments import premises
from ..payments.connect import get_background_gateway
from ..payments.gateway import Gateway
from ..payments.models import WebhookEvent
from ..retrying import retried
from .handlers import HANDLERS, Reading

logger = logging.getLogger(__name__)

State = WebhookEvent.State

#: How many due events are claimed in one go. The lease is made longer between two bundles.
BATCH = 20
#: How long to wait after the first, second, … failure. When they are used up, the event is given up (A7).
BACKOFF: tuple[timedelta, ...] = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=48),
)


class Tally(NamedTuple):
    """How many events were worked off, and how many failed and wait again or were given up."""

    done: int
    failed: int


def work_off(*, now: datetime) -> int:
    """Work off whatever is due; returns how many events that were, failed ones included."""
    tally = work_through(now=now)
    return tally.done + tally.failed


def work_through(*, now: datetime) -> Tally:
    """The same, and what came of it. Stripe is not asked, nor needed, while nothing is due."""
    if premises.is_frozen():
        # A copy of the site asks Stripe nothing (E9). The events wait, and their tries are not used up.
        return Tally(0, 0)
    done = failed = 0
    gateway: Gateway | None = None
    while lease := _claim():
        killpoints.reach("inbox.claimed")
        gateway = gateway or _gateway(lease)
        for events in _bundle(lease.rows):
            lease.keep()
            if _work_off(events, lease, gateway=gateway, now=now):
                done += len(events)
            else:
                failed += len(events)
    return Tally(done, failed)


def _claim() -> leases.Lease:
    """The oldest due events, and with them all others that wait for the same subscription.

    What somebody else holds is left as it is: it stays ``received``, and comes back when they die (B13).
    """
    waiting = WebhookEvent.objects.filter(state=State.RECEIVED).order_by("pk")

    def siblings(events: list[WebhookEvent]) -> list[WebhookEvent]:
        """Not due yet, or beyond the batch: the same read answers them."""
        subscriptions = {event.subscription_id for event in events} - {""}
        if not subscriptions:
            return []
        others = waiting.filter(leases.is_free(clock.wall_time()), subscription_id__in=subscriptions)
        return list(leases.locked(others.exclude(pk__in=[event.pk for event in events])))

    return leases.take(waiting.filter(next_try_at__lte=clock.wall_time()), most=BATCH, along=siblings)


def _gateway(lease: leases.Lease) -> Gateway:
    try:
        return get_background_gateway()
    except Exception:
        lease.release()
        raise


def _bundle(events: Iterable[WebhookEvent]) -> list[list[WebhookEvent]]:
    bundles: dict[str, list[WebhookEvent]] = {}
    for event in events:
        bundles.setdefault(event.subscription_id or event.object_id or event.event_id, []).append(event)
    return list(bundles.values())


def _work_off(events: list[WebhookEvent], lease: leases.Lease, *, gateway: Gateway, now: datetime) -> bool:
    try:
        is_ours = _handle(events, Reading(gateway=gateway, now=now))
    except Exception:
        # Whatever it is, a bug of ours included: the event stays, and the others must not wait behind it (A7).
        logger.exception("Webhook events %s failed", [event.event_id for event in events])
        _put_back(events, lease, traceback.format_exc())
        killpoints.reach("inbox.put_back")
        return False
    killpoints.reach("inbox.before_settle")
    _settle(events, lease, State.DONE if is_ours else State.IGNORED)
    killpoints.reach("inbox.settled")
    return True


def _handle(events: list[WebhookEvent], reading: Reading) -> bool:
    """True when any of them was about something of ours."""
    # A type that was dropped from the table since it was stored is nothing that we follow any more.
    answers = [HANDLERS[event.type](event, reading) for event in events if event.type in HANDLERS]
    return any(answers)


@retried
def _settle(events: list[WebhookEvent], lease: leases.Lease, state: State) -> None:
    rows = WebhookEvent.objects.filter(pk__in=[event.pk for event in events])
    leases.mine(rows, lease.token).update(state=state, error="", **leases.SETTLED)


@retried
def _put_back(events: list[WebhookEvent], lease: leases.Lease, error: str) -> None:
    """To be tried again later, or given up. One that only came along with others has not used up a try of its own."""
    now = clock.wall_time()
    with transaction.atomic():
        for event in events:
            came_along = event.next_try_at > lease.taken_at
            attempts = event.attempts + (not came_along)
            values: dict[str, object] = {"attempts": attempts, "error": error}
            if attempts > len(BACKOFF):
                values["state"] = State.DEAD
            elif not came_along:
                values["next_try_at"] = now + BACKOFF[attempts - 1]
            leases.settle(event, lease.token, **values)
