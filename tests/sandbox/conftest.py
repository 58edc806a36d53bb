"""A sandbox of its own for each test, the real client, and Stripe's description of its API to check both."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox.shop import Shop

STRIPE_DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "stripe"
# 1 February 2027, 12:00 UTC: no month ends nearby.
START = 1801483200


@pytest.fixture(scope="session")
def stripe_contract() -> ModuleType | None:
    """None where Stripe's description of its API is missing."""
    path = STRIPE_DESCRIPTION / "stripe_contract.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("stripe_contract", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def contract(stripe_contract: ModuleType | None) -> ModuleType:
    if stripe_contract is None:
        pytest.skip(f"Stripe's description of its API is not at {STRIPE_DESCRIPTION}")
    return stripe_contract


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock_start=START) as server:
        yield server


@pytest.fixture
def make_client(stripe_contract: ModuleType | None) -> Callable[..., stripe.StripeClient]:
    """A real client; every request it sends and every answer is checked where that can be done."""

    def make(url: str, *, is_checked: bool = True, **options: object) -> stripe.StripeClient:
        inner: stripe.HTTPClient = stripe.RequestsClient(timeout=10)
        if stripe_contract is not None and is_checked:
            inner = stripe_contract.checking_http_client(inner)
        options = {"max_network_retries": 0} | options
        bases = dict.fromkeys(("api", "connect", "files", "meter_events"), url)
        return stripe.StripeClient("sk_test_sandbox", base_addresses=bases, http_client=inner, **options)

    return make


@pytest.fixture
def shop(sandbox: Sandbox, make_client: Callable[..., stripe.StripeClient]) -> Shop:
    return Shop(sandbox, make_client(sandbox.url))
