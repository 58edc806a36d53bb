"""How a subscription is paused, and goes on."""

from __future__ import annotations

from ..errors import invalid
from ..store import Object
from ..work import Work
from . import cycle, invoices, periods, switching

PAUSABLE = ("active", "trialing", "past_due")


def pause(unit: Work, subscription: Object, params: Object) -> Object:
    if subscription["billing_mode"]["type"] != "flexible" or subscription["schedule"]:
        raise invalid("Only subscriptions with flexible billing mode and without a schedule can be paused.")
    if subscription["status"] not in PAUSABLE:
        raise invalid(f"You cannot pause a subscription that is {subscription['status']}.")
    if params.get("bill_for", {}).get("unused_time_from", {}).get("type") == "now":
        unused = switching.unused_time(unit, subscription, at=unit.now)
        invoices.add_waiting(unit, subscription, unused)
        if params.get("invoicing_behavior") == "invoice":
            switching.invoice_now(unit, subscription, [])
    subscription["status"] = "paused"
    subscription["status_details"] = {
        "paused": {
            "type": "subscription",
            "transitioned_at": unit.now,
            "subscription": {"type": "pause_requested"},
        }
    }
    unit.announce_change("customer.subscription.updated", subscription)
    unit.announce("customer.subscription.paused", subscription)
    return subscription


def resume(unit: Work, subscription: Object, params: Object) -> Object:
    """A new period begins now; or, with an unchanged anchor, the old one goes on."""
    _refuse_unless_paused(subscription)
    keeps_anchor = params.get("billing_cycle_anchor", {}).get("type") == "unchanged"
    if keeps_anchor and periods.of(subscription)[1] > unit.now:
        _goes_on(unit, subscription)
        return subscription
    invoice = bill(unit, subscription, keeps_anchor=keeps_anchor)
    subscription["_resumes_with"] = invoice["id"]
    invoices.finalize(unit, invoice)
    if invoice["status"] == "open":
        decline = invoices.attempt(unit, invoice)
        if decline is not None and params.get("payment_behavior") == "resume_on_payment_attempt":
            subscription |= {"_resumes_with": None, "status_details": None, "status": "past_due"}
            unit.announce_change("customer.subscription.updated", subscription)
            unit.announce("customer.subscription.resumed", subscription)
    return subscription


def bill(unit: Work, subscription: Object, *, keeps_anchor: bool) -> Object:
    """The draft of the period that begins now, with what was waiting to be billed."""
    _refuse_unless_paused(subscription)
    if not keeps_anchor:
        subscription["billing_cycle_anchor"] = unit.now
    cycle.begin_period(unit, subscription, unit.now)
    billed = cycle.billed(unit, subscription)
    return invoices.draft_for(unit, subscription, billed, reason="subscription_update", start=unit.now, end=unit.now)


def _refuse_unless_paused(subscription: Object) -> None:
    if subscription["status"] != "paused":
        raise invalid("You can only resume a subscription whose status is `paused`.")


def _goes_on(unit: Work, subscription: Object) -> None:
    subscription |= {"status": "active", "status_details": None}
    unit.announce_change("customer.subscription.updated", subscription)
    unit.announce("customer.subscription.resumed", subscription)
