"""How are the style sheet and the icon served?"""

from __future__ import annotations

from ..http import Request, Response
from ..screens import HERE

KINDS = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def serve(request: Request) -> Response | None:
    """None when there is no such file. Names are looked up in a listing, so no path leads out of it."""
    wanted = request.path.removeprefix("/static/")
    for file in (HERE / "static").iterdir():
        if file.name == wanted and file.suffix in KINDS:
            headers = {"Content-Type": KINDS[file.suffix], "Cache-Control": "no-cache"}
            return Response(200, headers, file.read_bytes())
    return None
