"""How the API answers apart from what is asked: keys, pages, expansion, errors, accounts, faults."""

import threading
import time

import pytest
import requests
import stripe

from lms_memberships.sandbox.faults import Fault
from lms_memberships.sandbox.server import Sandbox
from tests.sandbox.shop import Shop

HEADERS = {"Authorization": "Bearer sk_test_sandbox"}


def send(sandbox: Sandbox, method: str, path: str, *, headers: dict | None = None, **options) -> requests.Response:
    return requests.request(method, sandbox.url + path, headers=HEADERS | (headers or {}), timeout=10, **options)


def once(key: str) -> dict:
    return {"idempotency_key": key}


# ------------------------------------------------------------------ idempotency
def test_the_same_key_makes_one_product(shop: Shop):
    first = shop.api.products.create({"name": "Gold"}, once("k1"))
    again = shop.api.products.create({"name": "Gold"}, once("k1"))
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    assert len(shop.api.products.list().data) == 1
    assert shop.events("product.created")[0].request.idempotency_key == "k1"


def test_the_same_key_with_other_parameters_is_refused(shop: Shop):
    shop.api.products.create({"name": "Gold"}, once("k1"))
    with pytest.raises(stripe.IdempotencyError) as refusal:
        shop.api.products.create({"name": "Silver"}, once("k1"))
    assert refusal.value.http_status == 400


def test_a_refused_request_does_not_use_up_its_key(shop: Shop):
    with pytest.raises(stripe.InvalidRequestError):
        shop.api.prices.create({"product": "prod_gone", "currency": "eur", "unit_amount": 1}, once("k1"))
    product = shop.api.products.create({"name": "Gold"})
    price = {"product": product.id, "currency": "eur", "unit_amount": 100}
    assert shop.api.prices.create(price, once("k1")).unit_amount == 100


def test_a_key_is_in_use_while_its_request_runs(shop: Shop):
    shop.sandbox.faults.plan(Fault("latency", path="/v1/products", seconds=0))
    slow = threading.Event()
    original = shop.sandbox.deliveries.notify

    def notify(event: dict, **options) -> int:
        slow.set()
        time.sleep(0.5)
        return original(event, **options)

    shop.sandbox.deliveries.notify = notify
    first = threading.Thread(target=lambda: shop.api.products.create({"name": "Gold"}, once("k1")))
    first.start()
    slow.wait(5)
    answer = send(shop.sandbox, "POST", "/v1/products", data={"name": "Gold"}, headers={"Idempotency-Key": "k1"})
    first.join()
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_in_use")


def test_keys_are_kept_by_wall_time(shop: Shop):
    first = shop.api.products.create({"name": "Gold"}, once("k1"))
    shop.advance(days=40)
    assert shop.api.products.create({"name": "Gold"}, once("k1")).id == first.id


# ------------------------------------------------------------------ lists
def test_a_list_is_paged_newest_first(shop: Shop):
    made = [shop.api.customers.create({"email": f"{number}@school.test"}).id for number in range(13)]
    first = shop.api.customers.list()
    assert [each.id for each in first.data] == made[:2:-1]
    assert first.has_more
    rest = shop.api.customers.list({"starting_after": first.data[-1].id})
    assert ([each.id for each in rest.data], rest.has_more) == ([made[2], made[1], made[0]], False)
    back = shop.api.customers.list({"ending_before": rest.data[0].id, "limit": 3})
    assert [each.id for each in back.data] == [made[5], made[4], made[3]]
    assert [each.id for each in shop.api.customers.list({"limit": 5}).auto_paging_iter()] == made[::-1]
    assert [each.email for each in shop.api.customers.list({"email": "7@school.test"}).data] == ["7@school.test"]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_one_to_a_hundred(sandbox: Sandbox, limit: int):
    assert send(sandbox, "GET", f"/v1/customers?limit={limit}").status_code == 400


# ------------------------------------------------------------------ expansion
def test_references_are_ids_until_expanded(shop: Shop):
    subscription = shop.buy(shop.price())
    plain = shop.api.subscriptions.retrieve(subscription.id)
    assert isinstance(plain.latest_invoice, str)
    assert isinstance(plain["items"].data[0].price.product, str)
    full = shop.api.subscriptions.list({"expand": ["data.latest_invoice.payments"]})
    assert full.data[0].latest_invoice.payments.data[0].status == "paid"
    deep = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["items.data.price.product", "customer"]})
    assert deep["items"].data[0].price.product.name == "Gold"
    assert deep.customer.email == "ada@school.test"
    secret = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice.confirmation_secret"]})
    assert secret.latest_invoice.confirmation_secret.client_secret.startswith("pi_")


@pytest.mark.parametrize("path", ["nonsense", "latest_invoice.nonsense", "a.b.c.d.e", "data.customer", "items"])
def test_what_cannot_be_expanded_is_refused(sandbox: Sandbox, path: str):
    answer = send(sandbox, "GET", "/v1/subscriptions/sub_1", params={"expand[]": path})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "expand"


# ------------------------------------------------------------------ errors
REFUSED = [
    ("GET", "/v1/nothing", {}, 404, None),
    ("POST", "/v1/payment_links", {"metadata[a]": "b"}, 404, None),
    ("POST", "/v1/products", {}, 400, "parameter_missing"),
    ("POST", "/v1/products", {"name": "x", "colour": "red"}, 400, "parameter_unknown"),
    ("POST", "/v1/products", {"name": ""}, 400, "parameter_invalid_empty"),
    ("POST", "/v1/products", {"name": "x", "active": "yes"}, 400, None),
    ("POST", "/v1/prices", {"currency": "eur", "unit_amount": "1.5", "product": "p"}, 400, "parameter_invalid_integer"),
    ("GET", "/v1/products/prod_gone", {}, 404, "resource_missing"),
    (
        "POST",
        "/v1/checkout/sessions",
        {"mode": "payment", "success_url": "https://x.test", "payment_method_types[]": "card"},
        400,
        "payment_method_types_no_longer_supported",
    ),
    ("POST", "/v1/customers", {f"metadata[k{number}]": "v" for number in range(51)}, 400, None),
    ("POST", "/v1/customers", {"metadata[k]": "v" * 501}, 400, None),
    ("POST", "/v1/customers", {f"metadata[{'k' * 41}]": "v"}, 400, None),
]


@pytest.mark.parametrize(("method", "path", "params", "status", "code"), REFUSED)
def test_what_stripe_refuses_is_refused_in_its_shape(contract, sandbox, method, path, params, status, code):
    options = {"data": params} if method == "POST" else {"params": params}
    answer = send(sandbox, method, path, **options)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error.get("code")) == (status, "invalid_request_error", code)
    assert answer.headers["Request-Id"].startswith("req_")
    assert contract.check_response_object(answer.json()) == []


@pytest.mark.parametrize("key", [None, "sk_test_invalid", "sk_live_real", "nonsense"])
def test_a_wrong_key_is_refused(sandbox: Sandbox, key: str | None):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = requests.get(sandbox.url + "/v1/account", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")


def test_restricted_test_keys_are_taken(sandbox: Sandbox):
    answer = requests.get(sandbox.url + "/v1/account", headers={"Authorization": "Bearer rk_test_1"}, timeout=10)
    assert answer.json()["id"] == "acct_sandbox"
    assert answer.json()["charges_enabled"] is True


def test_another_version_of_the_api_is_refused(sandbox: Sandbox):
    answer = send(sandbox, "GET", "/v1/account", headers={"Stripe-Version": "2020-08-27"})
    assert answer.status_code == 400


# ------------------------------------------------------------------ accounts
def test_accounts_do_not_see_each_other(shop: Shop):
    shop.sandbox.actions.connect_account("acct_other")
    product = shop.api.products.create({"name": "Theirs"}, {"stripe_account": "acct_other"})
    with pytest.raises(stripe.InvalidRequestError):
        shop.api.products.retrieve(product.id)
    assert shop.api.products.list().data == []
    assert shop.api.products.retrieve(product.id, {}, {"stripe_account": "acct_other"}).name == "Theirs"
    told = shop.api.events.list({}, {"stripe_account": "acct_other"}).data
    assert [(event.type, event.account) for event in told] == [("product.created", "acct_other")]


def test_an_unknown_account_is_refused(shop: Shop):
    with pytest.raises(stripe.PermissionError):
        shop.api.products.list({}, {"stripe_account": "acct_unknown"})


# ------------------------------------------------------------------ faults
def test_a_planned_500_is_answered_and_replayed(shop: Shop):
    shop.sandbox.faults.plan(Fault("status", path="POST /v1/products", status=500))
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            shop.api.products.create({"name": "Gold"}, once("k1"))
    assert shop.api.products.create({"name": "Gold"}, once("k2")).name == "Gold"


def test_a_planned_429_is_not_remembered(shop: Shop):
    shop.sandbox.faults.plan(Fault("status", path="/v1/products", status=429))
    with pytest.raises(stripe.RateLimitError):
        shop.api.products.create({"name": "Gold"}, once("k1"))
    assert shop.api.products.create({"name": "Gold"}, once("k1")).name == "Gold"


def test_done_but_never_answered_is_done_once(shop: Shop):
    shop.sandbox.faults.plan(Fault("commit_then_drop", path="POST /v1/products"))
    with pytest.raises(stripe.APIConnectionError):
        shop.api.products.create({"name": "Gold"}, once("k1"))
    assert shop.api.products.create({"name": "Gold"}, once("k1")).name == "Gold"
    assert len(shop.api.products.list().data) == 1


def test_a_hanging_request_does_nothing(shop: Shop):
    shop.sandbox.faults.plan(Fault("hang", path="POST /v1/products", seconds=0.2))
    with pytest.raises(stripe.APIConnectionError):
        shop.api.products.create({"name": "Gold"})
    assert shop.api.products.list().data == []


def test_the_control_api_steers_clock_faults_and_log(shop: Shop):
    base = shop.sandbox.url + "/_sandbox/api"
    before = requests.get(f"{base}/clock", timeout=10).json()["now"]
    after = requests.post(f"{base}/clock", json={"advance": 3600}, timeout=10).json()["now"]
    assert 3600 <= after - before <= 3603
    requests.post(f"{base}/faults", json={"kind": "status", "status": 503, "path": "/v1/account"}, timeout=10)
    assert send(shop.sandbox, "GET", "/v1/account").status_code == 503
    shop.api.products.create({"name": "Gold"}, once("k1"))
    log = requests.get(f"{base}/requests", timeout=10).json()["data"]
    assert [(each["method"], each["path"], each["status"]) for each in log] == [
        ("GET", "/v1/account", 503),
        ("POST", "/v1/products", 200),
    ]
    assert (log[1]["params"], log[1]["idempotency_key"]) == ({"name": "Gold"}, "k1")
    assert requests.get(f"{base}/events", timeout=10).json()["data"][0]["type"] == "product.created"
    requests.post(f"{base}/reset", json={}, timeout=10)
    assert shop.api.products.list().data == []
    assert abs(requests.get(f"{base}/clock", timeout=10).json()["now"] - before) < 10


# ------------------------------------------------------------------ state
def test_state_survives_in_its_file(tmp_path, make_client):
    file = tmp_path / "state" / "sandbox.sqlite3"
    with Sandbox(state_file=file) as sandbox:
        shop = Shop(sandbox, make_client(sandbox.url))
        subscription = shop.buy(shop.price())
        shop.api.products.create({"name": "Once"}, once("k1"))
        shop.advance(days=3)
        now = sandbox.now()
    with Sandbox(state_file=file) as sandbox:
        shop = Shop(sandbox, make_client(sandbox.url))
        assert sandbox.now() >= now
        assert shop.read(subscription).latest_invoice.status == "paid"
        assert shop.api.products.create({"name": "Once"}, once("k1")).last_response.headers["Idempotent-Replayed"]
        shop.advance(days=31)
        assert len(shop.api.invoices.list({"status": "paid"}).data) == 2


def test_a_failed_request_leaves_nothing(shop: Shop):
    price = shop.price()
    customer = shop.customer()
    told = len(shop.events())
    method = shop.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError):
        shop.api.subscriptions.create(
            {
                "customer": customer.id,
                "items": [{"price": price.id}],
                "default_payment_method": method.id,
                "payment_behavior": "error_if_incomplete",
            }
        )
    assert shop.api.subscriptions.list({"status": "all"}).data == []
    assert len(shop.events()) == told + 1
    with pytest.raises(stripe.CardError):
        shop.api.payment_methods.create(
            {"type": "card", "card": {"number": "4000000000000003", "exp_month": 1, "exp_year": 2034}}
        )
