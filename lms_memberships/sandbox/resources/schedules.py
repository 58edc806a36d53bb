"""Subscription schedules: made, changed, released, cancelled."""

from __future__ import annotations

from ..billing import changes, invoices, periods, phases, schedules
from ..billing import ending as endings
from ..errors import invalid
from ..fields import merge_metadata
from ..paging import Listing, matching, within
from ..store import Object
from ..work import Work
from . import customers

BEHAVIORS = ("cancel", "release")


def create(unit: Work, params: Object) -> Object:
    if "from_subscription" in params:
        return _from_subscription(unit, params["from_subscription"])
    customer = customers.living(unit, params["customer"], status=400)
    start = unit.now if params.get("start_date", "now") == "now" else int(params["start_date"])
    if start < unit.now:
        raise invalid("The sandbox begins no schedule in the past.", "start_date")
    schedule = unit.new("subscription_schedule", "sub_sched_", customer=customer["id"])
    schedule["phases"] = phases.lay_out(unit, params["phases"], start=start, customer=customer)
    _set_words(unit, schedule, params)
    unit.announce("subscription_schedule.created", schedule)
    if start == unit.now:
        schedules.begin(unit, schedule)
    return schedule


def _from_subscription(unit: Work, subscription_id: str) -> Object:
    subscription = unit.named("subscription", subscription_id, param="from_subscription")
    if subscription["schedule"]:
        raise invalid(
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['schedule']}`.",
            "from_subscription",
        )
    if subscription["status"] in (*endings.OVER, "incomplete"):
        raise invalid(
            f"You cannot migrate a subscription with the status `{subscription['status']}`.", "from_subscription"
        )
    start, end = periods.of(subscription)
    phase = phases.of_subscription(subscription, start=start, end=subscription["cancel_at"] or end)
    schedule = unit.new("subscription_schedule", "sub_sched_", customer=subscription["customer"], phases=[phase])
    schedule["end_behavior"] = "cancel" if subscription["cancel_at"] else "release"
    schedule["default_settings"] |= {
        name: subscription[name] for name in ("collection_method", "default_payment_method", "description")
    }
    schedule["billing_mode"] = dict(subscription["billing_mode"])
    unit.announce("subscription_schedule.created", schedule)
    schedules.attach(unit, schedule, subscription, phase)
    return schedule


def update(unit: Work, schedule_id: str, params: Object) -> Object:
    schedule = _open(unit, schedule_id, "update")
    _set_words(unit, schedule, params)
    if "phases" in params:
        _replace_phases(unit, schedule, params)
    elif schedule["subscription"]:
        schedules.set_end(unit, schedule, unit.get("subscription", schedule["subscription"]))
    unit.announce_change("subscription_schedule.updated", schedule)
    return schedule


def _replace_phases(unit: Work, schedule: Object, params: Object) -> None:
    asked = params["phases"]
    start = unit.now if asked[0]["start_date"] == "now" else int(asked[0]["start_date"])
    customer, currency = unit.get("customer", schedule["customer"]), schedule["phases"][0]["currency"]
    laid = phases.lay_out(unit, asked, start=start, customer=customer, currency=currency)
    if schedule["status"] == "not_started":
        schedule["phases"] = laid
        return
    current = phases.at(laid, unit.now)
    if current is None or current["start_date"] != schedule["current_phase"]["start_date"]:
        raise invalid("You can not modify the start date of the current phase.", "phases[0][start_date]")
    schedule["phases"] = laid
    subscription = unit.get("subscription", schedule["subscription"])
    proration = params.get("proration_behavior", "create_prorations")
    schedules.enter(unit, schedule, subscription, current, proration=proration)


def _set_words(unit: Work, schedule: Object, params: Object) -> None:
    merge_metadata(params, schedule)
    behavior = params.get("end_behavior", schedule["end_behavior"])
    if behavior not in BEHAVIORS:
        raise invalid(f"The sandbox ends schedules in two ways: {', '.join(BEHAVIORS)}.", "end_behavior")
    schedule["end_behavior"] = behavior
    settings = params.get("default_settings", {})
    if "default_payment_method" in settings:
        changes.own_method(unit, settings["default_payment_method"], schedule["customer"])
    schedule["default_settings"] |= {name: value or None for name, value in settings.items()}


def retrieve(unit: Work, schedule_id: str, params: Object) -> Object:
    return unit.get("subscription_schedule", schedule_id)


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "subscription_schedule",
        lambda each: (
            matching(params, customer=each["customer"])
            and ("scheduled" not in params or params["scheduled"] == (each["status"] == "not_started"))
            and all(
                within(params.get(name), each[name])
                for name in ("created", "canceled_at", "completed_at", "released_at")
                if name in params
            )
        ),
    )


def release(unit: Work, schedule_id: str, params: Object) -> Object:
    schedule = _open(unit, schedule_id, "release")
    schedules.release(unit, schedule, keep_end=params.get("preserve_cancel_date", False))
    return schedule


def cancel(unit: Work, schedule_id: str, params: Object) -> Object:
    """The subscription ends with it, at once."""
    schedule = _open(unit, schedule_id, "cancel")
    subscription = unit.find("subscription", schedule["subscription"])
    if subscription is None:
        endings.close_schedule(unit, schedule)
        return schedule
    if params.get("prorate", True):
        invoices.add_waiting(unit, subscription, changes.unused_time(unit, subscription, at=unit.now))
    if params.get("invoice_now", True):
        changes.invoice_what_waits(unit, subscription)
    endings.cancel(unit, subscription, reason="cancellation_requested")
    return schedule


def _open(unit: Work, schedule_id: str, verb: str) -> Object:
    schedule = unit.get("subscription_schedule", schedule_id)
    if schedule["status"] not in schedules.OPEN:
        raise invalid(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status. "
            "It must be in the `not_started` or `active` status."
        )
    return schedule
