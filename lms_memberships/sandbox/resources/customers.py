"""Customers: who buys."""

from __future__ import annotations

import secrets

from ..billing import balances, ending
from ..errors import invalid, no_such
from ..fields import copy, full_address, merge_metadata
from ..paging import Listing, matching, within
from ..payments import methods
from ..rendering import list_of, render
from ..store import Object
from ..work import Work

PLAIN = ("description", "email", "name", "phone", "preferred_locales")


def create(unit: Work, params: Object) -> Object:
    customer = unit.new("customer", "cus_", invoice_prefix=secrets.token_hex(4).upper())
    _fill(unit, customer, params)
    copy(params, customer, ("balance",))
    if "payment_method" in params:
        method = methods.resolve(unit, params["payment_method"], param="payment_method")
        unit.announce("customer.created", customer)
        methods.attach(unit, method, customer["id"])
        return customer
    unit.announce("customer.created", customer)
    return customer


def update(unit: Work, customer_id: str, params: Object) -> Object:
    customer = living(unit, customer_id)
    _fill(unit, customer, params)
    moved = params.get("balance", customer["balance"]) - customer["balance"]
    if moved:
        balances.move(unit, customer, moved, balances.ADJUSTMENT, currency=customer["currency"] or "eur")
    unit.announce_change("customer.updated", customer)
    return customer


def _fill(unit: Work, customer: Object, params: Object) -> None:
    copy(params, customer, PLAIN)
    copy(params, customer, ("tax_exempt",), unset="none")
    merge_metadata(params, customer)
    if "address" in params:
        customer["address"] = full_address(params["address"])
    if "shipping" in params:
        asked = params["shipping"]
        customer["shipping"] = {"phone": None} | asked | {"address": full_address(asked["address"])} if asked else None
    settings = params.get("invoice_settings", {})
    copy(settings, customer["invoice_settings"], ("footer",))
    if "default_payment_method" in settings:
        method = unit.find("payment_method", settings["default_payment_method"])
        if method is None or method["customer"] != customer["id"]:
            raise no_such(
                "PaymentMethod",
                settings["default_payment_method"],
                param="invoice_settings[default_payment_method]",
                status=400,
            )
        customer["invoice_settings"]["default_payment_method"] = method["id"]


def living(unit: Work, customer_id: str, *, param: str = "customer", status: int = 404) -> Object:
    """A customer that has not been deleted."""
    customer = unit.get("customer", customer_id, param=param, status=status)
    if customer.get("_is_deleted"):
        raise no_such("customer", customer_id, param=param, status=status)
    return customer


def retrieve(unit: Work, customer_id: str, params: Object) -> Object:
    customer = unit.get("customer", customer_id)
    return _gone(customer) if customer.get("_is_deleted") else customer


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "customer",
        lambda each: (
            not each.get("_is_deleted")
            and matching(params, email=each["email"])
            and within(params.get("created"), each["created"])
        ),
    )


def delete(unit: Work, customer_id: str, params: Object) -> Object:
    """Its subscriptions end at once."""
    customer = living(unit, customer_id)
    for subscription in unit.all("subscription", lambda each: each["customer"] == customer_id):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            ending.cancel(unit, subscription, reason="cancellation_requested")
    for method in unit.all("payment_method", lambda each: each["customer"] == customer_id):
        method |= {"customer": None, "_is_used_up": True}
    unit.announce("customer.deleted", customer)
    customer["_is_deleted"] = True
    return _gone(customer)


def move_balance(unit: Work, customer_id: str, params: Object) -> Object:
    customer = living(unit, customer_id)
    if customer["currency"] not in (None, params["currency"]):
        # The balance of another currency is one of its own, which this sandbox does not keep.
        raise invalid(f"The sandbox keeps the balance of a customer in {customer['currency']} alone.", "currency")
    customer["currency"] = params["currency"]
    about = {"currency": params["currency"], "description": params.get("description")}
    entry = balances.move(unit, customer, params["amount"], balances.ADJUSTMENT, **about)
    merge_metadata(params, entry)
    return entry


def list_moves(unit: Work, customer_id: str, params: Object) -> Listing:
    living(unit, customer_id)
    return unit.listing(
        "customer_balance_transaction",
        lambda each: (
            each["customer"] == customer_id
            and matching(params, invoice=each["invoice"])
            and within(params.get("created"), each["created"])
        ),
    )


def _gone(customer: Object) -> Object:
    return {"id": customer["id"], "object": "customer", "deleted": True}


def subscriptions_of(unit: Work, customer: Object) -> Object:
    found = unit.all(
        "subscription", lambda each: each["customer"] == customer["id"] and each["status"] not in ending.OVER
    )
    return list_of([render(each) for each in found], url=f"/v1/customers/{customer['id']}/subscriptions")
