"""Which function answers which endpoint, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import parameters
from .paging import Listing
from .parameters import Endpoint
from .resources import (
    accounts,
    coupons,
    credit_notes,
    customers,
    disputes,
    events,
    invoices,
    payment_methods,
    payments,
    portal,
    prices,
    products,
    schedules,
    sessions,
    subscriptions,
    taxes,
)
from .store import Object
from .work import Work

Function = Callable[..., Object | list[Object] | Listing]

# The kind of object that comes back; in brackets when it is a list.
FUNCTIONS: dict[str, tuple[Function, str]] = {
    "GET /v1/account": (accounts.retrieve, "account"),
    "POST /v1/products": (products.create, "product"),
    "POST /v1/products/{id}": (products.update, "product"),
    "GET /v1/products": (products.list_all, "[product]"),
    "GET /v1/products/{id}": (products.retrieve, "product"),
    "DELETE /v1/products/{id}": (products.delete, "product"),
    "POST /v1/prices": (products.create_price, "price"),
    "POST /v1/prices/{price}": (prices.update, "price"),
    "GET /v1/prices": (prices.list_all, "[price]"),
    "GET /v1/prices/{price}": (prices.retrieve, "price"),
    "POST /v1/customers": (customers.create, "customer"),
    "POST /v1/customers/{customer}": (customers.update, "customer"),
    "GET /v1/customers": (customers.list_all, "[customer]"),
    "GET /v1/customers/{customer}": (customers.retrieve, "customer"),
    "DELETE /v1/customers/{customer}": (customers.delete, "customer"),
    "POST /v1/customers/{customer}/balance_transactions": (customers.move_balance, "customer_balance_transaction"),
    "GET /v1/customers/{customer}/balance_transactions": (customers.list_moves, "[customer_balance_transaction]"),
    "GET /v1/customers/{customer}/payment_methods": (payment_methods.list_of_customer, "[payment_method]"),
    "GET /v1/payment_methods": (payment_methods.list_all, "[payment_method]"),
    "GET /v1/payment_methods/{payment_method}": (payment_methods.retrieve, "payment_method"),
    "POST /v1/payment_methods": (payment_methods.create, "payment_method"),
    "POST /v1/payment_methods/{payment_method}": (payment_methods.update, "payment_method"),
    "POST /v1/payment_methods/{payment_method}/attach": (payment_methods.attach, "payment_method"),
    "POST /v1/payment_methods/{payment_method}/detach": (payment_methods.detach, "payment_method"),
    "POST /v1/checkout/sessions": (sessions.create, "checkout.session"),
    "POST /v1/checkout/sessions/{session}": (sessions.update, "checkout.session"),
    "GET /v1/checkout/sessions": (sessions.list_all, "[checkout.session]"),
    "GET /v1/checkout/sessions/{session}": (sessions.retrieve, "checkout.session"),
    "POST /v1/checkout/sessions/{session}/expire": (sessions.expire, "checkout.session"),
    "GET /v1/checkout/sessions/{session}/line_items": (sessions.list_items, "[item]"),
    "POST /v1/subscriptions": (subscriptions.create, "subscription"),
    "POST /v1/subscriptions/{subscription_exposed_id}": (subscriptions.update, "subscription"),
    "GET /v1/subscriptions": (subscriptions.list_all, "[subscription]"),
    "GET /v1/subscriptions/{subscription_exposed_id}": (subscriptions.retrieve, "subscription"),
    "DELETE /v1/subscriptions/{subscription_exposed_id}": (subscriptions.cancel, "subscription"),
    "POST /v1/subscriptions/{subscription}/pause": (subscriptions.pause, "subscription"),
    "POST /v1/subscriptions/{subscription}/resume": (subscriptions.resume, "subscription"),
    "GET /v1/subscription_items": (subscriptions.list_items, "[subscription_item]"),
    "GET /v1/subscription_items/{item}": (subscriptions.retrieve_item, "subscription_item"),
    "POST /v1/subscription_schedules": (schedules.create, "subscription_schedule"),
    "POST /v1/subscription_schedules/{schedule}": (schedules.update, "subscription_schedule"),
    "GET /v1/subscription_schedules": (schedules.list_all, "[subscription_schedule]"),
    "GET /v1/subscription_schedules/{schedule}": (schedules.retrieve, "subscription_schedule"),
    "POST /v1/subscription_schedules/{schedule}/release": (schedules.release, "subscription_schedule"),
    "POST /v1/subscription_schedules/{schedule}/cancel": (schedules.cancel, "subscription_schedule"),
    "GET /v1/invoices": (invoices.list_all, "[invoice]"),
    "GET /v1/invoices/{invoice}": (invoices.retrieve, "invoice"),
    "GET /v1/invoices/{invoice}/lines": (invoices.list_lines, "[line_item]"),
    "POST /v1/invoices/{invoice}": (invoices.update, "invoice"),
    "POST /v1/invoices/{invoice}/finalize": (invoices.finalize, "invoice"),
    "POST /v1/invoices/{invoice}/pay": (invoices.pay, "invoice"),
    "POST /v1/invoices/{invoice}/void": (invoices.void, "invoice"),
    "POST /v1/invoices/{invoice}/mark_uncollectible": (invoices.mark_uncollectible, "invoice"),
    "POST /v1/invoices/{invoice}/send": (invoices.send, "invoice"),
    "DELETE /v1/invoices/{invoice}": (invoices.delete, "invoice"),
    "POST /v1/invoices/create_preview": (invoices.create_preview, "invoice"),
    "GET /v1/invoice_payments": (invoices.list_payments, "[invoice_payment]"),
    "GET /v1/invoice_payments/{invoice_payment}": (invoices.retrieve_payment, "invoice_payment"),
    "GET /v1/invoiceitems": (invoices.list_items, "[invoiceitem]"),
    "GET /v1/payment_intents": (payments.list_intents, "[payment_intent]"),
    "GET /v1/payment_intents/{intent}": (payments.retrieve_intent, "payment_intent"),
    "GET /v1/setup_intents/{intent}": (payments.retrieve_setup, "setup_intent"),
    "GET /v1/setup_intents": (payments.list_setups, "[setup_intent]"),
    "GET /v1/charges": (payments.list_charges, "[charge]"),
    "GET /v1/charges/{charge}": (payments.retrieve_charge, "charge"),
    "POST /v1/refunds": (payments.create_refund, "refund"),
    "POST /v1/refunds/{refund}": (payments.update_refund, "refund"),
    "GET /v1/refunds": (payments.list_refunds, "[refund]"),
    "GET /v1/refunds/{refund}": (payments.retrieve_refund, "refund"),
    "POST /v1/credit_notes": (credit_notes.create, "credit_note"),
    "GET /v1/credit_notes/preview": (credit_notes.preview, "credit_note"),
    "GET /v1/credit_notes": (credit_notes.list_all, "[credit_note]"),
    "GET /v1/credit_notes/{id}": (credit_notes.retrieve, "credit_note"),
    "GET /v1/disputes": (disputes.list_all, "[dispute]"),
    "GET /v1/disputes/{dispute}": (disputes.retrieve, "dispute"),
    "POST /v1/disputes/{dispute}/close": (disputes.accept, "dispute"),
    "POST /v1/coupons": (coupons.create, "coupon"),
    "POST /v1/coupons/{coupon}": (coupons.update, "coupon"),
    "GET /v1/coupons": (coupons.list_all, "[coupon]"),
    "GET /v1/coupons/{coupon}": (coupons.retrieve, "coupon"),
    "DELETE /v1/coupons/{coupon}": (coupons.delete, "coupon"),
    "POST /v1/promotion_codes": (coupons.create_code, "promotion_code"),
    "POST /v1/promotion_codes/{promotion_code}": (coupons.update_code, "promotion_code"),
    "GET /v1/promotion_codes": (coupons.list_codes, "[promotion_code]"),
    "GET /v1/promotion_codes/{promotion_code}": (coupons.retrieve_code, "promotion_code"),
    "POST /v1/billing_portal/configurations": (portal.create, "billing_portal.configuration"),
    "POST /v1/billing_portal/configurations/{configuration}": (portal.update, "billing_portal.configuration"),
    "GET /v1/billing_portal/configurations": (portal.list_all, "[billing_portal.configuration]"),
    "GET /v1/billing_portal/configurations/{configuration}": (portal.retrieve, "billing_portal.configuration"),
    "POST /v1/billing_portal/sessions": (portal.open_session, "billing_portal.session"),
    "GET /v1/events": (events.list_all, "[event]"),
    "GET /v1/events/{id}": (events.retrieve, "event"),
    "POST /v1/webhook_endpoints": (events.create_endpoint, "webhook_endpoint"),
    "POST /v1/webhook_endpoints/{webhook_endpoint}": (events.update_endpoint, "webhook_endpoint"),
    "GET /v1/webhook_endpoints": (events.list_endpoints, "[webhook_endpoint]"),
    "GET /v1/webhook_endpoints/{webhook_endpoint}": (events.retrieve_endpoint, "webhook_endpoint"),
    "DELETE /v1/webhook_endpoints/{webhook_endpoint}": (events.delete_endpoint, "webhook_endpoint"),
    "GET /v1/tax/settings": (taxes.settings, "tax.settings"),
    "GET /v1/tax/registrations": (taxes.list_registrations, "[tax.registration]"),
}
# What is put into an object only when it is expanded.
INCLUDED: dict[tuple[str, str], Callable[[Work, Object], object]] = {
    ("checkout.session", "line_items"): sessions.items_of,
    ("checkout.session", "breakdown"): sessions.breakdown_of,
    ("invoice", "payments"): invoices.payments_of,
    ("invoice", "confirmation_secret"): invoices.secret_of,
    ("charge", "refunds"): payments.refunds_of,
    ("customer", "subscriptions"): customers.subscriptions_of,
    ("price", "currency_options"): prices.options_of,
    ("coupon", "applies_to"): coupons.applies_to_of,
    ("coupon", "currency_options"): coupons.options_of,
}


@dataclass(frozen=True)
class Handled:
    endpoint: Endpoint
    function: Function
    kind: str


ENDPOINTS = [Handled(each, *FUNCTIONS[each.name]) for each in parameters.ENDPOINTS]
# A word in the path goes before a place for an id.
WORDS_FIRST = sorted(ENDPOINTS, key=lambda each: each.endpoint.path.count("{"))
