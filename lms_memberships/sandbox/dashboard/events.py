"""What happened: the list of events, and one with its deliveries."""

from __future__ import annotations

import json

from ..http import Response
from ..languages import format_moment
from ..rendering import render
from ..store import Object
from .desk import Desk
from .listing import Cell, paged_table
from .webhooks import delivery_table

HEADS = ("When (UTC)", "Type", "Event", "Webhooks to send")


def listing(desk: Desk) -> Response:
    wanted = desk.request.query.get("type", "")
    events = desk.all("event")
    shown = [event for event in events if wanted in ("", event["type"])]
    return desk.page(
        "events.html",
        title="Events",
        section="events",
        types=sorted({event["type"] for event in events}),
        wanted=wanted,
        table=paged_table(desk.request, shown, event_row, caption="Events", heads=HEADS),
    )


def show(desk: Desk, event_id: str) -> Response | None:
    event = desk.one("event", event_id)
    if event is None:
        return None
    deliveries = desk.sandbox.deliveries.all(account=desk.account, event_id=event_id)
    return desk.page(
        "event.html",
        title=event["type"],
        section="events",
        event=event,
        when=format_moment(event["created"]),
        payload=json.dumps(render(event), indent=2, ensure_ascii=False),
        table=delivery_table(desk, deliveries, caption="Deliveries"),
    )


def resend(desk: Desk, event_id: str) -> Response:
    sent_to = desk.sandbox.deliveries.resend(event_id)
    return desk.back(f"events/{event_id}", note="resent" if sent_to else "resent-nobody")


def event_row(event: Object) -> list[Cell]:
    waiting = event["pending_webhooks"]
    return [
        Cell(format_moment(event["created"])),
        Cell(event["type"], url=f"/_sandbox/events/{event['id']}"),
        Cell(event["id"], kind="id"),
        Cell(str(waiting), badge="wait" if waiting else None, kind="number"),
    ]
