"""What does Stripe answer dj-stripe? From memory, at once: it is measured without any network."""

import json
import re
from collections import Counter
from collections.abc import Mapping

import stripe

from benchmarks.stripe_events import PLAN, PRICE, STARTED, Json, subscription

ACCOUNT_ID = "acct_bench"


class Answers(stripe.HTTPClient):
    """Counts what is asked; knows the turn of each subscription."""

    name = "benchmark"

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.turns: dict[int, int] = {}

    def request_with_retries(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: object = None,
        max_network_retries: int | None = None,
        **options: object,
    ) -> tuple[str, int, dict[str, str]]:
        """One call of dj-stripe's."""
        path = re.sub(r"^https://[^/]+/v1/", "", url).split("?")[0]
        kind, _slash, object_id = path.partition("/")
        self.asked[kind] += 1
        return json.dumps(self._object(kind, object_id)), 200, {"request-id": "req_bench"}

    def close(self) -> None:
        """Nothing is open."""

    def _object(self, kind: str, object_id: str) -> Json:
        if kind in {"account", "accounts"}:
            return ACCOUNT
        if kind == "subscriptions":
            number = int(object_id.removeprefix("sub_"))
            return subscription(number, self.turns.get(number, 0))
        if kind == "customers":
            return {**CUSTOMER, "id": object_id}
        if object_id.endswith("/features"):
            return {"object": "list", "data": [], "has_more": False, "url": "/v1/products/features"}
        return {"products": PRODUCT, "prices": PRICE, "plans": PLAN}[kind]


PRODUCT: Json = {
    "id": "prod_bench",
    "object": "product",
    "active": True,
    "created": STARTED,
    "default_price": None,
    "description": None,
    "images": [],
    "livemode": False,
    "marketing_features": [],
    "metadata": {},
    "name": "Studio pass",
    "package_dimensions": None,
    "shippable": None,
    "statement_descriptor": None,
    "tax_code": None,
    "type": "service",
    "unit_label": None,
    "updated": STARTED,
    "url": None,
}
CUSTOMER: Json = {
    "object": "customer",
    "address": None,
    "balance": 0,
    "created": STARTED,
    "currency": "eur",
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": "student@school.example",
    "invoice_prefix": "X",
    "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
    "livemode": False,
    "metadata": {},
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
}
ACCOUNT: Json = {
    "id": ACCOUNT_ID,
    "object": "account",
    "business_profile": {"name": "School", "support_email": None, "support_phone": None, "url": None},
    "business_type": "company",
    "capabilities": {},
    "charges_enabled": True,
    "company": {},
    "controller": {"type": "account"},
    "country": "FR",
    "created": STARTED,
    "default_currency": "eur",
    "details_submitted": True,
    "email": "owner@school.example",
    "external_accounts": {"object": "list", "data": []},
    "future_requirements": {},
    "individual": None,
    "metadata": {},
    "payouts_enabled": True,
    "requirements": {},
    "settings": {
        "branding": {"icon": None, "logo": None, "primary_color": None},
        "dashboard": {"display_name": "School", "timezone": "Etc/UTC"},
        "payments": {"statement_descriptor": "SCHOOL"},
        "card_payments": {},
    },
    "tos_acceptance": {},
    "type": "standard",
}
