"""Whether the sandbox takes no parameter that Stripe does not have, and refuses what Stripe's description refuses."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lms_memberships.sandbox import params, rules
from lms_memberships.sandbox.errors import ApiError
from lms_memberships.sandbox.parameters import ENDPOINTS, Endpoint, Field
from lms_memberships.sandbox.rendering import check_paths

STRIPE_DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "stripe"
SAMPLES = {
    "string": "x",
    "text": "x",
    "integer": "1",
    "time": "1801483200",
    "range": "1801483200",
    "number": "1.5",
    "decimal": "1.5",
    "boolean": "true",
    "event_type": "invoice.paid",
}


@pytest.fixture(scope="module")
def contract() -> ModuleType:
    path = STRIPE_DESCRIPTION / "stripe_contract.py"
    if not path.exists():
        pytest.skip(f"Stripe's description of its API is not at {STRIPE_DESCRIPTION}")
    spec = importlib.util.spec_from_file_location("stripe_contract", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def path_of(endpoint: Endpoint) -> str:
    return re.sub(r"\{\w+\}", "obj_1", endpoint.path)


def samples(fields: dict[str, Field], prefix: str = "") -> Iterator[tuple[str, str]]:
    """One form field for each value of each parameter of a table."""
    for field in fields.values():
        name = f"{prefix}[{field.name}]" if prefix else field.name
        places = {"array": f"{name}[0]", "map": f"{name}[eur]"}
        place = places.get(field.shape, name)
        for kind in field.types:
            if kind == "metadata":
                yield f"{place}[key]", "value"
            else:
                yield place, SAMPLES.get(re.sub(r"<\d+>$", "", kind), kind)
        if field.can_unset:
            yield name, ""
        yield from samples(field.fields, place)


def table_refuses(endpoint: Endpoint, pairs: list[tuple[str, str]]) -> bool:
    try:
        found = params.check(endpoint.fields, params.decode(pairs))
        rules.check(endpoint.name, found)
    except ApiError:
        return True
    return False


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_every_parameter_that_the_sandbox_takes_is_stripes(contract: ModuleType, endpoint: Endpoint):
    wrong = []
    for pair in samples(endpoint.fields):
        found = contract.check_request(endpoint.method, path_of(endpoint), [pair], semantics=False, expand=False)
        wrong += [(pair, each) for each in found if not each.startswith(("missing required", "limit"))]
    assert wrong == []


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_what_stripe_needs_the_sandbox_needs(contract: ModuleType, endpoint: Endpoint):
    needed = contract.check_request(endpoint.method, path_of(endpoint), [], semantics=False)
    names = [each.removeprefix("missing required: ") for each in needed]
    assert all(endpoint.fields[name].is_required for name in names)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_wrong_values_are_refused_wherever_stripe_refuses_them(contract: ModuleType, endpoint: Endpoint):
    """Each parameter in turn: empty, nonsense, too long, a hash, milliseconds."""
    taken = []
    for name, _ in samples(endpoint.fields):
        for pair in (
            (name, ""),
            (name, "nonsense ✗"),
            (name, "x" * 5001),
            (f"{name}[a][b]", "1"),
            (name, "18014832000000"),
        ):
            said = contract.check_request(endpoint.method, path_of(endpoint), [pair], expand=False, semantics=False)
            if any(not each.startswith("missing") for each in said) and _is_taken(endpoint, pair):
                taken.append((pair[0], pair[1][:20], said[0]))
    assert taken == []


def _is_taken(endpoint: Endpoint, pair: tuple[str, str]) -> bool:
    try:
        tree = params.decode([pair])
        params.check(_without_requirements(endpoint.fields), tree)
    except ApiError:
        return False
    return True


def _without_requirements(fields: dict[str, Field]) -> dict[str, Field]:
    return {
        name: Field(name, each.shape, each.types, False, each.can_unset, _without_requirements(each.fields))
        for name, each in fields.items()
    }


def test_a_removed_parameter_is_refused_by_name():
    endpoint = next(each for each in ENDPOINTS if each.name == "POST /v1/checkout/sessions")
    with pytest.raises(ApiError) as refusal:
        params.check(endpoint.fields, params.decode([("payment_method_types[0]", "card")]))
    assert refusal.value.code == "payment_method_types_no_longer_supported"


SESSION = {
    "mode": "subscription",
    "success_url": "https://x.test",
    "line_items[0][price]": "p",
    "line_items[0][quantity]": "1",
}
PAYMENT = SESSION | {"mode": "payment"}
PHASE = {
    "phases[0][items][0][price]": "p",
    "phases[0][start_date]": "1801483100",
    "phases[0][duration][interval]": "month",
}
# Rules that Stripe states in words: each of these is refused by the checker too.
BREAKING = [
    ("POST /v1/prices", {"currency": "eur", "unit_amount": "1"}),
    ("POST /v1/prices", {"currency": "eur", "product": "p"}),
    ("POST /v1/prices", {"currency": "eur", "product": "p", "unit_amount": "1", "unit_amount_decimal": "1"}),
    ("POST /v1/prices", {"currency": "eur", "product": "p", "product_data[name]": "x", "unit_amount": "1"}),
    ("POST /v1/coupons", {"duration": "once"}),
    ("POST /v1/coupons", {"percent_off": "5", "amount_off": "5", "currency": "eur"}),
    ("POST /v1/coupons", {"amount_off": "5"}),
    ("POST /v1/coupons", {"percent_off": "5", "duration": "repeating"}),
    ("POST /v1/promotion_codes", {"promotion[type]": "coupon"}),
    ("POST /v1/promotion_codes", {"promotion[type]": "coupon", "promotion[coupon]": "c", "code": "a b"}),
    ("POST /v1/checkout/sessions", SESSION | {"allow_promotion_codes": "true", "discounts[0][coupon]": "c"}),
    ("POST /v1/checkout/sessions", SESSION | {"customer": "c", "customer_email": "a@x.test"}),
    ("POST /v1/checkout/sessions", {key: value for key, value in SESSION.items() if key != "success_url"}),
    ("POST /v1/checkout/sessions", {"mode": "subscription", "success_url": "https://x.test"}),
    ("POST /v1/checkout/sessions", SESSION | {"success_url": "/done"}),
    ("POST /v1/checkout/sessions", SESSION | {"customer_creation": "always"}),
    ("POST /v1/checkout/sessions", SESSION | {"payment_intent_data[description]": "x"}),
    ("POST /v1/checkout/sessions", SESSION | {"invoice_creation[enabled]": "true"}),
    ("POST /v1/checkout/sessions", PAYMENT | {"subscription_data[description]": "x"}),
    ("POST /v1/checkout/sessions", PAYMENT | {"payment_method_collection": "always"}),
    ("POST /v1/checkout/sessions", SESSION | {"subscription_data[trial_period_days]": "731"}),
    (
        "POST /v1/checkout/sessions",
        SESSION | {"subscription_data[trial_settings][end_behavior][missing_payment_method]": "cancel"},
    ),
    ("POST /v1/checkout/sessions", SESSION | {"line_items[0][price_data][currency]": "eur"}),
    ("POST /v1/subscriptions", {"items[0][price]": "p"}),
    ("POST /v1/subscriptions", {"customer": "c"}),
    ("POST /v1/subscriptions", {"customer": "c", "items[0][price]": "p", "collection_method": "send_invoice"}),
    ("POST /v1/subscriptions", {"customer": "c", "items[0][price]": "p", "trial_end": "now", "trial_period_days": "3"}),
    ("POST /v1/subscriptions/{subscription_exposed_id}", {"cancel_at": "1801483200", "cancel_at_period_end": "true"}),
    (
        "POST /v1/subscriptions/{subscription_exposed_id}",
        {"payment_behavior": "pending_if_incomplete", "metadata[a]": "b"},
    ),
    ("POST /v1/subscription_schedules", {"from_subscription": "sub_1", "end_behavior": "cancel"}),
    ("POST /v1/subscription_schedules/{schedule}", {"phases[0][items][0][price]": "p"}),
    ("POST /v1/subscription_schedules/{schedule}", PHASE | {"phases[0][end_date]": "1801483200"}),
    ("POST /v1/invoices/create_preview", {}),
    ("POST /v1/refunds", {"amount": "5"}),
    ("GET /v1/products", {"limit": "0"}),
    ("GET /v1/products", {"limit": "101"}),
    ("GET /v1/products", {"starting_after": "a", "ending_before": "b"}),
]


@pytest.mark.parametrize(("name", "form"), BREAKING)
def test_rules_in_words_are_kept(contract: ModuleType, name: str, form: dict[str, str]):
    endpoint = next(each for each in ENDPOINTS if each.name == name)
    assert contract.check_request(endpoint.method, path_of(endpoint), form) != []
    assert table_refuses(endpoint, list(form.items()))


EXPANSIONS = {
    "GET /v1/subscriptions/{subscription_exposed_id}": (
        "subscription",
        ["items.data.price.product", "latest_invoice", "latest_invoice.payments", "discounts", "schedule", "customer"],
    ),
    "GET /v1/checkout/sessions/{session}": (
        "checkout.session",
        ["subscription", "line_items", "subscription.latest_invoice", "payment_intent.latest_charge", "customer"],
    ),
    "GET /v1/invoices": ("[invoice]", ["data.payments", "data.customer", "data.payments.data.payment.payment_intent"]),
    "GET /v1/prices": ("[price]", ["data.product", "data.currency_options"]),
    "GET /v1/promotion_codes": ("[promotion_code]", ["data.promotion.coupon"]),
}


@pytest.mark.parametrize(("name", "kind", "path"), [(n, k, p) for n, (k, paths) in EXPANSIONS.items() for p in paths])
def test_what_stripe_expands_the_sandbox_expands(contract: ModuleType, name: str, kind: str, path: str):
    endpoint = next(each for each in ENDPOINTS if each.name == name)
    said = contract.check_request(endpoint.method, path_of(endpoint), {"expand[]": path})
    if len(path.split(".")) > 4:
        assert said
        with pytest.raises(ApiError):
            check_paths(kind, [path])
    else:
        assert said == []
        check_paths(kind, [path])
