"""Payment methods: the cards on file."""

from __future__ import annotations

from ..errors import invalid, missing_parameter
from ..fields import copy, full_address, merge_metadata
from ..paging import Listing, matching
from ..payments import cards, methods
from ..store import Object
from ..work import Work
from . import customers


def create(unit: Work, params: Object) -> Object:
    asked = params.get("card")
    if params.get("type", "card") != "card" or asked is None:
        raise invalid("The sandbox makes payment methods of type card only.", "type")
    if "token" in asked:
        if asked["token"] not in cards.NAMED_TOKENS:
            raise invalid(f"No such token: '{asked['token']}'", "card[token]", code="resource_missing")
        return methods.create_named(unit, cards.NAMED_TOKENS[asked["token"]])
    for name in ("number", "exp_month", "exp_year"):
        if name not in asked:
            raise missing_parameter(f"card[{name}]")
    card = cards.read_card(
        card_number=asked["number"],
        exp_month=asked["exp_month"],
        exp_year=asked["exp_year"],
        cvc=asked.get("cvc", "123"),
    )
    wrong = card if isinstance(card, cards.Decline) else cards.refuse_card(card, now=unit.now)
    if wrong is not None or isinstance(card, cards.Decline):
        raise methods.card_error(wrong or cards.NOT_A_NUMBER)
    method = methods.create(unit, card)
    _fill(method, params)
    return method


def update(unit: Work, method_id: str, params: Object) -> Object:
    method = unit.get("payment_method", method_id)
    _fill(method, params)
    if "card" in method:
        copy(params.get("card", {}), method["card"], ("exp_month", "exp_year"))
    unit.announce_change("payment_method.updated", method)
    return method


def _fill(method: Object, params: Object) -> None:
    merge_metadata(params, method)
    details = params.get("billing_details", {})
    copy(details, method["billing_details"], ("email", "name", "phone", "tax_id"))
    if "address" in details:
        method["billing_details"]["address"] = full_address(details["address"])


def retrieve(unit: Work, method_id: str, params: Object) -> Object:
    return unit.get("payment_method", method_id)


def attach(unit: Work, method_id: str, params: Object) -> Object:
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = customers.living(unit, params["customer"], status=400)
    method = methods.resolve(unit, method_id, param="payment_method")
    methods.attach(unit, method, customer["id"])
    return method


def detach(unit: Work, method_id: str, params: Object) -> Object:
    method = unit.get("payment_method", method_id)
    methods.detach(unit, method)
    return method


def list_all(unit: Work, params: Object) -> Listing:
    if "customer" not in params:
        raise missing_parameter("customer")
    return unit.listing("payment_method", lambda each: matching(params, customer=each["customer"], type=each["type"]))


def list_of_customer(unit: Work, customer_id: str, params: Object) -> Listing:
    customers.living(unit, customer_id)
    return list_all(unit, params | {"customer": customer_id})
