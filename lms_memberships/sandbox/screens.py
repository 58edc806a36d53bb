"""How does a template become an answer?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.template import Context, Engine

from .http import Response

HERE = Path(__file__).resolve().parent

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    # Product pictures come from the seller's site; nothing else comes from outside.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data: http: https:; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@cache
def engine() -> Engine:
    """Django's templates without Django's settings: autoescaping on, nothing else."""
    return Engine(dirs=[str(HERE / "templates")], autoescape=True)


def render(template: str, context: Mapping[str, object], *, status: int = 200) -> Response:
    html = engine().get_template(template).render(Context(dict(context), use_l10n=False, use_tz=False))
    return Response(status, dict(HEADERS), html.encode())
