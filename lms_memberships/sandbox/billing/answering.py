"""What happens when the bank answers about a debit, long after the person has left the page?"""

from __future__ import annotations

from ..payments import intents
from ..store import Object
from ..work import Work
from . import invoices, receipts

WAITING = ("open", "uncollectible")


def answer(unit: Work, intent: Object) -> None:
    is_paid = intents.answered(unit, intent) == "succeeded"
    for invoice in unit.all("invoice", lambda each: _is_for(each, intent) and each["status"] in WAITING):
        if is_paid:
            invoices.mark_paid(unit, invoice)
        else:
            invoices.note_failure(unit, invoice)
    for session in unit.all("checkout.session", lambda each: _is_for(each, intent) and each["status"] == "complete"):
        if is_paid:
            _is_paid(unit, session, intent)
        else:
            unit.announce("checkout.session.async_payment_failed", session)


def _is_for(each: Object, intent: Object) -> bool:
    return bool(each.get("_payment_intent") == intent["id"])


def _is_paid(unit: Work, session: Object, intent: Object) -> None:
    session["payment_status"] = "paid"
    if session["mode"] == "payment":
        receipts.write(unit, session, unit.find("customer", session["customer"]), intent)
    unit.announce("checkout.session.async_payment_succeeded", session)
