"""What an invoice would be, without making it."""

from __future__ import annotations

import copy

from ..errors import invalid, missing_parameter, no_such
from ..store import Object
from ..work import Work, new_id
from . import changes, cycle, discounts, pausing, periods, pricing, starting, switching

CHANGES = ("items", "trial_end", "cancel_at_period_end")


def preview(unit: Work, params: Object) -> Object:
    """Done for real and taken back: so it is what the change will cost."""
    with unit.trying_out():
        invoice = _of_subscription(unit, params) if "subscription" in params else _of_new(unit, params)
        shown = copy.deepcopy(invoice)
    shown |= {"id": new_id("upcoming_in_"), "status": "draft", "number": None, "auto_advance": False}
    shown |= {"hosted_invoice_url": None, "invoice_pdf": None, "amount_paid": 0, "attempted": False, "attempt_count": 0}
    shown["amount_remaining"] = shown["amount_due"]
    shown["automatically_finalizes_at"] = None
    shown["status_transitions"] = dict.fromkeys(shown["status_transitions"])
    return shown


def _of_subscription(unit: Work, params: Object) -> Object:
    subscription = unit.find("subscription", params["subscription"])
    if subscription is None:
        raise no_such("subscription", params["subscription"], param="subscription", status=400)
    details = params.get("subscription_details", {})
    if "discounts" in params:
        changes.update(unit, subscription, {"discounts": params["discounts"]})
    if "pause" in details:
        return _of_pause(unit, subscription, details["pause"])
    if details.get("resume_at") == "now":
        return pausing.bill(unit, subscription, keeps_anchor=False)
    asked = {name: details[name] for name in CHANGES if name in details}
    if not asked:
        return _next(unit, subscription)
    before = {each["id"] for each in unit.all("invoice")}
    changes.update(unit, subscription, asked | _how(details))
    made = [each for each in unit.all("invoice") if each["id"] not in before]
    return made[0] if made else _next(unit, subscription)


def _of_pause(unit: Work, subscription: Object, asked: Object) -> Object:
    """The invoice of the pause, as Stripe makes it: none where it would wait for the next one, or would be of nothing."""
    if asked.get("invoicing_behavior") != "invoice":
        raise invalid("There is no preview of a pause that makes no invoice.", "subscription_details[pause]")
    pausing.pause(unit, subscription, asked | {"invoicing_behavior": "pending_invoice_item"})
    invoice = switching.invoice_now(unit, subscription, [])
    if not invoice["lines"]["data"]:
        raise invalid("The pause bills nothing.", "subscription_details[pause]")
    return invoice


def _how(details: Object) -> Object:
    names = ("proration_behavior", "proration_date")
    return {name: details[name] for name in names if name in details} | {"payment_behavior": "default_incomplete"}


def _next(unit: Work, subscription: Object) -> Object:
    """The invoice of the next period."""
    _, end = periods.of(subscription)
    if subscription["cancel_at"] and subscription["cancel_at"] <= end or subscription["status"] == "canceled":
        raise no_such("upcoming invoices for subscription", subscription["id"], param="subscription")
    unit.now = max(end, unit.now)
    return cycle.turn_over(unit, subscription)


def _of_new(unit: Work, params: Object) -> Object:
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = unit.named("customer", params["customer"], param="customer")
    asked = params.get("subscription_details", {}).get("items")
    if not asked:
        raise missing_parameter("subscription_details[items]")
    ordered: list[tuple[Object, int, dict[str, str]]] = [
        (
            pricing.recurring(unit, each["price"], param="subscription_details[items][price]"),
            each.get("quantity", 1),
            {},
        )
        for each in asked
    ]
    trial_end = params["subscription_details"].get("trial_end")
    plan = starting.Plan(
        customer=customer,
        ordered=ordered,
        currency=params.get("currency") or ordered[0][0]["currency"],
        trial_end=trial_end if isinstance(trial_end, int) else None,
        coupons=discounts.resolve(unit, params.get("discounts") or [], customer=customer),
    )
    subscription = starting.write(unit, plan)
    invoice = starting.first_invoice(unit, subscription, plan)
    if invoice is None:
        return _next(unit, subscription)
    return invoice
