"""What does the overview show, and how does its clock move?"""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import UTC, datetime

from ..errors import ApiError
from ..http import Response, redirect
from ..languages import format_moment
from ..store import Object
from . import debits
from .desk import COOKIE, Desk, badge, words
from .events import event_row
from .listing import Cell, Table

STEPS = {"hour": 3600, "day": 24 * 3600, "week": 7 * 24 * 3600}

SHOWN = 8


def show(desk: Desk) -> Response:
    subscriptions = desk.all("subscription")
    counted = Counter(subscription["status"] for subscription in subscriptions)
    return desk.page(
        "overview.html",
        title="Overview",
        section="",
        states=[(words(status), badge(status), number, status) for status, number in sorted(counted.items())],
        customers=len(desk.all("customer")),
        coming=_coming_up(desk, subscriptions),
        has_trial=any(subscription["status"] == "trialing" for subscription in subscriptions),
        debits=debits.waiting(desk),
        latest=_latest_events(desk),
        mode=desk.sandbox.deliveries.mode,
        today=datetime.fromtimestamp(desk.sandbox.now(), UTC).strftime("%Y-%m-%d"),
        error="",
    )


def move_clock(desk: Desk) -> Response:
    step = desk.request.form.get("step", "")
    actions, now = desk.sandbox.actions, desk.sandbox.now()
    if step in STEPS:
        actions.advance_clock(seconds=STEPS[step])
    elif step == "month":
        actions.advance_clock_to(a_month_after(now))
    elif step == "trial":
        actions.advance_to_trial_end()
    else:
        actions.advance_clock_to(_asked_for(desk.request.form.get("date", ""), now=now))
    return desk.back("", note="clock")


def choose_account(desk: Desk) -> Response:
    wanted = desk.request.form.get("account", "")
    if wanted not in desk.accounts:
        raise ApiError("There is no such account.")
    response = redirect("/_sandbox/?note=account")
    response.headers["Set-Cookie"] = f"{COOKIE}={wanted}; Path=/_sandbox/; SameSite=Lax; HttpOnly"
    return response


def a_month_after(timestamp: int) -> int:
    """The same day and time of the next month, or its last day, as Stripe's periods go."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())


def _asked_for(date: str, *, now: int) -> int:
    """That day at the present time of day."""
    time_of_day = datetime.fromtimestamp(now, UTC).timetz()
    try:
        wanted = int(datetime.combine(datetime.fromisoformat(date).date(), time_of_day).timestamp())
    except ValueError:
        raise ApiError("Enter a date like 2026-12-31.") from None
    if wanted < now:
        raise ApiError("The clock only goes forward: choose a later date.")
    return wanted


def _coming_up(desk: Desk, subscriptions: list[Object]) -> Table:
    soon = _ahead(desk, subscriptions)
    rows = [
        [
            Cell(format_moment(moment)),
            Cell(what),
            Cell(subscription["id"], url=f"/_sandbox/subscriptions/{subscription['id']}", kind="id"),
        ]
        for moment, what, subscription in soon[:SHOWN]
    ]
    return Table("Coming up", ("When (UTC)", "What", "Subscription"), rows, "Nothing is due.")


def _ahead(desk: Desk, subscriptions: list[Object]) -> list[tuple[int, str, Object]]:
    ahead = [(moment, what, each) for each in subscriptions for moment, what in _dates_ahead(each)]
    return sorted((each for each in ahead if each[0] > desk.sandbox.now()), key=lambda each: each[0])


def _dates_ahead(subscription: Object) -> list[tuple[int, str]]:
    if subscription["status"] in ("canceled", "incomplete_expired", "incomplete"):
        return []
    if subscription.get("cancel_at"):
        return [(subscription["cancel_at"], "Subscription ends")]
    if subscription["status"] == "trialing" and subscription.get("trial_end"):
        return [(subscription["trial_end"], "Trial ends")]
    items = (subscription.get("items") or {}).get("data") or []
    return [(min(item["current_period_end"] for item in items), "Renewal")] if items else []


def _latest_events(desk: Desk) -> Table:
    rows = [event_row(event) for event in desk.all("event")[:SHOWN]]
    return Table("Latest events", ("When (UTC)", "Type", "Event", "Webhooks to send"), rows)
