"""Whether everything that the sandbox keeps is in Stripe's shape, nothing is lost to a kill, and buyers do not wait."""

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest
import requests
import stripe

from lms_memberships.sandbox.rendering import render
from tests.sandbox.shop import (
    DECLINED,
    FAILS_LATER,
    NEEDS_PERSON_ALWAYS,
    Shop,
    typed,
)


def live_through_a_lot(shop: Shop) -> None:
    coupon = shop.api.coupons.create({"percent_off": 20, "duration": "repeating", "duration_in_months": 2})
    trial = {"subscription_data": {"trial_period_days": 10}}
    for card in (FAILS_LATER, "4242424242424242"):
        shop.buy(shop.price(), card=card, **trial)
    shop.buy(shop.price(), discounts=[{"coupon": coupon.id}])
    shop.pay(shop.session(shop.price()), DECLINED)
    asked = shop.pay(shop.session(shop.price()), NEEDS_PERSON_ALWAYS)
    shop.sandbox.actions.approve_authentication(asked.authentication_id)
    shop.pay(
        shop.session(shop.price(500, interval=None), customer_creation="always", invoice_creation={"enabled": True})
    )
    shop.api.refunds.create({"charge": shop.api.charges.list().data[0].id, "amount": 100})
    shop.api.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    shop.advance(days=75)
    customer = shop.api.customers.list().data[0]
    shop.sandbox.actions.change_default_card(customer.id, **typed("5555555555554444"))
    shop.api.customers.delete(customer.id)


def test_every_object_and_event_is_in_stripes_shape(contract, shop: Shop):
    live_through_a_lot(shop)
    with shop.sandbox.lock:
        kept = [each for (_, kind, _), each in shop.sandbox.store.walk() if not kind.startswith("_")]
    wrong = {}
    for each in kept:
        said = contract.check_response_object(render(each))
        if said:
            wrong[each["id"], each.get("type", each["object"])] = said
    assert wrong == {}
    assert {each["object"] for each in kept} >= {"discount", "setup_intent", "refund", "invoice_payment", "event"}


def test_two_who_press_pay_at_once_pay_once(shop: Shop):
    session = shop.session(shop.price())
    outcomes = []
    people = [threading.Thread(target=lambda: outcomes.append(shop.pay(session).kind)) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["declined"] * 7 + ["paid"]
    assert len(shop.api.subscriptions.list().data) == 1


@pytest.fixture
def start(tmp_path):
    """The sandbox as its own process."""
    running = []

    def run(port: int) -> subprocess.Popen:
        command = [
            sys.executable,
            "-m",
            "lms_memberships.sandbox",
            "--port",
            str(port),
            "--state",
            str(tmp_path / "s.sqlite3"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert "Stripe sandbox at" in process.stdout.readline()
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.wait(10)
        process.stdout.close()


def test_a_killed_process_has_lost_nothing_that_it_answered(start, make_client):
    port = _free_port()
    process = start(port)
    client = make_client(f"http://127.0.0.1:{port}")
    made = [client.v1.products.create({"name": f"Number {number}"}).id for number in range(20)]
    requests.post(f"http://127.0.0.1:{port}/_sandbox/api/clock", json={"advance": 86400}, timeout=10)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    start(port)
    assert [each.id for each in client.v1.products.list({"limit": 100}).data] == made[::-1]
    assert requests.get(f"http://127.0.0.1:{port}/_sandbox/api/clock", timeout=10).json()["offset"] >= 86400


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_an_interrupted_buyer_can_try_again_with_the_same_key(shop: Shop):
    price = shop.price()
    params = {
        "mode": "subscription",
        "line_items": [{"price": price.id, "quantity": 1}],
        "success_url": "https://school.test/done",
    }
    answers = []

    def ask() -> None:
        try:
            answers.append(shop.api.checkout.sessions.create(params, {"idempotency_key": "attempt-1"}).id)
        except stripe.IdempotencyError as error:
            answers.append(error.code)

    people = [threading.Thread(target=ask) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(shop.api.checkout.sessions.list().data) == 1
    assert len({each for each in answers if each.startswith("cs_")}) == 1
