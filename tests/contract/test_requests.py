"""Would Stripe understand every request that our gateway can send, and do we understand every answer?"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import CheckoutRequest, CustomerRequest, PriceRequest, ProductRequest
from lms_memberships.payments.stripe_gateway import StripeGateway, wrap_http_client
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
    "POST /v1/customers",
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
    "GET /v1/invoices",
    "POST /v1/refunds",
    "GET /v1/refunds",
}
IDS = re.compile(r"/(?:cs_test|cs|prod|cus|sub|in|lmsm)_\w+")


@pytest.fixture
def recorder() -> Iterator[rig.Recorder]:
    recorder = rig.Recorder(rig.load())
    wrap_http_client(recorder.wrap)
    yield recorder
    wrap_http_client(None)


def test_every_request_of_the_gateway_is_one_that_stripe_describes(recorder, sandbox):
    """The tour calls each method of the gateway with each kind of argument, over HTTP."""
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
    customer = gateway.create_customer(CustomerRequest("a@b.test", "A", "fr", {"lmsm_user": "1"}), key="tour:customer")
    assert gateway.find_customer(email="a@b.test", metadata_key="lmsm_user", metadata_value="1") == customer
    assert gateway.customer_exists(customer)
    _visit_subscriptions(gateway, sandbox, monthly, customer)
    paid = _buy(gateway, sandbox, _checkout(once, customer, "once", recurring=False))
    assert gateway.find_refund(paid.payment_intent_id) is None
    refund = gateway.refund_payment(paid.payment_intent_id, key="tour:refund", metadata={"lmsm_checkout": "once"})
    assert gateway.find_refund(paid.payment_intent_id) == refund
    abandoned = gateway.create_checkout(_checkout(monthly, customer, "abandoned"), key="tour:abandoned")
    gateway.expire_checkout(abandoned.id)


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
        gateway.cancel_at_period_end(found.id, key=f"tour:cancel:{name}")
        gateway.resume(found.id, key=f"tour:resume:{name}")
        gateway.cancel_now(found.id)


def _price(gateway: StripeGateway, product_id: str, interval: str | None, count: int) -> str:
    lookup_key = f"tour:{interval}:{count}"
    request = PriceRequest(product_id, Money(1900, "eur"), interval, count, lookup_key, "Tour", {"lmsm_price": "1"})
    price = gateway.create_price(request, key=f"key:{lookup_key}")
    assert gateway.find_price(lookup_key) == price
    return price.id


def _checkout(price: str, customer: str, reference: str, *, recurring: bool = True, **extra: object) -> CheckoutRequest:
    return CheckoutRequest(
        price_id=price,
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
