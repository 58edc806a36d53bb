"""Can anybody but Stripe be heard, and what does it cost us when they try? (S1–S8, T17, L2, L3)"""

import hashlib
import hmac
import json
import logging
import random
import re
import time
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from lms_memberships import signs
from lms_memberships.conf import SETTINGS
from lms_memberships.models import Subscription, WebhookEvent
from lms_memberships.payments.stripe_gateway import notices
from lms_memberships.payments.stripe_gateway.notices import name_of
from lms_memberships.signs import Sign
from lms_memberships.webhooks import refusals
from lms_memberships.webhooks import urls as webhook_urls
from lms_memberships.webhooks.receive import receive
from tests.faults.sizes import SEED, pick
from tests.flows.steps import buy
from tests.webhooks_rig import ADDRESS, SECRET, post_event

pytestmark = pytest.mark.django_db

#: How many forged calls each of the large tests makes.
MANY = pick(test=1_000, ci=10_000, soak=10_000)
#: The same through Django's whole handler, which writes a log of its own.
FLOOD = pick(test=300, ci=10_000, soak=10_000)


def event(**changes: object) -> dict:
    said = {
        "id": "evt_forged",
        "object": "event",
        "type": "customer.subscription.updated",
        "created": int(time.time()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "sub_1", "object": "subscription"}},
    }
    return {**said, **changes}


def signed(payload: bytes, *, secret: str = SECRET, at: int | None = None, scheme: str = "v1") -> str:
    at = int(time.time()) if at is None else at
    return f"t={at},{scheme}={hmac.new(secret.encode(), b'%d.' % at + payload, hashlib.sha256).hexdigest()}"


def post(payload: bytes, signature: str | None, **headers: str) -> HttpResponse:
    given = {} if signature is None else {"stripe-signature": signature}
    return Client().post(ADDRESS, payload, content_type="application/json", headers={**given, **headers})


BODY = json.dumps(event()).encode()
NOW = int(time.time())
#: Fifteen secrets that are none of ours, and other ways to pretend.
SECRETS = ("", " ", "whsec_", "whsec_test", "sk_test_memberships", "whsec_sandbox ", "WHSEC_SANDBOX", "whsec_sandbo")
HEADERS: dict[str, Callable[[], str | None]] = {
    "no header": lambda: None,
    "empty": lambda: "",
    "a blank": lambda: " ",
    "only a time": lambda: f"t={int(time.time())}",
    "only a signature": lambda: signed(BODY).partition(",")[2],
    "an empty signature": lambda: f"t={int(time.time())},v1=",
    "v0 alone": lambda: signed(BODY, scheme="v0"),
    "v2": lambda: signed(BODY, scheme="v2"),
    "a time of words": lambda: "t=now," + signed(BODY).partition(",")[2],
    "a time of 5,000 digits": lambda: "t=" + "9" * 5000 + "," + signed(BODY).partition(",")[2],
    "a time that is negative": lambda: signed(BODY, at=-1),
    "a time without its number": lambda: "t," + signed(BODY).partition(",")[2],
    "two times, the first one old": lambda: f"t={NOW - 900}," + signed(BODY),
    "two times, the second one old": lambda: signed(BODY).replace(",", f",t={NOW - 900},").replace("t=", "t=1", 1),
    "301 seconds old": lambda: signed(BODY, at=int(time.time()) - 302),
    "301 seconds ahead": lambda: signed(BODY, at=int(time.time()) + 302),
    "ten years ahead": lambda: signed(BODY, at=int(time.time()) + 315_360_000),
    "another body": lambda: signed(BODY + b"\n"),
    "half of the signature": lambda: signed(BODY)[:-32],
    "upper case": lambda: signed(BODY).upper(),
    "a SHA-1": lambda: f"t={int(time.time())},v1={hashlib.sha1(BODY).hexdigest()}",  # noqa: S324 - what a forger might try
    "a hash without a secret": lambda: f"t={int(time.time())},v1={hashlib.sha256(BODY).hexdigest()}",
    "not ASCII": lambda: f"t={int(time.time())},v1=é",
    "Stripe's own words": lambda: "Stripe-Signature: verified",
    "JSON": lambda: '{"t": 1, "v1": "x"}',
    "true": lambda: "true",
    "an asterisk": lambda: "*",
    **{f"the secret {secret!r}": lambda secret=secret: signed(BODY, secret=secret) for secret in SECRETS},
}
#: Signed with a secret that the call itself brings along, as others' debugging aids honoured (S5).
OVERRIDES = (
    "x-djstripe-webhook-secret",
    "x-webhook-secret",
    "stripe-webhook-secret",
    "x-stripe-secret",
    "x-lms-memberships-webhook-secret",
)


@pytest.mark.parametrize("debug", [True, False])
def test_forty_forged_calls_open_nothing(debug, settings):
    """S1, S2, S3, S5: with DEBUG on and off, whatever header the call brings."""
    settings.DEBUG = debug
    assert len(HEADERS) + len(OVERRIDES) == 40
    answers = {name: post(BODY, header()).status_code for name, header in HEADERS.items()}
    for name in OVERRIDES:
        mine = "whsec_i_brought_it_along"
        answers[name] = post(BODY, signed(BODY, secret=mine), **{name: mine}).status_code
    assert {name: code for name, code in answers.items() if code != 400} == {}
    assert not WebhookEvent.objects.exists()
    assert post(BODY, signed(BODY)).status_code == 200, "the negative control: the same call, well signed"


def test_there_is_no_other_way_in():
    """S1: one view answers, at the two forms of its address, and no setting of ours turns its look away."""
    assert {pattern.callback for pattern in webhook_urls.urlpatterns} == {receive}
    assert [name for name in SETTINGS if re.search("VERIF|TOLERANCE|VALIDAT|SKIP|INSECURE", name)] == []


def forge(chance: random.Random) -> tuple[bytes, str]:
    """A call that differs from a true one in something: a bit of its body, time, header or secret."""
    body = bytearray(json.dumps(event(id=f"evt_{chance.getrandbits(64)}")).encode())
    good = signed(bytes(body))
    match chance.randrange(6):
        case 0:
            place = chance.randrange(len(body))
            body[place] ^= 1 << chance.randrange(8)
            return bytes(body), good
        case 1:
            place = chance.randrange(good.index("v1=") + 3, len(good))
            return bytes(body), good[:place] + chance.choice("ghijkz") + good[place + 1 :]
        case 2:
            return bytes(body), signed(
                bytes(body), at=int(time.time()) + chance.choice((-1, 1)) * chance.randrange(302, 10**9)
            )
        case 3:
            return bytes(body), signed(bytes(body), secret=f"whsec_{chance.getrandbits(128):x}")
        case 4:
            return chance.randbytes(chance.randrange(400)), good
        case _:
            noise = "".join(chance.choice("tv1=,0 9afé\x7f") for _letter in range(chance.randrange(80)))
            return bytes(body), noise


def test_no_fuzzed_forgery_is_accepted():
    """T17: 0 accepted, 0 rows."""
    chance, call = random.Random(SEED), RequestFactory()  # noqa: S311 - reproducible noise
    accepted = []
    for _number in range(MANY):
        payload, signature = forge(chance)
        answer = receive(
            call.post(ADDRESS, payload, content_type="application/json", headers={"stripe-signature": signature})
        )
        if answer.status_code != 400:
            accepted.append((payload, signature, answer.status_code))
    assert accepted == []
    assert not WebhookEvent.objects.exists()


def test_the_fuzzer_forges_what_would_be_believed(monkeypatch):
    """The negative control of the test above: without the verifier most of them would come in."""
    monkeypatch.setattr(notices, "_verify", lambda payload, signature, secrets: secrets[0])
    chance, call = random.Random(SEED), RequestFactory()  # noqa: S311 - reproducible noise
    codes = []
    for _number in range(60):
        payload, signature = forge(chance)
        codes.append(
            receive(
                call.post(ADDRESS, payload, content_type="application/json", headers={"stripe-signature": signature})
            ).status_code
        )
    assert codes.count(200) > 20


def flood(count: int) -> set[int]:
    body, window = BODY, Client()
    header = signed(body, secret="whsec_somebody_else")
    return {
        window.post(ADDRESS, body, content_type="application/json", headers={"stripe-signature": header}).status_code
        for _number in range(count)
    }


def test_a_flood_of_forgeries_leaves_a_number_and_a_line(caplog):
    """S6: 10,000 invalid posts: one counter, one line in a minute, Django's own line included."""
    with caplog.at_level(logging.DEBUG), CaptureQueriesContext(database) as captured:
        assert flood(FLOOD) == {400}
    assert not WebhookEvent.objects.exists()
    assert len(captured) < 10
    assert Sign.objects.get().name == refusals.INVALID
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1, lines[:3]
    assert post_event(event()).status_code == 200, "and Stripe itself is heard, from the same address"


def test_without_the_pause_a_flood_fills_database_and_log(caplog, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(signs.notebook, "take", lambda name, every: 1)
    monkeypatch.setattr(refusals, "quietly", lambda status: HttpResponse(status=status))
    with CaptureQueriesContext(database) as captured:
        assert flood(20) == {400}
    assert len(captured) >= 20
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 40


def test_an_address_that_forges_too_much_is_not_hashed_for():
    """S6: what it dates wrongly is refused at a glance; what may be Stripe's never is."""
    old = signed(BODY, at=int(time.time()) - 900)
    assert post(BODY, old).status_code == 400
    assert set(signs.seen_under("webhook.")) == {refusals.OUT_OF_TIME}, "hashed: well signed, only old"
    flood(refusals.BURST + 5)
    signs.notebook.clear()
    Sign.objects.all().delete()
    assert post(BODY, old).status_code == 400
    assert set(signs.seen_under("webhook.")) == {refusals.INVALID}, "not hashed: nobody knows how it was signed"
    assert post(BODY, signed(BODY)).status_code == 200


def test_the_addresses_that_are_remembered_are_few():
    """S6: a flood from everywhere costs no memory."""
    for number in range(refusals.MOST_ADDRESSES * 2):
        refusals.buckets.take(f"10.0.{number // 256}.{number % 256}")
    assert len(refusals.buckets._left) == refusals.MOST_ADDRESSES


def test_both_signatures_of_a_rolled_secret_are_looked_at(settings):
    """S4: Stripe signs with the old and the new for a day; either is enough, and it is noted which was."""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_the_new_one"]
    both = signed(BODY, secret=SECRET) + "," + signed(BODY, secret="whsec_the_new_one").partition(",")[2]
    assert post(BODY, both).status_code == 200
    assert set(signs.seen_under("webhook.secret.")) == {f"webhook.secret.{name_of('whsec_the_new_one')}"}
    assert post(BODY, signed(BODY, secret=SECRET)).status_code == 400, "a secret that was removed proves nothing"
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_the_new_one", SECRET]
    assert post(BODY, signed(BODY, secret=SECRET)).status_code == 200
    assert len(signs.seen_under("webhook.secret.")) == 2
    assert SECRET not in str(list(Sign.objects.values())), "by a name that does not say it"


# --------------------------------------------------------------------------------------------- whose event, which mode
@pytest.fixture
def ended_elsewhere(gateway, membership, student, client_for, sandbox) -> tuple[dict, Subscription]:
    """A running membership here; and in somebody else's account an object with the same id that has ended."""
    buy(client_for(student), membership)
    here = Subscription.objects.get()
    theirs = sandbox.actions.connect_account("acct_theirs")["id"]
    found = sandbox.store.one("subscription", here.stripe_id, account=sandbox.account_id)
    ended = {**found, "status": "canceled", "ended_at": int(time.time())}
    sandbox.store.commit({(theirs, "subscription", here.stripe_id): ended})
    said = event(
        type="customer.subscription.deleted", data={"object": {"id": here.stripe_id, "object": "subscription"}}
    )
    return said, here


def test_an_event_of_another_account_touches_nothing_of_ours(ended_elsewhere, sandbox, now):
    """L2, S8: the same ids in two accounts, cross-delivered; metadata may name what it likes."""
    said, here = ended_elsewhere
    metadata = {"lms_membership": str(here.membership.uuid)}
    theirs = {**said, "account": "acct_theirs", "data": {"object": {**said["data"]["object"], "metadata": metadata}}}
    before = len(sandbox.requests.all())
    assert post_event(theirs).status_code == 200
    call_command("memberships_drain", verbosity=0)
    assert not WebhookEvent.objects.exists()
    assert len(sandbox.requests.all()) == before, "nothing is even read"
    assert Subscription.objects.get().is_live(now)


def test_an_event_of_our_own_account_is_read_in_our_own_account(ended_elsewhere, now):
    """L2: the object that is read is ours, which runs, whatever the other account's of that name does."""
    said, _here = ended_elsewhere
    assert post_event(said).status_code == 200
    call_command("memberships_drain", verbosity=0)
    assert WebhookEvent.objects.get().state == "done"
    assert Subscription.objects.get().is_live(now)


def test_the_same_event_does_end_what_really_ended(ended_elsewhere, sandbox, now):
    """The negative control of the two tests above: the event works where the object did end."""
    said, here = ended_elsewhere
    ours = sandbox.store.one("subscription", here.stripe_id, account=sandbox.account_id)
    # In the second of ``now``: another may have begun meanwhile.
    ended = {**ours, "status": "canceled", "ended_at": int(now.timestamp())}
    sandbox.store.commit({(sandbox.account_id, "subscription", here.stripe_id): ended})
    post_event(said)
    call_command("memberships_drain", verbosity=0)
    assert not Subscription.objects.get().is_live(now)


@pytest.mark.parametrize(
    "kind", ["customer.subscription.updated", "checkout.session.completed", "invoice.paid", "nothing"]
)
def test_a_test_event_at_a_live_connection_has_no_effect(kind, settings, caplog):
    """S7, L3: looked at before anything else, told once a minute, and Stripe is content."""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_live_" + "x" * 20
    for number in range(20):
        assert post_event(event(id=f"evt_{number}", type=kind, livemode=False)).status_code == 200
    assert not WebhookEvent.objects.exists()
    assert len([record for record in caplog.records if "ignored" in record.getMessage()]) == 1
    assert post_event(event(id="evt_live", livemode=True)).status_code == 200
    assert [row.event_id for row in WebhookEvent.objects.all()] == ["evt_live"]
