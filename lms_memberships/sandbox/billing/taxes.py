"""What Stripe Tax reckons: one rate for each country in which the seller is registered.

Set in Stripe's dashboard, here with Actions.set_taxes(). A rate is kept in hundredths of a percent.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ApiError, invalid
from ..store import Object
from ..work import Work

WHOLE = 10_000
EXCLUSIVE = "exclusive"
SELF = {"type": "self"}
NOT_SET_UP: Object = {"is_active": False, "behavior": None, "rates": {}}


@dataclass(frozen=True)
class Tax:
    """The tax of one amount."""

    amount: int
    taxable: int
    behavior: str
    rate: int | None

    @property
    def added(self) -> int:
        return self.amount if self.behavior == EXCLUSIVE else 0

    def shown(self) -> Object:
        """As an invoice and its lines have it."""
        return {
            "amount": self.amount,
            "tax_behavior": self.behavior,
            "tax_rate_details": None,
            "taxability_reason": "not_collecting" if self.rate is None else "standard_rated",
            "taxable_amount": self.taxable,
            "type": "tax_rate_details",
        }


def setup(unit: Work) -> Object:
    return unit.get("account", unit.account).get("_taxes") or NOT_SET_UP


def switch_on(unit: Work, session: Object, params: Object, customer: Object | None) -> None:
    """What a session asks for, refused as Stripe refuses it."""
    update = params.get("customer_update", {})
    is_known = customer is not None
    if params.get("tax_id_collection", {}).get("enabled") and is_known and update.get("name") != "auto":
        raise invalid(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an "
            "existing customer, please set `customer_update[name]` to `auto`.",
            "customer_update",
        )
    if not params.get("automatic_tax", {}).get("enabled"):
        return
    if is_known and not (customer or {})["address"] and update.get("address") != "auto":
        raise invalid(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the "
            "Customer or set `customer_update[address]` to `auto`.",
            "customer_update",
            code="customer_tax_location_invalid",
        )
    if not setup(unit)["is_active"]:
        raise ApiError(
            "You must have a valid head office address to enable automatic tax calculation in test mode. Visit "
            "https://dashboard.stripe.com/test/settings/tax to update it.",
            code="stripe_tax_inactive",
        )
    session["automatic_tax"] = {"enabled": True, "liability": SELF, "provider": "stripe", "status": "complete"}


def of(unit: Work, amount: int, price: Object, customer: Object | None) -> Tax:
    """The tax of an amount after discounts. Half a cent is rounded away from zero."""
    behavior = _behavior(unit, price)
    country = ((customer or {}).get("address") or {}).get("country") or unit.get("account", unit.account)["country"]
    rate = setup(unit)["rates"].get(country)
    if not rate:
        return Tax(0, amount, behavior, rate)
    if behavior == EXCLUSIVE:
        return Tax(_divided(amount * rate, WHOLE), amount, behavior, rate)
    included = _divided(amount * rate, WHOLE + rate)
    return Tax(included, amount - included, behavior, rate)


def on_invoice(unit: Work, invoice: Object) -> int:
    """Put tax on each line and their sums below; returns what it adds."""
    for line in invoice["lines"]["data"]:
        line["taxes"] = []
    invoice["total_taxes"] = []
    if not invoice["automatic_tax"]["enabled"]:
        return 0
    customer = unit.find("customer", invoice["customer"])
    found: list[Tax] = []
    for line in invoice["lines"]["data"]:
        price = unit.get("price", line["pricing"]["price_details"]["price"])
        left = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
        found.append(of(unit, left, price, customer))
        line["taxes"] = [found[-1].shown()]
    invoice["total_taxes"] = [each.shown() for each in _together(found)]
    return sum(each.added for each in found)


def for_invoice() -> Object:
    return {"disabled_reason": None, "enabled": True, "liability": SELF, "provider": "stripe", "status": "complete"}


def for_subscription() -> Object:
    return {"disabled_reason": None, "enabled": True, "liability": SELF}


def _together(found: list[Tax]) -> list[Tax]:
    """One row for each behaviour and rate."""
    rows: dict[tuple[str, int | None], Tax] = {}
    for each in found:
        before = rows.get((each.behavior, each.rate), Tax(0, 0, each.behavior, each.rate))
        rows[each.behavior, each.rate] = Tax(
            before.amount + each.amount, before.taxable + each.taxable, each.behavior, each.rate
        )
    return list(rows.values())


def _behavior(unit: Work, price: Object) -> str:
    behavior = price["tax_behavior"]
    if behavior != "unspecified":
        return str(behavior)
    default = setup(unit)["behavior"]
    if default is None:
        raise invalid(
            f"The price `{price['id']}` has no `tax_behavior`. Set it on the price, or a default in your tax settings, to "
            "use automatic tax calculation.",
            "line_items",
        )
    return str(default)


def _divided(amount: int, by: int) -> int:
    half_up = (2 * abs(amount) + by) // (2 * by)
    return half_up if amount >= 0 else -half_up
