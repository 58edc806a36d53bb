"""How the same request, sent twice under one key, is done once."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import ApiError, IdempotencyError
from .http import Request
from .store import Object
from .work import Work

if TYPE_CHECKING:
    from .server import Sandbox

KEPT_SECONDS = 24 * 3600
LONGEST = 255
KIND = "_idempotency"

_guard = threading.Lock()


def fingerprint(request: Request, tree: Object | None) -> str:
    text = json.dumps([request.method, request.path, tree], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Slot:
    """What is known under one key of one account."""

    def __init__(self, sandbox: Sandbox, account: str, key: str) -> None:
        if len(key) > LONGEST:
            raise ApiError(f"Idempotency keys can be at most {LONGEST} characters long.")
        self.sandbox, self.account, self.key = sandbox, account, key

    @contextmanager
    def held(self) -> Iterator[None]:
        place = (self.account, self.key)
        with _guard:
            if place in self.sandbox.keys_in_use:
                raise IdempotencyError(
                    "There is currently another in-progress request using this Idempotent Key "
                    f"(that probably means you submitted twice, and the other request is still going through): {self.key}.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self.sandbox.keys_in_use.add(place)
        try:
            yield
        finally:
            with _guard:
                self.sandbox.keys_in_use.discard(place)

    def stored(self, asked: str) -> Object | None:
        found = self.sandbox.store.one(KIND, self.key, account=self.account)
        if found is None or time.time() - found["at"] > KEPT_SECONDS:
            return None
        if found["fingerprint"] != asked:
            raise IdempotencyError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{self.key}' if you meant to execute a different request."
            )
        return found

    def remember(self, unit: Work, asked: str, *, status: int, body: Object) -> None:
        unit.keep(
            {
                "object": KIND,
                "id": self.key,
                "fingerprint": asked,
                "status": status,
                "body": body,
                "request_id": unit.request_id,
                # Kept by the wall's clock: advancing the sandbox's must not make a retry a second sale.
                "at": time.time(),
            }
        )
