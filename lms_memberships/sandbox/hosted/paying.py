"""What happens when a person pays an invoice on its hosted page, or tries the card on file again."""

from __future__ import annotations

from ..billing import invoices
from ..outcomes import Outcome
from ..payments import cards, intents, methods
from ..payments.cards import Card, Decline
from ..payments.intents import Verdict
from ..store import Object
from ..work import Work, new_id


def pay(unit: Work, invoice: Object, card: Card) -> Outcome:
    wrong = cards.refuse_card(card, now=unit.now)
    if wrong is not None:
        return Outcome("declined", message=wrong.message)
    method = methods.create(unit, card, email=invoice["customer_email"], name=invoice["customer_name"])
    intent = unit.get("payment_intent", invoice["_payment_intent"])
    intent["setup_future_usage"] = "off_session"
    verdict = intents.confirm(unit, intent, method, "present")
    if verdict == "authenticate":
        return _send_to_bank(unit, invoice, intent, method)
    return settle(unit, invoice, method, verdict)


def settle(unit: Work, invoice: Object, method: Object, verdict: Verdict) -> Outcome:
    if isinstance(verdict, Decline):
        invoices.note_failure(unit, invoice)
        return Outcome("declined", message=verdict.message)
    customer = unit.get("customer", invoice["customer"])
    methods.attach(unit, method, customer["id"])
    subscription = unit.find("subscription", invoices.subscription_id(invoice))
    if subscription is not None:
        subscription["default_payment_method"] = method["id"]
        unit.announce_change("customer.subscription.updated", subscription)
    invoices.mark_paid(unit, invoice)
    return Outcome("paid", redirect_url=invoice["hosted_invoice_url"] or "")


def _send_to_bank(unit: Work, invoice: Object, intent: Object, method: Object) -> Outcome:
    visit = {
        "object": "_authentication",
        "id": new_id("payatt_", length=24),
        "status": "pending",
        "invoice": invoice["id"],
        "intent": intent["id"],
        "intent_kind": "payment_intent",
        "method": method["id"],
    }
    unit.keep(visit)
    return Outcome(
        "authentication_required",
        redirect_url=f"{unit.sandbox.public_url}/auth/{visit['id']}",
        authentication_id=visit["id"],
    )
