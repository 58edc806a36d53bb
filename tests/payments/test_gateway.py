"""Does the gateway behave when Stripe does not, over real HTTP?"""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import (
    CheckoutRequest,
    CustomerRequest,
    GatewayUnreachable,
    KeyRejected,
    NotFound,
    PriceRequest,
    ProductRequest,
    RateLimited,
    RequestRefused,
    SubscriptionStatus,
)
from lms_memberships.payments.stripe_gateway import StripeGateway, client
from lms_memberships.payments.stripe_gateway.failures import translated
from lms_memberships.sandbox.faults import Fault
from tests import hosted

SUCCESS_URL = "https://school.test/done?session_id={CHECKOUT_SESSION_ID}"


@pytest.fixture
def gateway(sandbox) -> StripeGateway:
    return StripeGateway("sk_test_memberships", api_base=sandbox.url, account_id=sandbox.account_id)


@pytest.fixture
def price(gateway) -> str:
    return make_price(gateway, "month")


@pytest.fixture
def customer(gateway) -> str:
    return gateway.create_customer(CustomerRequest("ada@school.test", "Ada", "fr", {"lmsm_user": "7"}), key="c")


def make_price(gateway, interval: str | None, *, count: int = 1, amount: int = 1900, currency: str = "eur") -> str:
    name = f"lmsm_{interval}_{count}_{currency}_{amount}"
    gateway.create_product(ProductRequest(name, "Studio pass", "", "", {}), key=f"product:{name}")
    request = PriceRequest(name, Money(amount, currency), interval, count, f"lmsm:{name}", "Price", {})
    return gateway.create_price(request, key=f"price:{name}").id


def checkout(price: str, customer: str, *, reference: str = "attempt-1", **more: object) -> CheckoutRequest:
    return CheckoutRequest(
        price_id=price,
        currency="eur",
        recurring=bool(more.pop("recurring", True)),
        customer_id=customer,
        success_url=SUCCESS_URL,
        cancel_url="https://school.test/gold",
        reference=reference,
        description="Studio pass",
        metadata={"lmsm_checkout": reference},
        language="fr",
        **more,
    )


def buy(gateway, request: CheckoutRequest, *, pay=hosted.pay):
    opened = gateway.create_checkout(request, key=f"key:{request.reference}")
    status, _location, page = pay(opened.url)
    assert status == 303, page
    return gateway.read_checkout(opened.id)


def asked(sandbox, path: str) -> dict:
    """The parameters of the last write to that path."""
    return [each for each in sandbox.requests.all() if each["method"] == "POST" and each["path"] == path][-1]["params"]


def plain(value: object) -> object:
    return json.loads(json.dumps(value, default=str))


# ------------------------------------------------------------------------------------------------ failures
@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (500, GatewayUnreachable), (503, GatewayUnreachable)])
def test_a_failing_stripe_is_a_failure_in_our_words(status, kind, gateway, sandbox):
    sandbox.faults.plan(Fault("status", status=status, count=2))
    with pytest.raises(kind):
        gateway.read_account()


def test_a_wrong_key_is_rejected(sandbox):
    """D12"""
    with pytest.raises(KeyRejected):
        StripeGateway("sk_test_invalid", api_base=sandbox.url, account_id="").read_account()


def test_an_account_that_the_key_may_not_use_is_a_rejected_key(gateway):
    with pytest.raises(KeyRejected), translated():
        gateway.client.v1.accounts.retrieve_current(options={"stripe_account": "acct_of_somebody_else"})


def test_what_is_not_there_is_an_answer(gateway):
    """D11"""
    assert gateway.find_product("lmsm_none") is None
    assert gateway.find_price("lmsm:none") is None
    assert gateway.find_customer(email="nobody@school.test", metadata_key="lmsm_user", metadata_value="1") is None
    assert gateway.customer_exists("cus_none") is False
    for read in (gateway.read_checkout, gateway.read_subscription, gateway.read_invoice):
        with pytest.raises(NotFound):
            read("missing_1")


def test_what_stripe_refuses_is_refused_in_its_words(gateway):
    make_price(gateway, "month")
    again = PriceRequest("lmsm_month_1_eur_1900", Money(2900, "eur"), "month", 1, "lmsm:lmsm_month_1_eur_1900", "", {})
    with pytest.raises(RequestRefused) as caught:
        gateway.create_price(again, key="another")
    assert "Stripe says" in str(caught.value.message)
    assert "lookup" in str(caught.value.message)
    assert not caught.value.is_ambiguous


def test_one_quick_failure_is_tried_again(gateway, sandbox):
    sandbox.faults.plan(Fault("status", status=503))
    assert gateway.read_account().id == sandbox.account_id


@pytest.fixture
def silent_server() -> Iterator[tuple[str, list[float]]]:
    """It takes calls and never answers. The times at which it was called."""
    calls: list[float] = []
    open_ones = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        def listen() -> None:
            while True:
                try:
                    open_ones.append(listening.accept()[0])
                except OSError:
                    return
                calls.append(time.monotonic())

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", calls
        for each in open_ones:
            each.close()


def test_a_hanging_stripe_frees_the_web_worker_within_twelve_seconds(silent_server):
    """D8"""
    address, calls = silent_server
    started = time.monotonic()
    with pytest.raises(GatewayUnreachable) as caught:
        StripeGateway("sk_test_memberships", api_base=address, account_id="").read_account()
    assert time.monotonic() - started < 12
    assert caught.value.is_ambiguous
    assert len(calls) == 1, "after seven seconds of waiting nothing is tried again"


def test_the_client_is_shared_and_made_anew_for_another_key_or_address(sandbox):
    def of(key: str, base: str) -> object:
        return StripeGateway(key, api_base=base, account_id="").client

    assert of("sk_test_a", sandbox.url) is of("sk_test_a", sandbox.url)
    assert of("sk_test_a", sandbox.url) is not of("sk_test_b", sandbox.url)
    assert of("sk_test_a", sandbox.url) is not of("sk_test_a", "")


def test_no_address_of_the_client_is_stripes_own_when_another_is_set(sandbox):
    """Nothing that is said to the stand-in may reach Stripe by another door."""
    built = client.client_for("sk_test_a", api_base=sandbox.url + "/")
    assert set(built._requestor._options.base_addresses.values()) == {sandbox.url}


def test_no_decision_is_made_by_search():
    """D9: Stripe's search lags behind what was just written."""
    files = Path(client.__file__).parent.glob("*.py")
    assert [path.name for path in files if re.search(r"\.v1\..*\.search\(", path.read_text())] == []


# ------------------------------------------------------------------------------------------------ the page
def test_a_subscription_is_sold_with_everything_that_comes_back_later(gateway, sandbox, price, customer):
    soon = datetime.fromtimestamp(sandbox.now(), UTC).replace(microsecond=0) + timedelta(hours=2)
    opened = gateway.create_checkout(checkout(price, customer, expires_at=soon), key="k")
    params = plain(asked(sandbox, "/v1/checkout/sessions"))
    assert params["mode"] == "subscription"
    assert params["success_url"] == SUCCESS_URL, "Stripe fills in the session; the braces arrive as they are"
    assert params["payment_method_collection"] == "always"
    assert params["subscription_data"]["billing_mode"]["type"] == "flexible"
    assert params["subscription_data"]["metadata"] == params["metadata"] == {"lmsm_checkout": "attempt-1"}
    assert "trial_period_days" not in params["subscription_data"]
    assert params["adaptive_pricing"]["enabled"] in (False, "false")
    assert "payment_method_types" not in params
    assert (opened.status, opened.reference, opened.recurring) == ("open", "attempt-1", True)
    assert opened.expires_at == soon
    assert opened.total == Money(1900, "eur")


def test_a_trial_without_a_card_ends_by_itself(gateway, sandbox, price, customer):
    request = checkout(price, customer, trial_days=14, trial_requires_card=False)
    bought = buy(gateway, request, pay=hosted.start_without_card)
    params = plain(asked(sandbox, "/v1/checkout/sessions"))
    assert params["payment_method_collection"] == "if_required"
    assert params["subscription_data"]["trial_settings"]["end_behavior"]["missing_payment_method"] == "cancel"
    found = gateway.read_subscription(bought.subscription_id)
    assert (found.status, found.has_card) == (SubscriptionStatus.TRIALING, False)
    assert found.latest_invoice.is_settled
    assert found.latest_invoice.total == Money(0, "eur")
    assert found.trial_end == found.current_period_end


def test_a_trial_with_a_card_has_one_to_charge(gateway, price, customer):
    bought = buy(gateway, checkout(price, customer, trial_days=14))
    found = gateway.read_subscription(bought.subscription_id)
    assert (found.status, found.has_card) == (SubscriptionStatus.TRIALING, True)


def test_a_purchase_can_be_found_from_every_side(gateway, price, customer):
    began = datetime.now(UTC)
    bought = buy(gateway, checkout(price, customer))
    assert (bought.status, bought.payment_status) == ("complete", "paid")
    assert gateway.find_checkout(customer_id=customer, reference="attempt-1").id == bought.id
    assert gateway.find_checkout(customer_id=customer, reference="attempt-2") is None
    found = gateway.read_subscription(bought.subscription_id)
    assert found.read_started_at >= began
    assert (found.status, found.customer_id, found.price_id) == (SubscriptionStatus.ACTIVE, customer, price)
    assert found.metadata == {"lmsm_checkout": "attempt-1"}
    (invoice,) = gateway.list_invoices(subscription_id=found.id)
    assert invoice.id == found.latest_invoice.id
    assert invoice.payment_intent_id
    assert (invoice.amount_paid, invoice.billing_reason) == (Money(1900, "eur"), "subscription_create")
    assert (invoice.period_start, invoice.period_end) == (found.current_period_start, found.current_period_end)
    assert invoice.metadata["lmsm_checkout"] == "attempt-1"


def test_a_one_time_purchase_has_an_invoice_and_a_payment(gateway, customer):
    once = make_price(gateway, None)
    bought = buy(gateway, checkout(once, customer, recurring=False))
    assert (bought.recurring, bought.subscription_id, bought.payment_status) == (False, "", "paid")
    assert bought.payment_intent_id.startswith("pi_")
    invoice = gateway.read_invoice(bought.invoice_id)
    assert invoice.is_settled
    assert invoice.metadata["lmsm_checkout"] == "attempt-1"
    assert invoice.payment_intent_id == bought.payment_intent_id


def test_a_refund_is_made_once_and_found(gateway, customer):
    once = make_price(gateway, None)
    payment = buy(gateway, checkout(once, customer, recurring=False)).payment_intent_id
    assert gateway.find_refund(payment) is None
    first = gateway.refund_payment(payment, key="refund", metadata={"why": "double"})
    assert gateway.refund_payment(payment, key="refund", metadata={"why": "double"}) == first
    assert gateway.find_refund(payment) == first


def test_a_page_that_was_given_up_cannot_be_paid_any_more(gateway, price, customer):
    opened = gateway.create_checkout(checkout(price, customer), key="k")
    gateway.expire_checkout(opened.id)
    gateway.expire_checkout(opened.id)
    assert gateway.read_checkout(opened.id).status == "expired"


def test_giving_up_a_page_that_was_paid_meanwhile_leaves_the_purchase(gateway, price, customer):
    bought = buy(gateway, checkout(price, customer))
    gateway.expire_checkout(bought.id)
    assert gateway.read_checkout(bought.id).status == "complete"


# ------------------------------------------------------------------------------------------------ its life
def test_a_planned_end_and_its_undoing(gateway, price, customer):
    name = buy(gateway, checkout(price, customer)).subscription_id
    gateway.cancel_at_period_end(name, key="cancel:1")
    ending = gateway.read_subscription(name)
    assert ending.cancel_at == ending.current_period_end
    assert ending.status == SubscriptionStatus.ACTIVE
    gateway.resume(name, key="resume:1")
    gateway.resume(name, key="resume:2")
    assert gateway.read_subscription(name).cancel_at is None


def test_an_end_on_a_date_that_the_dashboard_set_can_be_taken_back(gateway, price, customer):
    name = buy(gateway, checkout(price, customer)).subscription_id
    moment = gateway.read_subscription(name).current_period_end - timedelta(days=3)
    gateway.client.v1.subscriptions.update(name, {"cancel_at": int(moment.timestamp())})
    assert gateway.read_subscription(name).cancel_at == moment
    gateway.resume(name, key="resume")
    assert gateway.read_subscription(name).cancel_at is None


def test_ending_now_is_done_however_often_it_is_asked(gateway, price, customer):
    name = buy(gateway, checkout(price, customer)).subscription_id
    gateway.cancel_now(name)
    gateway.cancel_now(name)
    ended = gateway.read_subscription(name)
    assert ended.status == SubscriptionStatus.CANCELED
    assert ended.ended_at is not None
    gateway.cancel_now("sub_never_existed")


def test_all_pages_of_a_list_are_read(gateway, sandbox):
    """D13"""
    for number in range(101):
        request = CustomerRequest("twin@school.test", "", "en", {"lmsm_user": str(number)})
        gateway.create_customer(request, key=f"twin:{number}")
    assert gateway.find_customer(email="twin@school.test", metadata_key="lmsm_user", metadata_value="0")


def test_a_product_has_the_id_that_we_chose_and_its_texts_change(gateway, sandbox):
    request = ProductRequest("lmsm_gold", "Gold", "All courses", "https://school.test/g.png", {"lmsm_membership": "1"})
    assert gateway.create_product(request, key="a") == "lmsm_gold"
    with pytest.raises(RequestRefused) as caught:
        gateway.create_product(request, key="b")
    assert caught.value.code == "resource_already_exists"
    gateway.update_product(ProductRequest("lmsm_gold", "Gold+", "", "", {}), key="c")
    found = gateway.client.v1.products.retrieve("lmsm_gold")
    assert (found.name, found.description, found.images) == ("Gold+", None, [])


@pytest.mark.parametrize(("interval", "count"), [("week", 1), ("month", 3), ("year", 1), (None, 1)])
@pytest.mark.parametrize(("amount", "currency"), [(1900, "eur"), (500, "jpy"), (5120, "kwd")])
def test_prices_of_every_rhythm_and_currency_are_found_by_their_key(interval, count, amount, currency, gateway):
    """H1"""
    made = make_price(gateway, interval, count=count, amount=amount, currency=currency)
    found = gateway.find_price(f"lmsm:lmsm_{interval}_{count}_{currency}_{amount}")
    assert (found.id, found.money) == (made, Money(amount, currency))
    assert (found.interval, found.interval_count, found.active) == (interval, count, True)
