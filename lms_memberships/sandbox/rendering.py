"""How an object is shown: the sandbox's own keys left out, references expanded on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import invalid
from .store import Object

if TYPE_CHECKING:
    from .work import Work

DEEPEST = 4

# What may be expanded, by type of object: the field and what stands behind it.
EXPANDABLE: dict[str, dict[str, str]] = {
    "billing_portal.session": {"configuration": "billing_portal.configuration"},
    "product": {"default_price": "price"},
    "price": {"product": "product", "currency_options": "", "tiers": ""},
    "customer": {"invoice_settings.default_payment_method": "payment_method", "subscriptions": "[subscription]"},
    "payment_method": {"customer": "customer"},
    "checkout.session": {
        "customer": "customer",
        "invoice": "invoice",
        "line_items": "[item]",
        "payment_intent": "payment_intent",
        "setup_intent": "setup_intent",
        "subscription": "subscription",
        "total_details.breakdown": "",
    },
    "item": {"price.product": "product"},
    "subscription": {
        "customer": "customer",
        "default_payment_method": "payment_method",
        "discounts": "discount",
        "latest_invoice": "invoice",
        "pending_setup_intent": "setup_intent",
        "schedule": "subscription_schedule",
        "test_clock": "test_helpers.test_clock",
    },
    "subscription_schedule": {"customer": "customer", "subscription": "subscription"},
    "subscription_item": {"discounts": "discount"},
    "invoice": {
        "confirmation_secret": "",
        "customer": "customer",
        "default_payment_method": "payment_method",
        "discounts": "discount",
        "parent.subscription_details.subscription": "subscription",
        "payments": "[invoice_payment]",
        "total_discount_amounts.discount": "discount",
    },
    "line_item": {"discounts": "discount", "discount_amounts.discount": "discount"},
    "invoice_payment": {
        "invoice": "invoice",
        "payment.payment_intent": "payment_intent",
        "payment.charge": "charge",
    },
    "invoiceitem": {"customer": "customer", "invoice": "invoice", "discounts": "discount"},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
    },
    "setup_intent": {"customer": "customer", "payment_method": "payment_method"},
    "charge": {"customer": "customer", "payment_intent": "payment_intent", "refunds": "[refund]"},
    "refund": {
        "charge": "charge",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
    },
    "credit_note": {"customer": "customer", "invoice": "invoice", "refunds.refund": "refund"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "promotion_code": {"customer": "customer", "promotion.coupon": "coupon"},
    "coupon": {"applies_to": "", "currency_options": ""},
    "discount": {"customer": "customer", "promotion_code": "promotion_code", "source.coupon": "coupon"},
}
# What is always shown inside, and can be walked through.
INSIDE: dict[str, dict[str, str]] = {
    "subscription": {"items.data": "subscription_item"},
    "subscription_item": {"price": "price"},
    "invoice": {"lines.data": "line_item"},
    "item": {"price": "price"},
}
# Kept with the object, shown only when asked for.
ON_REQUEST: dict[str, tuple[str, ...]] = {"coupon": ("applies_to", "currency_options"), "price": ("currency_options",)}

Lister = Callable[["Work", Object], object]


def render(each: Object) -> Object:
    """As the API shows it when nothing is expanded. A copy."""
    hidden = ON_REQUEST.get(_kind(each), ())
    return {name: _plain(value) for name, value in each.items() if not name.startswith("_") and name not in hidden}


def _kind(each: Object) -> str:
    # The data of an event holds an object under that name.
    return str(each.get("object"))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return render(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def check_paths(kind: str, paths: list[str]) -> None:
    for path in paths:
        if len(path.split(".")) > DEEPEST:
            raise invalid(f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}", "expand")
        if not _can_expand(kind, path.split(".")):
            raise invalid(f"This property cannot be expanded ({path}).", "expand")


def _can_expand(kind: str, parts: list[str]) -> bool:
    if kind.startswith("["):
        return parts[0] == "data" and len(parts) > 1 and _can_expand(kind[1:-1], parts[1:])
    for field, target in EXPANDABLE.get(kind, {}).items():
        names = field.split(".")
        if parts[: len(names)] == names:
            rest = parts[len(names) :]
            return not rest or bool(target) and _can_expand(target, rest)
    for field, target in INSIDE.get(kind, {}).items():
        names = field.split(".")
        if parts[: len(names)] == names and len(parts) > len(names):
            return _can_expand(target, parts[len(names) :])
    return False


def expand(work: Work, shown: Object, source: Object, paths: list[str]) -> Object:
    """``shown`` with what ``paths`` ask for filled in from ``work``."""
    for path in paths:
        _fill(work, shown, path.split("."))
    return shown


def _fill(work: Work, shown: object, parts: list[str]) -> None:
    if isinstance(shown, list):
        for each in shown:
            _fill(work, each, parts)
        return
    if not isinstance(shown, dict) or not parts:
        return
    for field, target in EXPANDABLE.get(_kind(shown), {}).items():
        names = field.split(".")
        if parts[: len(names)] == names:
            _fill_field(work, shown, names, target, parts[len(names) :])
            return
    _fill(work, shown.get(parts[0]), parts[1:])


def _fill_field(work: Work, shown: Object, names: list[str], target: str, rest: list[str]) -> None:
    holder: object = shown
    for name in names[:-1]:
        holder = holder.get(name) if isinstance(holder, dict) else holder
    for each in holder if isinstance(holder, list) else [holder]:
        if isinstance(each, dict):
            each[names[-1]] = _expanded(work, shown, names[-1], each.get(names[-1]), target)
            _fill(work, each[names[-1]], rest)


def _expanded(work: Work, shown: Object, name: str, value: object, target: str) -> object:
    lister = work.sandbox.included.get((shown["object"], name))
    if lister is not None and not isinstance(value, dict):
        return lister(work, shown)
    if isinstance(value, list):
        return [_expanded(work, shown, name, each, target) for each in value]
    if isinstance(value, str):
        found = work.find(target, value)
        return render(found) if found is not None else value
    return value


def list_of(objects: list[Object], *, url: str, has_more: bool = False) -> Object:
    return {"object": "list", "data": objects, "has_more": has_more, "url": url}
