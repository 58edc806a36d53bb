"""Checkout Sessions: made, read and expired by the API."""

from __future__ import annotations

from ..billing import discounts, taxes
from ..errors import ApiError, invalid
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..store import Object
from ..work import Work, new_id
from . import customers, orders

HOUR = 3600
SHORTEST, LONGEST = HOUR // 2, 24 * HOUR
TRIAL_AHEAD = 48 * HOUR
PLAIN = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "excluded_payment_method_types",
    "integration_identifier",
    "locale",
    "submit_type",
    "success_url",
)


def create(unit: Work, params: Object) -> Object:
    mode = params.get("mode", "payment")
    if mode == "setup" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The sandbox has hosted pages in payment and subscription mode only.", "mode")
    customer = customers.living(unit, params["customer"], status=400) if "customer" in params else None
    session = unit.new("checkout.session", "cs_test_", id=new_id("cs_test_a1", length=56), mode=mode)
    copy(params, session, PLAIN)
    merge_metadata(params, session)
    session["ui_mode"] = "hosted_page"
    session["expires_at"] = _expiry(unit, params)
    session["url"] = f"{unit.sandbox.public_url}/c/pay/{session['id']}"
    session["_items"] = orders.items_of(unit, params["line_items"], mode=mode, currency=params.get("currency"))
    session["currency"] = session["_items"][0]["currency"]
    session["_customer_update"] = params.get("customer_update", {})
    session["_payment_intent_data"] = params.get("payment_intent_data", {})
    session["_subscription_data"] = _subscription_data(unit, params)
    _put_customer(unit, session, customer, params)
    _put_shapes(session, params)
    _put_discounts(unit, session, params, customer)
    orders.total_up(unit, session)
    orders.refuse_too_small(session)
    return session


def _payment_method_types(session: Object) -> list[str]:
    """Debits are for euros; ``allowed_…`` and ``excluded_…`` narrow."""
    offered = ["card", "sepa_debit"] if session["currency"] == "eur" else ["card"]
    allowed = session.get("allowed_payment_method_types") or offered
    excluded = session.get("excluded_payment_method_types") or []
    return [each for each in offered if each in allowed and each not in excluded]


def _expiry(unit: Work, params: Object) -> int:
    asked = params.get("expires_at", unit.now + LONGEST)
    # A few seconds pass between reckoning and asking.
    if not SHORTEST - 60 <= asked - unit.now <= LONGEST + 60:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.",
            "expires_at",
        )
    return asked


def _subscription_data(unit: Work, params: Object) -> Object:
    asked = params.get("subscription_data", {})
    if "trial_end" in asked and asked["trial_end"] - unit.now < TRIAL_AHEAD - 60:
        raise invalid("The `trial_end` date has to be at least 2 days in the future.", "subscription_data[trial_end]")
    return asked


def _put_customer(unit: Work, session: Object, customer: Object | None, params: Object) -> None:
    session["customer"] = customer["id"] if customer else None
    if customer is None:
        always = session["mode"] == "subscription"
        session["customer_creation"] = "always" if always else params.get("customer_creation", "if_required")
    known = customer["email"] if customer else params.get("customer_email")
    if known:
        session["customer_details"] = details(email=known, name=customer["name"] if customer else None)
    taxes.switch_on(unit, session, params, customer)


def details(*, email: str | None, name: str | None) -> Object:
    absent = ("address", "phone", "business_name", "individual_name")
    return {"email": email, "name": name, "tax_exempt": "none", "tax_ids": []} | dict.fromkeys(absent)


def _put_shapes(session: Object, params: Object) -> None:
    """What is in the answer whether it was asked for or not."""
    session["payment_method_types"] = _payment_method_types(session)
    if session["mode"] == "subscription":
        session["payment_method_collection"] = params.get("payment_method_collection", "always")
    else:
        session["invoice_creation"] = _invoice_creation(params.get("invoice_creation", {"enabled": False}))
    if "consent_collection" in params:
        session["consent_collection"] = {
            "payment_method_reuse_agreement": None,
            "promotions": None,
            "terms_of_service": None,
        } | params["consent_collection"]
    for name in ("phone_number_collection", "custom_text"):
        session[name] |= params.get(name, {})
    session["tax_id_collection"] = {"enabled": False, "required": "never"} | params.get("tax_id_collection", {})
    if "saved_payment_method_options" in params:
        absent = dict.fromkeys(("allow_redisplay_filters", "payment_method_remove", "payment_method_save"))
        session["saved_payment_method_options"] = absent | params["saved_payment_method_options"]


def _invoice_creation(asked: Object) -> Object:
    absent = ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options")
    given = asked.get("invoice_data", {})
    return {"enabled": asked["enabled"], "invoice_data": dict.fromkeys(absent) | {"metadata": {}} | given}


def _put_discounts(unit: Work, session: Object, params: Object, customer: Object | None) -> None:
    session["_coupons"] = discounts.resolve(unit, params.get("discounts") or [], customer=customer)
    if len(session["_coupons"]) > 1:
        raise invalid("You can only apply one discount to a Checkout Session.", "discounts")
    subtotal = sum(each["amount_subtotal"] for each in session["_items"])
    refusal = discounts.why_not_here(unit, session["_coupons"], subtotal=subtotal, currency=session["currency"])
    if refusal:
        raise invalid(refusal, "discounts[0]", code="promotion_code_not_applicable")
    show_discounts(session)


def show_discounts(session: Object) -> None:
    session["discounts"] = [
        {"coupon": None if each["promotion_code"] else each["coupon"], "promotion_code": each["promotion_code"]}
        for each in session["_coupons"]
    ]


def retrieve(unit: Work, session_id: str, params: Object) -> Object:
    return unit.get("checkout.session", session_id)


def update(unit: Work, session_id: str, params: Object) -> Object:
    session = unit.get("checkout.session", session_id)
    merge_metadata(params, session)
    return session


def list_all(unit: Work, params: Object) -> Listing:
    email = params.get("customer_details", {}).get("email")
    names = ("customer", "payment_intent", "status", "subscription")
    return unit.listing(
        "checkout.session",
        lambda each: (
            matching(params, **{name: each[name] for name in names})
            and within(params.get("created"), each["created"])
            and (email is None or (each["customer_details"] or {}).get("email") == email)
        ),
    )


def expire(unit: Work, session_id: str, params: Object) -> Object:
    session = unit.get("checkout.session", session_id)
    if session["status"] != "open":
        raise ApiError(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`."
        )
    session |= {"status": "expired", "url": None}
    unit.announce("checkout.session.expired", session)
    return session


def list_items(unit: Work, session_id: str, params: Object) -> list[Object]:
    return unit.get("checkout.session", session_id)["_items"]


def items_of(unit: Work, session: Object) -> Object:
    return orders.list_items(unit.get("checkout.session", session["id"]))


def breakdown_of(unit: Work, session: Object) -> Object:
    return {"discounts": [], "taxes": []}
