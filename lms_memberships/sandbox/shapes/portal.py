"""What a fresh object looks like, every field present: the portal's configuration and session, tax_id."""

from __future__ import annotations

from ..store import Object

SHAPES: dict[str, Object] = {
    "billing_portal.configuration": {
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "created": 0,
        "default_return_url": None,
        "features": {
            "customer_update": {"allowed_updates": [], "enabled": False},
            "invoice_history": {"enabled": False},
            "payment_method_update": {"enabled": False, "payment_method_configuration": None},
            "subscription_cancel": {
                "cancellation_reason": {"enabled": False, "options": []},
                "enabled": False,
                "mode": "at_period_end",
                "proration_behavior": "none",
            },
            "subscription_pause": {"enabled": False},
            "subscription_update": {
                "billing_cycle_anchor": None,
                "default_allowed_updates": [],
                "enabled": False,
                "proration_behavior": "none",
                "schedule_at_period_end": {"conditions": []},
                "trial_update_behavior": "end_trial",
            },
        },
        "id": "",
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "object": "billing_portal.configuration",
        "updated": 0,
    },
    "billing_portal.session": {
        "configuration": "",
        "created": 0,
        "customer": "",
        "customer_account": None,
        "flow": None,
        "id": "",
        "livemode": False,
        "locale": None,
        "object": "billing_portal.session",
        "on_behalf_of": None,
        "return_url": None,
        "url": "",
    },
    "tax_id": {
        "country": None,
        "created": 0,
        "customer": None,
        "id": "",
        "livemode": False,
        "object": "tax_id",
        "owner": {"type": "customer"},
        "type": "eu_vat",
        "value": "",
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    },
}
