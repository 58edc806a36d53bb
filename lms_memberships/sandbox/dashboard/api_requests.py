"""What was asked of the API, and what did it answer?"""

from __future__ import annotations

import json

from ..http import Response
from ..languages import format_moment
from ..store import Object
from .desk import Desk
from .listing import Cell, paged_table

HEADS = ("When (UTC, real time)", "Request", "Answer", "Id")
METHODS = ("GET", "POST", "DELETE")


def listing(desk: Desk) -> Response:
    wanted = {"method": desk.request.query.get("method", ""), "outcome": desk.request.query.get("outcome", "")}
    entries = [each for each in desk.sandbox.requests.all()[::-1] if _is_wanted(each, wanted)]
    return desk.page(
        "requests.html",
        title="API requests",
        section="requests",
        methods=METHODS,
        wanted=wanted,
        table=paged_table(desk.request, entries, _row, caption="API requests", heads=HEADS),
    )


def show(desk: Desk, request_id: str) -> Response | None:
    found = [each for each in desk.sandbox.requests.all() if each["id"] == request_id]
    if not found:
        return None
    entry: Object = found[0]
    facts = {
        "Time": format_moment(entry["at"]),
        "Answer": _answer(entry),
        "Account": entry["account"],
        "Idempotency key": entry["idempotency_key"],
        "Replayed": "Yes, from an earlier request with the same key" if entry["replayed"] else "",
    }
    return desk.page(
        "request.html",
        title=f"{entry['method']} {entry['path']}",
        section="requests",
        facts={label: value for label, value in facts.items() if value},
        params=json.dumps(entry["params"], indent=2, ensure_ascii=False),
    )


def _is_wanted(entry: Object, wanted: dict[str, str]) -> bool:
    outcome = "failed" if entry["status"] >= 400 else "succeeded"
    return wanted["method"] in ("", entry["method"]) and wanted["outcome"] in ("", outcome)


def _row(entry: Object) -> list[Cell]:
    is_error = entry["status"] >= 400
    return [
        Cell(format_moment(entry["at"])),
        Cell(f"{entry['method']} {entry['path']}", url=f"/_sandbox/requests/{entry['id']}", kind="id"),
        Cell(_answer(entry), badge="bad" if is_error else "good"),
        Cell(entry["id"], kind="id"),
    ]


def _answer(entry: Object) -> str:
    return f"{entry['status']} {entry['error']}" if entry["error"] else str(entry["status"])
