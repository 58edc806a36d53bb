"""What a finished checkout leaves behind: customer, subscription or payment, invoice."""

from __future__ import annotations

import secrets

from ..billing import receipts, starting, taxes
from ..payments import methods
from ..resources import orders
from ..resources.sessions import details
from ..store import Object
from ..work import Work


def complete(
    unit: Work, session: Object, *, email: str, name: str, method: Object | None, intent: Object | None
) -> None:
    customer = _customer(unit, session, email=email, name=name)
    payment = intent if intent is not None and intent["object"] == "payment_intent" else None
    if customer is not None:
        _hand_over(unit, session, customer, method, intent)
    if session["mode"] == "subscription" and customer is not None:
        _subscribe(unit, session, customer, method, payment)
    else:
        _sell(unit, session, customer, payment)
    session |= {
        "status": "complete",
        "url": None,
        "payment_status": _payment_status(payment),
        "customer": customer["id"] if customer else None,
        "customer_details": details(email=email, name=name or None),
        "_message": None,
    }
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    unit.announce("checkout.session.completed", session)


def _payment_status(payment: Object | None) -> str:
    if payment is None:
        return "no_payment_required"
    return "paid" if payment["status"] == "succeeded" else "unpaid"


def _customer(unit: Work, session: Object, *, email: str, name: str) -> Object | None:
    known = unit.find("customer", session["customer"])
    if known is not None:
        if session["_customer_update"].get("name") == "auto" and name:
            known["name"] = name
            unit.announce_change("customer.updated", known)
        _note_address(unit, session, known)
        return known
    is_needed = (
        session["customer_creation"] == "always"
        or session["_payment_intent_data"].get("setup_future_usage")
        or (session["invoice_creation"] or {}).get("enabled")
    )
    if not is_needed:
        return None
    customer = unit.new("customer", "cus_", email=email, name=name or None, invoice_prefix=secrets.token_hex(4).upper())
    unit.announce("customer.created", customer)
    return customer


def _note_address(unit: Work, session: Object, customer: Object) -> None:
    """The page asks for it where tax depends on it. Everybody here lives where the seller is."""
    if not session["automatic_tax"]["enabled"] or session["_customer_update"].get("address") != "auto":
        return
    if customer["address"] is None:
        absent = dict.fromkeys(("city", "line1", "line2", "postal_code", "state"))
        customer["address"] = absent | {"country": unit.get("account", unit.account)["country"]}
        unit.announce_change("customer.updated", customer)


def _hand_over(unit: Work, session: Object, customer: Object, method: Object | None, intent: Object | None) -> None:
    """What was made before it was known who pays is theirs now."""
    if intent is not None:
        intent["customer"] = customer["id"]
        charge = unit.find("charge", intent.get("latest_charge"))
        if charge is not None:
            charge["customer"] = customer["id"]
    keeps_card = session["mode"] == "subscription" or session["_payment_intent_data"].get("setup_future_usage")
    if method is not None and keeps_card:
        methods.attach(unit, method, customer["id"])


def _subscribe(unit: Work, session: Object, customer: Object, method: Object | None, payment: Object | None) -> None:
    data = session["_subscription_data"]
    plan = starting.Plan(
        customer=customer,
        ordered=[
            (unit.get("price", each["price"]["id"]), each["quantity"], {})
            for each in session["_items"]
            if each["price"]["recurring"]
        ],
        currency=session["currency"],
        trial_end=orders.trial_end(session, now=unit.now),
        coupons=session["_coupons"],
        fields=_fields(data, method),
    )
    if session["automatic_tax"]["enabled"]:
        plan.fields["automatic_tax"] = taxes.for_subscription()
    extras = [each for each in session["_items"] if not each["price"]["recurring"]]
    subscription = starting.start_paid(unit, plan, intent=payment, extras=extras)
    session |= {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}


def _fields(data: Object, method: Object | None) -> Object:
    is_flexible = data.get("billing_mode", {}).get("type", "flexible") == "flexible"
    fields: Object = {
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}}
        if is_flexible
        else {"type": "classic", "flexible": None},
        "default_payment_method": method["id"] if method else None,
        "description": data.get("description"),
        "metadata": dict(data.get("metadata", {})),
        "payment_settings": {
            "payment_method_options": {"card": {"network": None, "request_three_d_secure": "automatic"}},
            "payment_method_types": None,
            "save_default_payment_method": "on_subscription",
        },
    }
    if "trial_settings" in data:
        fields["trial_settings"] = data["trial_settings"]
    return fields


def _sell(unit: Work, session: Object, customer: Object | None, payment: Object | None) -> None:
    """Once, not again."""
    session["payment_intent"] = payment["id"] if payment else None
    if payment is None or payment["status"] == "succeeded":
        receipts.write(unit, session, customer, payment)
