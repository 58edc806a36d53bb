"""Which parameters cannot go together, or not without each other: what a table of types cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import ApiError, invalid, missing_parameter
from .store import Object

URL = re.compile(r"^https?://")
CODE = re.compile(r"^[A-Za-z0-9-]+$")
URLS = ("success_url", "cancel_url")
ONLY_SUBSCRIPTION = ("subscription_data", "payment_method_collection")
NEVER_SUBSCRIPTION = ("payment_intent_data", "customer_creation", "invoice_creation", "submit_type")
NOT_FROM_SUBSCRIPTION = ("customer", "default_settings", "end_behavior", "metadata", "phases", "start_date")
NOT_WHILE_PENDING = ("metadata", "default_payment_method", "days_until_due", "collection_method", "description")


def check(endpoint: str, params: Object) -> None:
    _not_both(params, "starting_after", "ending_before")
    for index, each in enumerate(params.get("discounts") or []):
        _not_both(each, "coupon", "promotion_code", "discount", where=f"discounts[{index}]")
    limit = params.get("limit", 1)
    if not 1 <= limit <= 100:
        raise invalid("This value must be between 1 and 100.", "limit", code="parameter_invalid_integer")
    if endpoint in RULES:
        RULES[endpoint](params)


def _not_both(params: Object, *names: str, where: str = "") -> None:
    given = [name for name in names if params.get(name) not in (None, "", [])]
    if len(given) > 1:
        raise invalid(f"You may only specify one of these parameters: {', '.join(given)}.", where or given[1])


def _one_of(params: Object, *names: str) -> None:
    if not any(name in params for name in names):
        raise missing_parameter(names[0])


def _product(params: Object) -> None:
    data = params.get("default_price_data")
    if data is not None:
        _not_both(data, "unit_amount", "unit_amount_decimal", where="default_price_data")
        if "unit_amount" not in data and "unit_amount_decimal" not in data:
            raise missing_parameter("default_price_data[unit_amount]")


def _price(params: Object) -> None:
    _not_both(params, "unit_amount", "unit_amount_decimal")
    _not_both(params, "product", "product_data")
    _one_of(params, "product", "product_data")
    if params.get("billing_scheme") == "tiered":
        raise invalid("The sandbox has no tiered prices.", "billing_scheme")
    _one_of(params, "unit_amount", "unit_amount_decimal")
    if params.get("recurring", {}).get("usage_type") == "metered":
        raise invalid("The sandbox has no meters.", "recurring[usage_type]")


def _coupon(params: Object) -> None:
    _not_both(params, "percent_off", "amount_off")
    _one_of(params, "percent_off", "amount_off")
    if "amount_off" in params and "currency" not in params:
        raise missing_parameter("currency")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        raise invalid("duration_in_months goes with duration=repeating, and only with it.", "duration_in_months")


def _promotion_code(params: Object) -> None:
    if "coupon" not in params["promotion"]:
        raise missing_parameter("promotion[coupon]")
    if "code" in params and not CODE.match(params["code"]):
        raise invalid("Codes may only contain a-z, A-Z, 0-9 and dashes.", "code")


def _session(params: Object) -> None:
    mode = params.get("mode", "payment")
    _not_both(params, "allow_promotion_codes", "discounts")
    _not_both(params, "customer", "customer_email")
    _not_both(params, "allowed_payment_method_types", "excluded_payment_method_types")
    _one_of(params, "success_url")
    _one_of(params, "line_items")
    for name in ONLY_SUBSCRIPTION if mode != "subscription" else NEVER_SUBSCRIPTION:
        if name in params:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
    for name in URLS:
        if name in params and not URL.match(params[name]):
            raise ApiError(
                "Not a valid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param=name
            )
    for index, each in enumerate(params["line_items"]):
        _line_item(each, f"line_items[{index}]", mode)
    _trial(params.get("subscription_data", {}), params)


def _line_item(item: Object, where: str, mode: str) -> None:
    _not_both(item, "price", "price_data", where=where)
    if "price" not in item and "price_data" not in item:
        raise missing_parameter(f"{where}[price]")
    if mode == "payment" and "recurring" in item.get("price_data", {}):
        raise invalid("You cannot use recurring prices in `payment` mode.", f"{where}[price_data][recurring]")


def _trial(data: Object, params: Object) -> None:
    _not_both(data, "trial_end", "trial_period_days", where="subscription_data[trial_period_days]")
    has_trial = "trial_end" in data or "trial_period_days" in data
    if "trial_settings" in data and not has_trial:
        raise invalid("trial_settings needs a trial.", "subscription_data[trial_settings]")
    if not 1 <= data.get("trial_period_days", 1) <= 730:
        raise invalid("trial_period_days must be between 1 and 730.", "subscription_data[trial_period_days]")
    if params.get("customer_update") and "customer" not in params:
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")


def _subscription(params: Object) -> None:
    _one_of(params, "customer")
    _one_of(params, "items")
    if not params["items"]:
        raise missing_parameter("items")
    _not_both(params, "trial_end", "trial_period_days")
    _not_both_ends(params)
    if params.get("collection_method") == "send_invoice" and "days_until_due" not in params:
        raise missing_parameter("days_until_due")
    if "days_until_due" in params and params.get("collection_method") != "send_invoice":
        raise invalid("days_until_due is only for collection_method=send_invoice.", "days_until_due")
    _pending(params)


def _subscription_update(params: Object) -> None:
    _not_both_ends(params)
    _pending(params)


def _not_both_ends(params: Object) -> None:
    if "cancel_at" in params and "cancel_at_period_end" in params:
        raise invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at")


def _pending(params: Object) -> None:
    if params.get("payment_behavior") == "pending_if_incomplete":
        for name in NOT_WHILE_PENDING:
            if name in params:
                raise invalid(f"You cannot pass `{name}` with payment_behavior=pending_if_incomplete.", name)


def _schedule(params: Object) -> None:
    if "from_subscription" in params:
        for name in NOT_FROM_SUBSCRIPTION:
            if name in params:
                raise invalid(f"You cannot set `{name}` if `from_subscription` is set.", name)
        return
    _one_of(params, "customer")
    _one_of(params, "phases")
    if not params["phases"]:
        raise missing_parameter("phases")
    _phases(params)


def _schedule_update(params: Object) -> None:
    if "phases" in params and "start_date" not in (params["phases"] or [{}])[0]:
        raise missing_parameter("phases[0][start_date]")
    _phases(params)


def _phases(params: Object) -> None:
    for index, each in enumerate(params.get("phases", [])):
        where = f"phases[{index}]"
        _not_both(each, "end_date", "duration", where=f"{where}[duration]")
        _not_both(each, "trial", "trial_end", where=f"{where}[trial]")


def _preview(params: Object) -> None:
    _one_of(params, "customer", "subscription")


def _refund(params: Object) -> None:
    _one_of(params, "payment_intent", "charge")


RULES: dict[str, Callable[[Object], None]] = {
    "POST /v1/products": _product,
    "POST /v1/prices": _price,
    "POST /v1/coupons": _coupon,
    "POST /v1/promotion_codes": _promotion_code,
    "POST /v1/checkout/sessions": _session,
    "POST /v1/subscriptions": _subscription,
    "POST /v1/subscriptions/{subscription_exposed_id}": _subscription_update,
    "POST /v1/subscription_schedules": _schedule,
    "POST /v1/subscription_schedules/{schedule}": _schedule_update,
    "POST /v1/invoices/create_preview": _preview,
    "POST /v1/refunds": _refund,
}
