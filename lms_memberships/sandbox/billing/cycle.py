"""How one billing period follows another."""

from __future__ import annotations

from ..store import Object
from ..work import Work
from . import discounts, invoices, lines, periods


def turn_over(unit: Work, subscription: Object) -> Object:
    """The next period begins; its invoice is a draft for an hour."""
    _, start = periods.of(subscription)
    begin_period(unit, subscription, start)
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    _drop_what_ran_out(unit, subscription)
    invoice = invoices.draft_for(unit, subscription, billed(unit, subscription), **_of_period(subscription))
    _schedule(unit, subscription, invoice)
    unit.announce_change("customer.subscription.updated", subscription)
    return invoice


def begin_period(unit: Work, subscription: Object, start: int) -> None:
    periods.put(subscription, start, periods.natural_end(subscription, after=start))


def billed(unit: Work, subscription: Object) -> list[Object]:
    start, end = periods.of(subscription)
    items = subscription["items"]["data"]
    return [lines.for_item(unit, each, subscription=subscription, start=start, end=end) for each in items]


def _of_period(subscription: Object) -> Object:
    start, _ = periods.of(subscription)
    return {"reason": "subscription_cycle", "start": start, "end": start}


def _schedule(unit: Work, subscription: Object, invoice: Object) -> None:
    pause = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or pause and pause["behavior"] == "keep_as_draft":
        invoice["auto_advance"] = False
        return
    invoice["automatically_finalizes_at"] = unit.now + invoices.HOUR


def finalize(unit: Work, invoice: Object) -> None:
    """The hour is over."""
    subscription = unit.find("subscription", invoices.subscription_id(invoice))
    pause = subscription["pause_collection"] if subscription else None
    invoices.finalize(unit, invoice)
    if invoice["status"] != "open":
        return
    if pause and pause["behavior"] in PAUSED:
        PAUSED[pause["behavior"]](unit, invoice)
    elif invoice["collection_method"] == "charge_automatically":
        invoices.attempt(unit, invoice)
    else:
        unit.announce("invoice.sent", invoice)


def retry(unit: Work, invoice: Object) -> None:
    invoices.attempt(unit, invoice)


def resume_collection(unit: Work, subscription: Object) -> None:
    subscription["pause_collection"] = None
    unit.announce_change("customer.subscription.updated", subscription)


def _drop_what_ran_out(unit: Work, subscription: Object) -> None:
    running = {each["id"] for each in discounts.running(unit, subscription["discounts"], at=unit.now)}
    discounts.drop(unit, subscription, [each for each in subscription["discounts"] if each not in running])


PAUSED = {"void": invoices.void, "mark_uncollectible": invoices.give_up}
