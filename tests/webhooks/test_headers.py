"""What can the headers of a call do to the intake? Nothing: none of them is stored, and none is believed (A13)."""

import json
import random

import pytest
import stripe
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from lms_memberships.models import WebhookEvent
from lms_memberships.webhooks import receive
from tests.faults.sizes import pick
from tests.webhooks.test_inbox import said
from tests.webhooks_rig import ADDRESS, SECRET

pytestmark = pytest.mark.django_db

SICK = {"id": "sub_gone", "object": "subscription"}


HEADERS = {
    "X-Forwarded-For": [
        "1.2.3.4:5678",
        "[::1]:80",
        "not an address",
        "a" * 65_536,
        "1.2.3.4, 5.6.7.8",
        "\x00",
        "ünicode",
    ],
    "User-Agent": ["", "\x00\x01", "x" * 65_536, "<script>"],
    "Content-Type": ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a/b; charset=nope"],
    "Forwarded": ["for=;;;", "x" * 65_536],
    "Accept-Language": ["xx-" * 2000, "\x00"],
}
ODD = [(name, value) for name, values in HEADERS.items() for value in values]


def post(name: str, value: str) -> HttpResponse:
    """Stripe's call, with one header more."""
    payload = json.dumps(said("customer.subscription.updated", SICK, "evt_odd"))
    headers = {"stripe-signature": stripe.WebhookSignature.generate_signature_header(payload, SECRET)}
    kind = value if name == "Content-Type" else "application/json"
    if name != "Content-Type":
        headers[name] = value
    browser = Client(raise_request_exception=False)
    return browser.generic("POST", ADDRESS, payload, content_type=kind, headers=headers)


@pytest.mark.parametrize(("name", "value"), ODD, ids=range(len(ODD)))
def test_no_header_can_fail_the_intake(name, value, gateway):
    """A13: nothing of them is stored, and nothing of them is believed."""
    assert post(name, value).status_code == 200
    assert WebhookEvent.objects.count() == 1


def test_random_headers_never_are_an_error_of_ours(gateway):
    """A13: fuzz; a broken signature is refused with 400, everything else is taken."""
    chance = random.Random(13)  # noqa: S311 - a fuzz
    payload = json.dumps(said("customer.subscription.updated", SICK, "evt_fuzz"))
    for _time in range(pick(test=40, ci=400, soak=4000)):
        name = chance.choice([*HEADERS, "Stripe-Signature", "Host-Hint", "X-Real-IP"])
        value = "".join(chr(chance.randrange(1, 0x250)) for _letter in range(chance.randrange(60)))
        signature = stripe.WebhookSignature.generate_signature_header(payload, SECRET)
        headers = {"stripe-signature": signature} | ({} if name == "Content-Type" else {name.lower(): value})
        assert Client().generic("POST", ADDRESS, payload, headers=headers).status_code in {200, 400}


# ------------------------------------------------------------------ negative control

#: What others keep of each call: where it came from, and with which program.
KEPT = {
    "X-Forwarded-For": "INSERT INTO callers (address) VALUES (%s)",
    "User-Agent": "INSERT INTO callers (program) VALUES (%s)",
}
TOO_MUCH = [pair for pair in ODD if pair[0] in KEPT and pair not in {("User-Agent", ""), ("User-Agent", "<script>")}]


@pytest.fixture
def keeps_callers(monkeypatch) -> None:
    """The intake notes the caller beside the event, in columns of the obvious types."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE callers (address inet, program varchar(200))")
    body = receive._body

    def note_caller(request: HttpRequest) -> bytes:
        with connection.cursor() as cursor:
            for name, insert in KEPT.items():
                if name in request.headers:
                    cursor.execute(insert, [request.headers[name]])
        return body(request)

    monkeypatch.setattr(receive, "_body", note_caller)


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite takes any text for an address")
@pytest.mark.parametrize(("name", "value"), TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_control_whoever_stores_headers_answers_with_an_error(name, value, gateway, keeps_callers):
    """A13, negative control: Stripe is answered 500 and the event is not noted, for a line that only says whence it came."""
    with transaction.atomic():
        assert post(name, value).status_code == 500
        transaction.set_rollback(True)
    assert not WebhookEvent.objects.exists()
