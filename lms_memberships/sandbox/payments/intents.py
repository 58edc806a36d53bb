"""How money is taken: payment intents, setup intents and the charges that they lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ..store import Object
from ..work import Work, new_id
from . import cards, debits
from .cards import Decline, Presence

Verdict = Decline | Literal["succeeded", "authenticate", "processing"]


def create_payment(
    unit: Work,
    *,
    amount: int,
    currency: str,
    customer: str | None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Object:
    intent = unit.new("payment_intent", "pi_", amount=amount, currency=currency, customer=customer)
    intent |= {"description": description, "metadata": metadata or {}}
    intent["client_secret"] = new_id(f"{intent['id']}_secret_", length=24)
    unit.announce("payment_intent.created", intent)
    return intent


def create_setup(unit: Work, *, customer: str | None) -> Object:
    intent = unit.new("setup_intent", "seti_", customer=customer)
    intent["client_secret"] = new_id(f"{intent['id']}_secret_", length=24)
    unit.announce("setup_intent.created", intent)
    return intent


def confirm(unit: Work, intent: Object, method: Object, presence: Presence) -> Verdict:
    """Ask the bank. A person who is present can be sent to it."""
    intent["payment_method"] = method["id"]
    if method["type"] == "sepa_debit":
        return _debit(unit, intent, method)
    verdict = cards.bank_answer(method, presence, now=unit.now)
    if verdict == "authenticate":
        _await_person(unit, intent)
        return "authenticate"
    return _settle(unit, intent, method, verdict)


def authenticated(unit: Work, intent: Object, method: Object) -> Verdict:
    """The person has told the bank that it is them."""
    intent["next_action"] = None
    return _settle(unit, intent, method, cards.decline_of(method, now=unit.now))


def not_authenticated(unit: Work, intent: Object, method: Object) -> Decline:
    intent["next_action"] = None
    _fail(unit, intent, method, cards.NOT_AUTHENTICATED)
    return cards.NOT_AUTHENTICATED


def answered(unit: Work, intent: Object) -> Verdict:
    """The bank has paid the debit, or has not."""
    method = unit.get("payment_method", intent["payment_method"])
    charge = unit.get("charge", intent["latest_charge"])
    decline = debits.ACCOUNTS[method["_iban"]].decline
    if decline is None:
        return _succeed(unit, intent, charge)
    return _refuse(unit, intent, charge, decline)


def cancel(unit: Work, intent: Object, *, reason: str | None = None) -> None:
    """A debit that is under way cannot be called back."""
    if intent["status"] in ("succeeded", "canceled", "processing"):
        return
    intent |= {"status": "canceled", "canceled_at": unit.now, "cancellation_reason": reason, "next_action": None}
    unit.announce(f"{intent['object']}.canceled", intent)


def _await_person(unit: Work, intent: Object) -> None:
    intent["status"] = "requires_action"
    intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    unit.announce(f"{intent['object']}.requires_action", intent)


def _settle(unit: Work, intent: Object, method: Object, decline: Decline | None) -> Verdict:
    is_setup = intent["object"] == "setup_intent"
    if decline is not None and not (is_setup and cards.CARDS[method["_number"]].can_attach):
        _fail(unit, intent, method, decline)
        return decline
    if is_setup or intent["setup_future_usage"] == "off_session":
        method["_is_set_up"] = True
    if is_setup:
        intent |= {"status": "succeeded", "last_setup_error": None}
        unit.announce("setup_intent.succeeded", intent)
        return "succeeded"
    return _succeed(unit, intent, _charge(unit, intent, method, status="succeeded", captured=True, paid=True))


def _debit(unit: Work, intent: Object, method: Object) -> Verdict:
    """The account is noted, and asked for the money if there is something to pay."""
    if intent["object"] == "setup_intent":
        return _settle(unit, intent, method, None)
    charge = _charge(unit, intent, method, status="pending", captured=True, paid=False)
    intent |= {
        "status": "processing",
        "payment_method_types": ["card", "sepa_debit"],
        "_answered_at": unit.now + debits.ACCOUNTS[method["_iban"]].waits,
    }
    unit.announce("charge.pending", charge)
    unit.announce("payment_intent.processing", intent)
    return "processing"


def _succeed(unit: Work, intent: Object, charge: Object) -> Verdict:
    charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": intent["amount"]}
    charge["receipt_url"] = f"{unit.sandbox.public_url}/_sandbox/"
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
    unit.announce("charge.succeeded", charge)
    unit.announce("payment_intent.succeeded", intent)
    return "succeeded"


def _fail(unit: Work, intent: Object, method: Object, decline: Decline) -> None:
    if intent["object"] != "setup_intent":
        _refuse(unit, intent, _charge(unit, intent, method, status="failed", captured=False, paid=False), decline)
        return
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_setup_error": _error(decline),
    }
    unit.announce("setup_intent.setup_failed", intent)


def _refuse(unit: Work, intent: Object, charge: Object, decline: Decline) -> Decline:
    charge |= {
        "status": "failed",
        "captured": False,
        "failure_code": decline.code,
        "failure_message": decline.message,
    }
    charge["outcome"] |= {
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "seller_message": "The bank declined the payment.",
        "type": "issuer_declined",
    }
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": _error(decline) | {"charge": charge["id"]},
    }
    unit.announce("charge.failed", charge)
    unit.announce("payment_intent.payment_failed", intent)
    return decline


def _error(decline: Decline) -> Object:
    error = {"type": "card_error", "code": decline.code, "message": decline.message}
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    return error


def _charge(unit: Work, intent: Object, method: Object, **fields: object) -> Object:
    charge = unit.new("charge", "ch_", amount=intent["amount"], currency=intent["currency"], **fields)
    charge |= {
        "billing_details": dict(method["billing_details"]),
        "calculated_statement_descriptor": "SANDBOX",
        "customer": intent["customer"],
        "description": intent["description"],
        "metadata": dict(intent["metadata"]),
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": method["type"], method["type"]: DETAILS[method["type"]](method)},
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
    }
    intent["latest_charge"] = charge["id"]
    return charge


def _card_details(method: Object) -> Object:
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    absent = (
        "installments",
        "mandate",
        "three_d_secure",
        "wallet",
        "network_token",
        "regulated_status",
        "authorization_code",
    )
    return (
        {name: method["card"][name] for name in shown}
        | {"network": method["card"]["brand"]}
        | dict.fromkeys(absent)
        | {"amount_authorized": None, "network_transaction_id": None}
    )


def _debit_details(method: Object) -> Object:
    return {name: method["sepa_debit"][name] for name in DEBIT_FIELDS} | {"mandate": None}


DEBIT_FIELDS = ("bank_code", "branch_code", "country", "fingerprint", "last4")
DETAILS: dict[str, Callable[[Object], Object]] = {"card": _card_details, "sepa_debit": _debit_details}
