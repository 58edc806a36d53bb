"""How is one webhook signed and sent?"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .rendering import render
from .store import Object
from .versions import event_in

if TYPE_CHECKING:
    from .server import Sandbox

CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


@dataclass(frozen=True)
class Letter:
    url: str
    secret: str
    payload: bytes


def write(sandbox: Sandbox, delivery: Object) -> Letter | None:
    """Read under the lock what is sent outside it. None when the event or the endpoint is gone."""
    event = sandbox.store.one("event", delivery["event"], account=delivery["account"])
    if event is None:
        return None
    if not delivery["endpoint"].startswith("we_"):
        return Letter(delivery["url"], sandbox.webhook_secret, _payload(event))
    owner = delivery["endpoint_account"]
    endpoint = sandbox.store.one("webhook_endpoint", delivery["endpoint"], account=owner)
    if endpoint is None:
        return None
    told = event_in(endpoint["api_version"], event, store=sandbox.store, account=delivery["account"])
    return Letter(endpoint["url"], endpoint["_secret"], _payload(told))


def _payload(event: Object) -> bytes:
    return json.dumps(render(event), indent=2).encode()


def signature(payload: bytes, *, secret: str, timestamp: int) -> str:
    """The value of the ``Stripe-Signature`` header; see https://docs.stripe.com/webhooks#verify-manually for it."""
    signed = str(timestamp).encode() + b"." + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def send(letter: Letter, *, timeout: float) -> Object:
    """One attempt: ``at``, ``status`` (0 when there was no answer), ``error``, ``seconds``. Wall time throughout."""
    started = time.time()
    try:
        status, error = _post(letter, timestamp=int(started), timeout=timeout), ""
    except (OSError, http.client.HTTPException, ValueError) as failure:
        status, error = 0, f"{type(failure).__name__}: {failure}"
    return {"at": started, "status": status, "error": error, "seconds": round(time.time() - started, 3)}


def _post(letter: Letter, *, timestamp: int, timeout: float) -> int:
    parts = urlsplit(letter.url)
    if parts.scheme not in CONNECTIONS or not parts.hostname:
        raise ValueError(f"no address that can be reached: {letter.url}")
    # http.client follows no redirect and reads no proxy from the environment, as it should be.
    connection = CONNECTIONS[parts.scheme](parts.hostname, parts.port, timeout=timeout)
    headers = {
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(letter.payload, secret=letter.secret, timestamp=timestamp),
        "User-Agent": USER_AGENT,
    }
    try:
        connection.request(
            "POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), letter.payload, headers
        )
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
