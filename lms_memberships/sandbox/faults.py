"""How the sandbox misbehaves on command."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from .errors import ApiError, ServerError
from .store import Object

FaultKind = Literal["latency", "status", "hang", "commit_then_drop", "rate_limit", "not_attached"]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
# A gateway's answer never reached Stripe's own servers, and what is refused at the door was never begun: neither is
# remembered under an idempotency key.
REMEMBERED_FROM = 500
NOT_REMEMBERED = (502, 503, 504)
# What Stripe says beside a status, where the fault names no code of its own.
WORDS: dict[int, tuple[str | None, str]] = {
    401: ("api_key_expired", "Expired API Key provided: sk_test_********"),
    403: (None, "The provided key 'rk_test_********' does not have the required permissions for this endpoint."),
    404: ("resource_missing", "No such object."),
    429: ("rate_limit", "Too many requests. Please retry after a short delay."),
}
LOCK_TIMEOUT = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
    "it. If you see this error intermittently, retry the request."
)


class HangUp(Exception):
    """Close the connection without an answer."""


@dataclass
class Fault:
    """``path`` is a shell pattern for "METHOD /v1/path" or for the path alone; ``count`` is how often it strikes.

    ``count`` 0: until it is cleared. ``share`` of the requests it meets are struck, the same ones for one ``seed``.
    ``rate``: so many requests in a second are let through, for ``rate_limit``. ``code`` is Stripe's word beside the
    status, ``retry_after`` the seconds in that header.
    """

    kind: FaultKind
    path: str = "*"
    count: int = 1
    seconds: float = 0.0
    status: int = 500
    code: str = ""
    share: float = 1.0
    seed: int = 0
    rate: float = 0.0
    retry_after: float | None = None

    def __post_init__(self) -> None:
        self.is_endless = self.count <= 0 or self.kind == "rate_limit"
        if self.kind == "rate_limit":
            self.status = 429
        self._dice = random.Random(self.seed)  # noqa: S311 - the same requests again, for a test
        self._let_through: deque[float] = deque()

    @classmethod
    def read(cls, body: Object) -> Fault:
        """From the JSON of the control API; what it does not know is left out."""
        readers: dict[str, Any] = {"path": str, "code": str, "count": int, "status": int, "seed": int}
        given = {
            each.name: readers.get(each.name, float)(body[each.name])
            for each in fields(cls)
            if each.name != "kind" and body.get(each.name) is not None
        }
        # JSON's null is as endless as 0.
        return cls(kind=body["kind"], **given | ({"count": 0} if "count" in body and body["count"] is None else {}))

    def shown(self) -> Object:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def strikes(self, method: str, path: str) -> bool:
        if not (fnmatchcase(path, self.path) or fnmatchcase(f"{method} {path}", self.path)):
            return False
        if self.kind == "rate_limit":
            return self._is_over_the_rate()
        return self.share >= 1 or self._dice.random() < self.share

    def error(self) -> ApiError:
        """What is answered instead, in Stripe's shape."""
        if self.status >= REMEMBERED_FROM:
            return ServerError("An unknown error occurred", status=self.status, code=self.code or None)
        code, message = WORDS.get(self.status, (None, "This request cannot be carried out."))
        if self.code == "lock_timeout":
            message = LOCK_TIMEOUT
        return ApiError(message, status=self.status, code=self.code or code)

    @property
    def answers_an_error(self) -> bool:
        return self.kind in ("status", "rate_limit")

    @property
    def is_remembered(self) -> bool:
        return self.status >= REMEMBERED_FROM and self.status not in NOT_REMEMBERED

    def _is_over_the_rate(self) -> bool:
        now = time.monotonic()
        while self._let_through and now - self._let_through[0] >= 1:
            self._let_through.popleft()
        if len(self._let_through) >= self.rate:
            return True
        self._let_through.append(now)
        return False


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        with self._lock:
            self._planned.append(fault)

    def planned(self) -> list[Fault]:
        with self._lock:
            return list(self._planned)

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """The first planned fault that meets this request, used up by one. Waiting is done here."""
        with self._lock:
            fault = next((each for each in self._planned if each.strikes(method, path)), None)
            if fault is None:
                return None
            if not fault.is_endless:
                fault.count -= 1
                if fault.count <= 0:
                    self._planned.remove(fault)
        time.sleep(fault.seconds)
        if fault.kind == "hang":
            raise HangUp
        return fault
