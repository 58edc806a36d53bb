"""How did the same object look in an older version of the API? What webhook endpoints of that version are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .store import Object, copied
from .work import API_VERSION

if TYPE_CHECKING:
    from .store import Store

BASIL = "2025-03-31.basil"
BEFORE_BASIL = "2024-06-20"
#: Oldest first. An endpoint that names none is sent the newest.
VERSIONS: tuple[str, ...] = (BEFORE_BASIL, BASIL, API_VERSION)

Change = Callable[["Store", str, Object], None]


def event_in(version: str | None, event: Object, *, store: Store, account: str) -> Object:
    """The event as an endpoint of that version is sent it. The same facts in other places."""
    if version in (None, API_VERSION):
        return event
    told = copied(event) | {"api_version": version}
    kind = told["data"]["object"].get("object")
    for step in reversed(VERSIONS[VERSIONS.index(str(version)) : -1]):
        _walk(told["data"]["object"], CHANGES[step], store, account)
        previous = told["data"].get("previous_attributes")
        if previous and kind in CHANGES[step]:
            CHANGES[step][kind](store, account, previous)
    return told


def _walk(value: object, changes: dict[str, Change], store: Store, account: str) -> None:
    if isinstance(value, list):
        for each in value:
            _walk(each, changes, store, account)
    if isinstance(value, dict):
        for each in list(value.values()):
            _walk(each, changes, store, account)
        change = changes.get(str(value.get("object")))
        if change is not None:
            change(store, account, value)


# ------------------------------------------------------------------ how it was in basil
def _subscription_in_basil(store: Store, account: str, told: Object) -> None:
    for newer in ("status_details", "billing_schedules"):
        told.pop(newer, None)


def _discount_in_basil(store: Store, account: str, told: Object) -> None:
    source = told.pop("source", None)
    if source:
        told["coupon"] = source["coupon"]


def _promotion_code_in_basil(store: Store, account: str, told: Object) -> None:
    promotion = told.pop("promotion", None)
    if promotion:
        told["coupon"] = promotion["coupon"]


# ------------------------------------------------------------------ how it was before basil
def _subscription_before_basil(store: Store, account: str, told: Object) -> None:
    """One period for the whole subscription, and a plan beside each price."""
    items = (told.get("items") or {}).get("data") or []
    for item in items:
        for name in ("current_period_start", "current_period_end"):
            if name in item:
                told[name] = item.pop(name)
        if item.get("price"):
            item["plan"] = _plan(item["price"])
    if len(items) == 1 and "plan" in items[0]:
        told["plan"], told["quantity"] = items[0]["plan"], items[0].get("quantity", 1)
    if "discounts" in told:
        told["discount"] = next(iter(told["discounts"]), None)


def _plan(price: Object) -> Object:
    recurring = price.get("recurring") or {}
    shared = ("id", "active", "created", "currency", "livemode", "metadata", "nickname", "product")
    return {name: price.get(name) for name in shared} | {
        "object": "plan",
        "amount": price.get("unit_amount"),
        "interval": recurring.get("interval"),
        "interval_count": recurring.get("interval_count"),
    }


def _invoice_before_basil(store: Store, account: str, told: Object) -> None:
    """Its subscription, payment and tax stood at the top."""
    if "parent" in told:
        details = (told.pop("parent") or {}).get("subscription_details") or {}
        told["subscription"] = details.get("subscription")
        told["subscription_details"] = {"metadata": details.get("metadata")}
    if "total_taxes" in told:
        taxes = told.pop("total_taxes") or []
        told["tax"] = sum(each["amount"] for each in taxes) if taxes else None
    if "status" in told and "id" in told:
        told["paid"] = told["status"] == "paid"
        told |= _payment_of(store, account, told["id"])
    told.pop("payments", None)


def _payment_of(store: Store, account: str, invoice_id: str) -> Object:
    invoice = store.peek((account, "invoice", invoice_id)) or {}
    intent = store.peek((account, "payment_intent", invoice.get("_payment_intent") or "")) or {}
    return {"payment_intent": intent.get("id"), "charge": intent.get("latest_charge")}


def _line_before_basil(store: Store, account: str, told: Object) -> None:
    parent = told.pop("parent", None) or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    pricing = told.pop("pricing", None) or {}
    price = (pricing.get("price_details") or {}).get("price")
    told |= {
        "type": "subscription" if parent.get("subscription_item_details") else "invoiceitem",
        "subscription": details.get("subscription"),
        "subscription_item": details.get("subscription_item"),
        "proration": bool(details.get("proration")),
        "price": copied(store.peek((account, "price", price or ""))),
    }


CHANGES: dict[str, dict[str, Change]] = {
    BASIL: {
        "subscription": _subscription_in_basil,
        "discount": _discount_in_basil,
        "promotion_code": _promotion_code_in_basil,
    },
    BEFORE_BASIL: {
        "subscription": _subscription_before_basil,
        "invoice": _invoice_before_basil,
        "line_item": _line_before_basil,
    },
}
