"""How does a write at Stripe happen exactly once? It is noted before it is made, and looked for before it is repeated.

Faults D1–D4: the answer was lost, the parameters changed, an error was remembered, the key was forgotten.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import QuerySet

from .. import clock, killpoints
from .gateway import Gateway, GatewayFailure, KeyRejected, NotAsked, RateLimited
from .models import Intent

T = TypeVar("T")

#: Stripe forgets idempotency keys after 24 hours: from here on only a look tells whether something was made (D4).
KEY_LIFETIME = timedelta(hours=23)
#: Stripe's words for "there is one already", with this id.
ALREADY_THERE = "resource_already_exists"
#: Stripe's words for "this key was used for another request" (D2).
KEY_TAKEN = "idempotency_error"
#: Begins the failure of a write whose error Stripe gives again under the same key for a day (D3).
REMEMBERED = "remembered: "
#: Sent, and no answer yet: what came of them is looked up.
OPEN = (Intent.State.SENT, Intent.State.UNKNOWN)
#: How long a call may take at most, with all its waiting; then somebody looks what came of it.
LOOK_AFTER = timedelta(minutes=5)
#: Refused at the door: nothing was done or remembered, so the same key is good for another try.
NOT_TRIED = (KeyRejected, NotAsked, RateLimited)
#: How soon what Stripe has refused is asked for again, at first and at most.
REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=6)


@dataclass(frozen=True)
class _Write(Generic[T]):
    """What is to be done at Stripe, and how to find out whether it was."""

    purpose: str
    subject: str
    parameters: dict[str, object]
    gateway: Gateway
    call: Callable[[str], T]
    result_id: Callable[[T], str]
    find: Callable[[], T | None]


def carry_out(  # noqa: PLR0913 - each is one part of the promise
    *,
    purpose: str,
    subject: str,
    parameters: dict[str, object],
    gateway: Gateway,
    call: Callable[[str], T],
    result_id: Callable[[T], str],
    find: Callable[[], T | None],
) -> T:
    """The result of ``call(idempotency_key)``, made once for a purpose and a subject; or what ``find()`` finds of it.

    ``subject`` names rows of ours, ``parameters`` (plain JSON, and moments) is what the request depends on: others are
    another request. Only the first try skips ``find()``. Raises what ``call`` raises; refuses to run inside a
    transaction.
    """
    write = _Write(
        purpose, subject, json.loads(json.dumps(parameters, cls=DjangoJSONEncoder)), gateway, call, result_id, find
    )
    intent = _latest(write)
    if intent is None:
        return _send(_plan(write, attempt=1), write)
    if intent.state != Intent.State.PLANNED:
        found = find()
        killpoints.reach("intent.looked_up")
        if found is not None:
            _settle(intent, Intent.State.CONFIRMED, result_id=result_id(found))
            return found
    return _send(_next_attempt(intent, write), write)


def was_just_refused(purpose: str, subject: str, gateway: Gateway) -> bool:
    """The same question so soon gets the same answer, and each leaves a row: it is asked ever more rarely."""
    attempts = _made_for(purpose, subject, gateway)
    latest = attempts.order_by("-pk").first()
    if latest is None or latest.state != Intent.State.REFUSED or latest.settled_at is None:
        return False
    pause = min(REST * 2 ** min(attempts.count(), 10), LONGEST_REST)
    return clock.wall_time() - latest.settled_at < pause


def _latest(write: _Write[T]) -> Intent | None:
    return _attempts(write).order_by("-pk").first()


def _attempts(write: _Write[T]) -> QuerySet[Intent]:
    return _made_for(write.purpose, write.subject, write.gateway)


def _made_for(purpose: str, subject: str, gateway: Gateway) -> QuerySet[Intent]:
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    return Intent.objects.filter(purpose=purpose, subject=subject, **at)


def _next_attempt(intent: Intent, write: _Write[T]) -> Intent:
    """The same request again, under the same key; a new key only after a look has said that nothing was made."""
    if intent.state == Intent.State.PLANNED:
        if intent.parameters != write.parameters:
            intent.parameters = write.parameters
            _save(intent, "parameters")
        return intent
    is_same = intent.state in OPEN and intent.parameters == write.parameters
    if is_same and not _is_forgotten(intent) and not intent.failure.startswith(REMEMBERED):
        return intent
    return _plan(write, attempt=_attempts(write).count() + 1)


def _is_forgotten(intent: Intent) -> bool:
    return clock.wall_time() - (intent.sent_at or intent.created_at) > KEY_LIFETIME


def _plan(write: _Write[T], *, attempt: int) -> Intent:
    # The key is unique in our table: two workers that plan the same write share one row, and so one request.
    with transaction.atomic(durable=True):
        intent, _created = Intent.objects.get_or_create(
            idempotency_key=_key(write, attempt),
            defaults={
                "purpose": write.purpose,
                "subject": write.subject,
                "account": write.gateway.account_id,
                "livemode": write.gateway.livemode,
                "parameters": write.parameters,
                "created_at": clock.wall_time(),
            },
        )
    killpoints.reach("intent.planned")
    return intent


def _key(write: _Write[T], attempt: int) -> str:
    mode = "live" if write.gateway.livemode else "test"
    key = f"lmsm:{write.purpose}:{write.subject}:{write.gateway.account_id}:{mode}"
    return key if attempt == 1 else f"{key}:{attempt}"


def _send(intent: Intent, write: _Write[T]) -> T:
    intent.state = Intent.State.SENT
    intent.sent_at = clock.wall_time()
    intent.next_look_at = intent.sent_at + LOOK_AFTER
    _save(intent, "state", "sent_at", "next_look_at")
    killpoints.reach("intent.sent")
    try:
        result = write.call(intent.idempotency_key)
    except GatewayFailure as failure:
        _settle(intent, _state_after(failure), failure=_said(failure))
        return _after_failure(failure, intent, write)
    killpoints.reach("intent.called")
    _settle(intent, Intent.State.CONFIRMED, result_id=write.result_id(result))
    return result


def _after_failure(failure: GatewayFailure, intent: Intent, write: _Write[T]) -> T:
    """Two refusals say that something was asked before: look for it. All other failures rise."""
    if failure.code not in {ALREADY_THERE, KEY_TAKEN}:
        raise failure
    found = write.find()
    if found is not None:
        _settle(intent, Intent.State.CONFIRMED, result_id=write.result_id(found))
        return found
    if failure.code == KEY_TAKEN:
        return _send(_next_attempt(intent, write), write)
    raise failure


def _state_after(failure: GatewayFailure) -> Intent.State:
    if isinstance(failure, NOT_TRIED):
        return Intent.State.PLANNED
    return Intent.State.UNKNOWN if failure.is_ambiguous else Intent.State.REFUSED


def _said(failure: GatewayFailure) -> str:
    # An error that Stripe remembered would come again under this key for a day: the next try looks, then takes another.
    mark = REMEMBERED if failure.is_replayed else ""
    return f"{mark}{type(failure).__name__} {failure.code}: {failure.message}"


def _settle(intent: Intent, state: Intent.State, *, result_id: str = "", failure: str = "") -> None:
    intent.state = state
    intent.result_id = result_id
    intent.failure = failure
    intent.settled_at = clock.wall_time()
    intent.next_look_at = intent.settled_at + LOOK_AFTER if state == Intent.State.UNKNOWN else None
    _save(intent, "state", "result_id", "failure", "settled_at", "next_look_at")
    killpoints.reach(f"intent.{state.value}")


def _save(intent: Intent, *fields: str) -> None:
    with transaction.atomic(durable=True):
        intent.save(update_fields=fields)
