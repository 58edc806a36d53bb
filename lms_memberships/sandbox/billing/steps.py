"""Which step comes next for an object, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..store import Object
from ..work import Work
from . import cycle, ending, periods, standing, trials

HOUR = 3600
FIRST_PAYMENT_WITHIN = 23 * HOUR
RUNNING = ("trialing", "active", "past_due", "unpaid")


@dataclass(frozen=True)
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


def _of_coupon(coupon: Object) -> Iterator[Step]:
    if coupon["valid"] and coupon["redeem_by"]:
        yield Step(coupon["redeem_by"], "expire coupon")


def _of_promotion_code(code: Object) -> Iterator[Step]:
    if code["active"] and code["expires_at"]:
        yield Step(code["expires_at"], "expire promotion code")


def _expire_session(unit: Work, session: Object) -> None:
    session |= {"status": "expired", "url": None}
    unit.announce("checkout.session.expired", session)


def _cancel(unit: Work, subscription: Object) -> None:
    ending.cancel(unit, subscription, reason="cancellation_requested")


def _drop_pending_update(unit: Work, subscription: Object) -> None:
    standing.drop_pending(unit, subscription)


def _overdue(unit: Work, invoice: Object) -> None:
    invoice["_is_overdue"] = True
    unit.announce("invoice.overdue", invoice)
    standing.after_failure(unit, invoice)


def _turn_over(unit: Work, subscription: Object) -> None:
    cycle.turn_over(unit, subscription)


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
    "coupon": _of_coupon,
    "promotion_code": _of_promotion_code,
}
STEPS: dict[str, Callable[[Work, Object], None]] = {
    "expire session": _expire_session,
    "expire subscription": ending.expire,
    "drop pending update": _drop_pending_update,
    "cancel": _cancel,
    "warn of the trial's end": trials.warn,
    "resume collection": cycle.resume_collection,
    "end the trial": trials.end,
    "turn over": _turn_over,
    "finalize": cycle.finalize,
    "retry": cycle.retry,
    "overdue": _overdue,
    "expire coupon": _expire_coupon,
    "expire promotion code": _expire_promotion_code,
}
