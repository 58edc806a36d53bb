"""Would Stripe understand every request that our gateway can send, and do we understand every answer?"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import (
    CheckoutRequest,
    CustomerRequest,
    PriceRequest,
    ProductRequest,
    RequestRefused,
    SetupFee,
)
from lms_memberships.payments.leaving import Why
from lms_memberships.payments.lists import Part
from lms_memberships.payments.portal import PortalFlow, PortalSettings, PortalVisit
from lms_memberships.payments.refunds import BackRequest
from lms_memberships.payments.stripe_gateway import StripeGateway, wrap_http_client
from lms_memberships.payments.switching import ChangeRequest, PlanRequest
from tests import hosted
from tests.contract import rig

pytestmark = [pytest.mark.contract, pytest.mark.skipif(rig.load() is None, reason=rig.MISSING)]

#: What the gateway asks of Stripe. A new call of the gateway's belongs here, and into the tour below.
ENDPOINTS = {
    "GET /v1/account",
    "POST /v1/products",
    "GET /v1/products/{id}",
    "POST /v1/products/{id}",
    "POST /v1/prices",
    "GET /v1/prices",
    "GET /v1/prices/{id}",
    "POST /v1/customers",
    "POST /v1/customers/{id}",
    "GET /v1/customers",
    "GET /v1/customers/{id}",
    "POST /v1/checkout/sessions",
    "GET /v1/checkout/sessions",
    "GET /v1/checkout/sessions/{id}",
    "POST /v1/checkout/sessions/{id}/expire",
    "GET /v1/subscriptions/{id}",
    "POST /v1/subscriptions/{id}",
    "DELETE /v1/subscriptions/{id}",
    "GET /v1/invoices/{id}",
    "POST /v1/invoices/{id}/pay",
    "GET /v1/invoices",
    "POST /v1/invoices/create_preview",
    "POST /v1/subscription_schedules",
    "GET /v1/subscription_schedules/{id}",
    "POST /v1/subscription_schedules/{id}",
    "POST /v1/subscription_schedules/{id}/release",
    "POST /v1/refunds",
    "GET /v1/refunds",
    "GET /v1/refunds/{id}",
    "POST /v1/billing_portal/configurations",
    "GET /v1/billing_portal/configurations",
    "GET /v1/billing_portal/configurations/{id}",
    "POST /v1/billing_portal/configurations/{id}",
    "POST /v1/billing_portal/sessions",
    "GET /v1/subscriptions",
    "POST /v1/credit_notes",
    "GET /v1/credit_notes",
    "GET /v1/credit_notes/preview",
    "GET /v1/invoice_payments",
    "GET /v1/payment_intents/{id}",
    "GET /v1/disputes",
    "GET /v1/disputes/{id}",
    "GET /v1/tax/settings",
    "GET /v1/tax/registrations",
}
IDS = re.compile(r"/(?:cs_test|cs|prod|pi|du|price|cus|sub|in|re|lmsm|bpc)_\w+")


@pytest.fixture
def recorder() -> Iterator[rig.Recorder]:
    recorder = rig.Recorder(rig.load())
    wrap_http_client(recorder.wrap)
    yield recorder
    wrap_http_client(None)


def test_every_request_of_the_gateway_is_one_that_stripe_describes(recorder, sandbox):
    """D14: each method of the gateway with each kind of argument, over HTTP; nox asks older clients the same."""
    tour(StripeGateway("sk_test_tour", api_base=sandbox.url, account_id=sandbox.account_id), sandbox)
    asked = {f"{method} {IDS.sub('/{id}', urlsplit(url).path)}" for method, url, _body in recorder.requests}
    assert recorder.complaints == []
    assert asked == ENDPOINTS


def test_a_request_that_stripe_does_not_know_would_be_noticed(recorder, sandbox):
    """The negative control: without it the test above could be blind."""
    gateway = StripeGateway("sk_test_tour", api_base=sandbox.url, account_id=sandbox.account_id)
    with pytest.raises(Exception, match="payment_method_types"):
        gateway.client.v1.checkout.sessions.create(
            {"mode": "setup", "success_url": "https://x.test", "payment_method_types": ["card"]}
        )
    assert any("payment_method_types" in complaint for complaint in recorder.complaints)


def tour(gateway: StripeGateway, sandbox) -> None:
    """From the account to the refund."""
    gateway.read_account()
    product = ProductRequest("lmsm_tour", "Tour", "All of it", "https://school.test/tour.jpg", {"lmsm_membership": "1"})
    gateway.create_product(product, key="tour:product")
    assert gateway.find_product(product.id) == product.id
    gateway.update_product(ProductRequest(product.id, "Tour", "", "", {"lmsm_membership": "1"}), key="tour:texts")
    monthly = _price(gateway, product.id, "month", 1)
    once = _price(gateway, product.id, None, 1)
    assert {each.id for each in gateway.list_prices(Part()).items} == {monthly, once}
    assert gateway.read_price(monthly).product_name == "Tour"
    customer = gateway.create_customer(CustomerRequest("a@b.test", "A", "fr", {"lmsm_user": "1"}), key="tour:customer")
    assert gateway.find_customer(email="a@b.test", metadata_key="lmsm_user", metadata_value="1") == customer
    assert gateway.customer_exists(customer)
    _visit_subscriptions(gateway, sandbox, monthly, customer)
    _visit_changes(gateway, sandbox, monthly, _price(gateway, product.id, "year", 1), customer)
    paid = _buy(gateway, sandbox, _checkout(once, customer, "once", recurring=False))
    assert gateway.find_refund(paid.payment_intent_id) is None
    refund = gateway.refund_payment(paid.payment_intent_id, key="tour:refund", metadata={"lmsm_checkout": "once"})
    assert gateway.find_refund(paid.payment_intent_id) == refund
    _visit_as_a_guest(gateway, sandbox, monthly, once)
    gateway.update_customer_email(customer, "new@b.test", key="tour:email")
    assert gateway.customer_email(customer) == "new@b.test"
    assert gateway.payment_of_refund(refund) == paid.payment_intent_id
    _visit_money_back(gateway, sandbox, monthly, once, customer)
    _reckon_tax(gateway, sandbox, once, monthly, customer)
    abandoned = gateway.create_checkout(_checkout(monthly, customer, "abandoned"), key="tour:abandoned")
    gateway.expire_checkout(abandoned.id)


def _visit_money_back(gateway: StripeGateway, sandbox, monthly: str, once: str, customer: str) -> None:
    """A credit note, a plain refund, and a bank that takes the rest."""
    bought = _buy(gateway, sandbox, _checkout(monthly, customer, "going back"))
    invoice = gateway.list_invoices(subscription_id=bought.subscription_id)[0]
    request = BackRequest(invoice.payment_intent_id, invoice.id, Money(500, "eur"), {"lmsm_refund": "1"})
    assert gateway.preview_credit(request).total == request.money
    assert gateway.find_given_back(request) is None
    made = gateway.credit(request, key="tour:credit")
    assert gateway.find_given_back(request) == made
    assert gateway.read_refund(made).money == request.money
    assert gateway.invoice_of_payment(invoice.payment_intent_id) == invoice.id
    paid = _buy(gateway, sandbox, _checkout(once, customer, "back in part", recurring=False))
    part = BackRequest(paid.payment_intent_id, "", Money(300, "eur"), {"lmsm_refund": "2"})
    assert gateway.refund_part(part, key="tour:part") == gateway.find_given_back(part)
    assert gateway.received(paid.payment_intent_id).minor > 300
    assert [each.money.minor for each in gateway.refunds_of(paid.payment_intent_id)] == [300]
    assert gateway.list_refunds(Part()).items
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    charge = next(each for each in charges if each["payment_intent"] == invoice.payment_intent_id)
    opened = sandbox.actions.open_dispute(charge["id"])
    assert gateway.read_dispute(opened["id"]).payment_intent_id == invoice.payment_intent_id
    assert [each.id for each in gateway.disputes_of(invoice.payment_intent_id)] == [opened["id"]]
    assert gateway.list_disputes(Part()).items


def _reckon_tax(gateway: StripeGateway, sandbox, once: str, monthly: str, customer: str) -> None:
    assert not gateway.read_tax_setup().is_active
    sandbox.actions.set_taxes(rates={"FR": "20"})
    assert gateway.read_tax_setup().is_active
    assert gateway.tax_countries() == ("FR",)
    fee = SetupFee("lmsm_tour", Money(500, "eur"), tax_behavior="exclusive")
    for name, price, extra in (("taxed", once, {"recurring": False}), ("taxed-monthly", monthly, {"setup_fee": fee})):
        bought = _buy(gateway, sandbox, _checkout(price, customer, name, automatic_tax=True, **extra))
        assert gateway.read_invoice(bought.invoice_id).tax_included.minor == 317


def _visit_subscriptions(gateway: StripeGateway, sandbox, price: str, customer: str) -> None:
    for name, extra in {
        "plain": {},
        "trial": {"trial_days": 14},
        "card-free": {"trial_days": 14, "trial_requires_card": False},
    }.items():
        bought = _buy(gateway, sandbox, _checkout(price, customer, name, **extra))
        assert gateway.find_checkout(customer_id=customer, reference=name).id == bought.id
        found = gateway.read_subscription(bought.subscription_id)
        assert gateway.read_invoice(found.latest_invoice.id).subscription_id == found.id
        assert gateway.list_invoices(subscription_id=found.id)
        moved = gateway.move_price(
            found.id, old=price, new=_price(gateway, "lmsm_tour", "month", 1, name), key=f"m:{name}"
        )
        assert moved.price_id != price
        gateway.cancel_at_period_end(found.id, key=f"tour:cancel:{name}", why=Why("too_expensive", "Sorry"))
        gateway.resume(found.id, key=f"tour:resume:{name}")
        gateway.cancel_now(found.id, why=Why(comment="No more"))


def _visit_changes(gateway: StripeGateway, sandbox, price: str, other: str, customer: str) -> None:
    found = gateway.read_subscription(_buy(gateway, sandbox, _checkout(price, customer, "changing")).subscription_id)
    planned = gateway.plan_change(PlanRequest(found.id, other, 1, "year", 1, {"lmsm_membership": "1"}), key="tour:plan")
    assert gateway.read_schedule(planned).next_price_id == other
    _visit_portal(gateway, found.id, customer)
    gateway.release_schedule(planned)
    at = datetime.fromtimestamp(sandbox.now(), UTC)
    request = ChangeRequest(found.id, found.item_id, other, found.quantity, at)
    for prorated in (True, False):
        assert gateway.preview_change(request, prorated=prorated).due.minor > 0
    gateway.change_item(request, key="tour:change")
    gateway.name_tier(found.id, {"lmsm_membership": "2"}, key="tour:name")
    assert gateway.preview_renewal(found.id).due.minor > 0
    assert gateway.read_card(found.id).expires_at == datetime(2035, 1, 1, tzinfo=UTC)
    with pytest.raises(RequestRefused, match="paid"):
        gateway.pay_invoice(gateway.read_subscription(found.id).latest_invoice.id, key="tour:pay")
    assert not gateway.needs_person(gateway.read_subscription(found.id).latest_invoice.id)
    gateway.cancel_now(found.id)


def _visit_portal(gateway: StripeGateway, subscription: str, customer: str) -> None:
    """While a schedule leads the subscription: the card has to be said to both."""
    terms = {"terms_url": "https://school.test/terms", "privacy_url": "https://school.test/privacy"}
    full = PortalSettings("Tour", **terms, return_url="https://school.test/me", details=("email",), cards=True)
    full = replace(full, cancels=True, cancel_reasons=("other", "unused"), invoices=True)
    portal = gateway.create_portal(full, metadata={"lmsm": "portal"}, key="tour:portal")
    for number, changed in enumerate((PortalSettings("Tour", "", "", "https://school.test/me"), full)):
        gateway.update_portal(portal, changed, metadata={"lmsm": "portal"}, key=f"tour:portal:{number}")
        assert gateway.read_portal(portal).settings == changed
    assert [each.id for each in gateway.list_portals()] == [portal]
    for flow in (PortalFlow.HOME, PortalFlow.CARD, PortalFlow.DETAILS):
        visit = PortalVisit(customer, portal, "https://school.test/back", "hi", flow)
        assert gateway.open_portal(visit).startswith("http")
    card = gateway.card_of(subscription)
    assert gateway.read_cards(customer).of_subscriptions[subscription].id == card
    gateway.use_card(subscription, card, key="tour:card")


def _visit_as_a_guest(gateway: StripeGateway, sandbox, monthly: str, once: str) -> None:
    """Without a customer of ours: Stripe makes one, and says whose mailbox it has."""
    for price, recurring in ((monthly, True), (once, False)):
        name = f"guest {recurring}"
        request = _checkout(price, "", name, recurring=recurring, customer_email="guest@b.test")
        bought = _buy(gateway, sandbox, request)
        assert bought.customer_id.startswith("cus_")
        assert bought.email == "guest@b.test"
        since = datetime.fromtimestamp(sandbox.now(), UTC)
        assert gateway.find_checkout_since(reference=name, since=since).id == bought.id
        assert gateway.find_checkout_since(reference="nobody's", since=since) is None


def _price(gateway: StripeGateway, product_id: str, interval: str | None, count: int, name: str = "") -> str:
    lookup_key = f"tour:{interval}:{count}:{name}"
    # A year costs more than a month: a change to it is not free.
    amount = 19000 if interval == "year" else 1900
    request = PriceRequest(product_id, Money(amount, "eur"), interval, count, lookup_key, "Tour", {"lmsm_price": "1"})
    price = gateway.create_price(request, key=f"key:{lookup_key}")
    assert gateway.find_price(lookup_key) == price
    return price.id


def _checkout(price: str, customer: str, reference: str, *, recurring: bool = True, **extra: object) -> CheckoutRequest:
    return CheckoutRequest(
        price_id=price,
        currency="eur",
        recurring=recurring,
        customer_id=customer,
        success_url="https://school.test/done?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://school.test/tour",
        reference=reference,
        description="Tour",
        metadata={"lmsm_checkout": reference},
        language="fr",
        **extra,
    )


def _buy(gateway: StripeGateway, sandbox, request: CheckoutRequest):
    soon = datetime.fromtimestamp(sandbox.now(), UTC) + timedelta(hours=1)
    request = CheckoutRequest(**{**vars(request), "expires_at": soon})
    opened = gateway.create_checkout(request, key=f"tour:{request.reference}")
    pay = hosted.pay if request.trial_requires_card else hosted.start_without_card
    status, location, page = pay(opened.url)
    assert status == 303, page
    assert opened.id in location
    return gateway.read_checkout(opened.id)
