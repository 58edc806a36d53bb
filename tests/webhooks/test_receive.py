"""Is the door narrow, quick and never ajar? Every call goes to the real address, signed by Stripe's own library."""

import hashlib
import hmac
import json
import time

import pytest
import stripe
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks.exceptions import InvalidTaskError

from lms_memberships.models import WebhookEvent
from lms_memberships.webhooks.handlers import HANDLERS
from tests.webhooks_rig import ADDRESS, SECRET, post_event

pytestmark = pytest.mark.django_db


def event(number: int = 1, **changes: object) -> dict:
    """As Stripe writes them."""
    said = {
        "id": f"evt_{number}",
        "object": "event",
        "type": "customer.subscription.updated",
        "created": int(time.time()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "sub_1", "object": "subscription"}},
    }
    return {**said, **changes}


def post(payload: bytes, signature: str | None, *, client: Client | None = None, address: str = ADDRESS):
    headers = {} if signature is None else {"stripe-signature": signature}
    return (client or Client()).post(address, data=payload, content_type="application/json", headers=headers)


def signed(payload: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    at = at or int(time.time())
    text = b"%d." % at + payload

    return f"t={at},v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


def test_an_event_is_noted_as_a_hint():
    assert post_event(event()).status_code == 200
    row = WebhookEvent.objects.get()
    assert (row.event_id, row.type, row.object_id, row.subscription_id, row.livemode, row.state) == (
        "evt_1",
        "customer.subscription.updated",
        "sub_1",
        "sub_1",
        False,
        "received",
    )


def test_the_same_event_again_is_one_row_and_no_error():
    """A1"""
    for _time in range(5):
        assert post_event(event()).status_code == 200
    assert WebhookEvent.objects.count() == 1


def test_the_same_id_of_another_account_is_another_event(gateway):
    """A1"""
    post_event(event())
    post_event(event(account=gateway.account_id))
    assert WebhookEvent.objects.count() == 2


def test_noting_takes_one_statement():
    """A6: one INSERT, beside beginning and committing it. Once a minute a sign that Stripe called."""
    post_event(event(0))
    with CaptureQueriesContext(connection) as captured:
        post_event(event())
    statements = [query["sql"] for query in captured.captured_queries if query["sql"].split()[0] not in TRANSACTION]
    assert len(statements) == 1, statements
    assert statements[0].startswith("INSERT")


TRANSACTION = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}

FORGED = {
    "no header": lambda body: None,
    "empty": lambda body: "",
    "garbage": lambda body: "t=now,v1=yes",
    "another secret": lambda body: signed(body, secret="whsec_somebody_else"),
    "another body": lambda body: signed(body + b" "),
    "an old scheme only": lambda body: signed(body).replace("v1=", "v0="),
    "not ASCII": lambda body: "t=1,v1=é",
    "of 301 seconds ago": lambda body: signed(body, at=int(time.time()) - 302),
    "of 301 seconds from now": lambda body: signed(body, at=int(time.time()) + 302),
    "of ten years from now": lambda body: signed(body, at=int(time.time()) + 315_360_000),
}


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("kind", FORGED)
def test_what_is_not_proven_is_refused_and_leaves_no_row(kind, debug, settings):
    """S1, S3"""
    settings.DEBUG = debug
    body = json.dumps(event()).encode()
    assert post(body, FORGED[kind](body)).status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("secrets", [None, "", [], [""], [" "], ["whsec_"], [None]])
def test_without_a_secret_nothing_comes_in(secrets, settings):
    """S2"""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = secrets
    body = json.dumps(event()).encode()
    for secret in ("", " ", "whsec_"):
        assert post(body, signed(body, secret=secret)).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_while_the_secret_is_replaced_both_are_good(settings):
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_the_new_one", SECRET]
    assert post_event(event(1)).status_code == 200
    assert post_event(event(2), secret="whsec_the_new_one").status_code == 200
    assert WebhookEvent.objects.count() == 2


def test_a_replay_within_the_window_changes_nothing():
    """S3"""
    body = json.dumps(event()).encode()
    signature = signed(body)
    assert {post(body, signature).status_code for _time in range(50)} == {200}
    assert WebhookEvent.objects.count() == 1


ODD = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a number": b"42",
    "null": b"null",
    "half": b'{"id": "evt_1"',
    "deep": b"[" * 20_000,
    "no type": json.dumps({"object": "event", "id": "evt_1"}).encode(),
    "an id that is none": json.dumps(event(id={"a": 1})).encode(),
    "an id with a line break": json.dumps(event(id="evt_1\n")).encode(),
    "an id that is too long": json.dumps(event(id="evt_" + "x" * 300)).encode(),
    "a year that is none": json.dumps(event(created=10**30)).encode(),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_body_is_refused_even_when_it_is_signed(kind):
    """A15"""
    assert post(ODD[kind], signed(ODD[kind])).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_a_body_of_surprising_parts_is_no_error():
    """A10, A15"""
    for number, data in enumerate(
        [None, [], {"object": None}, {"object": {"id": 5, "object": ["x"]}}, {"object": "x"}]
    ):
        assert post_event(event(number, data=data)).status_code == 200


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 10 * 1024 * 1024])
def test_a_large_body_is_refused_before_it_is_hashed(size):
    """A15: signed or not, the answer is the same."""
    body = b" " * size
    assert post(body, signed(body)).status_code == 413
    assert post(body, None).status_code == 413


def test_a_smaller_limit_of_the_site_is_no_error(settings):
    """A11, A15"""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    body = json.dumps(event()).encode()
    assert post(body, signed(body)).status_code == 413


@pytest.mark.parametrize("number", range(3))
def test_types_that_we_do_not_follow_are_taken_and_forgotten(number):
    """A8"""
    for kind in ("customer.tax_id.created", "issuing_card.created", "a.type.of.the.year.2031", "terminal.reader"):
        assert post_event(event(number, type=kind)).status_code == 200
    thin = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v1.invoice.paid",
        "created": "2026-11-22T12:00:00Z",
        "livemode": False,
        "related_object": {"id": "in_1", "type": "invoice"},
    }
    assert post_event(thin).status_code == 200
    assert not WebhookEvent.objects.exists()


def test_the_other_mode_and_other_accounts_are_taken_and_forgotten(gateway):
    assert post_event(event(1, livemode=True)).status_code == 200
    assert post_event(event(2, account="acct_somebody_else")).status_code == 200
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_only_post_is_answered(method):
    assert getattr(Client(), method)(ADDRESS).status_code == 405


SITES = {
    "as it is": {},
    "sign-in required everywhere": {"MIDDLEWARE": ["django.contrib.auth.middleware.LoginRequiredMiddleware"]},
    "no slash appended": {"APPEND_SLASH": False},
    "atomic requests": {},
    "no languages": {"USE_I18N": False},
}


@pytest.mark.parametrize("slash", ["/", ""])
@pytest.mark.parametrize("site", SITES)
def test_no_setting_of_the_site_breaks_the_door(site, slash, settings, monkeypatch):
    """A11, A14"""
    for name, value in SITES[site].items():
        setattr(settings, name, [*settings.MIDDLEWARE, *value] if name == "MIDDLEWARE" else value)
    if site == "atomic requests":
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    body = json.dumps(event()).encode()
    strict = Client(enforce_csrf_checks=True)
    assert post(body, signed(body), client=strict, address=ADDRESS.rstrip("/") + slash).status_code == 200
    assert WebhookEvent.objects.count() == 1


def test_a_broken_queue_loses_nothing(settings, django_capture_on_commit_callbacks):
    """A5, A6"""
    settings.TASKS = {"default": {"BACKEND": "tests.webhooks.broken.BrokenQueue"}}
    with django_capture_on_commit_callbacks(execute=True):
        assert post_event(event()).status_code == 200
    assert WebhookEvent.objects.get().state == "received"


def test_stripe_and_the_mail_server_are_not_asked_in_the_request(settings, django_capture_on_commit_callbacks):
    """A6, F12: with neither of them there, and a queue that does nothing, the event is taken."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.EMAIL_BACKEND = "tests.webhooks.broken.NoMailServer"
    with django_capture_on_commit_callbacks(execute=True):
        for number, kind in enumerate(HANDLERS):
            assert post_event(event(number, type=kind)).status_code == 200
    assert WebhookEvent.objects.filter(state="received", attempts=0).count() == len(HANDLERS)


def test_the_broken_parts_are_broken():
    """The negative control of the two tests above."""
    from tests.webhooks.broken import BrokenQueue, NoMailServer

    with pytest.raises(InvalidTaskError):
        BrokenQueue("default", {}).enqueue(None, (), {})
    with pytest.raises(ConnectionError):
        NoMailServer().send_messages([])


def test_the_signature_is_the_one_that_stripe_makes():
    body = json.dumps(event())
    theirs = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    at = int(theirs.split(",")[0].removeprefix("t="))
    assert signed(body.encode(), at=at) == theirs
