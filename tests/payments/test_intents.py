"""Is what we ask of Stripe done once, whatever becomes of the answer?"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from lms_memberships.models import Intent
from lms_memberships.money import Money
from lms_memberships.payments.gateway import (
    CheckoutRequest,
    CustomerRequest,
    GatewayFailure,
    GatewayUnreachable,
    KeyRejected,
    NotFound,
    PriceRequest,
    ProductRequest,
    RateLimited,
    RequestRefused,
)
from lms_memberships.payments.intents import carry_out
from lms_memberships.sandbox.faults import Fault

pytestmark = pytest.mark.django_db


def create_customer(gateway, *, parameters=None, email="ada@school.test") -> str:
    request = CustomerRequest(email=email, name="Ada", language="fr", metadata={"lmsm_user": "7"})
    return carry_out(
        purpose="customer",
        subject="7",
        parameters=parameters or {"email": email},
        gateway=gateway,
        call=lambda key: gateway.create_customer(request, key=key),
        result_id=str,
        find=lambda: gateway.find_customer(email=email, metadata_key="lmsm_user", metadata_value="7"),
    )


def posts(sandbox, path: str) -> list[dict]:
    """What was asked of Stripe, in order."""
    return [each for each in sandbox.requests.all() if each["method"] == "POST" and each["path"] == path]


def count(gateway, kind: str) -> int:
    return len(getattr(gateway.client.v1, kind).list({"limit": 100}).data)


def intent() -> Intent:
    return Intent.objects.get(purpose="customer")


def test_a_write_is_noted_before_it_is_made(gateway):
    seen = []

    def call(key: str) -> str:
        seen.append((intent().state, intent().idempotency_key == key))
        return "cus_1"

    carry_out(
        purpose="customer", subject="7", parameters={}, gateway=gateway, call=call, result_id=str, find=lambda: None
    )
    assert seen == [(Intent.State.SENT, True)]
    assert (intent().state, intent().result_id) == (Intent.State.CONFIRMED, "cus_1")
    assert (intent().account, intent().livemode) == (gateway.account_id, False)


def test_the_second_run_finds_what_the_first_one_made(gateway, sandbox):
    """D1"""
    first = create_customer(gateway)
    assert create_customer(gateway) == first
    assert len(posts(sandbox, "/v1/customers")) == 1
    assert count(gateway, "customers") == 1


def test_an_answer_that_is_lost_once_is_asked_for_again_at_once(gateway, sandbox):
    """D1: the client's second attempt carries the same key."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/customers"))
    create_customer(gateway)
    assert count(gateway, "customers") == 1
    assert intent().state == Intent.State.CONFIRMED
    assert len({each["idempotency_key"] for each in posts(sandbox, "/v1/customers")}) == 1


def test_a_lost_answer_leaves_the_intent_unknown_and_the_next_run_finds_the_object(gateway, sandbox):
    """D1"""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        create_customer(gateway)
    assert intent().state == Intent.State.UNKNOWN
    asked = len(posts(sandbox, "/v1/customers"))
    found = create_customer(gateway)
    assert count(gateway, "customers") == 1
    assert (intent().state, intent().result_id) == (Intent.State.CONFIRMED, found)
    assert len(posts(sandbox, "/v1/customers")) == asked, "it was looked for, not made again"


def test_a_request_that_never_arrived_is_sent_again_under_the_same_key(gateway, sandbox):
    """D1"""
    sandbox.faults.plan(Fault("hang", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        create_customer(gateway)
    key = intent().idempotency_key
    create_customer(gateway)
    assert count(gateway, "customers") == 1
    assert posts(sandbox, "/v1/customers")[-1]["idempotency_key"] == key


def test_a_worker_that_died_in_between_leaves_nothing_double(gateway):
    """D1"""
    with pytest.raises(KeyboardInterrupt):
        carry_out(
            purpose="customer",
            subject="7",
            parameters={"email": "ada@school.test"},
            gateway=gateway,
            call=lambda key: _die_after(
                lambda: gateway.create_customer(
                    CustomerRequest("ada@school.test", "Ada", "fr", {"lmsm_user": "7"}), key=key
                )
            ),
            result_id=str,
            find=lambda: None,
        )
    assert intent().state == Intent.State.SENT
    create_customer(gateway)
    assert count(gateway, "customers") == 1


def _die_after(act: Callable[[], object]) -> str:
    act()
    raise KeyboardInterrupt


def test_other_parameters_are_another_request(gateway, sandbox):
    """D2: the same key with another body would be refused."""
    sandbox.faults.plan(Fault("hang", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        create_customer(gateway)
    create_customer(gateway, email="ada.lind@school.test")
    keys = [each.idempotency_key for each in Intent.objects.order_by("pk")]
    assert len(keys) == 2
    assert posts(sandbox, "/v1/customers")[-1]["idempotency_key"] == keys[1]
    assert count(gateway, "customers") == 1


def test_an_error_that_stripe_remembered_does_not_block_for_a_day(gateway, sandbox):
    """D3"""
    sandbox.faults.plan(Fault("status", "POST /v1/customers", status=500))
    with pytest.raises(GatewayUnreachable) as caught:
        create_customer(gateway)
    assert caught.value.is_replayed, "the client's second attempt got the remembered error"
    create_customer(gateway)
    assert count(gateway, "customers") == 1


def test_after_a_day_only_a_look_tells_and_then_a_new_key_is_used(gateway, sandbox):
    """D4"""
    sandbox.faults.plan(Fault("hang", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        create_customer(gateway)
    old = intent()
    Intent.objects.update(sent_at=old.sent_at - timedelta(hours=25))
    create_customer(gateway)
    assert count(gateway, "customers") == 1
    assert posts(sandbox, "/v1/customers")[-1]["idempotency_key"] != old.idempotency_key


def test_after_a_day_what_was_made_is_found_and_not_made_again(gateway, sandbox):
    """D4"""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        create_customer(gateway)
    Intent.objects.update(sent_at=intent().sent_at - timedelta(hours=25))
    create_customer(gateway)
    assert count(gateway, "customers") == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (GatewayUnreachable, Intent.State.UNKNOWN),
        (RequestRefused, Intent.State.REFUSED),
        (NotFound, Intent.State.REFUSED),
        (RateLimited, Intent.State.PLANNED),
        (KeyRejected, Intent.State.PLANNED),
    ],
)
def test_each_failure_leaves_the_intent_where_the_next_run_can_go_on(failure, state, gateway):
    def fail(key: str) -> str:
        raise failure

    with pytest.raises(failure):
        carry_out(
            purpose="customer", subject="7", parameters={}, gateway=gateway, call=fail, result_id=str, find=lambda: None
        )
    assert intent().state == state
    assert failure.__name__ in intent().failure
    create_customer(gateway)
    assert Intent.objects.order_by("-pk").first().state == Intent.State.CONFIRMED


def test_a_busy_stripe_is_asked_again_under_the_same_key(gateway, sandbox):
    """D5: nothing was done."""
    sandbox.faults.plan(Fault("status", "POST /v1/customers", status=429))
    with pytest.raises(RateLimited):
        create_customer(gateway)
    create_customer(gateway)
    assert Intent.objects.count() == 1


def test_what_was_taken_away_at_stripe_is_made_again(gateway):
    first = create_customer(gateway)
    gateway.client.v1.customers.delete(first)
    second = create_customer(gateway)
    assert second != first
    assert gateway.customer_exists(second)


def test_another_account_or_mode_is_another_write(gateway):
    class Elsewhere:
        account_id = "acct_other"
        livemode = True

    made = []

    def call(key: str) -> str:
        made.append(key)
        return "x"

    for where in (gateway, Elsewhere()):
        carry_out(purpose="p", subject="s", parameters={}, gateway=where, call=call, result_id=str, find=lambda: None)
    assert len(set(made)) == 2


@pytest.mark.django_db(transaction=True)
def test_stripe_is_never_called_inside_a_transaction(gateway):
    with pytest.raises(RuntimeError), transaction.atomic():
        create_customer(gateway)
    assert not Intent.objects.exists()


# Each creating call of the gateway, with the way to look for what it made (D1: "on each of").
def _product(gateway) -> tuple[Callable[[str], object], Callable[[], object]]:
    request = ProductRequest("lmsm_product", "Studio pass", "", "", {"lmsm_membership": "1"})
    return lambda key: gateway.create_product(request, key=key), lambda: gateway.find_product(request.id)


def _price(gateway) -> tuple[Callable[[str], object], Callable[[], object]]:
    gateway.create_product(ProductRequest("lmsm_product", "Studio pass", "", "", {}), key="setup")
    request = PriceRequest("lmsm_product", Money(1900, "eur"), "month", 1, "lmsm:price", "Monthly", {})
    return lambda key: gateway.create_price(request, key=key), lambda: gateway.find_price("lmsm:price")


def _checkout(gateway) -> tuple[Callable[[str], object], Callable[[], object]]:
    create_price, _find = _price(gateway)
    price = create_price("setup:price")
    customer = gateway.create_customer(CustomerRequest("a@b.test", "", "en", {}), key="setup:customer")
    request = CheckoutRequest(
        price_id=price.id,
        currency="eur",
        recurring=True,
        customer_id=customer,
        success_url="https://school.test/done",
        cancel_url="https://school.test/",
        reference="attempt-1",
        description="Studio pass",
        metadata={},
    )
    return (
        lambda key: gateway.create_checkout(request, key=key),
        lambda: gateway.find_checkout(customer_id=customer, reference="attempt-1"),
    )


@pytest.mark.parametrize(
    ("prepare", "path", "kind"),
    [
        (_product, "/v1/products", "products"),
        (_price, "/v1/prices", "prices"),
        (_checkout, "/v1/checkout/sessions", "checkout.sessions"),
    ],
)
def test_every_kind_of_object_is_made_once_though_the_answer_is_lost(prepare, path, kind, gateway, sandbox):
    """D1"""
    call, find = prepare(gateway)

    def run() -> object:
        return carry_out(
            purpose="test",
            subject="1",
            parameters={},
            gateway=gateway,
            call=call,
            result_id=lambda result: getattr(result, "id", result),
            find=find,
        )

    sandbox.faults.plan(Fault("commit_then_drop", f"POST {path}", count=2))
    with pytest.raises(GatewayFailure):
        run()
    made = run()
    assert getattr(made, "id", made) == Intent.objects.get(purpose="test").result_id
    service = gateway.client.v1
    for part in kind.split("."):
        service = getattr(service, part)
    assert len(service.list({"limit": 100}).data) == 1
