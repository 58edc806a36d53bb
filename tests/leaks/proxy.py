"""What would a shared cache in front of the site do? A small one that follows RFC 9111, and keeps all that it may.

Where a response says nothing of how long it is fresh, this one keeps it for an hour, as a keen CDN would.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client

KEPT_STATUSES = frozenset({200, 203, 204, 300, 301, 404, 405, 410, 414, 501})
HEURISTIC = 3600


@dataclass
class Stored:
    status: int
    headers: dict[str, str]
    body: bytes
    #: The request's headers that the response named in Vary, and what they were.
    chosen_by: dict[str, str]
    at: float
    fresh_for: float


class SharedCache:
    """Between browsers and the site. ``honours_vary=False`` is how many CDNs behave."""

    def __init__(self, *, honours_vary: bool = True, rewrite: Callable[[HttpResponseBase], None] | None = None) -> None:
        self.honours_vary = honours_vary
        #: What stands between site and cache: a negative control takes headers away here.
        self.rewrite = rewrite
        self.stored: dict[str, list[Stored]] = {}
        self.hits = 0

    def ask(self, browser: Client, path: str, *, method: str = "GET", **headers: str) -> HttpResponse:
        """What the browser gets: from the store if that is allowed, or else from the site."""
        sent = {**headers, "cookie": browser.cookies.output(header="", sep=";")}
        kept = self._find(path, sent) if method in {"GET", "HEAD"} else None
        if kept is None:
            return self._pass_on(browser, path, method, sent, headers)
        if "no-cache" in _directives(kept.headers) or time.monotonic() - kept.at > kept.fresh_for:
            known = kept.headers.get("ETag", "")
            answer = self._pass_on(browser, path, method, sent, {**headers, "if-none-match": known})
            if answer.status_code != 304:
                return answer
        self.hits += 1
        return _from_store(kept, method, sent)

    def _pass_on(
        self, browser: Client, path: str, method: str, sent: dict[str, str], headers: dict[str, str]
    ) -> HttpResponse:
        answer = browser.generic(method, path, headers=headers)
        if self.rewrite:
            self.rewrite(answer)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if method == "GET" and _may_store(answer):
            self._store(path, sent, answer, body)
        return _response(body, answer.status_code, dict(answer.headers))

    def _store(self, path: str, sent: dict[str, str], answer: HttpResponseBase, body: bytes) -> None:
        named = [name.strip().lower() for name in answer.headers.get("Vary", "").split(",") if name.strip()]
        self.stored.setdefault(path, []).append(
            Stored(
                status=answer.status_code,
                headers=dict(answer.headers),
                body=body,
                chosen_by={name: sent.get(name, "") for name in named if self.honours_vary},
                at=time.monotonic(),
                fresh_for=_lifetime(answer),
            )
        )

    def _find(self, path: str, sent: dict[str, str]) -> Stored | None:
        fitting = (
            kept
            for kept in reversed(self.stored.get(path, []))
            if all(sent.get(name, "") == value for name, value in kept.chosen_by.items())
        )
        return next(fitting, None)


def _directives(headers: dict[str, str]) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in headers.get("Cache-Control", "").lower().split(","))
    return {name: value.strip('"') for name, _equals, value in parts if name}


def _may_store(answer: HttpResponseBase) -> bool:
    said = _directives(dict(answer.headers))
    is_forbidden = "no-store" in said or "private" in said or answer.headers.get("Vary", "").strip() == "*"
    return answer.status_code in KEPT_STATUSES and not is_forbidden


def _lifetime(answer: HttpResponseBase) -> float:
    said = _directives(dict(answer.headers))
    for name in ("s-maxage", "max-age"):
        if name in said:
            return float(said[name])
    if "Expires" in answer.headers:
        return parsedate_to_datetime(answer.headers["Expires"]).timestamp() - time.time()
    return HEURISTIC


def _from_store(kept: Stored, method: str, sent: dict[str, str]) -> HttpResponse:
    etag = kept.headers.get("ETag")
    if etag and sent.get("if-none-match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", sent.get("range", ""))
    body = kept.body
    if wanted:
        body = body[int(wanted[1]) : int(wanted[2]) + 1 if wanted[2] else None]
    headers = {name: value for name, value in kept.headers.items() if name != "Content-Length"}
    return _response(b"" if method == "HEAD" else body, 206 if wanted else kept.status, headers)


def _response(body: bytes, status: int, headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(body, status=status)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def forget_to_say_no_store(response: HttpRequest) -> None:
    """The negative control's site: it says nothing of caches."""
    for name in ("Cache-Control", "Expires", "Vary"):
        if name in response.headers:
            del response.headers[name]
