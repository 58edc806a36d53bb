"""Is a webhook call believed only when it is Stripe's, fresh, and an event?"""

import hashlib
import hmac
import json
import time

import pytest
import stripe

from lms_memberships.payments.gateway import BadSignature
from lms_memberships.payments.stripe_gateway.notices import Malformed, parse_notice, usable

SECRET = "whsec_one_of_ours"
EVENT = {
    "object": "event",
    "id": "evt_1",
    "type": "customer.subscription.updated",
    "livemode": False,
    "api_version": "2026-10-28.endive",
    "created": 1_795_000_000,
    "data": {"object": {"object": "subscription", "id": "sub_1", "status": "active"}},
}


def signed(payload: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    """Signed by hand over raw bytes: the SDK's own signer takes texts only."""
    timestamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def body(event: object = EVENT) -> bytes:
    return json.dumps(event).encode()


def event_about(subject: object, **more: object) -> bytes:
    return body({**EVENT, "data": {"object": subject}, **more})


def read(payload: bytes, *, secrets: object = (SECRET,), signature: str | None = None):
    return parse_notice(payload, signed(payload) if signature is None else signature, secrets=secrets)


def test_a_signed_event_says_which_object_to_read_again():
    notice = read(body())
    assert (notice.id, notice.type) == ("evt_1", "customer.subscription.updated")
    assert (notice.object_type, notice.object_id, notice.subscription_id) == ("subscription", "sub_1", "sub_1")
    assert notice.livemode is False
    assert notice.account_id == ""
    assert notice.api_version == "2026-10-28.endive"
    assert notice.created_at.timestamp() == EVENT["created"]


def test_what_stripes_own_library_signs_is_believed():
    payload = body()
    header = stripe.WebhookSignature.generate_signature_header(payload.decode(), SECRET)
    assert read(payload, signature=header).id == "evt_1"


def test_an_event_of_a_connected_account_names_it():
    assert read(body({**EVENT, "account": "acct_9", "livemode": True})).account_id == "acct_9"
    assert read(body({**EVENT, "livemode": True})).livemode is True


@pytest.mark.parametrize(
    ("subject", "subscription_id"),
    [
        ({"object": "invoice", "id": "in_1", "parent": {"subscription_details": {"subscription": "sub_2"}}}, "sub_2"),
        # Endpoints made years ago still send the old shape (A10).
        ({"object": "invoice", "id": "in_1", "subscription": "sub_3"}, "sub_3"),
        ({"object": "invoice", "id": "in_1", "parent": None}, ""),
        ({"object": "checkout.session", "id": "cs_1", "subscription": "sub_4"}, "sub_4"),
        (
            {"object": "checkout.session", "id": "cs_1", "subscription": {"object": "subscription", "id": "sub_5"}},
            "sub_5",
        ),
        ({"object": "checkout.session", "id": "cs_1", "subscription": None}, ""),
        ({"object": "customer", "id": "cus_1"}, ""),
    ],
)
def test_an_event_says_to_which_subscription_its_object_belongs(subject, subscription_id):
    assert read(event_about(subject)).subscription_id == subscription_id


FORGED = {
    "no header": lambda payload: "",
    "another secret": lambda payload: signed(payload, secret="whsec_somebody_elses"),
    "another body": lambda payload: signed(payload + b" "),
    "another moment": lambda payload: signed(payload).replace("t=", "t=1"),
    "only the old scheme": lambda payload: signed(payload).replace("v1=", "v0="),
    "no moment": lambda payload: signed(payload).partition(",")[2],
    "garbage": lambda payload: "t=now,v1=yes",
    "letters of other alphabets": lambda payload: signed(payload)[:-1] + "\u00e9",
    "figures of other alphabets": lambda payload: "t=\u0661,v1=" + "0" * 64,
    "a very long number": lambda payload: f"t={'9' * 5000},v1=00",
    "nothing but commas": lambda payload: ",,,=,",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("debug", [True, False])
def test_a_forged_call_is_refused(forge, debug, settings):
    """S1"""
    settings.DEBUG = debug
    with pytest.raises(BadSignature):
        read(body(), signature=forge(body()))


@pytest.mark.parametrize("secrets", [(), (None,), ("",), (" ",), ("whsec_",), (" whsec_ \n",), ("", None, "whsec_")])
def test_without_a_real_secret_every_call_is_refused(secrets):
    """S2: nothing fails open, not even for a call that is signed with that very blank."""
    for secret in ["", " ", "whsec_", SECRET]:
        with pytest.raises(BadSignature):
            read(body(), secrets=secrets, signature=signed(body(), secret=secret))


def test_a_text_where_a_list_should_be_does_not_make_secrets_of_its_letters():
    """S2"""
    assert usable(SECRET) == [SECRET]
    with pytest.raises(BadSignature):
        read(body(), secrets=SECRET, signature=signed(body(), secret="w"))


def test_while_a_secret_is_replaced_both_are_believed_and_then_only_the_new_one():
    payload, old, new = body(), "whsec_the_old_one", "whsec_the_new_one"
    for secret in (old, new):
        assert read(payload, secrets=[old, new], signature=signed(payload, secret=secret)).id == "evt_1"
    both = f"{signed(payload, secret=old)},{signed(payload, secret=new).partition(',')[2]}"
    assert read(payload, secrets=[new], signature=both).id == "evt_1"
    with pytest.raises(BadSignature):
        read(payload, secrets=[new], signature=signed(payload, secret=old))


@pytest.mark.parametrize("skew", [-301, -86_400, 302, 86_400, 10 * 365 * 86_400])
def test_an_old_or_future_call_is_a_replay(skew):
    """S3: the SDK alone would accept the future."""
    with pytest.raises(BadSignature):
        read(body(), signature=signed(body(), at=time.time() + skew))


@pytest.mark.parametrize("skew", [-290, 0, 290])
def test_clocks_that_differ_a_little_do_no_harm(skew):
    """S3"""
    assert read(body(), signature=signed(body(), at=time.time() + skew)).id == "evt_1"


def test_a_second_moment_in_the_header_does_not_make_a_future_call_fresh():
    """S3"""
    future = signed(body(), at=time.time() + 86_400)
    for smuggled in (f"at={int(time.time())},{future}", f"{future},t={int(time.time())}"):
        with pytest.raises(BadSignature):
            read(body(), signature=smuggled)


ODD_BODIES = {
    "not UTF-8": b'{"object": "event", "id": "\xff\xfe"}',
    "nothing": b"",
    "no JSON": b"hello",
    "a list": b'[{"object": "event"}]',
    "a text": b'"event"',
    "null": b"null",
    "ten thousand brackets": b"[" * 100_000,
    "a number of five thousand digits": b'{"object": "event", "created": ' + b"1" * 5_000 + b"}",
    "another kind of object": json.dumps({**EVENT, "object": "charge"}).encode(),
    "an id that is a number": json.dumps({**EVENT, "id": 7}).encode(),
    "an id that no database takes": json.dumps({**EVENT, "id": "evt_\x00"}).encode(),
    "half a character as id": b'{"object": "event", "id": "\\ud800", "type": "a", "created": 1}',
    "no id": json.dumps({**EVENT, "id": ""}).encode(),
    "an endless id": json.dumps({**EVENT, "id": "e" * 256}).encode(),
    "no type": json.dumps({**EVENT, "type": None}).encode(),
    "a moment out of this world": json.dumps({**EVENT, "created": 10**18}).encode(),
    "no moment": json.dumps({**EVENT, "created": None}).encode(),
}


@pytest.mark.parametrize("payload", ODD_BODIES.values(), ids=ODD_BODIES.keys())
def test_a_body_that_is_no_event_is_refused_however_well_it_is_signed(payload):
    """A15"""
    with pytest.raises(BadSignature):
        read(payload)
    with pytest.raises(BadSignature):
        read(payload, signature=signed(payload, secret="whsec_somebody_elses"))


@pytest.mark.parametrize("data", [None, 7, [], {}, {"object": None}, {"object": []}, {"object": {"id": {"id": []}}}])
def test_an_event_without_a_proper_object_is_taken_but_names_none(data):
    """A15"""
    notice = read(body({**EVENT, "data": data}))
    assert (notice.object_id, notice.subscription_id) == ("", "")


def test_the_last_of_two_equal_keys_counts_and_nothing_breaks():
    """A15"""
    assert read(body()[:-1] + b', "id": "evt_2"}').id == "evt_2"


def test_a_malformed_body_can_be_told_from_a_forged_one():
    with pytest.raises(Malformed):
        read(b"[]")


@pytest.mark.parametrize("kind", ["ping", "v9.something.new", "terminal.reader.action_failed", "entitlements.x[y]"])
def test_unknown_event_types_are_notices_like_any_other(kind):
    """A8"""
    assert read(body({**EVENT, "type": kind})).type == kind


def test_a_thin_event_is_tolerated():
    """A8"""
    notice = read(
        body(
            {
                "object": "v2.core.event",
                "id": "evt_test_65",
                "type": "v1.billing.meter.error_report_triggered",
                "livemode": True,
                "created": "2026-10-22T03:45:00.123Z",
                "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
            }
        )
    )
    assert (notice.object_type, notice.object_id, notice.livemode) == ("billing.meter", "mtr_1", True)
    assert notice.created_at.isoformat() == "2026-10-22T03:45:00.123000+00:00"
