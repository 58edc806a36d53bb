"""Subscriptions: made, read and ended by the API."""

from __future__ import annotations

from ..billing import (
    changes,
    discounts,
    ending,
    invoices,
    lines,
    months,
    pausing,
    periods,
    pricing,
    schedules,
    starting,
)
from ..errors import ApiError, invalid, missing_parameter
from ..paging import Listing, matching, within
from ..payments import methods
from ..store import Object
from ..work import Work
from . import customers

DAY = 24 * 3600
LONGEST_TRIAL = 730 * DAY
MOST_ITEMS = 20
ENDS = ("cancel_at", "cancel_at_period_end")
CAN_WAIT = frozenset(
    {
        "billing_cycle_anchor", "expand", "items", "off_session", "payment_behavior", "proration_behavior",
        "proration_date", "trial_end",
    }
)  # fmt: skip
LED = ("items", "billing_cycle_anchor", "trial_end")
LED_END = (
    "The subscription is managed by the subscription schedule `{}`, and updating any cancelation behavior directly is "
    "not allowed. Please update the schedule instead."
)
LED_OTHER = (
    "The subscription is managed by the subscription schedule `{}`. Please update its phases, or release it, to "
    "change `{}`."
)


def create(unit: Work, params: Object) -> Object:
    customer = customers.living(unit, params["customer"], status=400)
    ordered = [_ordered(unit, each, index) for index, each in enumerate(params["items"])]
    currency = params.get("currency") or ordered[0][0]["currency"]
    _check_together(ordered, currency)
    plan = starting.Plan(
        customer=customer,
        ordered=ordered,
        currency=currency,
        trial_end=_trial_end(unit, params),
        anchor=params.get("billing_cycle_anchor"),
        proration=params.get("proration_behavior", "create_prorations"),
        coupons=discounts.resolve(unit, params.get("discounts") or [], customer=customer),
        fields=_fields(unit, params, customer),
    )
    _check_anchor(unit, plan)
    _need_a_way_to_pay(unit, plan, params)
    behavior = params.get("payment_behavior", "allow_incomplete")
    subscription, decline = starting.start(unit, plan, behavior=behavior)
    if params.get("cancel_at_period_end") or params.get("cancel_at"):
        changes.set_end(unit, subscription, params)
    if decline is not None and behavior == "error_if_incomplete":
        error = methods.card_error(decline)
        error.keeps_work = False
        raise error
    return subscription


def _ordered(unit: Work, asked: Object, index: int) -> tuple[Object, int, dict[str, str]]:
    if "price" not in asked:
        raise missing_parameter(f"items[{index}][price]")
    price = pricing.recurring(unit, asked["price"], param=f"items[{index}][price]")
    return price, asked.get("quantity", 1), asked.get("metadata") or {}


def _check_together(ordered: list[tuple[Object, int, dict[str, str]]], currency: str) -> None:
    if len(ordered) > MOST_ITEMS:
        raise invalid(f"A subscription can have at most {MOST_ITEMS} items.", "items")
    rhythms = {(each["recurring"]["interval"], each["recurring"]["interval_count"]) for each, _, _ in ordered}
    if len(rhythms) > 1:
        raise invalid("The sandbox keeps all items of a subscription on one interval.", "items")
    if not all(lines.has_currency(each, currency) for each, _, _ in ordered):
        raise invalid("All items of a subscription need the subscription's currency.", "currency")


def _trial_end(unit: Work, params: Object) -> int | None:
    if "trial_period_days" in params:
        if not 0 <= params["trial_period_days"] * DAY <= LONGEST_TRIAL:
            raise invalid("Trials can last at most 730 days.", "trial_period_days")
        return unit.now + params["trial_period_days"] * DAY or None
    asked = params.get("trial_end")
    if asked in (None, "now"):
        return None
    return changes.check_trial_end(unit, asked)


def _fields(unit: Work, params: Object, customer: Object) -> Object:
    fields: Object = {
        name: params[name] for name in ("collection_method", "days_until_due", "description") if name in params
    }
    fields["metadata"] = {key: value for key, value in (params.get("metadata") or {}).items() if value != ""}
    fields["billing_mode"] = {"type": "flexible", "flexible": {"proration_discounts": "included"}}
    if params.get("billing_mode", {}).get("type") == "classic":
        fields["billing_mode"] = {"type": "classic", "flexible": None}
    if "default_payment_method" in params:
        fields["default_payment_method"] = changes.own_method(unit, params["default_payment_method"], customer["id"])
    if "trial_settings" in params:
        fields["trial_settings"] = changes.trial_settings(params["trial_settings"])
    if "payment_settings" in params:
        fields["payment_settings"] = {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        } | params["payment_settings"]
    return fields


def _check_anchor(unit: Work, plan: starting.Plan) -> None:
    if plan.anchor is None or plan.trial_end is not None:
        return
    recurring = plan.ordered[0][0]["recurring"]
    latest = months.add(unit.now, recurring["interval"], recurring["interval_count"])
    if not unit.now <= plan.anchor <= latest:
        raise invalid(
            "billing_cycle_anchor must be in the future and not later than the next natural billing date "
            f"({latest}) for plan.",
            "billing_cycle_anchor",
        )


def _need_a_way_to_pay(unit: Work, plan: starting.Plan, params: Object) -> None:
    is_free = plan.trial_end is not None or plan.anchor is not None and plan.proration == "none"
    is_sent = params.get("collection_method") == "send_invoice"
    is_later = params.get("payment_behavior") == "default_incomplete"
    amount = sum(lines.unit_amount(price, plan.currency) * quantity for price, quantity, _ in plan.ordered)
    chosen = plan.fields.get("default_payment_method") or plan.customer["invoice_settings"]["default_payment_method"]
    if not (is_free or is_sent or is_later or chosen) and amount:
        raise ApiError(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            code="resource_missing",
        )


def retrieve(unit: Work, subscription_id: str, params: Object) -> Object:
    return unit.get("subscription", subscription_id)


def list_all(unit: Work, params: Object) -> Listing:
    status = params.get("status")
    return unit.listing(
        "subscription",
        lambda each: (
            _has_status(each, status)
            and matching(params, customer=each["customer"], collection_method=each["collection_method"])
            and within(params.get("created"), each["created"])
            and within(params.get("current_period_start"), periods.of(each)[0])
            and within(params.get("current_period_end"), periods.of(each)[1])
            and ("price" not in params or any(item["price"]["id"] == params["price"] for item in each["items"]["data"]))
        ),
    )


def _has_status(subscription: Object, asked: str | None) -> bool:
    if asked == "all":
        return True
    if asked == "ended":
        return subscription["status"] in ("canceled", "incomplete_expired")
    return (
        subscription["status"] == asked if asked else subscription["status"] not in ("canceled", "incomplete_expired")
    )


def update(unit: Work, subscription_id: str, params: Object) -> Object:
    subscription = unit.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        if set(params) <= {"metadata", "cancellation_details", "expand"}:
            changes.set_words(unit, subscription, params)
            return subscription
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    _refuse_what_is_led(subscription, params)
    _refuse_what_cannot_wait(params)
    changes.update(unit, subscription, params)
    if "discounts" in params:
        schedules.note_discounts(unit, subscription)
    return subscription


def _refuse_what_is_led(subscription: Object, params: Object) -> None:
    """What a schedule decides is changed in the schedule."""
    schedule = subscription["schedule"]
    if schedule is None:
        return
    if any(name in params for name in ENDS):
        raise invalid(LED_END.format(schedule))
    for name in LED:
        if name in params:
            raise invalid(LED_OTHER.format(schedule, name), name)


def _refuse_what_cannot_wait(params: Object) -> None:
    """A change that waits for its payment can hold items and little else."""
    if params.get("payment_behavior") != "pending_if_incomplete":
        return
    for name in params:
        if name not in CAN_WAIT:
            raise invalid(
                f"When `payment_behavior` is `pending_if_incomplete`, you cannot pass `{name}`. Please update it in a "
                "separate request.",
                name,
            )


def cancel(unit: Work, subscription_id: str, params: Object) -> Object:
    subscription = unit.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise ApiError(f"No such subscription: '{subscription_id}'", status=404, code="resource_missing", param="id")
    if subscription["schedule"] is not None:
        raise invalid(LED_END.format(subscription["schedule"]))
    if params.get("prorate"):
        invoices.add_waiting(unit, subscription, changes.unused_time(unit, subscription, at=unit.now))
    if params.get("invoice_now"):
        changes.invoice_what_waits(unit, subscription)
    subscription["cancellation_details"] |= {
        name: value or None for name, value in params.get("cancellation_details", {}).items()
    }
    ending.cancel(unit, subscription, reason="cancellation_requested")
    return subscription


def pause(unit: Work, subscription_id: str, params: Object) -> Object:
    return pausing.pause(unit, unit.get("subscription", subscription_id), params)


def resume(unit: Work, subscription_id: str, params: Object) -> Object:
    return pausing.resume(unit, unit.get("subscription", subscription_id), params)


def list_items(unit: Work, params: Object) -> list[Object]:
    subscription = unit.named("subscription", params["subscription"], param="subscription")
    return list(reversed(subscription["items"]["data"]))


def retrieve_item(unit: Work, item_id: str, params: Object) -> Object:
    for subscription in unit.all("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == item_id:
                return item
    return unit.get("subscription_item", item_id)
