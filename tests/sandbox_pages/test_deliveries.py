"""Are webhooks signed, sent, tried again, and held back when told so?"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import SECRET, Receiver


def _events(receiver: Receiver) -> list[dict]:
    return [json.loads(body) for _, body in receiver.letters]


def _types(receiver: Receiver) -> list[str]:
    return [event["type"] for event in _events(receiver)]


def test_a_webhook_is_signed_as_stripe_signs(api, sandbox: Sandbox, receiver: Receiver):
    customer = api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    headers, body = receiver.letters[0]
    assert stripe.WebhookSignature.verify_header(body, headers["Stripe-Signature"], SECRET, 300)
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)
    assert (event.type, event.data.object.id) == ("customer.created", customer.id)
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["User-Agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body + " ", headers["Stripe-Signature"], SECRET, 300)


def test_the_signature_bears_real_time_whatever_the_sandboxs_clock_says(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.actions.advance_clock(seconds=90 * 24 * 3600)
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    headers, body = receiver.letters[-1]
    assert abs(int(headers["Stripe-Signature"].partition(",")[0][2:]) - time.time()) < 60
    assert json.loads(body)["created"] - time.time() > 89 * 24 * 3600


def test_a_refused_webhook_comes_again(api, sandbox: Sandbox, receiver: Receiver):
    receiver.answers = [500, 302, 404]
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    assert len({event["id"] for event in _events(receiver)}) == 1
    delivery = sandbox.deliveries.all()[0]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 404, 200]
    assert delivery["status"] == "delivered"


def test_an_event_knows_how_many_have_not_taken_it(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.delays = (1.5,)
    receiver.answers = [500]
    api.v1.customers.create({"email": "ana@school.test"})
    _wait_for(lambda: receiver.letters)
    event_id = _events(receiver)[0]["id"]
    assert api.v1.events.retrieve(event_id).pending_webhooks == 1
    assert sandbox.deliveries.drain(5)
    assert api.v1.events.retrieve(event_id).pending_webhooks == 0


def test_nobody_there_is_a_failed_attempt(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.delays = ()
    receiver.close()
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    delivery = sandbox.deliveries.all()[0]
    assert delivery["status"] == "failed"
    assert "ConnectionRefused" in delivery["attempts"][0]["error"]


def test_waiting_between_tries_grows(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.delays = (0.05, 40.0)
    receiver.answers = [500, 500]
    api.v1.customers.create({"email": "ana@school.test"})
    _wait_for(lambda: len(sandbox.deliveries.all()[0]["attempts"]) == 2)
    delivery = sandbox.deliveries.all()[0]
    assert 35 < delivery["next_at"] - time.time() < 41
    assert not sandbox.deliveries.drain(0.1)


def test_trying_ends_after_three_days(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.delays = (4 * 24 * 3600.0,)
    receiver.answers = [500]
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    assert sandbox.deliveries.all()[0]["status"] == "failed"


def test_an_event_can_be_sent_again(api, sandbox: Sandbox, receiver: Receiver):
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    event_id = _events(receiver)[0]["id"]
    assert sandbox.deliveries.resend(event_id) == 1
    assert sandbox.deliveries.drain(5)
    assert [event["id"] for event in _events(receiver)] == [event_id, event_id]
    assert sandbox.deliveries.resend("evt_nothing") == 0


def test_withheld_webhooks_wait_for_a_word(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.mode = "withhold"
    for name in ("first", "second"):
        api.v1.customers.create({"email": f"{name}@school.test"})
    assert sandbox.deliveries.drain(5)
    assert receiver.letters == []
    latest = api.v1.events.list({"limit": 1}).data[0].id
    sandbox.deliveries.resend(latest)
    assert sandbox.deliveries.drain(5)
    assert [event["id"] for event in _events(receiver)] == [latest]
    sandbox.deliveries.mode = "deliver"
    assert sandbox.deliveries.drain(5)
    assert _types(receiver) == ["customer.created"] * 3


def test_webhooks_can_be_doubled(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.mode = "duplicate"
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    assert len(receiver.letters) == 2
    assert len({event["id"] for event in _events(receiver)}) == 1
    assert api.v1.events.list().data[0].pending_webhooks == 0


def test_webhooks_can_overtake_each_other(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.deliveries.mode = "shuffle"
    for number in range(20):
        api.v1.customers.create({"email": f"{number}@school.test"})
    assert sandbox.deliveries.drain(5)
    order = [int(event["data"]["object"]["email"].partition("@")[0]) for event in _events(receiver)]
    assert sorted(order) == list(range(20))
    assert order != sorted(order)


def test_an_endpoint_gets_only_what_it_asked_for(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.webhook_url = None
    endpoint = api.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["product.created"]})
    api.v1.customers.create({"email": "ana@school.test"})
    api.v1.products.create({"name": "Gold"})
    assert sandbox.deliveries.drain(5)
    assert _types(receiver) == ["product.created"]
    headers, body = receiver.letters[0]
    assert stripe.WebhookSignature.verify_header(body, headers["Stripe-Signature"], endpoint.secret, 300)


def test_a_disabled_endpoint_gets_nothing(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.webhook_url = None
    endpoint = api.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    api.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    assert receiver.letters == []


def test_an_endpoint_that_is_gone_is_owed_nothing(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.webhook_url = None
    endpoint = api.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    sandbox.deliveries.mode = "withhold"
    api.v1.customers.create({"email": "ana@school.test"})
    api.v1.webhook_endpoints.delete(endpoint.id)
    sandbox.deliveries.mode = "deliver"
    assert sandbox.deliveries.drain(5)
    assert receiver.letters == []
    assert sandbox.deliveries.all()[0]["status"] == "failed"


def test_a_connected_accounts_events_go_to_those_who_listen_to_them(api, sandbox: Sandbox, receiver: Receiver):
    sandbox.webhook_url = None
    sandbox.actions.connect_account("acct_school")
    theirs, platform = {"stripe_account": "acct_school"}, {"url": receiver.url, "enabled_events": ["customer.created"]}
    api.v1.webhook_endpoints.create(platform)
    api.v1.customers.create({"email": "ana@school.test"}, theirs)
    assert sandbox.deliveries.drain(5)
    assert receiver.letters == []
    api.v1.webhook_endpoints.create({**platform, "connect": True})
    api.v1.customers.create({"email": "bea@school.test"}, theirs)
    assert sandbox.deliveries.drain(5)
    assert [event["account"] for event in _events(receiver)] == ["acct_school"]


def test_what_is_owed_survives_a_restart(receiver: Receiver, tmp_path: Path):
    file = tmp_path / "state.db"
    with Sandbox(state_file=file, webhook_url=receiver.url, webhook_secret=SECRET) as first:
        first.deliveries.mode = "withhold"
        client = stripe.StripeClient("sk_test_pages", base_addresses={"api": first.url})
        client.v1.customers.create({"email": "ana@school.test"})
    with Sandbox(state_file=file, webhook_url=receiver.url, webhook_secret=SECRET) as second:
        assert second.deliveries.mode == "withhold"
        second.deliveries.mode = "deliver"
        assert second.deliveries.drain(5)
        assert _types(receiver) == ["customer.created"]
        assert second.deliveries.all()[0]["status"] == "delivered"


def test_the_engine_answers_while_a_receiver_hangs(api, sandbox: Sandbox, receiver: Receiver):
    """Sending never holds the engine's lock: the receiver asks the API before it answers."""
    seen = []

    class Asking(list):
        def append(self, letter):
            seen.append(api.v1.customers.list().data[0].email)
            super().append(letter)

    receiver.letters = Asking()
    api.v1.customers.create({"email": "ana@school.test"})
    assert sandbox.deliveries.drain(5)
    assert seen == ["ana@school.test"]


def test_an_unknown_mode_is_refused(sandbox: Sandbox):
    with pytest.raises(ValueError, match="Unknown mode"):
        sandbox.deliveries.mode = "whisper"


def _wait_for(happened, seconds: float = 5.0) -> None:
    until = time.time() + seconds
    while not happened():
        assert time.time() < until, "it did not happen"
        time.sleep(0.02)
