"""How a schedule leads its subscription from phase to phase."""

from __future__ import annotations

from ..fields import merge_metadata
from ..store import Object
from ..work import Work
from . import changes, discounts, ending, periods, phases, starting, switching

OPEN = ending.OPEN_SCHEDULES


def begin(unit: Work, schedule: Object) -> None:
    """Its subscription is made, as the first phase says."""
    first, settings = schedule["phases"][0], schedule["default_settings"]
    customer = unit.get("customer", schedule["customer"])
    words = {name: first[name] or settings.get(name) for name in phases.WORDS}
    plan = starting.Plan(
        customer=customer,
        ordered=[
            (unit.get("price", each["price"]), each["quantity"], dict(each["metadata"])) for each in first["items"]
        ],
        currency=first["currency"],
        trial_end=first["trial_end"],
        coupons=discounts.resolve(unit, [_named(each) for each in first["discounts"]], customer=customer),
        fields=words | {"metadata": dict(first["metadata"]), "billing_mode": dict(schedule["billing_mode"])},
    )
    subscription, _ = starting.start(unit, plan, behavior="allow_incomplete")
    attach(unit, schedule, subscription, first)


def attach(unit: Work, schedule: Object, subscription: Object, phase: Object) -> None:
    """From now on the schedule leads."""
    subscription["schedule"] = schedule["id"]
    schedule |= {"status": "active", "subscription": subscription["id"], "current_phase": phases.hand_of(phase)}
    set_end(unit, schedule, subscription)
    unit.announce_change("subscription_schedule.updated", schedule)
    unit.announce_change("customer.subscription.updated", subscription)


def catch_up(unit: Work, subscription: Object) -> None:
    """Enter every phase that is due, before the subscription does anything by itself at the same moment."""
    schedule = unit.find("subscription_schedule", subscription["schedule"])
    while schedule is not None and schedule["status"] == "active" and schedule["current_phase"]["end_date"] <= unit.now:
        move_on(unit, schedule)


def move_on(unit: Work, schedule: Object) -> None:
    """The current phase is over: the next one begins, or the schedule ends as it is told to."""
    subscription = unit.get("subscription", schedule["subscription"])
    end = schedule["current_phase"]["end_date"]
    following = next((each for each in schedule["phases"] if each["start_date"] >= end), None)
    if following is not None:
        enter(unit, schedule, subscription, following, proration=following["proration_behavior"])
    elif schedule["end_behavior"] == "cancel":
        _complete(unit, schedule, subscription)
    else:
        release(unit, schedule, keep_end=False)


def enter(unit: Work, schedule: Object, subscription: Object, phase: Object, *, proration: str) -> None:
    """The subscription becomes what the phase says."""
    schedule |= {"status": "active", "current_phase": phases.hand_of(phase)}
    merge_metadata({"metadata": phase["metadata"]}, subscription)
    for name in phases.WORDS:
        if phase[name] is not None:
            subscription[name] = phase[name]
    # What a phase does not name is taken away: discounts too.
    changes.set_discounts(unit, subscription, [_kept(unit, subscription, each) for each in phase["discounts"]])
    _put_items(unit, subscription, phase, proration=proration)
    _set_trial(unit, subscription, phase)
    if subscription["status"] not in ending.OVER:
        set_end(unit, schedule, subscription)
    unit.announce_change("subscription_schedule.updated", schedule)
    unit.announce_change("customer.subscription.updated", subscription)


def set_end(unit: Work, schedule: Object, subscription: Object) -> None:
    """In its last phase a schedule that cancels sets the end of the subscription; before, there is none."""
    last = schedule["phases"][-1]
    is_last = phases.hand_of(last) == schedule["current_phase"]
    moment = last["end_date"] if is_last and schedule["end_behavior"] == "cancel" else None
    canceled_at = (subscription["canceled_at"] or unit.now) if moment else None
    subscription |= {"cancel_at": moment, "cancel_at_period_end": False, "canceled_at": canceled_at}


def note_discounts(unit: Work, subscription: Object) -> None:
    """A discount that was put on the subscription itself belongs to its current phase, and to no later one."""
    schedule = unit.find("subscription_schedule", subscription["schedule"])
    if schedule is None or schedule["current_phase"] is None:
        return
    for phase in schedule["phases"]:
        if phases.hand_of(phase) == schedule["current_phase"]:
            phase["discounts"] = [phases.named_discount({"discount": each}) for each in subscription["discounts"]]
    unit.announce_change("subscription_schedule.updated", schedule)


def release(unit: Work, schedule: Object, *, keep_end: bool) -> None:
    """The subscription goes on by itself."""
    subscription = unit.find("subscription", schedule["subscription"])
    schedule |= {
        "status": "released",
        "released_at": unit.now,
        "released_subscription": schedule["subscription"],
        "subscription": None,
        "current_phase": None,
    }
    unit.announce("subscription_schedule.released", schedule)
    if subscription is None:
        return
    subscription["schedule"] = None
    if not keep_end:
        subscription |= {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}
    unit.announce_change("customer.subscription.updated", subscription)


def _complete(unit: Work, schedule: Object, subscription: Object) -> None:
    schedule |= {"status": "completed", "completed_at": unit.now, "current_phase": None}
    unit.announce("subscription_schedule.completed", schedule)
    ending.cancel(unit, subscription, reason="cancellation_requested")


def _kept(unit: Work, subscription: Object, asked: Object) -> Object:
    """A coupon that the subscription has already is not redeemed a second time."""
    named = _named(asked)
    for discount_id in subscription["discounts"]:
        discount = unit.get("discount", discount_id)
        if "coupon" in named and discount["source"]["coupon"] == named["coupon"]:
            return {"discount": discount_id}
        if "promotion_code" in named and discount["promotion_code"] == named["promotion_code"]:
            return {"discount": discount_id}
    return named


def _named(asked: Object) -> Object:
    return {name: value for name, value in asked.items() if value is not None}


def _put_items(unit: Work, subscription: Object, phase: Object, *, proration: str) -> None:
    there = subscription["items"]["data"]
    wanted = [(each["price"], each["quantity"]) for each in phase["items"]]
    if [(each["price"]["id"], each["quantity"]) for each in there] == wanted:
        return
    ids = [each["id"] for each in there]
    asked: list[Object] = [{"price": price, "quantity": quantity} for price, quantity in wanted]
    for item_id, each in zip(ids, asked, strict=False):
        each["id"] = item_id
    asked += [{"id": item_id, "deleted": True} for item_id in ids[len(asked) :]]
    if periods.of(subscription)[1] <= unit.now:
        # A period has just ended, and the next is billed in a moment: there is nothing to prorate.
        subscription["items"]["data"] = switching.new_items(unit, subscription, asked)
    else:
        switching.switch(unit, subscription, {"items": asked, "proration_behavior": proration})


def _set_trial(unit: Work, subscription: Object, phase: Object) -> None:
    is_running = subscription["status"] == "trialing" and subscription["trial_end"] > unit.now
    if phase["trial_end"] is None:
        if is_running:
            changes.set_trial_end(unit, subscription, "now")
    elif phase["trial_end"] > unit.now and not (is_running and subscription["trial_end"] == phase["trial_end"]):
        changes.set_trial_end(unit, subscription, phase["trial_end"])
