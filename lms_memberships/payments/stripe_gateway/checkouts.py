"""How is a purchase made on Stripe's hosted page? Checkout sessions (guide §4 and §5)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast

from ..gateway import CheckoutRequest, CheckoutSnapshot, RequestRefused
from . import snapshots
from .calls import Calls, under
from .failures import translated
from .locales import stripe_locale

if TYPE_CHECKING:
    from stripe.params.checkout import (
        SessionCreateParams,
        SessionCreateParamsLineItem,
        SessionCreateParamsLineItemPriceData,
        SessionListParams,
    )

#: How far Stripe's clock may be behind ours, and for how long the same request is made again under one key.
CLOCKS_DIFFER = timedelta(hours=1)
PAGE_IS_MADE_WITHIN = timedelta(hours=25)


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

    def find_checkout_since(self, *, reference: str, since: datetime) -> CheckoutSnapshot | None:
        """Of a guest, who has no customer to look under: among the pages of that day."""
        began = self.began()
        first, last = _seconds(since - CLOCKS_DIFFER), _seconds(since + PAGE_IS_MADE_WITHIN)
        params: SessionListParams = {"created": {"gte": first, "lte": last}, "limit": 100}
        with translated():
            sessions = self.client.v1.checkout.sessions.list(params)
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
        "client_reference_id": request.reference,
        "line_items": _line_items(request),
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "locale": stripe_locale(request.language),
        "metadata": request.metadata,
        # What we said before the click is what the page asks for: no other currency, no other amount (X9).
        "currency": request.currency,
        "adaptive_pricing": {"enabled": False},
    }
    if request.customer_id:
        params["customer"] = request.customer_id
    else:
        params["customer_email"] = request.customer_email
    if request.expires_at is not None:
        params["expires_at"] = _seconds(request.expires_at)
    # One or the other: Stripe's page takes no second code.
    if request.promotion_code_id:
        params["discounts"] = [{"promotion_code": request.promotion_code_id}]
    elif request.allow_promotion_codes:
        params["allow_promotion_codes"] = True
    if request.automatic_tax:
        params["automatic_tax"] = {"enabled": True}
        params["tax_id_collection"] = {"enabled": True}
        if request.customer_id:
            # Of a customer that is there Stripe takes both only with leave to note down what the buyer says (guide §4).
            params["customer_update"] = {"address": "auto", "name": "auto"}
    return params


def _line_items(request: CheckoutRequest) -> "list[SessionCreateParamsLineItem]":
    items: list[SessionCreateParamsLineItem] = [{"price": request.price_id, "quantity": 1}]
    if request.setup_fee is not None:
        fee = request.setup_fee
        data: SessionCreateParamsLineItemPriceData = {
            "currency": fee.money.currency,
            "unit_amount": fee.money.minor,
            "product": fee.product_id,
        }
        if fee.tax_behavior:
            data["tax_behavior"] = cast("Literal['inclusive', 'exclusive']", fee.tax_behavior)
        items.append({"price_data": data, "quantity": 1})
    return items


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
        # Said both ways: an account's own default must not decide how a trial of ours ends (G5).
        then: Literal["create_invoice", "cancel"] = "create_invoice" if request.trial_requires_card else "cancel"
        params["subscription_data"]["trial_settings"] = {"end_behavior": {"missing_payment_method": then}}
        if not request.trial_requires_card:
            params["payment_method_collection"] = "if_required"
    return params


def _payment_params(request: CheckoutRequest) -> "SessionCreateParams":
    params = _common_params(request)
    params["mode"] = "payment"
    if not request.customer_id:
        # With a subscription Stripe makes one by itself.
        params["customer_creation"] = "always"
    # Without this a one-time purchase has no invoice (guide §12).
    params["invoice_creation"] = {
        "enabled": True,
        "invoice_data": {"description": request.description, "metadata": request.metadata},
    }
    params["payment_intent_data"] = {"description": request.description, "metadata": request.metadata}
    return params


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
