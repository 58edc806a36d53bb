"""Coupons and promotion codes: made, listed and retired, as an owner does it on Stripe's own pages."""

from __future__ import annotations

from datetime import UTC, datetime

from ..errors import ApiError
from ..http import Response
from ..languages import format_moment, minor_units
from ..store import Object
from .desk import Desk, badge, money
from .listing import Cell, paged_table

HEADS = ("Code", "Takes off", "Applies to", "Redeemed", "Expires (UTC)", "State")
DURATIONS = {"once": "The first payment", "repeating": "Some months", "forever": "Every payment"}
DAY = 24 * 3600


def listing(desk: Desk) -> Response:
    return desk.page(
        "promotions.html",
        title="Promotion codes",
        section="promotions",
        products=[(each["id"], each["name"]) for each in desk.all("product")],
        durations=list(DURATIONS.items()),
        table=paged_table(
            desk.request,
            desk.all("promotion_code"),
            lambda each: _row(desk, each),
            caption="Promotion codes",
            heads=HEADS,
            empty="No promotion codes yet.",
        ),
    )


def show(desk: Desk, code_id: str) -> Response | None:
    code = desk.one("promotion_code", code_id)
    if code is None:
        return None
    coupon = _coupon(desk, code)
    facts = [
        ("Takes off", _takes_off(coupon)),
        ("Lasts for", _lasts(coupon)),
        ("Products", ", ".join(coupon.get("applies_to", {}).get("products", [])) or "All"),
        ("Redeemed", _redeemed(code)),
        ("Expires", format_moment(code["expires_at"])),
    ]
    return desk.page("promotion.html", title=code["code"], section="promotions", code=code, facts=facts)


def make(desk: Desk) -> Response:
    form = {name: value.strip() for name, value in desk.request.form.items()}
    code: Object = {name: form[name] for name in ("code",) if form.get(name)}
    if form.get("max_redemptions"):
        code["max_redemptions"] = _whole(form["max_redemptions"], "How often it may be redeemed")
    if form.get("expires"):
        code["expires_at"] = _end_of_day(form["expires"], now=desk.sandbox.now())
    desk.sandbox.actions.make_promotion_code(desk.account, coupon=_coupon_of(form), code=code)
    return desk.back("promotions", note="promotion-made")


def retire(desk: Desk, code_id: str) -> Response:
    desk.sandbox.actions.retire_promotion_code(code_id)
    return desk.back(f"promotions/{code_id}", note="promotion-retired")


def _coupon_of(form: dict[str, str]) -> Object:
    coupon: Object = {"duration": form.get("duration") or "once"}
    if coupon["duration"] == "repeating":
        coupon["duration_in_months"] = _whole(form.get("months", ""), "The number of months")
    if form.get("product"):
        coupon["applies_to"] = {"products": [form["product"]]}
    try:
        if form.get("percent_off"):
            return coupon | {"percent_off": float(form["percent_off"])}
        currency = form.get("currency", "").lower()
        return coupon | {"amount_off": minor_units(form["amount_off"], currency), "currency": currency}
    except (KeyError, ValueError):
        raise ApiError("Enter a share in percent, or an amount with its currency.") from None


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ApiError(f"{what} must be a whole number above 0.")
    return int(text)


def _end_of_day(date: str, *, now: int) -> int:
    try:
        end = int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) + DAY
    except ValueError:
        raise ApiError("Enter a date like 2026-12-31.") from None
    if end <= now:
        raise ApiError("The last day lies in the past.")
    return end


def _row(desk: Desk, code: Object) -> list[Cell]:
    coupon = _coupon(desk, code)
    state = "active" if code["active"] else "inactive"
    return [
        Cell(code["code"], url=f"/_sandbox/promotions/{code['id']}"),
        Cell(_takes_off(coupon)),
        Cell(_lasts(coupon)),
        Cell(_redeemed(code), kind="number"),
        Cell(format_moment(code["expires_at"])),
        Cell(state.capitalize(), badge=badge(state)),
    ]


def _coupon(desk: Desk, code: Object) -> Object:
    return desk.one("coupon", code["promotion"]["coupon"]) or {}


def _takes_off(coupon: Object) -> str:
    if coupon["percent_off"] is not None:
        return f"{coupon['percent_off']:g} %"
    return money(coupon["amount_off"], coupon["currency"])


def _lasts(coupon: Object) -> str:
    months = coupon["duration_in_months"]
    return f"{months} months" if coupon["duration"] == "repeating" else DURATIONS[coupon["duration"]]


def _redeemed(code: Object) -> str:
    limit = code["max_redemptions"]
    return f"{code['times_redeemed']} of {limit}" if limit is not None else str(code["times_redeemed"])
