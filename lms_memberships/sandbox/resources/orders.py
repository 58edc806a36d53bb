"""What a Checkout Session comes to: its lines, discounts and sums."""

from __future__ import annotations

from ..billing import discounts, lines, months, taxes
from ..errors import ApiError, invalid
from ..languages import DECIMALS
from ..rendering import list_of, render
from ..shapes import fresh
from ..store import Object
from ..work import Work, new_id
from . import products

SMALLEST = 50
DAY = 24 * 3600


def items_of(unit: Work, asked: list[Object], *, mode: str, currency: str | None) -> list[Object]:
    """The line items, kept with the session."""
    prices = [_price(unit, each, index, mode) for index, each in enumerate(asked)]
    currency = currency or prices[0]["currency"]
    for index, price in enumerate(prices):
        if not lines.has_currency(price, currency):
            raise invalid("All line items must have the same currency.", f"line_items[{index}][price]")
    if mode == "subscription" and not any(each["recurring"] for each in prices):
        raise invalid("You must provide at least one recurring price in `subscription` mode when using prices.", "mode")
    return [_item(unit, price, each.get("quantity"), currency) for price, each in zip(prices, asked, strict=True)]


def _price(unit: Work, asked: Object, index: int, mode: str) -> Object:
    param = f"line_items[{index}][price]"
    if "price_data" in asked:
        return _written_here(unit, asked["price_data"], index)
    price = unit.named("price", asked["price"], param=param)
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", param)
    if mode == "payment" and price["recurring"]:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            param,
        )
    return price


def _written_here(unit: Work, asked: Object, index: int) -> Object:
    asked = dict(asked)
    if "product_data" in asked:
        asked["product"] = products.create(unit, asked.pop("product_data"))["id"]
    if "unit_amount" not in asked or "product" not in asked:
        raise ApiError(
            "price_data needs unit_amount and a product.",
            code="parameter_missing",
            param=f"line_items[{index}][price_data]",
        )
    price = products.create_price(unit, asked)
    price["active"] = False
    return price | {"active": True}


def _item(unit: Work, price: Object, quantity: int | None, currency: str) -> Object:
    if quantity is None:
        raise ApiError(
            "Quantity is required. Add `quantity` to the line item.",
            code="parameter_missing",
            param="line_items[0][quantity]",
        )
    if quantity < 1:
        raise invalid("The quantity must be at least 1.", "line_items[0][quantity]")
    product = unit.find("product", price["product"])
    amount = lines.unit_amount(price, currency) * quantity
    shown = render(price) | {"_options": price.get("currency_options", {})}
    return fresh("item", id=new_id("li_"), price=shown, quantity=quantity, currency=currency) | {
        "amount_subtotal": amount,
        "amount_total": amount,
        "description": product["name"] if product else None,
    }


def total_up(unit: Work, session: Object) -> None:
    """What is due today, and what would be due without a trial."""
    items = session["_items"]
    is_trial = trial_end(session, now=unit.now) is not None
    due_now = [each for each in items if not (is_trial and each["price"]["recurring"])]
    taken = _discounts(unit, session, due_now)
    for each in items:
        each["amount_discount"] = sum(amount for _, amount in taken.get(each["id"], []))
        each["amount_total"] = each["amount_subtotal"] - each["amount_discount"] if each in due_now else 0
    added = _put_taxes(unit, session, due_now)
    subtotal = sum(each["amount_subtotal"] for each in due_now)
    discount = sum(each["amount_discount"] for each in items)
    tax = sum(each["amount_tax"] for each in due_now)
    session |= {"amount_subtotal": subtotal, "amount_total": subtotal - discount + added}
    session["total_details"] = {"amount_discount": discount, "amount_shipping": 0, "amount_tax": tax}


def _put_taxes(unit: Work, session: Object, items: list[Object]) -> int:
    """Tax on each item, where the session reckons any; returns what it adds."""
    if not session["automatic_tax"]["enabled"]:
        return 0
    added = 0
    for each in items:
        found = _tax(unit, session, each, each["amount_subtotal"] - each["amount_discount"])
        each["amount_tax"] = found.amount
        each["amount_total"] += found.added
        added += found.added
    return added


def _tax(unit: Work, session: Object, item: Object, amount: int) -> taxes.Tax:
    return taxes.of(unit, amount, item["price"], unit.find("customer", session["customer"]))


def _discounts(unit: Work, session: Object, items: list[Object]) -> Object:
    plain = [
        {"id": each["id"], "amount": each["amount_subtotal"], "discountable": True, "product": each["price"]["product"]}
        for each in items
    ]
    coupons = [(each["coupon"], unit.get("coupon", each["coupon"])) for each in session["_coupons"]]
    return discounts.share_out(unit, plain, coupons, currency=session["currency"])


def balance_used(unit: Work, session: Object) -> int:
    """What the customer's balance does to today's payment: a credit is negative. A page of one payment leaves it alone."""
    customer = unit.find("customer", session["customer"])
    if session["mode"] != "subscription" or customer is None:
        return 0
    return max(customer["balance"], -session["amount_total"])


def due_today(unit: Work, session: Object) -> int:
    """What is charged. ``amount_total`` stays the total before the balance."""
    return session["amount_total"] + balance_used(unit, session)


def refuse_too_small(session: Object) -> None:
    if 0 < session["amount_total"] < SMALLEST and session["currency"] not in DECIMALS:
        raise ApiError("The Checkout Session's total amount due must add up to at least 0.50.", code="amount_too_small")


def trial_end(session: Object, *, now: int) -> int | None:
    trial = session["_subscription_data"]
    if "trial_period_days" in trial:
        return now + trial["trial_period_days"] * DAY
    return trial.get("trial_end")


def recurring_of(session: Object) -> Object | None:
    found = [each["price"]["recurring"] for each in session["_items"] if each["price"]["recurring"]]
    return found[0] if found else None


def next_payment(unit: Work, session: Object) -> tuple[int | None, int | None]:
    """(when, how much) after today."""
    recurring = recurring_of(session)
    if recurring is None:
        return None, None
    after_trial = trial_end(session, now=unit.now)
    at = after_trial or months.add(unit.now, recurring["interval"], recurring["interval_count"])
    items = [each for each in session["_items"] if each["price"]["recurring"]]
    kept = [each for each in session["_coupons"] if _lasts(unit, each, at, used=after_trial is None)]
    taken = _discounts(unit, session | {"_coupons": kept}, items)
    left = {each["id"]: each["amount_subtotal"] - sum(off for _, off in taken.get(each["id"], [])) for each in items}
    added = 0
    if session["automatic_tax"]["enabled"]:
        added = sum(_tax(unit, session, each, left[each["id"]]).added for each in items)
    return at, sum(left.values()) + added


def _lasts(unit: Work, chosen: Object, at: int, *, used: bool) -> bool:
    coupon = unit.get("coupon", chosen["coupon"])
    if coupon["duration"] == "repeating":
        return months.add(unit.now, "month", coupon["duration_in_months"]) > at
    return coupon["duration"] == "forever" or not used


def list_items(session: Object) -> Object:
    shown = [render(each) for each in session["_items"]]
    return list_of(shown, url=f"/v1/checkout/sessions/{session['id']}/line_items")
