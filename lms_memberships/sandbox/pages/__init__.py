"""Who answers what a browser asks for: hosted pages, the dashboard, static files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import dashboard
from ..errors import ApiError
from ..http import Request, Response, html_response, redirect
from . import authentication, checkout, files, frame, invoice, portal

if TYPE_CHECKING:
    from ..server import Sandbox


def handle(sandbox: Sandbox, request: Request) -> Response:
    if request.method not in ("GET", "HEAD", "POST"):
        return html_response("Method not allowed", status=405)
    if request.method == "POST" and _comes_from_elsewhere(sandbox, request):
        return html_response("This form was sent from another site.", status=403)
    try:
        return _answer(sandbox, request) or frame.not_found(request)
    except ApiError as error:
        if error.status == 404:
            return frame.not_found(request)
        raise


def _answer(sandbox: Sandbox, request: Request) -> Response | None:
    match request.path.strip("/").split("/"):
        case [""]:
            return redirect("/_sandbox/")
        case ["static", _]:
            return files.serve(request)
        case ["_sandbox", *rest]:
            return dashboard.answer(sandbox, request, rest)
        case parts:
            return _hosted(sandbox, request, parts)


def _hosted(sandbox: Sandbox, request: Request, parts: list[str]) -> Response | None:
    match parts:
        case ["c", "pay", session_id]:
            return checkout.answer(sandbox, request, session_id)
        case ["auth", authentication_id]:
            return authentication.answer(sandbox, request, authentication_id)
        case ["p", "session", token, *rest]:
            return portal.answer(sandbox, request, token, rest)
        case ["i", invoice_id]:
            return invoice.answer(sandbox, request, invoice_id)
        case ["i", invoice_id, "pdf"]:
            return invoice.download(sandbox, request, invoice_id)
    return None


def _comes_from_elsewhere(sandbox: Sandbox, request: Request) -> bool:
    """Another site in the same browser must not move the clock. Clients without an Origin are no browsers."""
    origin = request.header("origin")
    ours = (request.header("host"), urlsplit(sandbox.public_url).netloc)
    return origin is not None and urlsplit(origin).netloc not in ours
