"""Which webhook events wait, and who works them off? A lease for each bundle, one read for all that it is about."""

import logging
import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from .. import clock
from ..payments.connect import get_gateway
from ..payments.gateway import Gateway
from ..payments.models import WebhookEvent
from .handlers import HANDLERS, Reading

logger = logging.getLogger(__name__)

State = WebhookEvent.State

#: How many due events are claimed in one go: few enough for one lease, however slow Stripe is.
BATCH = 20
#: Longer than any bundle takes. After that, whoever held it is taken for dead and another worker begins again.
LEASE = timedelta(minutes=5)
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
    done = failed = 0
    gateway: Gateway | None = None
    while bundles := _claim():
        gateway = gateway or get_gateway()
        for events in bundles:
            if _work_off(events, gateway=gateway, now=now):
                done += len(events)
            else:
                failed += len(events)
    return Tally(done, failed)


def _claim() -> list[list[WebhookEvent]]:
    """Lease the oldest due events, and with them all others that wait for the same subscription."""
    now = clock.wall_time()
    waiting = WebhookEvent.objects.filter(state=State.RECEIVED).filter(Q(leased_until=None) | Q(leased_until__lt=now))
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True)
    with transaction.atomic():
        events = list(waiting.filter(next_try_at__lte=now).order_by("pk")[:BATCH])
        if not events:
            return []
        events += _siblings(waiting, events)
        WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(leased_until=now + LEASE)
    return _bundle(events)


def _siblings(waiting: QuerySet[WebhookEvent], events: list[WebhookEvent]) -> list[WebhookEvent]:
    """Those that are not due yet, or beyond the batch: the same read answers them."""
    subscriptions = {event.subscription_id for event in events} - {""}
    if not subscriptions:
        return []
    known = [event.pk for event in events]
    return list(waiting.filter(subscription_id__in=subscriptions).exclude(pk__in=known).order_by("pk"))


def _bundle(events: Iterable[WebhookEvent]) -> list[list[WebhookEvent]]:
    bundles: dict[str, list[WebhookEvent]] = {}
    for event in events:
        bundles.setdefault(event.subscription_id or event.object_id or event.event_id, []).append(event)
    return list(bundles.values())


def _work_off(events: list[WebhookEvent], *, gateway: Gateway, now: datetime) -> bool:
    try:
        is_ours = _handle(events, Reading(gateway=gateway, now=now))
    except Exception:
        # Whatever it is, a bug of ours included: the event stays, and the others must not wait behind it (A7).
        logger.exception("Webhook events %s failed", [event.event_id for event in events])
        _put_back(events, traceback.format_exc())
        return False
    state = State.DONE if is_ours else State.IGNORED
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(state=state, leased_until=None, error="")
    return True


def _handle(events: list[WebhookEvent], reading: Reading) -> bool:
    """True when any of them was about something of ours."""
    # A type that was dropped from the table since it was stored is nothing that we follow any more.
    answers = [HANDLERS[event.type](event, reading) for event in events if event.type in HANDLERS]
    return any(answers)


def _put_back(events: list[WebhookEvent], error: str) -> None:
    now = clock.wall_time()
    for event in events:
        event.attempts += 1
        event.leased_until = None
        event.error = error
        if event.attempts > len(BACKOFF):
            event.state = State.DEAD
        else:
            event.next_try_at = now + BACKOFF[event.attempts - 1]
        event.save(update_fields=["attempts", "leased_until", "error", "state", "next_try_at"])
