"""How a card or a bank account becomes a payment method, and whose it is."""

from __future__ import annotations

from ..errors import CardError, invalid, no_such
from ..shapes import fresh
from ..store import Object
from ..work import Work
from . import cards
from .cards import Card, Decline

FAR_YEAR = 12


def create(unit: Work, card: Card, *, email: str | None = None, name: str | None = None) -> Object:
    test_card = cards.CARDS[card.number]
    method = unit.new("payment_method", "pm_", _number=card.number)
    method["card"] = fresh("payment_method")["card"] | {
        "brand": test_card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": test_card.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": f"sandbox{card.number[-9:]}",
        "funding": test_card.funding,
        "last4": card.number[-4:],
        "networks": {"available": [test_card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
    }
    method["billing_details"] |= {"email": email, "name": name}
    return method


def create_debit(unit: Work, iban: str, *, email: str | None = None, name: str | None = None) -> Object:
    method = unit.new("payment_method", "pm_", type="sepa_debit", _iban=iban)
    del method["card"]
    method["sepa_debit"] = {
        "bank_code": iban[4:12],
        "branch_code": None,
        "country": iban[:2],
        "fingerprint": f"sandbox{iban[-9:]}",
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": iban[-4:],
    }
    method["billing_details"] |= {"email": email, "name": name}
    return method


def create_named(unit: Work, number: str) -> Object:
    year = int(unit.now / (365.25 * 24 * 3600)) + 1970 + FAR_YEAR
    return create(unit, Card(number, 12, year, "123"))


def resolve(unit: Work, method_id: str, *, param: str) -> Object:
    """A payment method of the account, or a new one for one of Stripe's test names."""
    if method_id in cards.NAMED:
        return create_named(unit, cards.NAMED[method_id])
    found = unit.find("payment_method", method_id)
    if found is None:
        raise no_such("PaymentMethod", method_id, param=param, status=400)
    return found


def attach(unit: Work, method: Object, customer_id: str) -> None:
    if method["customer"] == customer_id:
        return
    if method["customer"] is not None or method.get("_is_used_up"):
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    test_card = cards.CARDS.get(method.get("_number", ""))
    if test_card and not test_card.can_attach and test_card.decline:
        raise card_error(test_card.decline)
    method["customer"] = customer_id
    unit.announce("payment_method.attached", method)


def detach(unit: Work, method: Object) -> None:
    customer_id = method["customer"]
    if customer_id is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    method["customer"] = None
    method["_is_used_up"] = True
    unit.announce("payment_method.detached", method, previous={"customer": customer_id})
    customer = unit.find("customer", customer_id)
    if customer and customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        unit.announce_change("customer.updated", customer)
    for subscription in unit.all("subscription", lambda each: each["default_payment_method"] == method["id"]):
        subscription["default_payment_method"] = None
        unit.announce_change("customer.subscription.updated", subscription)


def make_default(unit: Work, customer: Object, method: Object) -> None:
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    unit.announce_change("customer.updated", customer)


def default_for(unit: Work, subscription: Object) -> Object | None:
    """Which card pays for a subscription: its own, else the customer's default."""
    customer = unit.find("customer", subscription["customer"])
    chosen = subscription["default_payment_method"] or (
        customer and customer["invoice_settings"]["default_payment_method"]
    )
    return unit.find("payment_method", chosen or None)


def card_error(decline: Decline, *, payment_intent: Object | None = None) -> CardError:
    return CardError(
        decline.message,
        code=decline.code,
        decline_code=decline.decline_code,
        payment_intent=payment_intent,
    )


def replace(unit: Work, customer: Object, method: Object) -> None:
    """One card in the place of all others, for the customer and their subscriptions."""
    attach(unit, method, customer["id"])
    make_default(unit, customer, method)
    for subscription in unit.all("subscription", lambda each: each["customer"] == customer["id"]):
        if subscription["default_payment_method"] and subscription["status"] not in ("canceled", "incomplete_expired"):
            subscription["default_payment_method"] = method["id"]
            unit.announce_change("customer.subscription.updated", subscription)
