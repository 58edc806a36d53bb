"""How is a Stripe client built? Pinned version, one base address, short timeouts, one retry; cached by key."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import stripe

#: The API version that our snapshots read. It is sent with each call, whatever the account's default is.
API_VERSION = "2026-10-28.endive"

# Together under 12 seconds for a web worker, at worst: a quick failure, a pause and one more attempt (D8).
CONNECT_SECONDS = 3
READ_SECONDS = 7
RETRY_IF_FAILED_WITHIN_SECONDS = 1
PAUSE = timedelta(milliseconds=500)

Answer = tuple[bytes, int, Mapping[str, str]]
WrapHttpClient = Callable[[stripe.HTTPClient], stripe.HTTPClient]


class QuickClient(stripe.RequestsClient):
    """Tries once more after a quick failure, never after a slow one: somebody may be waiting for a page.

    stripe's own retries count attempts, not time: three times ten seconds is too long.
    A second attempt carries the same idempotency key.
    """

    def __init__(self) -> None:
        super().__init__(timeout=(CONNECT_SECONDS, READ_SECONDS))

    def request(  # type: ignore[override]  # narrower than the base class, as stripe's own RequestsClient is
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object = None
    ) -> Answer:
        started = time.monotonic()
        try:
            answer = super().request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            if not error.should_retry or _is_too_late(started):
                raise
        else:
            if not _is_worth_another_try(answer) or _is_too_late(started):
                return answer
        time.sleep(PAUSE.total_seconds())
        return super().request(method, url, headers, post_data)


def fingerprint(key: str) -> str:
    """Which key it is, without saying the key: safe to store and to log."""
    return hashlib.sha256(key.encode()).hexdigest()


def client_for(key: str, *, api_base: str, account: str | None = None) -> stripe.StripeClient:
    """The client for this key: one for each thread of a process, since it keeps its connections open."""
    # A worker that was forked must not speak through its parent's connections.
    address = (os.getpid(), fingerprint(key), api_base, account)
    with _lock:
        if address not in _clients:
            _clients[address] = _build(key, api_base, account)
        return _clients[address]


def wrap_http_client(wrap: WrapHttpClient | None) -> None:
    """Have every client send its requests through ``wrap(http_client)``; None: directly again.

    For whoever wants to see each request that leaves: the project's tests check them against Stripe's own
    description, a site may measure them.
    """
    global _wrap
    with _lock:
        _wrap = wrap
        _clients.clear()


def _build(key: str, api_base: str, account: str | None) -> stripe.StripeClient:
    http_client: stripe.HTTPClient = QuickClient()
    base = api_base.rstrip("/")
    return stripe.StripeClient(
        key,
        stripe_account=account,
        stripe_version=API_VERSION,
        base_addresses={"api": base, "connect": base, "files": base, "meter_events": base} if base else None,
        max_network_retries=0,
        http_client=_wrap(http_client) if _wrap else http_client,
    )


def _is_too_late(started: float) -> bool:
    return time.monotonic() - started > RETRY_IF_FAILED_WITHIN_SECONDS


def _is_worth_another_try(answer: Answer) -> bool:
    _body, status, headers = answer
    advice = headers.get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    return status == 409 or status >= 500


_lock = threading.Lock()
_clients: dict[tuple[int, str, str, str | None], stripe.StripeClient] = {}
_wrap: WrapHttpClient | None = None
