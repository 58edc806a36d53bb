"""How a subscription begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..payments.cards import Decline
from ..rendering import list_of, render
from ..shapes import fresh
from ..store import Object
from ..work import Work, new_id
from . import discounts, invoices, lines, months, periods, prorations, trials


@dataclass
class Plan:
    """What was ordered, whichever way."""

    customer: Object
    # Each with its price, quantity and metadata.
    ordered: list[tuple[Object, int, dict[str, str]]]
    currency: str
    trial_end: int | None = None
    anchor: int | None = None
    proration: str = "create_prorations"
    coupons: list[Object] = field(default_factory=list)
    fields: Object = field(default_factory=dict)


def write(unit: Work, plan: Plan) -> Object:
    """The subscription, before anything is billed."""
    subscription = unit.new("subscription", "sub_", customer=plan.customer["id"], currency=plan.currency)
    subscription |= plan.fields
    subscription["start_date"] = unit.now
    subscription["items"] = list_of(
        [_item(unit, subscription, *each) for each in plan.ordered],
        url=f"/v1/subscription_items?subscription={subscription['id']}",
    )
    subscription["discounts"] = discounts.redeem(
        unit, plan.coupons, customer=plan.customer["id"], subscription=subscription["id"]
    )
    if plan.trial_end is not None:
        subscription |= {"status": "trialing", "trial_start": unit.now, "trial_end": plan.trial_end}
        subscription["billing_cycle_anchor"] = plan.trial_end
        periods.put(subscription, unit.now, plan.trial_end)
    else:
        subscription["billing_cycle_anchor"] = plan.anchor or unit.now
        periods.put(subscription, unit.now, plan.anchor or periods.natural_end(subscription, after=unit.now))
    return subscription


def first_invoice(unit: Work, subscription: Object, plan: Plan) -> Object | None:
    start, end = periods.of(subscription)
    items = subscription["items"]["data"]
    if plan.trial_end is not None:
        billed = [lines.for_trial(unit, each, subscription=subscription, start=start, end=end) for each in items]
    elif plan.anchor is None:
        billed = [lines.for_item(unit, each, subscription=subscription, start=start, end=end) for each in items]
    elif plan.proration == "none":
        return None
    else:
        billed = [_part(unit, subscription, each, start, end) for each in items]
    return invoices.draft_for(unit, subscription, billed, reason="subscription_create", start=start, end=start)


def _part(unit: Work, subscription: Object, item: Object, start: int, end: int) -> Object:
    """From now to a billing anchor that lies ahead."""
    recurring = item["price"]["recurring"]
    whole = end - months.add(end, recurring["interval"], -recurring["interval_count"])
    full = lines.unit_amount(item["price"], subscription["currency"]) * item["quantity"]
    amount = prorations.share(full, part=end - start, whole=whole)
    return lines.for_item(unit, item, subscription=subscription, start=start, end=end, amount=amount)


def announce(unit: Work, subscription: Object) -> None:
    unit.announce("customer.subscription.created", subscription)
    trials.warn_if_soon(unit, subscription)


def start_paid(unit: Work, plan: Plan, *, intent: Object | None, extras: list[Object]) -> Object:
    """A checkout: the money is here already, or none is due yet. ``extras`` are sold once, with the first invoice."""
    subscription = write(unit, plan)
    invoice = first_invoice(unit, subscription, plan)
    if invoice is not None and extras:
        invoice["lines"]["data"] += [lines.for_sale(unit, each, currency=plan.currency) for each in extras]
        lines.total_up(unit, invoice, subscription["discounts"])
    if invoice is not None:
        invoices.finalize(unit, invoice, paid_with=intent)
    announce(unit, subscription)
    return subscription


def start(unit: Work, plan: Plan, *, behavior: str) -> tuple[Object, Decline | None]:
    """By the API: nobody is there, and the card on file pays. The status tells whether it did."""
    subscription = write(unit, plan)
    invoice = first_invoice(unit, subscription, plan)
    decline = None
    if invoice is not None and subscription["collection_method"] == "send_invoice":
        invoice["automatically_finalizes_at"] = unit.now + invoices.HOUR
    elif invoice is not None:
        if invoice["amount_due"] > 0:
            subscription["status"] = "incomplete"
        invoices.finalize(unit, invoice)
        if invoice["status"] == "open" and behavior != "default_incomplete":
            decline = invoices.attempt(unit, invoice)
    announce(unit, subscription)
    return subscription, decline


def _item(unit: Work, subscription: Object, price: Object, quantity: int, metadata: dict[str, str]) -> Object:

    return fresh(
        "subscription_item",
        id=new_id("si_"),
        created=unit.now,
        price=priced(price),
        quantity=quantity,
        metadata=metadata,
        subscription=subscription["id"],
    )


def priced(price: Object) -> Object:
    return render(price) | {"_options": price.get("currency_options", {})}


def item_for(unit: Work, subscription: Object, price: Object, quantity: int, metadata: dict[str, str]) -> Object:
    start, end = periods.of(subscription)
    return _item(unit, subscription, price, quantity, metadata) | {
        "current_period_start": start,
        "current_period_end": end,
    }
