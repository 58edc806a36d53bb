"""Which debits does a bank still have to answer, and what if it did so now?"""

from __future__ import annotations

from ..http import Response
from ..languages import format_moment
from ..store import Object
from .desk import Desk, money


def waiting(desk: Desk) -> list[Object]:
    """Those that are answered first come first."""
    found = [each for each in desk.all("payment_intent") if each["status"] == "processing"]
    return [_shown(desk, each) for each in sorted(found, key=lambda each: each["_answered_at"])]


def answer(desk: Desk, intent_id: str) -> Response:
    desk.sandbox.actions.answer_debit(intent_id)
    return desk.back("", note="answered")


def _shown(desk: Desk, intent: Object) -> Object:
    customer = desk.one("customer", intent["customer"]) or {}
    method = desk.one("payment_method", intent["payment_method"]) or {}
    return {
        "id": intent["id"],
        "amount": money(intent["amount"], intent["currency"]),
        "who": customer.get("email") or method.get("billing_details", {}).get("email") or intent["id"],
        "when": format_moment(intent["_answered_at"]),
    }
