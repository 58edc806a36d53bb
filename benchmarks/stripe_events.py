"""What does Stripe post? ``customer.subscription.updated``, signed. Standard library only: the peer's environment too."""

import hashlib
import hmac
import json
import time
import uuid

SECRET = "whsec_benchmark"  # noqa: S105 - opens nothing
API_VERSION = "2026-05-27.dahlia"
STARTED = int(time.time())
MONTH = 30 * 24 * 3600

Json = dict[str, object]

PRICE: Json = {
    "id": "price_bench",
    "object": "price",
    "active": True,
    "billing_scheme": "per_unit",
    "created": STARTED,
    "currency": "eur",
    "livemode": False,
    "lookup_key": None,
    "metadata": {},
    "nickname": None,
    "product": "prod_bench",
    "recurring": {"interval": "month", "interval_count": 1, "meter": None, "usage_type": "licensed"},
    "tax_behavior": "unspecified",
    "tiers_mode": None,
    "transform_quantity": None,
    "type": "recurring",
    "unit_amount": 1900,
    "unit_amount_decimal": "1900",
}
PLAN: Json = {
    "id": "price_bench",
    "object": "plan",
    "active": True,
    "amount": 1900,
    "amount_decimal": "1900",
    "billing_scheme": "per_unit",
    "created": STARTED,
    "currency": "eur",
    "interval": "month",
    "interval_count": 1,
    "livemode": False,
    "metadata": {},
    "nickname": None,
    "product": "prod_bench",
    "tiers_mode": None,
    "transform_usage": None,
    "trial_period_days": None,
    "usage_type": "licensed",
}


def subscription(number: int, turn: int) -> Json:
    """As it is at that turn: each turn its period ends a second later, so that every event brings a change."""
    start, end = STARTED, STARTED + MONTH + turn
    item: Json = {
        "id": f"si_{number}",
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": STARTED,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": PLAN,
        "price": PRICE,
        "quantity": 1,
        "subscription": f"sub_{number}",
        "tax_rates": [],
    }
    items: Json = {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"}
    return {**_SUBSCRIPTION, "id": f"sub_{number}", "customer": f"cus_{number}", "items": items}


def signed(number: int, turn: int) -> tuple[str, dict[str, str]]:
    """One delivery: its body and its headers. The event's id is new each time."""
    event: Json = {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "api_version": API_VERSION,
        "created": int(time.time()),
        "data": {"object": subscription(number, turn)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": None},
        "type": "customer.subscription.updated",
    }
    return sign(event)


def sign(event: Json) -> tuple[str, dict[str, str]]:
    """The body of an event, and the headers that prove it."""
    body = json.dumps(event)
    moment = int(time.time())
    signature = hmac.new(SECRET.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={moment},v1={signature}"}


_SUBSCRIPTION: Json = {
    "object": "subscription",
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"enabled": False, "liability": None, "disabled_reason": None},
    "billing_cycle_anchor": STARTED,
    "billing_cycle_anchor_config": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {},
    "collection_method": "charge_automatically",
    "created": STARTED,
    "currency": "eur",
    "days_until_due": None,
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "ended_at": None,
    "invoice_settings": {"issuer": {"type": "self"}, "account_tax_ids": None},
    "latest_invoice": None,
    "livemode": False,
    "metadata": {},
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {"payment_method_options": None, "payment_method_types": None},
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "plan": PLAN,
    "quantity": 1,
    "schedule": None,
    "start_date": STARTED,
    "status": "active",
    "test_clock": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    "trial_start": None,
}
