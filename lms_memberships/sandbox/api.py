"""How a request to ``/v1/…`` is answered."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from . import rules
from .billing import due
from .endpoints import WORDS_FIRST, Handled
from .errors import ApiError, invalid
from .faults import Fault, HangUp
from .http import Request, Response, json_response
from .idempotency import Slot, fingerprint
from .paging import Listing, page
from .params import check, decode
from .rendering import check_paths, expand, render
from .resources import accounts
from .store import Object
from .work import API_VERSION, Work, new_id, work

if TYPE_CHECKING:
    from .server import Sandbox

KEY = re.compile(r"^(sk|rk)_test_\w+$")


@dataclass
class Call:
    """One API request, as far as it is understood."""

    request: Request
    request_id: str
    account: str = ""
    tree: Object | None = None
    retry_after: float | None = None

    @property
    def idempotency_key(self) -> str | None:
        return self.request.header("idempotency-key") if self.request.method == "POST" else None

    def pairs(self) -> list[tuple[str, str]]:
        texts = (self.request.raw_query, self.request.body.decode("utf-8", "replace"))
        return [pair for text in texts for pair in parse_qsl(text, keep_blank_values=True)]


def open_account(sandbox: Sandbox, account_id: str) -> None:
    with work(sandbox, account=account_id) as unit:
        accounts.open_if_new(unit, account_id)


def answer(sandbox: Sandbox, request: Request) -> Response:
    call = Call(request, new_id("req_"))
    response = Response(500)
    try:
        fault = sandbox.faults.strike(request.method, request.path)
        due.catch_up(sandbox)
        response = _answer(sandbox, call, fault)
    except ApiError as error:
        response = _refuse(error, call)
    finally:
        _log(sandbox, call, response)
    if fault is not None and fault.kind == "commit_then_drop":
        raise HangUp
    return response


def _answer(sandbox: Sandbox, call: Call, fault: Fault | None) -> Response:
    _authenticate(call.request)
    _authorise(call.request)
    _check_version(call.request)
    call.account = _account(sandbox, call.request)
    call.tree = decode(call.pairs())
    handled, places = _route(call.request)
    if fault is not None and fault.answers_an_error:
        return _fail(sandbox, call, fault)
    params = check(handled.endpoint.fields, call.tree)
    rules.check(handled.endpoint.name, params)
    check_paths(handled.kind, params.get("expand", []))
    if call.idempotency_key:
        return _answer_once(sandbox, call, handled, places, params)
    body = _run(sandbox, call, handled, places, params)
    if fault is not None and fault.kind == "not_attached" and body.get("subscription"):
        # Stripe tells of the purchase before the subscription can be read from the session.
        body["subscription"] = None
    return json_response(body, headers=_headers(call))


def _answer_once(sandbox: Sandbox, call: Call, handled: Handled, places: list[str], params: Object) -> Response:
    slot = Slot(sandbox, call.account, str(call.idempotency_key))
    with slot.held():
        stored = slot.stored(fingerprint(call.request, call.tree))
        if stored is not None:
            headers = _headers(call) | {"Idempotent-Replayed": "true", "Original-Request": stored["request_id"]}
            return json_response(stored["body"], status=stored["status"], headers=headers)
        body = _run(sandbox, call, handled, places, params)
    return json_response(body, headers=_headers(call))


def _run(sandbox: Sandbox, call: Call, handled: Handled, places: list[str], params: Object) -> Object:
    with work(sandbox, account=call.account, request_id=call.request_id, idempotency_key=call.idempotency_key) as unit:
        try:
            body = _show(unit, call, handled, params, handled.function(unit, *places, params))
        except ApiError as error:
            if error.keeps_work:
                _remember(unit, call, error.status, {"error": error.fields()})
            raise
        _remember(unit, call, 200, body)
    return body


def _show(unit: Work, call: Call, handled: Handled, params: Object, result: Object | list[Object] | Listing) -> Object:
    paths = params.get("expand", [])
    if isinstance(result, (list, Listing)):
        result = page(result, params, url=call.request.path)
    return expand(unit, render(result), result, paths)


def _remember(unit: Work, call: Call, status: int, body: Object) -> None:
    if call.idempotency_key:
        Slot(unit.sandbox, call.account, call.idempotency_key).remember(
            unit, fingerprint(call.request, call.tree), status=status, body=body
        )


def _fail(sandbox: Sandbox, call: Call, fault: Fault) -> Response:
    error = fault.error()
    call.retry_after = fault.retry_after
    if call.idempotency_key and fault.is_remembered:
        with work(sandbox, account=call.account) as unit:
            _remember(unit, call, fault.status, {"error": error.fields()})
    raise error


def _authenticate(request: Request) -> None:
    scheme, _, key = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if "expired" in key:
        raise ApiError(f"Expired API Key provided: {key[:8]}{'*' * 8}{key[-4:]}", status=401, code="api_key_expired")
    if not KEY.match(key) or "invalid" in key:
        raise ApiError(f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}", status=401)


def _authorise(request: Request) -> None:
    """A restricted key whose name ends in ``without_<resource>`` may not touch that resource."""
    resource = request.path.removeprefix("/v1/").partition("/")[0]
    scheme, _, key = (request.header("authorization") or "").partition(" ")
    if key.startswith("rk_") and key.endswith(f"_without_{resource}"):
        level = "read" if request.method == "GET" else "write"
        raise ApiError(
            f"The provided key '{key[:8]}{'*' * 8}{key[-4:]}' does not have the required permissions for this "
            f"endpoint. Having the 'rak_{resource}_{level}' permission would allow this request to continue.",
            status=403,
        )


def _check_version(request: Request) -> None:
    version = request.header("stripe-version")
    if version is not None and version != API_VERSION:
        raise invalid(f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION}.")


def _account(sandbox: Sandbox, request: Request) -> str:
    account = request.header("stripe-account") or sandbox.account_id
    if account not in sandbox.store.accounts():
        raise ApiError(
            f"The provided key does not have access to account '{account}' (or that account does not exist). "
            "Application access may have been revoked.",
            status=403,
            code="account_invalid",
        )
    return account


def _route(request: Request) -> tuple[Handled, list[str]]:
    for handled in WORDS_FIRST:
        places = handled.endpoint.match(request.method, request.path)
        if places is not None:
            return handled, list(places.values())
    raise ApiError(
        f"Unrecognized request URL ({request.method}: {request.path}). "
        "Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )


def _refuse(error: ApiError, call: Call) -> Response:
    log_url = f"https://dashboard.stripe.com/acct_sandbox/test/workbench/logs?object={call.request_id}"
    headers = _headers(call)
    if error.code == "idempotency_key_in_use":
        headers["Stripe-Should-Retry"] = "true"
    body = {"error": error.fields() | {"request_log_url": log_url}}
    return json_response(body, status=error.status, headers=headers)


def _headers(call: Call) -> dict[str, str]:
    headers = {"Request-Id": call.request_id, "Stripe-Version": API_VERSION}
    if call.idempotency_key:
        headers["Idempotency-Key"] = call.idempotency_key
    if call.retry_after is not None:
        headers["Retry-After"] = str(call.retry_after)
    if call.request.header("stripe-account"):
        headers["Stripe-Account"] = call.account
    return headers


def _log(sandbox: Sandbox, call: Call, response: Response) -> None:
    error = json.loads(response.body).get("error", {}) if response.body and response.status >= 400 else {}
    sandbox.requests.note(
        {
            "id": call.request_id,
            "at": time.time(),
            "method": call.request.method,
            "path": call.request.path,
            "params": call.tree,
            "account": call.account,
            "idempotency_key": call.idempotency_key,
            "replayed": "Idempotent-Replayed" in response.headers,
            "status": response.status,
            "error": error.get("code") or error.get("message"),
        }
    )
