"""How is a Stripe client built? Pinned version, one base address, short timeouts; cached by key, thread-safe."""

import hashlib
import os
import threading
from collections.abc import Callable

import stripe
from django.views.decorators.debug import sensitive_variables

from .breaker import Breaker
from .line import INTERACTIVE, Line, Manner

#: The API version that our snapshots read. It is sent with each call, whatever the account's default is.
API_VERSION = "2026-10-28.endive"

WrapHttpClient = Callable[[stripe.HTTPClient], stripe.HTTPClient]


def fingerprint(key: str) -> str:
    """Which key it is, without saying the key: safe to store and to log."""
    return hashlib.sha256(key.encode()).hexdigest()


def at_once() -> None:
    """No pace: whoever waits for a page waits for nobody else."""


@sensitive_variables("key")
def client_for(
    key: str, *, api_base: str, manner: Manner = INTERACTIVE, pace: Callable[[], None] = at_once
) -> stripe.StripeClient:
    """The client for this key: one for a process, since it keeps its connections open."""
    # A worker that was forked must not speak through its parent's connections.
    line = (os.getpid(), fingerprint(key), api_base)
    address = (*line, manner, pace)
    with _lock:
        if address not in _clients:
            breaker = _breakers.setdefault(line, Breaker())
            _clients[address] = _build(key, api_base, Line(manner, breaker=breaker, pace=pace))
        return _clients[address]


def wrap_http_client(wrap: WrapHttpClient | None) -> None:
    """Have every client send its requests through ``wrap(http_client)``; None: directly again.

    For whoever wants to see each request that leaves: the project's tests check them against Stripe's own
    description, a site may measure them. What is known of the lines is forgotten.
    """
    global _wrap
    with _lock:
        _wrap = wrap
        _clients.clear()
        _breakers.clear()


@sensitive_variables("key")
def _build(key: str, api_base: str, http_client: stripe.HTTPClient) -> stripe.StripeClient:
    base = api_base.rstrip("/")
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base, "connect": base, "files": base, "meter_events": base} if base else None,
        max_network_retries=0,
        http_client=_wrap(http_client) if _wrap else http_client,
    )


_lock = threading.Lock()
_clients: dict[tuple[int, str, str, Manner, Callable[[], None]], stripe.StripeClient] = {}
_breakers: dict[tuple[int, str, str], Breaker] = {}
_wrap: WrapHttpClient | None = None
