"""What a payment, or its failure, makes of a subscription's status."""

from __future__ import annotations

from ..store import Object
from ..work import Work
from . import discounts, ending, retries

FIRST_BY_HAND = ("subscription_create", "send_invoice")


def after_payment(unit: Work, invoice: Object) -> None:
    _no_longer_delinquent(unit, invoice)
    subscription = _of(unit, invoice)
    if subscription is None or subscription["status"] in ("canceled", "incomplete_expired"):
        return
    _use_up_once(unit, subscription, invoice)
    pending = subscription.get("_pending_change")
    if pending and pending["invoice"] == invoice["id"]:
        apply_pending(unit, subscription)
    resumes = subscription["status"] == "paused" and subscription.get("_resumes_with") == invoice["id"]
    if resumes:
        subscription |= {"_resumes_with": None, "status_details": None}
    if resumes or subscription["status"] in ("incomplete", "past_due", "unpaid") and not _open_ones(unit, subscription):
        subscription["status"] = "active"
        unit.announce_change("customer.subscription.updated", subscription)
    if resumes:
        unit.announce("customer.subscription.resumed", subscription)


def after_voiding(unit: Work, invoice: Object) -> None:
    """Stripe gives up a change that waits for the payment of this invoice: it can come no more."""
    subscription = _of(unit, invoice)
    pending = subscription.get("_pending_change") if subscription is not None else None
    if subscription is None or pending is None or pending["invoice"] != invoice["id"]:
        return
    del subscription["_pending_change"]
    if subscription["pending_update"] is not None:
        subscription["pending_update"] = None
        unit.announce_change("customer.subscription.updated", subscription)


def while_under_way(unit: Work, invoice: Object) -> None:
    """Stripe calls it active while the bank has not answered about its first debit."""
    subscription = _of(unit, invoice)
    if subscription is not None and subscription["status"] == "incomplete":
        subscription["status"] = "active"
        unit.announce_change("customer.subscription.updated", subscription)


def after_failure(unit: Work, invoice: Object) -> None:
    subscription = _of(unit, invoice)
    if subscription is None or subscription.get("_pending_change"):
        return
    # By card a first payment that fails leaves it incomplete; active it is only with a debit that was under way.
    is_first_by_hand = (invoice["billing_reason"], invoice["collection_method"]) == FIRST_BY_HAND
    if subscription["status"] in ("active", "trialing") and not is_first_by_hand:
        subscription["status"] = "past_due"
        unit.announce_change("customer.subscription.updated", subscription)
    if subscription["status"] == "past_due" and _no_try_is_left(invoice):
        _give_up(unit, subscription, invoice)


def _no_try_is_left(invoice: Object) -> bool:
    return bool(invoice["attempt_count"] and invoice["next_payment_attempt"] is None and invoice["auto_advance"])


def _give_up(unit: Work, subscription: Object, invoice: Object) -> None:
    customer = unit.get("customer", subscription["customer"])
    customer["delinquent"] = True
    invoice["auto_advance"] = False
    end = retries.settings(unit)["then"]
    if end == "cancel":
        ending.cancel(unit, subscription, reason="payment_failed")
    elif end == "unpaid":
        subscription["status"] = "unpaid"
        unit.announce_change("customer.subscription.updated", subscription)


def _of(unit: Work, invoice: Object) -> Object | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return unit.find("subscription", details["subscription"]) if details else None


def _open_ones(unit: Work, subscription: Object) -> list[Object]:
    """What is still owed. The invoice of an unpaid cycle that was never tried is a draft and not among them."""
    return unit.all(
        "invoice",
        lambda each: (
            each["status"] == "open"
            and each["attempted"]
            and (each["parent"] or {}).get("subscription_details", {}).get("subscription") == subscription["id"]
        ),
    )


def _no_longer_delinquent(unit: Work, invoice: Object) -> None:
    customer = unit.find("customer", invoice["customer"])
    if customer is not None and customer["delinquent"]:
        customer["delinquent"] = False
        unit.announce_change("customer.updated", customer)


def _use_up_once(unit: Work, subscription: Object, invoice: Object) -> None:
    """A coupon for one payment has done its work."""
    for taken in invoice["total_discount_amounts"]:
        discount = unit.get("discount", taken["discount"])
        coupon = unit.get("coupon", discount["source"]["coupon"])
        if coupon["duration"] == "once" and taken["amount"] and discount["id"] in subscription["discounts"]:
            discounts.drop(unit, subscription, [discount["id"]])


def apply_pending(unit: Work, subscription: Object) -> None:
    pending = subscription.pop("_pending_change")
    subscription |= {"items": pending["items"], "billing_cycle_anchor": pending["billing_cycle_anchor"]}
    subscription["pending_update"] = None
    unit.announce_change("customer.subscription.updated", subscription)
    unit.announce("customer.subscription.pending_update_applied", subscription)


def drop_pending(unit: Work, subscription: Object) -> None:
    """The change was not paid in time: it never happened."""
    pending = subscription.pop("_pending_change")
    subscription["pending_update"] = None
    invoice = unit.find("invoice", pending["invoice"])
    if invoice is not None and invoice["status"] == "open":
        ending.void(unit, invoice)
    unit.announce_change("customer.subscription.updated", subscription)
    unit.announce("customer.subscription.pending_update_expired", subscription)
