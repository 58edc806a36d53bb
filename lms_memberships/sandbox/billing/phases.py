"""How the phases of a schedule are laid out in time."""

from __future__ import annotations

from ..errors import invalid, missing_parameter
from ..shapes import fresh
from ..store import Object
from ..work import Work
from . import discounts, lines, months, pricing

#: What a phase says of the subscription, beside its items.
WORDS = ("collection_method", "default_payment_method", "description")


def lay_out(
    unit: Work, asked: list[Object], *, start: int, customer: Object, currency: str | None = None
) -> list[Object]:
    """One after the other, without a gap. ``currency`` is that of the subscription, if there is one."""
    laid = []
    for index, each in enumerate(asked):
        where = f"phases[{index}]"
        if index and _moment(unit, each.get("start_date", start)) != start:
            raise invalid("Each phase must begin where the one before it ends.", f"{where}[start_date]")
        laid.append(_phase(unit, each, where, start=start, customer=customer, currency=currency))
        start = laid[-1]["end_date"]
    return laid


def of_subscription(subscription: Object, *, start: int, end: int) -> Object:
    """The phase in which a subscription is, before anything was planned for it."""
    return fresh(
        "schedule_phase",
        currency=subscription["currency"],
        discounts=[named_discount({"discount": each}) for each in subscription["discounts"]],
        end_date=end,
        items=[
            _item(each["price"]["id"], each["quantity"], each["metadata"]) for each in subscription["items"]["data"]
        ],
        start_date=start,
        trial_end=subscription["trial_end"] if subscription["status"] == "trialing" else None,
    )


def at(phases: list[Object], moment: int) -> Object | None:
    """The one that runs at that moment."""
    return next((each for each in phases if each["start_date"] <= moment < each["end_date"]), None)


def hand_of(phase: Object) -> Object:
    """Start and end, as a schedule names its current phase."""
    return {"start_date": phase["start_date"], "end_date": phase["end_date"]}


def _phase(unit: Work, asked: Object, where: str, *, start: int, customer: Object, currency: str | None) -> Object:
    if not asked["items"]:
        raise missing_parameter(f"{where}[items]")
    prices = [_price(unit, each, f"{where}[items][{index}]") for index, each in enumerate(asked["items"])]
    currency = currency or prices[0]["currency"]
    if not all(lines.has_currency(each, currency) for each in prices):
        raise invalid(f"All items of a phase need the currency `{currency}`.", f"{where}[items]")
    # Asked for again: what cannot be redeemed is refused when it is planned, not when it begins.
    discounts.resolve(unit, asked.get("discounts") or [], customer=customer, param=f"{where}[discounts]")
    end = _end(unit, asked, where, start=start)
    words = {name: asked[name] or None for name in WORDS if name in asked}
    return fresh(
        "schedule_phase",
        currency=currency,
        discounts=[named_discount(each) for each in asked.get("discounts") or []],
        end_date=end,
        items=[_item(each["price"], each.get("quantity", 1), each.get("metadata") or {}) for each in asked["items"]],
        metadata=asked.get("metadata") or {},
        proration_behavior=asked.get("proration_behavior", "create_prorations"),
        start_date=start,
        trial_end=_trial_end(unit, asked, where, start=start, end=end),
        **words,
    )


def _price(unit: Work, asked: Object, where: str) -> Object:
    if "price" not in asked:
        raise missing_parameter(f"{where}[price]")
    return pricing.recurring(unit, asked["price"], param=f"{where}[price]")


def _end(unit: Work, asked: Object, where: str, *, start: int) -> int:
    if "end_date" in asked:
        end = _moment(unit, asked["end_date"])
    elif "duration" in asked:
        end = months.add(start, asked["duration"]["interval"], asked["duration"].get("interval_count", 1))
    else:
        raise missing_parameter(f"{where}[duration]")
    if end <= start:
        raise invalid("A phase must end after it begins.", f"{where}[end_date]")
    return end


def _trial_end(unit: Work, asked: Object, where: str, *, start: int, end: int) -> int | None:
    if asked.get("trial"):
        return end
    if "trial_end" not in asked:
        return None
    trial_end = _moment(unit, asked["trial_end"])
    if not start <= trial_end <= end:
        raise invalid("The trial must end within its phase.", f"{where}[trial_end]")
    return trial_end if trial_end > unit.now else None


def _moment(unit: Work, asked: int | str) -> int:
    return unit.now if asked == "now" else int(asked)


def named_discount(asked: Object) -> Object:
    return {name: asked.get(name) for name in ("coupon", "discount", "promotion_code")}


def _item(price_id: str, quantity: int, metadata: dict[str, str]) -> Object:
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": dict(metadata),
        "plan": price_id,
        "price": price_id,
        "quantity": quantity,
        "tax_rates": [],
    }
