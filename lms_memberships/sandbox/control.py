"""How tests and the demo steer the sandbox: JSON under ``/_sandbox/api/``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import ApiError, invalid
from .faults import Fault
from .http import Request, Response, json_response
from .store import Object

if TYPE_CHECKING:
    from .server import Sandbox

PREFIX = "/_sandbox/api/"


def answer(sandbox: Sandbox, request: Request) -> Response:
    action = ACTIONS.get((request.method, request.path.removeprefix(PREFIX).strip("/")))
    if action is None:
        return json_response({"error": f"no such control: {request.method} {request.path}"}, status=404)
    try:
        return json_response(action(sandbox, _body(request)))
    except ApiError as error:
        return json_response({"error": error.message}, status=error.status)


def _body(request: Request) -> Object:
    if request.method == "GET" or not request.body:
        return dict(request.query)
    if request.form:
        return dict(request.form)
    try:
        return dict(json.loads(request.body))
    except (ValueError, TypeError) as error:
        raise invalid("The body is not a JSON object.") from error


def _read_clock(sandbox: Sandbox, body: Object) -> Object:
    return {"now": sandbox.now(), "offset": sandbox.clock.offset}


def _move_clock(sandbox: Sandbox, body: Object) -> Object:
    if "to" in body:
        sandbox.actions.advance_clock_to(int(body["to"]))
    else:
        sandbox.actions.advance_clock(seconds=int(body.get("advance", 0)))
    return _read_clock(sandbox, body)


def _plan_fault(sandbox: Sandbox, body: Object) -> Object:
    if body.get("clear"):
        sandbox.faults.clear()
    elif body.get("kind") in ("latency", "status", "hang", "commit_then_drop"):
        sandbox.faults.plan(
            Fault(
                kind=body["kind"],
                path=str(body.get("path", "*")),
                count=int(body.get("count", 1)),
                seconds=float(body.get("seconds", 0)),
                status=int(body.get("status", 500)),
            )
        )
    else:
        raise invalid("kind must be latency, status, hang or commit_then_drop")
    return {"planned": [vars(each) for each in sandbox.faults.planned()]}


def _set_webhooks(sandbox: Sandbox, body: Object) -> Object:
    if body.get("mode") not in ("deliver", "withhold", "duplicate", "shuffle"):
        raise invalid("mode must be deliver, withhold, duplicate or shuffle")
    sandbox.deliveries.mode = body["mode"]
    return {"mode": sandbox.deliveries.mode}


def _events(sandbox: Sandbox, body: Object) -> Object:
    """Newest first, of one account; ``type`` narrows."""
    account = str(body.get("account", sandbox.account_id))
    found = sandbox.store.all("event", account=account)
    return {"data": [each for each in found if body.get("type") in (None, each["type"])]}


def _requests(sandbox: Sandbox, body: Object) -> Object:
    """Oldest first."""
    return {"data": sandbox.requests.all()}


def _reset(sandbox: Sandbox, body: Object) -> Object:
    sandbox.reset()
    return _read_clock(sandbox, body)


def _connect(sandbox: Sandbox, body: Object) -> Object:
    return {"account": sandbox.actions.connect_account(str(body["account"]))["id"]}


def _set_retries(sandbox: Sandbox, body: Object) -> Object:
    if body.get("then") not in ("cancel", "unpaid", "past_due"):
        raise invalid("then must be cancel, unpaid or past_due")
    sandbox.actions.set_retries(days=[int(each) for each in body.get("days", [])], then=body["then"])
    return body


ACTIONS: dict[tuple[str, str], Callable[[Sandbox, Object], Object]] = {
    ("GET", "clock"): _read_clock,
    ("POST", "clock"): _move_clock,
    ("POST", "faults"): _plan_fault,
    ("POST", "webhooks"): _set_webhooks,
    ("GET", "events"): _events,
    ("GET", "requests"): _requests,
    ("POST", "reset"): _reset,
    ("POST", "accounts"): _connect,
    ("POST", "retries"): _set_retries,
}
