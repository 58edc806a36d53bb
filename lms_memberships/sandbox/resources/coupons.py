"""Coupons and the promotion codes that stand for them."""

from __future__ import annotations

import secrets

from ..errors import ApiError, invalid, no_such
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..store import Object
from ..work import Work

PLAIN = (
    "amount_off",
    "currency",
    "duration",
    "duration_in_months",
    "max_redemptions",
    "name",
    "percent_off",
    "redeem_by",
)
ON_REQUEST = ("applies_to", "currency_options")


def create(unit: Work, params: Object) -> Object:
    coupon_id = params.get("id") or secrets.token_hex(4).upper()
    if unit.find("coupon", coupon_id):
        raise ApiError("Coupon already exists.", code="resource_already_exists", param="id")
    if not 0 < params.get("percent_off", 1) <= 100:
        raise invalid("Invalid percent_off: must be above 0 and at most 100.", "percent_off")
    if params.get("amount_off", 1) < 1:
        raise invalid("Invalid amount_off: must be above 0.", "amount_off", code="parameter_invalid_integer")
    for product_id in params.get("applies_to", {}).get("products", []):
        unit.named("product", product_id, param="applies_to[products]")
    coupon = unit.new("coupon", "", id=coupon_id)
    copy(params, coupon, (*PLAIN, *ON_REQUEST))
    merge_metadata(params, coupon)
    unit.announce("coupon.created", coupon)
    return coupon


def update(unit: Work, coupon_id: str, params: Object) -> Object:
    coupon = retrieve(unit, coupon_id, {})
    copy(params, coupon, ("name", "currency_options"))
    merge_metadata(params, coupon)
    unit.announce_change("coupon.updated", coupon)
    return coupon


def retrieve(unit: Work, coupon_id: str, params: Object) -> Object:
    coupon = unit.get("coupon", coupon_id)
    if coupon.get("_is_deleted"):
        raise no_such("coupon", coupon_id)
    return coupon


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "coupon", lambda each: not each.get("_is_deleted") and within(params.get("created"), each["created"])
    )


def delete(unit: Work, coupon_id: str, params: Object) -> Object:
    """Discounts already given go on; no new ones are."""
    coupon = retrieve(unit, coupon_id, {})
    coupon |= {"valid": False, "_is_deleted": True}
    for code in unit.all("promotion_code", lambda each: each["promotion"]["coupon"] == coupon_id):
        code["active"] = False
        unit.announce_change("promotion_code.updated", code)
    unit.announce("coupon.deleted", coupon)
    return {"id": coupon_id, "object": "coupon", "deleted": True}


# ------------------------------------------------------------------ promotion codes
def create_code(unit: Work, params: Object) -> Object:
    coupon_id = params["promotion"]["coupon"]
    coupon = unit.find("coupon", coupon_id)
    if coupon is None:
        raise no_such("coupon", coupon_id, param="promotion[coupon]", status=400)
    if not coupon["valid"]:
        raise invalid("The coupon is not valid any more.", "promotion[coupon]", code="coupon_expired")
    text = params.get("code") or secrets.token_hex(4).upper()
    is_active = params.get("active", True)
    if is_active and _active_one(unit, text, params.get("customer")):
        raise ApiError(
            "An active promotion code with `code: " + text + "` already exists.",
            code="promotion_code_already_exists",
            param="code",
        )
    code = unit.new("promotion_code", "promo_", code=text, active=is_active)
    code["promotion"] = {"type": "coupon", "coupon": coupon_id}
    copy(params, code, ("customer", "expires_at", "max_redemptions"))
    merge_metadata(params, code)
    code["restrictions"] |= params.get("restrictions", {})
    unit.announce("promotion_code.created", code)
    return code


def update_code(unit: Work, code_id: str, params: Object) -> Object:
    code = unit.get("promotion_code", code_id)
    if params.get("active") and not unit.get("coupon", code["promotion"]["coupon"])["valid"]:
        raise invalid("This promotion code cannot be activated: its coupon is not valid.", "active")
    copy(params, code, ("active",))
    code["restrictions"] |= params.get("restrictions", {})
    merge_metadata(params, code)
    unit.announce_change("promotion_code.updated", code)
    return code


def retrieve_code(unit: Work, code_id: str, params: Object) -> Object:
    return unit.get("promotion_code", code_id)


def list_codes(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "promotion_code",
        lambda each: (
            matching(params, active=each["active"], customer=each["customer"], coupon=each["promotion"]["coupon"])
            and ("code" not in params or each["code"].lower() == params["code"].lower())
            and within(params.get("created"), each["created"])
        ),
    )


def _active_one(unit: Work, text: str, customer: str | None) -> bool:
    return bool(
        unit.all(
            "promotion_code",
            lambda each: each["active"] and each["code"].lower() == text.lower() and each["customer"] == customer,
        )
    )


def applies_to_of(unit: Work, coupon: Object) -> Object:
    return unit.get("coupon", coupon["id"]).get("applies_to") or {"products": []}


def options_of(unit: Work, coupon: Object) -> Object:
    options = unit.get("coupon", coupon["id"]).get("currency_options", {})
    own = {coupon["currency"]: {"amount_off": coupon["amount_off"]}} if coupon["currency"] else {}
    return own | options
