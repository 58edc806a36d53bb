"""What happens on the bank's page."""

from __future__ import annotations

from ..outcomes import Outcome
from ..payments import intents
from ..payments.intents import Verdict
from ..store import Object
from ..work import Work
from . import checkout, paying, portal

OVER = "This payment is already over."


def view(unit: Work, visit: Object) -> Object:
    intent = unit.get(visit["intent_kind"], visit["intent"])
    method = unit.get("payment_method", visit["method"])
    account = unit.get("account", unit.account)
    session = unit.find("checkout.session", visit.get("session"))
    return {
        "id": visit["id"],
        "status": visit["status"],
        "amount": intent.get("amount", 0),
        "currency": intent.get("currency") or (session["currency"] if session else account["default_currency"]),
        "seller": account["business_profile"]["name"],
        "card_brand": method["card"]["brand"],
        "card_last4": method["card"]["last4"],
        "locale": session["locale"] if session else None,
    }


def approve(unit: Work, visit: Object) -> Outcome:
    return _decide(unit, visit, "approved")


def decline(unit: Work, visit: Object) -> Outcome:
    return _decide(unit, visit, "declined")


def _decide(unit: Work, visit: Object, status: str) -> Outcome:
    if visit["status"] != "pending" or _is_over(unit, visit):
        return Outcome("declined", redirect_url=_page(unit, visit), message=OVER)
    visit["status"] = status
    intent = unit.get(visit["intent_kind"], visit["intent"])
    method = unit.get("payment_method", visit["method"])
    verdict: Verdict
    if status == "approved":
        verdict = intents.authenticated(unit, intent, method)
    else:
        verdict = intents.not_authenticated(unit, intent, method)
    outcome = _finish(unit, visit, intent, method, verdict)
    if outcome.kind == "declined":
        return Outcome("declined", redirect_url=_page(unit, visit), message=outcome.message)
    return outcome


def _finish(unit: Work, visit: Object, intent: Object, method: Object, verdict: Verdict) -> Outcome:
    if "session" in visit:
        session = unit.get("checkout.session", visit["session"])
        who = {"email": visit["email"], "name": visit["name"]}
        return checkout.settle(unit, session, intent, method, verdict, **who)
    if "portal" in visit:
        return _finish_in_portal(unit, visit, method, verdict)
    return paying.settle(unit, unit.get("invoice", visit["invoice"]), method, verdict)


def _finish_in_portal(unit: Work, visit: Object, method: Object, verdict: Verdict) -> Outcome:
    session = unit.get("billing_portal.session", visit["portal"])
    outcome = portal.settle_card(unit, session, method, verdict)
    if outcome.kind == "declined":
        return outcome
    return Outcome(outcome.kind, redirect_url=outcome.redirect_url or session["url"])


def _is_over(unit: Work, visit: Object) -> bool:
    if "session" in visit:
        return unit.get("checkout.session", visit["session"])["status"] != "open"
    if "portal" in visit:
        return False
    return unit.get("invoice", visit["invoice"])["status"] not in ("open", "uncollectible")


def _page(unit: Work, visit: Object) -> str:
    if "portal" in visit:
        # Its address ends with a word that only the customer knows.
        return unit.get("billing_portal.session", visit["portal"])["url"] + "/card"
    path = f"/c/pay/{visit['session']}" if "session" in visit else f"/i/{visit['invoice']}"
    return unit.sandbox.public_url + path
