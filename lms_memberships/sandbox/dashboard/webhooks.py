"""Who is told, and how did the telling go: endpoints and deliveries."""

from __future__ import annotations

from ..deliveries import MODES
from ..errors import ApiError
from ..http import Response
from ..languages import format_moment
from ..store import Object
from .desk import Desk, badge, words
from .listing import Cell, Table, paged_table

HEADS = ("Event", "To", "State", "Last answer", "Attempts", "Next try")

MODE_TEXTS = {
    "deliver": ("Deliver", "Each webhook is sent at once."),
    "lose": ("Lose", "Nothing is sent, as if Stripe had tried for three days. The events can still be listed."),
    "withhold": ("Withhold", "Nothing is sent until you choose something else. “Resend” still works."),
    "duplicate": ("Duplicate", "Each webhook is sent twice, as Stripe sometimes does."),
    "shuffle": ("Shuffle", "Webhooks overtake each other, as Stripe promises no order."),
}

STATES = ("pending", "delivered", "failed")


def listing(desk: Desk) -> Response:
    wanted = desk.request.query.get("status", "")
    deliveries = desk.sandbox.deliveries
    shown = [each for each in deliveries.all(account=desk.account) if wanted in ("", each["status"])]
    return desk.page(
        "webhooks.html",
        title="Webhooks",
        section="webhooks",
        mode=deliveries.mode,
        modes=[(mode, *MODE_TEXTS[mode]) for mode in MODES],
        endpoints=_endpoint_table(desk),
        states=[(state, words(state)) for state in STATES],
        wanted=wanted,
        table=delivery_table(desk, shown, caption="Deliveries"),
    )


def show(desk: Desk, delivery_id: str) -> Response | None:
    found = [each for each in desk.sandbox.deliveries.all(account=desk.account) if each["id"] == delivery_id]
    if not found:
        return None
    delivery = found[0]
    return desk.page(
        "delivery.html",
        title="Delivery",
        section="webhooks",
        delivery=delivery,
        state=words(delivery["status"]),
        badge=badge(delivery["status"]),
        next_try=format_moment(delivery["next_at"]),
        table=paged_table(
            desk.request,
            delivery["attempts"][::-1],
            _attempt_row,
            caption="Attempts",
            heads=("When (UTC, real time)", "Answer", "Took"),
            empty="Not tried yet.",
        ),
    )


def set_mode(desk: Desk) -> Response:
    wanted = desk.request.form.get("mode", "")
    mode = next((mode for mode in MODES if mode == wanted), None)
    if mode is None:
        raise ApiError("Choose one of the ways in which webhooks are sent.")
    desk.sandbox.deliveries.mode = mode
    return desk.back("webhooks", note="mode")


def delivery_table(desk: Desk, deliveries: list[Object], *, caption: str) -> Table:
    return paged_table(desk.request, deliveries, _delivery_row, caption=caption, heads=HEADS)


def _delivery_row(delivery: Object) -> list[Cell]:
    attempts = delivery["attempts"]
    return [
        Cell(delivery["type"], url=f"/_sandbox/events/{delivery['event']}"),
        Cell(delivery["url"], kind="id"),
        Cell(words(delivery["status"]), badge=badge(delivery["status"])),
        Cell(_answer(attempts[-1]) if attempts else "–"),
        Cell(str(len(attempts)), url=f"/_sandbox/webhooks/{delivery['id']}", kind="number"),
        Cell(format_moment(delivery["next_at"])),
    ]


def _attempt_row(attempt: Object) -> list[Cell]:
    return [
        Cell(format_moment(attempt["at"])),
        Cell(_answer(attempt)),
        Cell(f"{attempt['seconds']:.3f} s", kind="number"),
    ]


def _answer(attempt: Object) -> str:
    return attempt["error"] or str(attempt["status"])


def _endpoint_table(desk: Desk) -> Table:
    rows = []
    if desk.sandbox.webhook_url:
        given = Cell(desk.sandbox.webhook_url, kind="id")
        rows.append([given, Cell("Given at the start"), Cell("All"), Cell("Enabled", badge="good")])
    for endpoint in desk.all("webhook_endpoint"):
        types = endpoint["enabled_events"]
        rows.append(
            [
                Cell(endpoint["url"], kind="id"),
                Cell(endpoint["id"], kind="id"),
                Cell("All" if "*" in types else f"{len(types)} types"),
                Cell(words(endpoint["status"]), badge=badge(endpoint["status"])),
            ]
        )
    return Table("Endpoints", ("Address", "Made by", "Events", "State"), rows, "Nobody is told anything.")
