"""What stands on an invoice: its lines and their sums."""

from __future__ import annotations

from datetime import UTC, datetime

from ..languages import figures
from ..shapes import fresh
from ..store import Object
from ..work import Work, new_id
from . import discounts, taxes


def unit_amount(price: Object, currency: str) -> int:
    """A price may name amounts for further currencies."""
    options = price.get("currency_options") or price.get("_options") or {}
    if price["currency"] == currency or currency not in options:
        return price["unit_amount"] or 0
    return options[currency]["unit_amount"]


def has_currency(price: Object, currency: str) -> bool:
    return currency == price["currency"] or currency in price.get("currency_options", {})


def money(amount: int, currency: str) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{figures(abs(amount), currency).replace(',', '')} {currency.upper()}"


def each_period(price: Object) -> str:
    recurring = price["recurring"]
    if recurring is None:
        return ""
    count = recurring["interval_count"]
    return f" / {recurring['interval']}" if count == 1 else f" every {count} {recurring['interval']}s"


def for_item(
    unit: Work, item: Object, *, subscription: Object, start: int, end: int, amount: int | None = None
) -> Object:
    """One period of one item of a subscription."""
    price, currency = item["price"], subscription["currency"]
    each = unit_amount(price, currency)
    product = unit.find("product", price["product"])
    name = product["name"] if product else price["product"]
    quantity = item.get("quantity", 1)
    description = f"{quantity} × {name} (at {money(each, currency)}{each_period(price)})"
    return line(
        amount=each * quantity if amount is None else amount,
        currency=currency,
        description=description,
        period={"start": start, "end": end},
        price=price,
        quantity=quantity,
        each=each,
        parent=_item_parent(subscription["id"], item["id"]),
        metadata=dict(subscription["metadata"]),
    )


def for_trial(unit: Work, item: Object, *, subscription: Object, start: int, end: int) -> Object:
    free = for_item(unit, item, subscription=subscription, start=start, end=end, amount=0)
    product = unit.find("product", item["price"]["product"])
    return free | {"description": f"Free trial for {item.get('quantity', 1)} × {product['name'] if product else ''}"}


def for_proration(unit: Work, item: Object, *, subscription: Object, start: int, end: int, amount: int) -> Object:
    made = for_item(unit, item, subscription=subscription, start=start, end=end, amount=amount)
    product = unit.find("product", item["price"]["product"])
    since = datetime.fromtimestamp(start, UTC).strftime("%d %b %Y")
    what = "Unused time on" if amount < 0 else "Remaining time on"
    made["description"] = f"{what} {item.get('quantity', 1)} × {product['name'] if product else ''} after {since}"
    made["parent"]["subscription_item_details"]["proration"] = True
    made["discountable"] = False
    return made


def for_sale(unit: Work, item: Object, *, currency: str) -> Object:
    """One line of a one-time purchase."""
    price = item["price"]
    return line(
        amount=item["amount_subtotal"],
        currency=currency,
        description=item["description"],
        period={"start": unit.now, "end": unit.now},
        price=price,
        quantity=item["quantity"],
        each=unit_amount(price, currency),
        parent={
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": new_id("ii_"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
        },
        metadata={},
    )


def line(*, price: Object, each: int, **fields: object) -> Object:
    return (
        fresh("line_item", id=new_id("il_"), subtotal=fields["amount"])
        | fields
        | {
            "pricing": {
                "type": "price_details",
                "price_details": {"price": price["id"], "product": price["product"]},
                "unit_amount_decimal": str(each),
            },
            "quantity_decimal": str(fields["quantity"]),
        }
    )


def _item_parent(subscription_id: str, item_id: str) -> Object:
    return {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription_id,
            "subscription_item": item_id,
        },
    }


def total_up(unit: Work, invoice: Object, discount_ids: list[str]) -> None:
    """Discounts on the lines, and the invoice's sums."""
    lines = invoice["lines"]["data"]
    coupons = [
        (each["id"], unit.get("coupon", each["source"]["coupon"]))
        for each in discounts.running(unit, discount_ids, at=unit.now)
    ]
    plain = [
        {
            "id": each["id"],
            "amount": each["amount"],
            "discountable": each["discountable"],
            "product": each["pricing"]["price_details"]["product"],
        }
        for each in lines
    ]
    taken = discounts.share_out(unit, plain, coupons, currency=invoice["currency"])
    for each in lines:
        each["invoice"] = invoice["id"]
        each["discount_amounts"] = [{"discount": one, "amount": amount} for one, amount in taken[each["id"]]]
        each["discounts"] = [one for one, _ in taken[each["id"]]]
    sums: dict[str, int] = {}
    for one, amount in (pair for each in lines for pair in taken[each["id"]]):
        sums[one] = sums.get(one, 0) + amount
    invoice["discounts"] = [one for one, _ in coupons]
    invoice["total_discount_amounts"] = [{"discount": one, "amount": amount} for one, amount in sums.items()]
    subtotal = sum(each["amount"] for each in lines)
    total = subtotal - sum(sums.values()) + taxes.on_invoice(unit, invoice)
    included = sum(each["amount"] for each in invoice["total_taxes"] if each["tax_behavior"] == "inclusive")
    without = total - sum(each["amount"] for each in invoice["total_taxes"])
    invoice |= {"subtotal": subtotal, "subtotal_excluding_tax": subtotal - included}
    invoice |= {"total": total, "total_excluding_tax": without}
    settle_balance(unit, invoice)


def settle_balance(unit: Work, invoice: Object) -> None:
    """What is due once the customer's balance is used; a credit goes to the balance."""
    customer = unit.find("customer", invoice["customer"])
    invoice["starting_balance"] = customer["balance"] if customer else 0
    due = invoice["total"] + invoice["starting_balance"]
    invoice["amount_due"] = invoice["amount_remaining"] = max(due, 0)
    invoice["_ending_balance"] = min(due, 0)
