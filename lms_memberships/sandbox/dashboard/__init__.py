"""Who answers under ``/_sandbox/``, the dashboard?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..http import Request, Response
from . import api_requests, customers, debits, events, overview, payments, portal, promotions, subscriptions, webhooks
from .desk import Desk

if TYPE_CHECKING:
    from ..server import Sandbox

LISTS: dict[str, Callable[[Desk], Response]] = {
    "": overview.show,
    "customers": customers.listing,
    "subscriptions": subscriptions.listing,
    "payments": payments.listing,
    "promotions": promotions.listing,
    "portal": portal.listing,
    "events": events.listing,
    "webhooks": webhooks.listing,
    "requests": api_requests.listing,
}

SINGLE: dict[str, Callable[[Desk, str], Response | None]] = {
    "customers": customers.show,
    "subscriptions": subscriptions.show,
    "payments": payments.show,
    "promotions": promotions.show,
    "events": events.show,
    "webhooks": webhooks.show,
    "requests": api_requests.show,
}

# Without an object, and about one object: what a button does.
BUTTONS: dict[tuple[str, str], Callable[[Desk], Response]] = {
    ("", "clock"): overview.move_clock,
    ("", "account"): overview.choose_account,
    ("promotions", "make"): promotions.make,
    ("webhooks", "mode"): webhooks.set_mode,
}

OBJECT_BUTTONS: dict[tuple[str, str], Callable[[Desk, str], Response]] = {
    ("customers", "card"): customers.replace_card,
    ("subscriptions", "cancel"): subscriptions.cancel_now,
    ("subscriptions", "cancel-later"): subscriptions.cancel_at_period_end,
    ("subscriptions", "keep"): subscriptions.keep,
    ("subscriptions", "refund"): subscriptions.refund,
    ("subscriptions", "retry"): subscriptions.retry_payment,
    ("subscriptions", "trial-end"): subscriptions.advance_to_trial_end,
    ("portal", "switching"): portal.let_people_switch,
    ("payments", "refund"): payments.refund,
    ("payments", "dispute"): payments.dispute,
    ("refunds", "fail"): payments.fail,
    ("disputes", "decide"): payments.decide,
    ("promotions", "retire"): promotions.retire,
    ("events", "resend"): events.resend,
    ("debits", "answer"): debits.answer,
}


def answer(sandbox: Sandbox, request: Request, rest: list[str]) -> Response | None:
    """None when there is no such page."""
    desk = Desk(sandbox, request)
    if request.method == "POST":
        return _press(desk, rest)
    match rest:
        case []:
            return LISTS[""](desk)
        case [section] if section in LISTS:
            return LISTS[section](desk)
        case [section, object_id] if section in SINGLE:
            return SINGLE[section](desk, object_id)
    return None


def _press(desk: Desk, rest: list[str]) -> Response | None:
    try:
        match rest:
            case [button] if ("", button) in BUTTONS:
                return BUTTONS["", button](desk)
            case [section, button] if (section, button) in BUTTONS:
                return BUTTONS[section, button](desk)
            case [section, object_id, button] if (section, button) in OBJECT_BUTTONS:
                return OBJECT_BUTTONS[section, button](desk, object_id)
    except ApiError as error:
        return desk.refuse(error.message, back="/".join(["/_sandbox", *rest[:-1]]))
    return None
