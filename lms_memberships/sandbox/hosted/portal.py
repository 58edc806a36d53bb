"""What a customer sees in the billing portal, and what each of its buttons does."""

from __future__ import annotations

from ..billing import ending, periods
from ..fields import full_address
from ..outcomes import Outcome
from ..payments import cards, intents, methods
from ..payments.cards import Card, Decline
from ..payments.intents import Verdict
from ..rendering import render
from ..resources import customers, subscriptions
from ..store import Object
from ..work import Work, new_id

REASONS = "cancellation_reason"
NOT_HERE = "This is not possible here."


def view(unit: Work, session: Object) -> Object:
    """All that the pages show. What the configuration does not allow is not in it."""
    configuration = unit.get("billing_portal.configuration", session["configuration"])
    customer, features = customers.living(unit, session["customer"]), configuration["features"]
    account = unit.get("account", unit.account)
    return {
        "status": "open",
        "flow": session["flow"],
        "locale": session["locale"],
        "return_url": session["return_url"],
        "seller": account["business_profile"]["name"],
        "profile": configuration["business_profile"],
        "features": features,
        "customer": render(customer),
        "card": _card(unit, customer["invoice_settings"]["default_payment_method"]),
        "tax_ids": [each["value"] for each in unit.all("tax_id", lambda each: each["customer"] == customer["id"])],
        "subscriptions": [_subscription(unit, each, features) for each in _running(unit, customer)],
        "invoices": _invoices(unit, customer) if features["invoice_history"]["enabled"] else [],
    }


def _running(unit: Work, customer: Object) -> list[Object]:
    return unit.all(
        "subscription", lambda each: each["customer"] == customer["id"] and each["status"] not in ending.OVER
    )


def _subscription(unit: Work, subscription: Object, features: Object) -> Object:
    item = subscription["items"]["data"][0]
    product = unit.find("product", item["price"]["product"]) or {}
    is_free, may_cancel = subscription["schedule"] is None, features["subscription_cancel"]["enabled"]
    return {
        "id": subscription["id"],
        "name": product.get("name") or item["price"]["id"],
        "status": subscription["status"],
        "amount": (item["price"]["unit_amount"] or 0) * (item["quantity"] or 1),
        "currency": subscription["currency"],
        "interval": item["price"]["recurring"]["interval"],
        "interval_count": item["price"]["recurring"]["interval_count"],
        "period_end": periods.of(subscription)[1],
        "cancel_at": subscription["cancel_at"],
        "card": _card(unit, subscription["default_payment_method"]),
        "can_cancel": may_cancel and is_free and not subscription["cancel_at"],
        "can_keep": may_cancel and is_free and bool(subscription["cancel_at"]),
        "choices": _choices(unit, subscription, features) if is_free else [],
    }


def _choices(unit: Work, subscription: Object, features: Object) -> list[Object]:
    """The other prices that the configuration offers."""
    switching = features["subscription_update"]
    if not switching["enabled"] or "price" not in switching["default_allowed_updates"]:
        return []
    mine = {each["price"]["id"] for each in subscription["items"]["data"]}
    offered = [unit.find("price", price) for each in switching.get("products") or [] for price in each["prices"]]
    return [_choice(unit, each) for each in offered if each is not None and each["id"] not in mine]


def _choice(unit: Work, price: Object) -> Object:
    product = unit.find("product", price["product"]) or {}
    recurring = price["recurring"] or {"interval": "month", "interval_count": 1}
    named = {"id": price["id"], "name": product.get("name") or price["id"], "amount": price["unit_amount"] or 0}
    return named | {name: recurring[name] for name in ("interval", "interval_count")} | {"currency": price["currency"]}


def _card(unit: Work, method_id: str | None) -> Object | None:
    method = unit.find("payment_method", method_id)
    return render(method["card"]) if method and "card" in method else None


def _invoices(unit: Work, customer: Object) -> list[Object]:
    shown = ("open", "paid", "uncollectible", "void")
    return [
        render(each)
        for each in unit.all("invoice", lambda each: each["customer"] == customer["id"] and each["status"] in shown)
    ]


def change_card(unit: Work, session: Object, card: Card) -> Outcome:
    """It becomes the customer's. A subscription that has one of its own keeps that."""
    wrong = cards.refuse_card(card, now=unit.now)
    if wrong is not None:
        return Outcome("declined", message=wrong.message)
    customer = customers.living(unit, session["customer"])
    method = methods.create(unit, card, email=customer["email"], name=customer["name"])
    intent = intents.create_setup(unit, customer=customer["id"])
    verdict = intents.confirm(unit, intent, method, "present")
    if verdict == "authenticate":
        return _send_to_bank(unit, session, intent, method)
    return settle_card(unit, session, method, verdict)


def settle_card(unit: Work, session: Object, method: Object, verdict: Verdict) -> Outcome:
    if isinstance(verdict, Decline):
        return Outcome("declined", message=verdict.message)
    customer = customers.living(unit, session["customer"])
    methods.attach(unit, method, customer["id"])
    methods.make_default(unit, customer, method)
    return Outcome("started", redirect_url=after(session))


def _send_to_bank(unit: Work, session: Object, intent: Object, method: Object) -> Outcome:
    visit = {
        "object": "_authentication",
        "id": new_id("payatt_", length=24),
        "status": "pending",
        "portal": session["id"],
        "intent": intent["id"],
        "intent_kind": "setup_intent",
        "method": method["id"],
    }
    unit.keep(visit)
    return Outcome("authentication_required", redirect_url=f"{unit.sandbox.public_url}/auth/{visit['id']}")


def change_details(unit: Work, session: Object, asked: dict[str, str]) -> None:
    """Only what the configuration lets people change."""
    customer = customers.living(unit, session["customer"])
    allowed = _features(unit, session)["customer_update"]["allowed_updates"]
    for name in ("name", "email"):
        if name in allowed and name in asked:
            customer[name] = asked[name].strip() or None
    if "address" in allowed:
        given = {name: asked[name].strip() for name in ("line1", "postal_code", "city", "country") if name in asked}
        if given:
            customer["address"] = full_address({name: value or None for name, value in given.items()})
    unit.announce_change("customer.updated", customer)
    if "tax_id" in allowed and asked.get("tax_id", "").strip():
        _add_tax_id(unit, customer, asked["tax_id"].strip())


def _add_tax_id(unit: Work, customer: Object, value: str) -> None:
    held = unit.all("tax_id", lambda each: each["customer"] == customer["id"] and each["value"] == value)
    if not held:
        added = unit.new("tax_id", "txi_", customer=customer["id"], value=value, country=value[:2].upper())
        added["owner"] = {"type": "customer", "customer": customer["id"]}
        unit.announce("customer.tax_id.created", added)


def cancel(unit: Work, session: Object, subscription_id: str, *, feedback: str) -> Outcome:
    subscription, feature = _mine(unit, session, subscription_id), _features(unit, session)["subscription_cancel"]
    if subscription is None or not _subscription(unit, subscription, _features(unit, session))["can_cancel"]:
        return Outcome("declined", message=NOT_HERE)
    said = {"feedback": feedback} if feedback in feature[REASONS]["options"] else {}
    if feature["mode"] == "immediately":
        ending.cancel(unit, subscription, reason="cancellation_requested")
    else:
        subscriptions.update(unit, subscription["id"], {"cancel_at_period_end": True, "cancellation_details": said})
    return Outcome("started", redirect_url=after(session))


def keep(unit: Work, session: Object, subscription_id: str) -> Outcome:
    subscription = _mine(unit, session, subscription_id)
    if subscription is None or not _subscription(unit, subscription, _features(unit, session))["can_keep"]:
        return Outcome("declined", message=NOT_HERE)
    subscriptions.update(unit, subscription["id"], {"cancel_at_period_end": False})
    return Outcome("started", redirect_url=after(session))


def change_price(unit: Work, session: Object, subscription_id: str, price_id: str) -> Outcome:
    subscription, features = _mine(unit, session, subscription_id), _features(unit, session)
    if subscription is None or all(each["id"] != price_id for each in _choices(unit, subscription, features)):
        return Outcome("declined", message=NOT_HERE)
    item = subscription["items"]["data"][0]
    asked = {"items": [{"id": item["id"], "price": price_id, "quantity": item["quantity"]}]}
    behavior = features["subscription_update"]["proration_behavior"]
    subscriptions.update(unit, subscription["id"], {**asked, "proration_behavior": behavior})
    return Outcome("started", redirect_url=after(session))


def after(session: Object) -> str:
    """Where a deep link leads when it is done; empty: the portal's own front page."""
    flow = session["flow"]
    if flow is None or flow["after_completion"]["type"] != "redirect":
        return ""
    return flow["after_completion"]["redirect"]["return_url"]


def _mine(unit: Work, session: Object, subscription_id: str) -> Object | None:
    """The customer's own, and of a deep link about one, only that."""
    about = ((session["flow"] or {}).get("subscription_cancel") or {}).get("subscription")
    found = unit.find("subscription", subscription_id)
    is_theirs = found is not None and found["customer"] == session["customer"]
    return found if is_theirs and about in (None, subscription_id) else None


def _features(unit: Work, session: Object) -> Object:
    return unit.get("billing_portal.configuration", session["configuration"])["features"]
