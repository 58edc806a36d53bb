"""What coupons and promotion codes take off."""

from __future__ import annotations

from ..errors import ApiError, invalid, no_such
from ..store import Object
from ..work import Work
from . import months


def resolve(unit: Work, asked: list[Object], *, customer: Object | None, param: str = "discounts") -> list[Object]:
    """The coupons that ``discounts=[{coupon|promotion_code}]`` speaks of: [{coupon, promotion_code}]."""
    return [_one(unit, each, customer=customer, param=f"{param}[{index}]") for index, each in enumerate(asked)]


def _one(unit: Work, asked: Object, *, customer: Object | None, param: str) -> Object:
    if "promotion_code" in asked:
        code = unit.find("promotion_code", asked["promotion_code"])
        if code is None:
            raise no_such("promotion code", asked["promotion_code"], param=f"{param}[promotion_code]", status=400)
        refusal = why_not(unit, code, customer=customer)
        if refusal:
            raise invalid(refusal, f"{param}[promotion_code]", code="promotion_code_not_applicable")
        return {"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]}
    if "discount" in asked:
        kept = unit.named("discount", asked["discount"], param=f"{param}[discount]")
        return {"coupon": kept["source"]["coupon"], "promotion_code": kept["promotion_code"], "discount": kept["id"]}
    if "coupon" not in asked:
        raise ApiError("Each discount needs a coupon or a promotion_code.", code="parameter_missing", param=param)
    coupon = unit.find("coupon", asked["coupon"])
    if coupon is None:
        raise no_such("coupon", asked["coupon"], param=f"{param}[coupon]", status=400)
    if not coupon["valid"]:
        raise invalid(f"Coupon expired: {coupon['id']}", f"{param}[coupon]", code="coupon_expired")
    return {"coupon": coupon["id"], "promotion_code": None}


def why_not(unit: Work, code: Object, *, customer: Object | None) -> str | None:
    coupon = unit.find("coupon", code["promotion"]["coupon"])
    if not code["active"] or coupon is None or not coupon["valid"]:
        return "This promotion code is not active."
    if code["customer"] and (customer is None or code["customer"] != customer["id"]):
        return "This promotion code cannot be redeemed because it is for another customer."
    if code["restrictions"]["first_time_transaction"] and customer is not None and _has_paid(unit, customer["id"]):
        return "This promotion code cannot be redeemed because the associated customer has prior transactions."
    return None


def why_not_here(unit: Work, chosen: list[Object], *, subtotal: int, currency: str) -> str | None:
    """Of what may be redeemed by this person: why it cannot be for this amount in this currency."""
    for each in chosen:
        coupon = unit.get("coupon", each["coupon"])
        if coupon["amount_off"] is not None and currency not in _amounts_off(coupon):
            return f"The coupon takes off an amount in {coupon['currency']} and cannot be used for {currency}."
        code = unit.find("promotion_code", each["promotion_code"])
        if code is not None and below_minimum(code, subtotal=subtotal, currency=currency):
            return "This code needs a higher order amount."
    return None


def _amounts_off(coupon: Object) -> Object:
    return {coupon["currency"]: coupon["amount_off"]} | coupon.get("currency_options", {})


def below_minimum(code: Object, *, subtotal: int, currency: str) -> bool:
    restrictions = code["restrictions"]
    minimum = restrictions["minimum_amount"]
    return minimum is not None and restrictions["minimum_amount_currency"] == currency and subtotal < minimum


def _has_paid(unit: Work, customer_id: str) -> bool:
    paid = unit.all("invoice", lambda each: each["customer"] == customer_id and each["amount_paid"] > 0)
    charged = unit.all("charge", lambda each: each["customer"] == customer_id and each["paid"])
    return bool(paid or charged)


def redeem(unit: Work, chosen: list[Object], *, customer: str, **of: str) -> list[str]:
    """Make discounts of the chosen coupons; ``of`` says whose: a subscription, an invoice, a session."""
    made = []
    for each in chosen:
        coupon = unit.get("coupon", each["coupon"])
        discount = unit.new("discount", "di_", customer=customer, promotion_code=each["promotion_code"], **of)
        discount |= {"start": unit.now, "source": {"type": "coupon", "coupon": coupon["id"]}}
        if coupon["duration"] == "repeating":
            discount["end"] = months.add(unit.now, "month", coupon["duration_in_months"])
        _count(unit, coupon, each["promotion_code"])
        if "subscription" in of:
            unit.announce("customer.discount.created", discount)
        made.append(discount["id"])
    return made


def _count(unit: Work, coupon: Object, code_id: str | None) -> None:
    for each in filter(None, (coupon, unit.find("promotion_code", code_id))):
        each["times_redeemed"] += 1
        if each["max_redemptions"] is not None and each["times_redeemed"] >= each["max_redemptions"]:
            each["valid" if each is coupon else "active"] = False
    unit.announce_change("coupon.updated", coupon)
    if code_id is not None:
        unit.announce_change("promotion_code.updated", unit.get("promotion_code", code_id))


def drop(unit: Work, subscription: Object, discount_ids: list[str]) -> None:
    for discount_id in discount_ids:
        subscription["discounts"].remove(discount_id)
        discount = unit.get("discount", discount_id)
        discount["end"] = unit.now
        unit.announce("customer.discount.deleted", discount)


def running(unit: Work, discount_ids: list[str], *, at: int) -> list[Object]:
    found = [unit.get("discount", each) for each in discount_ids]
    return [each for each in found if each["end"] is None or each["end"] > at]


def share_out(unit: Work, lines: list[Object], coupons: list[tuple[str, Object]], *, currency: str) -> Object:
    """What each discount takes from each line: {line id: [(discount id, amount)]}. One after the other."""
    left = {line["id"]: max(0, line["amount"]) for line in lines}
    taken: Object = {line["id"]: [] for line in lines}
    for discount_id, coupon in coupons:
        eligible = [line for line in lines if line["discountable"] and left[line["id"]] and _covers(coupon, line)]
        for line_id, amount in _amounts(coupon, {line["id"]: left[line["id"]] for line in eligible}, currency).items():
            left[line_id] -= amount
            taken[line_id].append((discount_id, amount))
    return taken


def _covers(coupon: Object, line: Object) -> bool:
    products = coupon.get("applies_to", {}).get("products")
    return not products or line["product"] in products


def _amounts(coupon: Object, left: dict[str, int], currency: str) -> dict[str, int]:
    if coupon["percent_off"] is not None:
        return {line: round_half_up(amount * coupon["percent_off"] / 100) for line, amount in left.items()}
    options = coupon.get("currency_options", {}).get(currency)
    off = coupon["amount_off"] if coupon["currency"] == currency else options["amount_off"] if options else 0
    amounts = {}
    for line, amount in left.items():
        amounts[line] = min(off, amount)
        off -= amounts[line]
    return {line: amount for line, amount in amounts.items() if amount}


def round_half_up(amount: float) -> int:
    return int(amount + 0.5) if amount >= 0 else -int(-amount + 0.5)
