"""How a subscription ends."""

from __future__ import annotations

from ..payments import intents
from ..store import Object
from ..work import Work
from . import balances

OVER = ("canceled", "incomplete_expired")
OPEN_SCHEDULES = ("not_started", "active")


def cancel(unit: Work, subscription: Object, *, reason: str) -> None:
    """For good. Open invoices stay, but nobody is charged for them any more."""
    subscription |= {"status": "canceled", "ended_at": unit.now, "pause_collection": None, "pending_update": None}
    subscription["canceled_at"] = subscription["canceled_at"] or unit.now
    subscription["cancellation_details"]["reason"] = subscription["cancellation_details"]["reason"] or reason
    for invoice in _of(unit, subscription):
        if invoice["status"] in ("draft", "open"):
            invoice |= {"auto_advance": False, "next_payment_attempt": None, "automatically_finalizes_at": None}
            unit.announce_change("invoice.updated", invoice)
    unit.announce("customer.subscription.deleted", subscription)
    schedule = unit.find("subscription_schedule", subscription["schedule"])
    if schedule is not None:
        close_schedule(unit, schedule)


def close_schedule(unit: Work, schedule: Object) -> None:
    """A schedule whose subscription has ended in another way has nothing left to lead."""
    if schedule["status"] in OPEN_SCHEDULES:
        schedule |= {"status": "canceled", "canceled_at": unit.now, "current_phase": None}
        unit.announce("subscription_schedule.canceled", schedule)


def expire(unit: Work, subscription: Object) -> None:
    """The first payment did not come within 23 hours."""
    subscription |= {"status": "incomplete_expired", "ended_at": unit.now}
    for invoice in _of(unit, subscription):
        if invoice["status"] == "open":
            void(unit, invoice)
    unit.announce_change("customer.subscription.updated", subscription)


def _of(unit: Work, subscription: Object) -> list[Object]:
    return unit.all(
        "invoice",
        lambda each: (each["parent"] or {}).get("subscription_details", {}).get("subscription") == subscription["id"],
    )


def void(unit: Work, invoice: Object) -> None:
    invoice |= {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = unit.now
    intent = unit.find("payment_intent", invoice.get("_payment_intent"))
    if intent is not None:
        intents.cancel(unit, intent, reason="void_invoice")
    balances.give_back(unit, invoice)
    unit.announce("invoice.voided", invoice)
