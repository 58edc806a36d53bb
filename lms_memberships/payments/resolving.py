"""What came of the writes whose answer never arrived? Looked up at Stripe, never made again (D1, D3, D4)."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db.models import F, Q

from .. import clock, killpoints
from .gateway import Gateway, GatewayFailure, NotFound
from .intents import KEY_LIFETIME, LOOK_AFTER, OPEN
from .models import Intent

logger = logging.getLogger(__name__)

#: The id of what a write made, from what its row says; None where Stripe knows nothing of it.
Finder = Callable[[Intent, Gateway], str | None]

#: How long after each look the next one follows; the last one repeats.
PAUSES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=6))
AT_ONCE = 100
NOTHING = "looked up: nothing was made"
OVERTAKEN = "looked up: undone by a later write, so that nothing tells any more whether it was made"

#: Of each purpose those that undo it.
Undoing = Mapping[str, frozenset[str]]


def resolve_open(*, gateway: Gateway, finders: Mapping[str, Finder], undone_by: Undoing) -> int:
    """Look for what each open write made, those that are due. Returns how many are settled now.

    Wall time throughout: keys are forgotten by Stripe's clock, wherever the domain's may stand. Stops at the first
    failure of Stripe's: the others would fail as well, and all are due again. What is not found, and what a later
    write on the same object would have undone (``undone_by``), is settled: no look could ever find it (T8).
    """
    settled = 0
    for intent in _due(gateway, undone_by)[:AT_ONCE]:
        finder = finders.get(intent.purpose)
        if finder is None or not _claim(intent):
            continue
        try:
            found = _look(intent, finder, gateway)
        except GatewayFailure as failure:
            logger.warning("Intent %s could not be looked up: %s", intent.pk, type(failure).__name__)
            break
        killpoints.reach("intent.looked_up")
        is_overtaken = found is None and _is_overtaken(intent, undone_by.get(intent.purpose, frozenset()))
        settled += _note(intent, found, is_overtaken=is_overtaken, now=clock.wall_time())
    return settled


def _due(gateway: Gateway, undone_by: Undoing) -> "list[Intent]":
    """Those whose time has come; then those that a later write has undone since. They need not wait for hours, in which
    whoever watches over the site is told of them for nothing.
    """
    now = clock.wall_time()
    rows = Intent.objects.filter(state__in=OPEN, account=gateway.account_id, livemode=gateway.livemode)
    rows = rows.order_by("next_look_at", "pk")
    # No call takes longer than that: none of these is being made now.
    later = rows.filter(next_look_at__gt=now, sent_at__lte=now - LOOK_AFTER, purpose__in=undone_by)[:AT_ONCE]
    early = [each for each in later if _is_overtaken(each, undone_by[each.purpose])]
    return [*rows.filter(next_look_at__lte=now)[:AT_ONCE], *early]


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


def _is_overtaken(intent: Intent, undoing: frozenset[str]) -> bool:
    """Cancelled without an answer, and resumed since: Stripe shows the second, whether it had made the first or not.

    Both subjects begin with the id of one object.
    """
    if not undoing or intent.sent_at is None:
        return False
    stem = intent.subject.partition(":")[0]
    later = Intent.objects.filter(
        purpose__in=undoing,
        account=intent.account,
        livemode=intent.livemode,
        state=Intent.State.CONFIRMED,
        sent_at__gt=intent.sent_at,
    )
    return later.filter(Q(subject=stem) | Q(subject__startswith=f"{stem}:")).exclude(pk=intent.pk).exists()


def _note(intent: Intent, found: str | None, *, is_overtaken: bool, now: datetime) -> int:
    """Found: it was made. Not found, and the key is forgotten: it never will be. In between: look again later."""
    is_over = is_overtaken or now - (intent.sent_at or intent.created_at) > KEY_LIFETIME
    if found is None and not is_over:
        return 0
    state = Intent.State.REFUSED if found is None else Intent.State.CONFIRMED
    failure = OVERTAKEN if is_overtaken else NOTHING
    return Intent.objects.filter(pk=intent.pk, state__in=OPEN, idempotency_key=intent.idempotency_key).update(
        state=state,
        result_id=found or "",
        failure=failure if found is None else intent.failure,
        settled_at=now,
        next_look_at=None,
    )
