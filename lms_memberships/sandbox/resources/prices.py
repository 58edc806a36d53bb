"""Prices: what it costs, and never changes."""

from __future__ import annotations

from decimal import Decimal

from ..errors import ApiError, invalid
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..store import Object
from ..work import Work

# Three years at most.
MOST_INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}
_CURRENCIES = (
    "aed ars aud bdt bgn bhd bif brl cad chf clp cny cop crc czk djf dkk egp eur gbp gnf hkd huf idr ils inr isk jod "
    "jpy kes kmf krw kwd lkr mad mga mxn myr ngn nok nzd omr pen php pkr pln pyg qar ron rsd rwf sar sek sgd thb tnd "
    "try twd tzs uah ugx usd uyu vnd vuv xaf xof xpf zar"
)
CURRENCIES = frozenset(_CURRENCIES.split())


def create(unit: Work, params: Object) -> Object:
    _check_currency(params["currency"], "currency")
    product_id = unit.named("product", params["product"], param="product")["id"]
    price = unit.new("price", "price_", currency=params["currency"].lower(), product=product_id)
    copy(params, price, ("active", "nickname", "tax_behavior"))
    merge_metadata(params, price)
    price |= _amount(params)
    if "recurring" in params:
        price |= {"type": "recurring", "recurring": _recurring(params["recurring"])}
    if "currency_options" in params:
        price["currency_options"] = _options(params["currency_options"])
    _take_lookup_key(unit, price, params)
    unit.announce("price.created", price)
    return price


def update(unit: Work, price_id: str, params: Object) -> Object:
    price = unit.get("price", price_id)
    if params.get("active") is False:
        _refuse_default(unit, price)
    fixed = price["tax_behavior"]
    if params.get("tax_behavior", fixed) != fixed and fixed != "unspecified":
        raise invalid("You cannot change the tax_behavior of a price once it is set.", "tax_behavior")
    copy(params, price, ("active", "nickname", "tax_behavior"))
    merge_metadata(params, price)
    if "currency_options" in params:
        price["currency_options"] = _options(params["currency_options"] or {})
    _take_lookup_key(unit, price, params)
    unit.announce_change("price.updated", price)
    return price


def retrieve(unit: Work, price_id: str, params: Object) -> Object:
    return unit.get("price", price_id)


def list_all(unit: Work, params: Object) -> Listing:
    recurring = params.get("recurring", {})
    return unit.listing(
        "price",
        lambda each: (
            matching(
                params, active=each["active"], currency=each["currency"], product=each["product"], type=each["type"]
            )
            and within(params.get("created"), each["created"])
            and ("lookup_keys" not in params or each["lookup_key"] in params["lookup_keys"])
            and all((each["recurring"] or {}).get(name) == value for name, value in recurring.items())
        ),
    )


def _check_currency(currency: str, param: str) -> None:
    if currency.lower() not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}.", param)


def _amount(params: Object) -> Object:
    if "unit_amount_decimal" in params:
        amount = Decimal(params["unit_amount_decimal"])
        whole = int(amount) if amount == int(amount) else None
        return {"unit_amount": whole, "unit_amount_decimal": params["unit_amount_decimal"]}
    if params["unit_amount"] < 0:
        raise ApiError(
            "This value must be greater than or equal to 0.", code="parameter_invalid_integer", param="unit_amount"
        )
    return {"unit_amount": params["unit_amount"], "unit_amount_decimal": str(params["unit_amount"])}


def _recurring(asked: Object) -> Object:
    count = asked.get("interval_count", 1)
    if not 1 <= count <= MOST_INTERVALS[asked["interval"]]:
        raise invalid("Recurring intervals can be at most three years.", "recurring[interval_count]")
    return {
        "interval": asked["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": asked.get("usage_type", "licensed"),
    }


def _options(asked: Object) -> Object:
    found = {}
    for currency, option in asked.items():
        _check_currency(currency, f"currency_options[{currency}]")
        found[currency] = _amount(option) | {
            "custom_unit_amount": None,
            "tax_behavior": option.get("tax_behavior", "unspecified"),
        }
    return found


def _take_lookup_key(unit: Work, price: Object, params: Object) -> None:
    key = params.get("lookup_key")
    if key is None:
        return
    holder = next(iter(unit.all("price", lambda each: each["lookup_key"] == key and each["id"] != price["id"])), None)
    if holder is not None and not params.get("transfer_lookup_key"):
        raise ApiError(
            f"A price (`{holder['id']}`) already uses that lookup key.",
            code="resource_already_exists",
            param="lookup_key",
        )
    if holder is not None:
        holder["lookup_key"] = None
        unit.announce_change("price.updated", holder)
    price["lookup_key"] = key


def _refuse_default(unit: Work, price: Object) -> None:
    product = unit.find("product", price["product"])
    if product and product["default_price"] == price["id"]:
        raise invalid("This price cannot be archived because it is the default price of its product.", "active")


def options_of(unit: Work, price: Object) -> Object:
    """By currency, the price's own among them."""
    kept = unit.find("price", price["id"]) or price
    own = {
        "custom_unit_amount": None,
        "tax_behavior": price["tax_behavior"],
        "unit_amount": price["unit_amount"],
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
    return {price["currency"]: own} | kept.get("currency_options", {})
