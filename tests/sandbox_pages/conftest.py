"""What do these tests share? A sandbox of their own, a receiver of webhooks, a shop with one thing to sell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.visitor import Visitor

SECRET = "whsec_of_these_tests"
SUCCESS = "http://seller.test/done?session={CHECKOUT_SESSION_ID}"
CANCEL = "http://seller.test/gold"


class Receiver:
    """A seller's webhook address: keeps what comes, answers as told."""

    def __init__(self) -> None:
        self.letters: list[tuple[dict[str, str], str]] = []
        # Taken one by one, the first for the first letter; 200 when there are none left.
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.letters.append((dict(self.headers.items()), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hooks/?from=sandbox"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    with Sandbox(webhook_url=receiver.url, webhook_secret=SECRET) as running:
        running.deliveries.delays = (0.05,) * 20
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_pages", base_addresses={"api": sandbox.url}, max_network_retries=0)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def price(api: stripe.StripeClient) -> stripe.Price:
    """19 euros a month."""
    product = api.v1.products.create({"name": "Gold membership", "description": "All courses"})
    recurring = {"interval": "month"}
    return api.v1.prices.create({"product": product.id, "currency": "eur", "unit_amount": 1900, "recurring": recurring})


OpenCheckout = Callable[..., stripe.checkout.Session]


@pytest.fixture
def checkout(api: stripe.StripeClient, price: stripe.Price) -> OpenCheckout:
    """A session for the membership; other parameters as given."""

    def create(**params: object) -> stripe.checkout.Session:
        usual = {
            "mode": "subscription",
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": SUCCESS,
            "cancel_url": CANCEL,
        }
        return api.v1.checkout.sessions.create({**usual, **params})

    return create


def card(number: str = "4242 4242 4242 4242", **others: str) -> dict[str, str]:
    """What a person types."""
    return {"name": "Ana Lind", "card_number": number, "expiry": "12 / 34", "cvc": "123", **others}
