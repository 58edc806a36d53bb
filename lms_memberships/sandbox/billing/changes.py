"""How a running subscription is changed."""

from __future__ import annotations

from ..errors import invalid, no_such
from ..fields import merge_metadata
from ..store import Object
from ..work import Work
from . import discounts, periods, switching, trials

DAY = 24 * 3600
LONGEST_TRIAL = 2 * 366 * DAY
WORDS = ("collection_method", "days_until_due")


def update(unit: Work, subscription: Object, params: Object) -> Object:
    set_words(unit, subscription, params)
    if "default_payment_method" in params:
        subscription["default_payment_method"] = own_method(
            unit, params["default_payment_method"], subscription["customer"]
        )
    if "trial_settings" in params:
        subscription["trial_settings"] = trial_settings(params["trial_settings"])
    if "discounts" in params:
        set_discounts(unit, subscription, params["discounts"] or [])
    if "pause_collection" in params:
        asked = params["pause_collection"]
        subscription["pause_collection"] = {"resumes_at": None} | asked if asked else None
    if "cancel_at_period_end" in params or "cancel_at" in params:
        set_end(unit, subscription, params)
    if "trial_end" in params:
        set_trial_end(unit, subscription, params["trial_end"])
    if "items" in params or params.get("billing_cycle_anchor", {}).get("type") == "now":
        switching.switch(unit, subscription, params)
    unit.announce_change("customer.subscription.updated", subscription)
    return subscription


def set_words(unit: Work, subscription: Object, params: Object) -> None:
    """What costs nothing."""
    merge_metadata(params, subscription)
    for name in (*WORDS, "description"):
        if name in params:
            subscription[name] = params[name] or None
    for name, value in params.get("cancellation_details", {}).items():
        subscription["cancellation_details"][name] = value or None
    if "payment_settings" in params:
        subscription["payment_settings"] |= params["payment_settings"]
    unit.announce_change("customer.subscription.updated", subscription)


def set_end(unit: Work, subscription: Object, params: Object) -> None:
    """When it will end; or that it goes on."""
    at_period_end = params.get("cancel_at_period_end", False)
    moment = params.get("cancel_at") or None
    if at_period_end or moment in ("min_period_end", "max_period_end", "max_billed_until"):
        moment = periods.of(subscription)[1]
    if moment is not None and moment < unit.now:
        raise invalid("cancel_at must be in the future.", "cancel_at")
    subscription |= {"cancel_at_period_end": at_period_end, "cancel_at": moment}
    subscription["canceled_at"] = unit.now if moment else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if moment else None
    if moment is None and "cancellation_details" not in params:
        subscription["cancellation_details"] |= {"comment": None, "feedback": None}
    unit.announce_change("customer.subscription.updated", subscription)


def own_method(unit: Work, method_id: str, customer_id: str) -> str:
    method = unit.find("payment_method", method_id)
    if method is None or method["customer"] != customer_id:
        raise no_such("PaymentMethod", method_id, param="default_payment_method", status=400)
    return method["id"]


def trial_settings(asked: Object) -> Object:
    return {"end_behavior": {"missing_payment_method": "create_invoice"} | asked["end_behavior"]}


def check_trial_end(unit: Work, timestamp: int) -> int:
    if timestamp <= unit.now:
        raise invalid("Timestamp must be in the future.", "trial_end")
    if timestamp - unit.now > LONGEST_TRIAL:
        raise invalid("Trials can last at most two years.", "trial_end")
    return timestamp


def set_trial_end(unit: Work, subscription: Object, asked: int | str) -> None:
    if asked == "now":
        if subscription["status"] != "trialing":
            return
        subscription["trial_end"] = unit.now
        subscription["billing_cycle_anchor"] = unit.now
        periods.put(subscription, periods.of(subscription)[0], unit.now)
        trials.end_early(unit, subscription)
        return
    moment = check_trial_end(unit, int(asked))
    start = unit.now if subscription["status"] != "trialing" else periods.of(subscription)[0]
    subscription |= {"status": "trialing", "trial_end": moment, "billing_cycle_anchor": moment}
    subscription["trial_start"] = subscription["trial_start"] or unit.now
    periods.put(subscription, start, moment)
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = moment
    trials.warn_if_soon(unit, subscription)


def set_discounts(unit: Work, subscription: Object, asked: list[Object]) -> None:
    customer = unit.get("customer", subscription["customer"])
    chosen = discounts.resolve(unit, asked, customer=customer)
    kept = {each["discount"] for each in chosen if "discount" in each}
    discounts.drop(unit, subscription, [each for each in subscription["discounts"] if each not in kept])
    added = [each for each in chosen if "discount" not in each]
    subscription["discounts"] += discounts.redeem(unit, added, customer=customer["id"], subscription=subscription["id"])


def unused_time(unit: Work, subscription: Object, *, at: int) -> list[Object]:
    return switching.unused_time(unit, subscription, at=at)


def invoice_what_waits(unit: Work, subscription: Object) -> Object:
    """An invoice of what was put aside for the next one."""
    return switching.invoice_now(unit, subscription, [])
