"""What a request to the sandbox and its answer look like, apart from any server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.cookies import SimpleCookie


@dataclass(frozen=True)
class Request:
    """One HTTP request. ``query`` and ``form`` hold the last value of each name."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw_query: str = ""

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())

    def cookie(self, name: str) -> str | None:
        morsel = SimpleCookie(self.header("cookie") or "").get(name)
        return morsel.value if morsel else None


@dataclass
class Response:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_response(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value).encode()
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, body)


def html_response(html: str, *, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "text/html; charset=utf-8"}, html.encode())


def redirect(location: str) -> Response:
    return Response(303, {"Location": location})
