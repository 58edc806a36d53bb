"""Which step comes next for an object, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..store import Object
from ..work import Work
from . import answering, cycle, ending, periods, schedules, standing, trials

HOUR = 3600
FIRST_PAYMENT_WITHIN = 23 * HOUR
RUNNING = ("trialing", "active", "past_due", "unpaid")


@dataclass(frozen=True, order=True)
class Step:
    at: int
    name: str


def next_step(each: Object) -> Step | None:
    finder = FINDERS.get(each["object"])
    found = sorted(finder(each), key=lambda step: step.at) if finder else []
    return found[0] if found else None


def _of_session(session: Object) -> Iterator[Step]:
    if session["status"] == "open":
        yield Step(session["expires_at"], "expire session")


def _of_subscription(subscription: Object) -> Iterator[Step]:
    if subscription["status"] == "incomplete":
        yield Step(subscription["created"] + FIRST_PAYMENT_WITHIN, "expire subscription")
    if subscription["pending_update"]:
        yield Step(subscription["pending_update"]["expires_at"], "drop pending update")
    if subscription["status"] == "paused" and subscription["cancel_at"]:
        yield Step(subscription["cancel_at"], "cancel")
    if subscription["status"] not in RUNNING:
        return
    if subscription["cancel_at"]:
        yield Step(subscription["cancel_at"], "cancel")
    if subscription["status"] == "trialing" and subscription.get("_trial_warned") != subscription["trial_end"]:
        yield Step(subscription["trial_end"] - trials.WARNING, "warn of the trial's end")
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"]:
        yield Step(pause["resumes_at"], "resume collection")
    is_trial = subscription["status"] == "trialing"
    yield Step(periods.of(subscription)[1], "end the trial" if is_trial else "turn over")


def _of_invoice(invoice: Object) -> Iterator[Step]:
    if invoice["status"] == "draft" and invoice["auto_advance"] and invoice["automatically_finalizes_at"]:
        yield Step(invoice["automatically_finalizes_at"], "finalize")
    if invoice["status"] == "open" and invoice["next_payment_attempt"]:
        yield Step(invoice["next_payment_attempt"], "retry")
    if invoice["status"] == "open" and invoice["due_date"] and not invoice.get("_is_overdue"):
        yield Step(invoice["due_date"], "overdue")


def _of_payment_intent(intent: Object) -> Iterator[Step]:
    if intent["status"] == "processing":
        yield Step(intent["_answered_at"], "answer about a debit")


def _of_coupon(coupon: Object) -> Iterator[Step]:
    if coupon["valid"] and coupon["redeem_by"]:
        yield Step(coupon["redeem_by"], "expire coupon")


def _of_promotion_code(code: Object) -> Iterator[Step]:
    if code["active"] and code["expires_at"]:
        yield Step(code["expires_at"], "expire promotion code")


def _expire_session(unit: Work, session: Object) -> None:
    session |= {"status": "expired", "url": None}
    unit.announce("checkout.session.expired", session)


def _of_schedule(schedule: Object) -> Iterator[Step]:
    if schedule["status"] == "not_started":
        yield Step(schedule["phases"][0]["start_date"], "begin schedule")
    elif schedule["status"] == "active":
        yield Step(schedule["current_phase"]["end_date"], "next phase")


def _led(step: Callable[[Work, Object], object]) -> Callable[[Work, Object], None]:
    """A step of the subscription's own, unless its schedule says otherwise at the same moment."""

    def follow(unit: Work, subscription: Object) -> None:
        schedules.catch_up(unit, subscription)
        was_moved = periods.of(subscription)[1] > unit.now and subscription["cancel_at"] != unit.now
        if subscription["status"] not in ending.OVER and not was_moved:
            step(unit, subscription)

    return follow


def _cancel(unit: Work, subscription: Object) -> None:
    ending.cancel(unit, subscription, reason="cancellation_requested")


def _drop_pending_update(unit: Work, subscription: Object) -> None:
    standing.drop_pending(unit, subscription)


def _overdue(unit: Work, invoice: Object) -> None:
    invoice["_is_overdue"] = True
    unit.announce("invoice.overdue", invoice)
    standing.after_failure(unit, invoice)


def _expire_coupon(unit: Work, coupon: Object) -> None:
    coupon["valid"] = False
    unit.announce_change("coupon.updated", coupon)


def _expire_promotion_code(unit: Work, code: Object) -> None:
    code["active"] = False
    unit.announce_change("promotion_code.updated", code)


FINDERS: dict[str, Callable[[Object], Iterator[Step]]] = {
    "checkout.session": _of_session,
    "subscription": _of_subscription,
    "invoice": _of_invoice,
    "payment_intent": _of_payment_intent,
    "coupon": _of_coupon,
    "subscription_schedule": _of_schedule,
    "promotion_code": _of_promotion_code,
}
STEPS: dict[str, Callable[[Work, Object], None]] = {
    "expire session": _expire_session,
    "expire subscription": ending.expire,
    "drop pending update": _drop_pending_update,
    "cancel": _led(_cancel),
    "warn of the trial's end": trials.warn,
    "resume collection": cycle.resume_collection,
    "end the trial": _led(trials.end),
    "turn over": _led(cycle.turn_over),
    "next phase": schedules.move_on,
    "begin schedule": schedules.begin,
    "finalize": cycle.finalize,
    "retry": cycle.retry,
    "overdue": _overdue,
    "answer about a debit": answering.answer,
    "expire coupon": _expire_coupon,
    "expire promotion code": _expire_promotion_code,
}
