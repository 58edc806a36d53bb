"""How does the sandbox misbehave? By share and seed, without end, by rate, with a code; and how are webhooks lost?"""

import time

import pytest
import requests
import stripe

from lms_memberships.sandbox.faults import Fault
from lms_memberships.sandbox.server import Sandbox
from tests.sandbox.shop import Shop

HEADERS = {"Authorization": "Bearer sk_test_sandbox"}


def statuses(sandbox: Sandbox, times: int, *, method: str = "POST") -> list[int]:
    with requests.Session() as session:
        return [
            session.request(
                method,
                f"{sandbox.url}/v1/products",
                data={"name": "Gold"} if method == "POST" else None,
                headers=HEADERS,
                timeout=10,
            ).status_code
            for _ in range(times)
        ]


def control(sandbox: Sandbox, what: str, **body: object) -> dict:
    answer = requests.post(f"{sandbox.url}/_sandbox/api/{what}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_share_of_the_writes_fails_and_the_same_ones_again(sandbox: Sandbox):
    """T8: the rig's dice are seeded."""
    runs = []
    for _ in range(2):
        control(sandbox, "faults", kind="status", path="POST /v1/*", status=503, share=0.2, seed=7, count=None)
        runs.append(statuses(sandbox, 100))
        control(sandbox, "faults", clear=True)
    assert runs[0] == runs[1]
    assert 10 <= runs[0].count(503) <= 30
    control(sandbox, "faults", kind="status", path="POST /v1/*", status=503, share=0.2, seed=8, count=0)
    assert statuses(sandbox, 100) != runs[0]


def test_a_fault_without_a_count_strikes_until_it_is_cleared(sandbox: Sandbox):
    planned = control(sandbox, "faults", kind="status", path="POST /v1/*", status=500, count=0)["planned"]
    assert [(each["kind"], each["count"], each["share"]) for each in planned] == [("status", 0, 1.0)]
    assert statuses(sandbox, 20) == [500] * 20
    assert statuses(sandbox, 1, method="GET") == [200]
    assert control(sandbox, "faults", clear=True) == {"planned": []}
    assert statuses(sandbox, 1) == [200]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "lock_timeout", stripe.RateLimitError),
        (429, "", stripe.RateLimitError),
        (400, "lock_timeout", stripe.InvalidRequestError),
        (401, "", stripe.AuthenticationError),
        (403, "", stripe.PermissionError),
    ],
)
def test_a_status_says_stripes_word(shop: Shop, status: int, code: str, error: type[stripe.StripeError]):
    shop.sandbox.faults.plan(Fault("status", "POST /v1/products", status=status, code=code))
    with pytest.raises(error) as refusal:
        shop.api.products.create({"name": "Gold"}, {"idempotency_key": "k1"})
    if code:
        assert refusal.value.error.code == code
    # Refused at the door: nothing is remembered under the key.
    assert shop.api.products.create({"name": "Gold"}, {"idempotency_key": "k1"}).name == "Gold"


def test_a_rate_limit_lets_so_many_through_each_second(sandbox: Sandbox):
    """D5: the fake Stripe says 429 beyond its rate."""
    control(sandbox, "faults", kind="rate_limit", rate=10, path="*", retry_after=2)
    began = time.monotonic()
    told = statuses(sandbox, 40)
    assert 10 <= told.count(200) <= 10 * (1 + time.monotonic() - began) + 10
    assert told.count(429) == 40 - told.count(200)
    answer = requests.get(f"{sandbox.url}/v1/products", headers=HEADERS, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2.0")
    time.sleep(1.05)
    assert statuses(sandbox, 1) == [200]


def test_a_session_is_complete_before_its_subscription_is_attached(shop: Shop):
    """C12: Stripe tells of the purchase before the subscription can be read."""
    session = shop.session(shop.price())
    shop.sandbox.faults.plan(Fault("not_attached", "GET /v1/checkout/sessions/*", count=3))
    shop.pay(session)
    read = [shop.api.checkout.sessions.retrieve(session.id) for _ in range(4)]
    assert [each.status for each in read] == ["complete"] * 4
    assert [each.subscription is None for each in read] == [True, True, True, False]


def test_an_unknown_kind_of_fault_is_refused(sandbox: Sandbox):
    answer = requests.post(f"{sandbox.url}/_sandbox/api/faults", json={"kind": "gremlins"}, timeout=10)
    assert answer.status_code == 400


# ------------------------------------------------------------------ webhooks that never come
def test_lost_webhooks_are_never_sent_but_can_be_listed(shop: Shop):
    control(shop.sandbox, "webhooks", mode="lose")
    shop.api.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    shop.api.products.create({"name": "Gold"})
    shop.advance(days=4)
    assert shop.sandbox.deliveries.drain(1)
    assert [each["status"] for each in shop.sandbox.deliveries.all()] == ["failed"]
    undelivered = shop.api.events.list({"delivery_success": False}).data
    assert [each.type for each in undelivered] == ["product.created"]
    assert shop.api.events.list({"delivery_success": True}).data == []


def test_withheld_webhooks_stay_owed_while_days_go_by(shop: Shop):
    control(shop.sandbox, "webhooks", mode="withhold")
    shop.api.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    shop.buy(shop.price())
    shop.advance(days=65)
    owed = shop.sandbox.deliveries.all()
    assert {each["status"] for each in owed} == {"pending"}
    assert [each["type"] for each in owed].count("invoice.paid") == 3
    assert {len(each["attempts"]) for each in owed} == {0}


# ------------------------------------------------------------------ what others ask of lists
def test_events_are_listed_by_types_time_and_page(shop: Shop):
    began = shop.sandbox.now()
    for number in range(25):
        shop.api.products.create({"name": f"Number {number}"})
    shop.advance(days=2)
    later = shop.sandbox.now()
    shop.api.customers.create({"email": "ada@school.test"})
    listed = list(shop.api.events.list({"types": ["product.created"], "limit": 10}).auto_paging_iter())
    assert [each.data.object.name for each in listed] == [f"Number {number}" for number in reversed(range(25))]
    since = shop.api.events.list({"created": {"gte": later}}).data
    assert [each.type for each in since] == ["customer.created"]
    assert len(shop.api.events.list({"created": {"gte": began, "lt": later}, "limit": 100}).data) == 25
    with pytest.raises(stripe.InvalidRequestError):
        shop.api.events.list({"types": ["product.created"] * 21})
    shop.advance(days=29)
    assert [each.type for each in shop.api.events.list().data] == ["customer.created"]


def test_subscriptions_invoices_and_sessions_are_listed_by_what_a_comparison_asks(shop: Shop):
    gold, silver = shop.price(), shop.price()
    first = shop.buy(gold, customer=shop.customer().id)
    shop.api.subscriptions.cancel(first.id)
    shop.advance(days=1)
    later = shop.sandbox.now()
    second = shop.buy(silver)
    ids = lambda listed: [each.id for each in listed.data]  # noqa: E731 - one line for eight comparisons
    subscriptions = shop.api.subscriptions
    assert ids(subscriptions.list()) == [second.id]
    assert ids(subscriptions.list({"status": "all"})) == [second.id, first.id]
    assert ids(subscriptions.list({"status": "all", "created": {"gte": later}})) == [second.id]
    assert ids(subscriptions.list({"status": "all", "customer": first.customer})) == [first.id]
    assert ids(subscriptions.list({"status": "all", "price": gold.id})) == [first.id]
    assert len(shop.api.invoices.list({"created": {"gte": later}}).data) == 1
    assert [each.status for each in shop.api.invoices.list({"customer": first.customer}).data] == ["paid"]
    sessions = shop.api.checkout.sessions
    assert len(sessions.list({"status": "complete"}).data) == 2
    assert len(sessions.list({"created": {"gte": later}}).data) == 1
    assert len(sessions.list({"customer": first.customer}).data) == 1


def test_a_deleted_customer_ends_all_subscriptions_at_once(shop: Shop):
    """G11: guide, trap 17."""
    customer = shop.customer()
    bought = [shop.buy(shop.price(), customer=customer.id).id for _ in range(2)]
    shop.api.customers.delete(customer.id)
    assert [shop.read(each).status for each in bought] == ["canceled", "canceled"]
    ended = shop.events("customer.subscription.deleted")
    assert sorted(each.data.object.id for each in ended) == sorted(bought)
    assert len(shop.events("customer.deleted")) == 1
    with pytest.raises(stripe.InvalidRequestError):
        shop.session(shop.price(), customer=customer.id)


def test_an_endpoint_shows_its_secret_once_and_can_be_switched_off(shop: Shop):
    endpoints = shop.api.webhook_endpoints
    made = endpoints.create({"url": "https://school.test/hook", "enabled_events": ["*"], "api_version": "2024-06-20"})
    assert made.secret.startswith("whsec_")
    read = endpoints.retrieve(made.id)
    assert (getattr(read, "secret", None), read.api_version, read.status) == (None, "2024-06-20", "enabled")
    off = endpoints.update(made.id, {"disabled": True, "enabled_events": ["invoice.paid"]})
    assert (off.status, off.enabled_events) == ("disabled", ["invoice.paid"])
    assert getattr(endpoints.list().data[0], "secret", None) is None
    endpoints.delete(made.id)
    assert endpoints.list().data == []
