"""How the items of a subscription are changed, and what that costs at once, later or not at all."""

from __future__ import annotations

import copy

from ..errors import ApiError, invalid, missing_parameter
from ..fields import merge_metadata
from ..payments import methods
from ..store import Object
from ..work import Work
from . import cycle, invoices, lines, periods, pricing, prorations, starting

PENDING_FOR = 23 * 3600
BILLED = ("active", "past_due", "unpaid")


def switch(unit: Work, subscription: Object, params: Object) -> None:
    if subscription["status"] == "incomplete":
        raise invalid("The items of an incomplete subscription cannot be changed.", "items")
    before = copy.deepcopy(subscription["items"])
    at = _moment(unit, subscription, params)
    subscription["items"]["data"] = kept = new_items(unit, subscription, params.get("items", []))
    asks_now = params.get("billing_cycle_anchor", {}).get("type") == "now"
    is_reset = asks_now or _rhythm(before["data"][0]) != _rhythm(kept[0])
    is_same = [_worth(each) for each in before["data"]] == [_worth(each) for each in kept]
    if subscription["status"] == "trialing" or is_same and not is_reset:
        return
    _bill(
        unit,
        subscription,
        _prorated(unit, subscription | {"items": before}, kept, at=None if is_reset else at),
        proration=params.get("proration_behavior", "create_prorations"),
        behavior=params.get("payment_behavior", "allow_incomplete"),
        before=before,
    )


def _prorated(unit: Work, as_before: Object, kept: list[Object], *, at: int | None) -> list[Object] | None:
    """What is given back and what is charged for the rest of the period. None: a new period begins now."""
    if at is None:
        return None
    old = {each["id"]: each for each in as_before["items"]["data"]}
    new = {each["id"]: each for each in kept}
    given = [
        prorations.credit(unit, as_before, each, at=at)
        for each in old.values()
        if _worth(new.get(each["id"])) != _worth(each)
    ]
    taken = [
        prorations.charge(unit, as_before, each, at=at) for each in kept if _worth(old.get(each["id"])) != _worth(each)
    ]
    return [each for each in given + taken if each]


def new_items(unit: Work, subscription: Object, asked: list[Object]) -> list[Object]:
    """Items named by id are changed, others are added; a price without a quantity resets it to one."""
    items = {each["id"]: copy.deepcopy(each) for each in subscription["items"]["data"]}
    for index, each in enumerate(asked):
        where = f"items[{index}]"
        item_id = each.get("id")
        if item_id is None:
            made = _added(unit, subscription, each, where)
            items[made["id"]] = made
        elif item_id not in items:
            raise ApiError(f"No such subscription item: '{item_id}'", code="resource_missing", param=f"{where}[id]")
        elif each.get("deleted"):
            items.pop(item_id)
        else:
            _change_item(unit, subscription, items[item_id], each, where)
    if not items:
        raise invalid("A subscription must have at least one active item.", "items")
    if len({_rhythm(each) for each in items.values()}) > 1:
        raise invalid("The sandbox keeps all items of a subscription on one interval.", "items")
    return list(items.values())


def _added(unit: Work, subscription: Object, asked: Object, where: str) -> Object:
    if "price" not in asked:
        raise missing_parameter(f"{where}[price]")
    price = _fitting_price(unit, subscription, asked["price"], where)
    return starting.item_for(unit, subscription, price, asked.get("quantity", 1), asked.get("metadata") or {})


def _change_item(unit: Work, subscription: Object, item: Object, asked: Object, where: str) -> None:
    if "price" in asked:
        item["price"] = starting.priced(_fitting_price(unit, subscription, asked["price"], where))
        item["quantity"] = 1
    item["quantity"] = asked.get("quantity", item["quantity"])
    merge_metadata(asked, item)


def _fitting_price(unit: Work, subscription: Object, price_id: str, where: str) -> Object:
    price = pricing.recurring(unit, price_id, param=f"{where}[price]")
    if not lines.has_currency(price, subscription["currency"]):
        raise invalid(f"The price specified only supports `{price['currency']}`.", f"{where}[price]")
    return price


def unused_time(unit: Work, subscription: Object, *, at: int) -> list[Object]:
    found = [prorations.credit(unit, subscription, each, at=at) for each in subscription["items"]["data"]]
    return [each for each in found if each]


def _bill(
    unit: Work, subscription: Object, prorated: list[Object] | None, *, proration: str, behavior: str, before: Object
) -> None:
    billed = [] if proration == "none" else prorated
    anchor = subscription["billing_cycle_anchor"]
    if prorated is None:
        as_before = subscription | {"items": before}
        given = [] if proration == "none" else unused_time(unit, as_before, at=unit.now)
        subscription["billing_cycle_anchor"] = unit.now
        cycle.begin_period(unit, subscription, unit.now)
        billed = given + cycle.billed(unit, subscription)
    if not billed:
        return
    if prorated is None or proration == "always_invoice":
        invoice = invoice_now(unit, subscription, billed)
        if invoice["status"] == "open":
            _collect(unit, subscription, invoice, behavior=behavior, before=before, anchor=anchor)
    else:
        invoices.add_waiting(unit, subscription, billed)


def invoice_now(unit: Work, subscription: Object, billed: list[Object]) -> Object:
    start, _ = periods.of(subscription)
    invoice = invoices.draft_for(unit, subscription, billed, reason="subscription_update", start=start, end=unit.now)
    invoices.finalize(unit, invoice)
    return invoice


def _collect(unit: Work, subscription: Object, invoice: Object, *, behavior: str, before: Object, anchor: int) -> None:
    after = subscription["items"]
    if behavior == "pending_if_incomplete":
        subscription["_pending_change"] = {
            "items": after,
            "billing_cycle_anchor": subscription["billing_cycle_anchor"],
            "invoice": invoice["id"],
        }
        subscription |= {"items": before, "billing_cycle_anchor": anchor}
        subscription["pending_update"] = _pending_update(unit, after)
    if behavior == "default_incomplete":
        return
    decline = invoices.attempt(unit, invoice, "absent")
    if decline is not None and behavior == "error_if_incomplete":
        error = methods.card_error(decline)
        error.keeps_work = False
        raise error


def _pending_update(unit: Work, items: Object) -> Object:
    return {
        "billing_cycle_anchor": None,
        "discounts": None,
        "expires_at": unit.now + PENDING_FOR,
        "metadata": None,
        "subscription_items": [
            {name: value for name, value in each.items() if not name.startswith("_")} for each in items["data"]
        ],
        "trial_end": None,
        "trial_from_plan": None,
    }


def _moment(unit: Work, subscription: Object, params: Object) -> int:
    start, end = periods.of(subscription)
    at = params.get("proration_date", unit.now)
    if not start <= at <= end:
        raise invalid("Cannot specify a proration date outside of the current period.", "proration_date")
    return at


def _rhythm(item: Object) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _worth(item: Object | None) -> tuple[str, int] | None:
    return (item["price"]["id"], item["quantity"]) if item else None
