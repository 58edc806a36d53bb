"""How tests and the demo steer the sandbox: JSON under ``/_sandbox/api/``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from .deliveries import MODES
from .errors import ApiError, invalid
from .faults import KINDS, Fault
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
    elif body.get("kind") in KINDS:
        sandbox.faults.plan(Fault.read(body))
    else:
        raise invalid(f"kind must be one of {', '.join(KINDS)}")
    return {"planned": [each.shown() for each in sandbox.faults.planned()]}


def _set_webhooks(sandbox: Sandbox, body: Object) -> Object:
    if body.get("mode") not in MODES:
        raise invalid(f"mode must be one of {', '.join(MODES)}")
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


def _set_taxes(sandbox: Sandbox, body: Object) -> Object:
    """``rates``: percents by country, {"FR": "20"}; ``behavior``: for prices that say nothing of their own."""
    sandbox.actions.set_taxes(rates=dict(body.get("rates", {})), behavior=body.get("behavior"))
    return body


def _refund(sandbox: Sandbox, body: Object) -> Object:
    """``charge``, and ``amount`` for a part of it."""
    amount = body.get("amount")
    return sandbox.actions.refund_charge(str(body["charge"]), amount=None if amount is None else int(amount))


def _fail_refund(sandbox: Sandbox, body: Object) -> Object:
    return sandbox.actions.fail_refund(str(body["refund"]))


def _open_dispute(sandbox: Sandbox, body: Object) -> Object:
    """``charge``; ``status`` and ``reason`` as Stripe words them."""
    said = {name: str(body[name]) for name in ("status", "reason") if name in body}
    return sandbox.actions.open_dispute(str(body["charge"]), **said)


def _change_dispute(sandbox: Sandbox, body: Object) -> Object:
    return sandbox.actions.change_dispute(str(body["dispute"]), str(body["status"]))


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
    ("POST", "taxes"): _set_taxes,
    ("POST", "refunds"): _refund,
    ("POST", "refunds/fail"): _fail_refund,
    ("POST", "disputes"): _open_dispute,
    ("POST", "disputes/change"): _change_dispute,
}
