"""What came of the writes whose answer never arrived? Looked up at Stripe, never made again (D1, D3, D4)."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db.models import F

from .. import clock, killpoints
from .gateway import Gateway, GatewayFailure, NotFound
from .intents import KEY_LIFETIME, OPEN
from .models import Intent

logger = logging.getLogger(__name__)

#: The id of what a write made, from what its row says; None where Stripe knows nothing of it.
Finder = Callable[[Intent, Gateway], str | None]

#: How long after each look the next one follows; the last one repeats.
PAUSES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=6))
AT_ONCE = 100
NOTHING = "looked up: nothing was made"


def resolve_open(*, gateway: Gateway, finders: Mapping[str, Finder]) -> int:
    """Look for what each open write made, those that are due. Returns how many are settled now.

    Wall time throughout: keys are forgotten by Stripe's clock, wherever the domain's may stand. Stops at the first
    failure of Stripe's: the others would fail as well, and all are due again.
    """
    settled = 0
    for intent in _due(gateway)[:AT_ONCE]:
        finder = finders.get(intent.purpose)
        if finder is None or not _claim(intent):
            continue
        try:
            found = _look(intent, finder, gateway)
        except GatewayFailure as failure:
            logger.warning("Intent %s could not be looked up: %s", intent.pk, type(failure).__name__)
            break
        killpoints.reach("intent.looked_up")
        settled += _note(intent, found, now=clock.wall_time())
    return settled


def _due(gateway: Gateway) -> "list[Intent]":
    rows = Intent.objects.filter(
        state__in=OPEN,
        account=gateway.account_id,
        livemode=gateway.livemode,
        next_look_at__lte=clock.wall_time(),
    )
    return list(rows.order_by("next_look_at", "pk")[:AT_ONCE])


def _claim(intent: Intent) -> bool:
    """Nobody else looks at it meanwhile; whoever dies while looking has it looked at again."""
    pause = PAUSES[min(intent.looks, len(PAUSES) - 1)]
    mine = Intent.objects.filter(pk=intent.pk, state__in=OPEN, next_look_at=intent.next_look_at)
    return bool(mine.update(next_look_at=clock.wall_time() + pause, looks=F("looks") + 1))


def _look(intent: Intent, finder: Finder, gateway: Gateway) -> str | None:
    try:
        return finder(intent, gateway)
    except NotFound:
        return None


def _note(intent: Intent, found: str | None, *, now: datetime) -> int:
    """Found: it was made. Not found, and the key is forgotten: it never will be. In between: look again later."""
    is_over = now - (intent.sent_at or intent.created_at) > KEY_LIFETIME
    if found is None and not is_over:
        return 0
    state = Intent.State.REFUSED if found is None else Intent.State.CONFIRMED
    return Intent.objects.filter(pk=intent.pk, state__in=OPEN, idempotency_key=intent.idempotency_key).update(
        state=state,
        result_id=found or "",
        failure=NOTHING if found is None else intent.failure,
        settled_at=now,
        next_look_at=None,
    )
