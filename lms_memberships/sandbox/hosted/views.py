"""What the hosted pages show."""

from __future__ import annotations

from ..billing import invoices
from ..rendering import render
from ..resources import orders
from ..store import Object
from ..work import Work


def checkout(unit: Work, session: Object) -> Object:
    account = unit.get("account", unit.account)
    customer = unit.find("customer", session["customer"])
    recurring = orders.recurring_of(session) or {"interval": None, "interval_count": None}
    next_at, next_amount = orders.next_payment(unit, session)
    trial = session["_subscription_data"]
    return {
        "session": render(session),
        "status": session["status"],
        "seller": account["business_profile"]["name"],
        "mode": session["mode"],
        "currency": session["currency"],
        "lines": [_line(unit, each) for each in session["_items"]],
        "subtotal": session["amount_subtotal"],
        "discount": session["total_details"]["amount_discount"],
        "promotion_code": _code(unit, session),
        "allow_promotion_codes": bool(session["allow_promotion_codes"]),
        "total": session["amount_total"],
        "balance": orders.balance_used(unit, session),
        "today": orders.due_today(unit, session),
        "next_at": next_at,
        "next_amount": next_amount,
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "trial_days": trial.get("trial_period_days"),
        "trial_end": orders.trial_end(session, now=unit.now),
        "card_required": needs_card(unit, session),
        "takes_debits": "sepa_debit" in session["payment_method_types"],
        "missing_payment_method": trial.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method"),
        "email": (customer or {}).get("email") or session["customer_email"],
        "customer_name": (customer or {}).get("name"),
        "terms_required": (session["consent_collection"] or {}).get("terms_of_service") == "required",
        "success_url": session["success_url"],
        "cancel_url": session["cancel_url"],
        "message": session.get("_message"),
    }


def needs_card(unit: Work, session: Object) -> bool:
    if orders.due_today(unit, session):
        return True
    return session["mode"] == "subscription" and session["payment_method_collection"] == "always"


def _line(unit: Work, item: Object) -> Object:
    product = unit.find("product", item["price"]["product"]) or {}
    recurring = item["price"]["recurring"] or {}
    return {
        "name": item["description"] or "",
        "description": product.get("description") or "",
        "image": next(iter(product.get("images", [])), ""),
        "quantity": item["quantity"],
        "amount": item["amount_subtotal"],
        "interval": recurring.get("interval"),
        "interval_count": recurring.get("interval_count"),
    }


def _code(unit: Work, session: Object) -> str | None:
    for each in session["_coupons"]:
        code = unit.find("promotion_code", each["promotion_code"])
        coupon = unit.get("coupon", each["coupon"])
        return code["code"] if code else coupon["name"] or coupon["id"]
    return None


def invoice(unit: Work, invoice: Object) -> Object:
    account = unit.get("account", unit.account)
    intent = unit.find("payment_intent", invoice.get("_payment_intent"))
    error = (intent or {}).get("last_payment_error") or {}
    return {
        "invoice": render(invoice),
        "seller": account["business_profile"]["name"],
        "lines": [render(each) for each in invoice["lines"]["data"]],
        "status": invoice["status"],
        "amount_due": invoice["amount_remaining"],
        "currency": invoice["currency"],
        "is_under_way": invoice["status"] == "open" and invoices.is_under_way(unit, invoice),
        "card": _card(unit, invoice),
        "message": error.get("message") if invoice["status"] == "open" else None,
    }


def _card(unit: Work, invoice: Object) -> Object | None:
    customer = unit.get("customer", invoice["customer"])
    method = unit.find("payment_method", customer["invoice_settings"]["default_payment_method"])
    return render(method["card"]) if method and "card" in method else None
