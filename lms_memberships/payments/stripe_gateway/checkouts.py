"""How is a purchase made on Stripe's hosted page? Checkout sessions (guide §4 and §5)."""

from datetime import datetime
from typing import TYPE_CHECKING

from ..gateway import CheckoutRequest, CheckoutSnapshot, RequestRefused
from . import snapshots
from .calls import Calls, under
from .failures import translated
from .locales import stripe_locale

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams


class CheckoutCalls(Calls):
    """Checkout sessions."""

    def create_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSnapshot:
        params = _subscription_params(request) if request.recurring else _payment_params(request)
        began = self.began()
        with translated():
            found = self.client.v1.checkout.sessions.create(params, under(key))
        return snapshots.checkout(found, read_started_at=began)

    def read_checkout(self, checkout_id: str) -> CheckoutSnapshot:
        began = self.began()
        with translated():
            found = self.client.v1.checkout.sessions.retrieve(checkout_id)
        return snapshots.checkout(found, read_started_at=began)

    def find_checkout(self, *, customer_id: str, reference: str) -> CheckoutSnapshot | None:
        began = self.began()
        with translated():
            sessions = self.client.v1.checkout.sessions.list({"customer": customer_id, "limit": 100})
            for each in sessions.auto_paging_iter():
                if each.client_reference_id == reference:
                    return snapshots.checkout(each, read_started_at=began)
        return None

    def expire_checkout(self, checkout_id: str) -> None:
        """After this nobody can pay on that page, unless they already have: then the session is complete."""
        try:
            with translated():
                self.client.v1.checkout.sessions.expire(checkout_id)
        except RequestRefused:
            if self.read_checkout(checkout_id).status == "open":
                raise


def _common_params(request: CheckoutRequest) -> "SessionCreateParams":
    params: SessionCreateParams = {
        "customer": request.customer_id,
        "client_reference_id": request.reference,
        "line_items": [{"price": request.price_id, "quantity": 1}],
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "locale": stripe_locale(request.language),
        "metadata": request.metadata,
        # What we said before the click is what the page asks for: no other currency, no other amount (X9).
        "adaptive_pricing": {"enabled": False},
    }
    if request.expires_at is not None:
        params["expires_at"] = _seconds(request.expires_at)
    return params


def _subscription_params(request: CheckoutRequest) -> "SessionCreateParams":
    params = _common_params(request)
    params["mode"] = "subscription"
    params["payment_method_collection"] = "always"
    params["subscription_data"] = {
        "description": request.description,
        "billing_mode": {"type": "flexible"},
        # Copied to the subscription and to each of its invoices, so that all of them say whose they are.
        "metadata": request.metadata,
    }
    if request.trial_days:
        params["subscription_data"]["trial_period_days"] = request.trial_days
        if not request.trial_requires_card:
            params["payment_method_collection"] = "if_required"
            params["subscription_data"]["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    return params


def _payment_params(request: CheckoutRequest) -> "SessionCreateParams":
    params = _common_params(request)
    params["mode"] = "payment"
    # Without this a one-time purchase has no invoice (guide §12).
    params["invoice_creation"] = {
        "enabled": True,
        "invoice_data": {"description": request.description, "metadata": request.metadata},
    }
    params["payment_intent_data"] = {"description": request.description, "metadata": request.metadata}
    return params


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
