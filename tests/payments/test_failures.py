"""Does each of Stripe's errors become the failure that says what to do?"""

import logging

import pytest
import stripe

from lms_memberships.payments.gateway import (
    CardDeclined,
    GatewayUnreachable,
    KeyRejected,
    NotFound,
    PermissionMissing,
    RateLimited,
    RequestRefused,
)
from lms_memberships.payments.stripe_gateway.failures import failure_for

CANARY = "somebody@private.test"


def body(**error: str) -> dict[str, dict[str, str]]:
    return {"error": error}


def test_a_lost_answer_is_ambiguous():
    failure = failure_for(stripe.APIConnectionError("timed out"))
    assert isinstance(failure, GatewayUnreachable)
    assert failure.is_ambiguous


@pytest.mark.parametrize("status", [409, 500, 502, 503])
def test_a_server_error_is_ambiguous(status):
    failure = failure_for(stripe.APIError("oops", http_status=status))
    assert isinstance(failure, GatewayUnreachable)
    assert failure.is_ambiguous


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (stripe.AuthenticationError("Invalid API Key provided: sk_test_****", http_status=401), KeyRejected),
        (stripe.PermissionError("no", http_status=403), PermissionMissing),
        (stripe.RateLimitError("slow down", http_status=429), RateLimited),
        (stripe.InvalidRequestError("No such price", "price", "resource_missing", http_status=400), NotFound),
        (stripe.InvalidRequestError("No such customer", "id", "resource_missing", http_status=404), NotFound),
        (stripe.InvalidRequestError("Too small", "unit_amount", "amount_too_small", http_status=400), RequestRefused),
        (stripe.IdempotencyError("Keys for idempotent requests…", http_status=400), RequestRefused),
        (stripe.CardError("Your card was declined.", None, "card_declined", http_status=402), CardDeclined),
    ],
)
def test_what_stripe_refuses_was_not_done(error, kind):
    failure = failure_for(error)
    assert type(failure) is kind
    assert not failure.is_ambiguous


def test_a_refusal_carries_stripes_reason_and_word():
    error = stripe.InvalidRequestError("Amount must be at least €0.50.", "unit_amount", "amount_too_small")
    failure = failure_for(error)
    assert "at least €0.50" in str(failure.message)
    assert failure.code == "amount_too_small"


def test_a_key_without_a_permission_is_told_which():
    message = (
        "The provided key 'rk_test_*********abcd' does not have the required permissions for this endpoint on account "
        "'acct_1'. Having the 'rak_product_write' permission would allow this request to continue."
    )
    failure = failure_for(stripe.PermissionError(message, http_status=403))
    assert "rak_product_write" in str(failure.message)
    assert "rk_test" not in str(failure.message)


def test_a_repeated_answer_is_known_as_one():
    """D3"""
    error = stripe.APIError("oops", http_status=500, headers={"idempotent-replayed": "true"})
    assert failure_for(error).is_replayed
    assert not failure_for(stripe.APIError("oops", http_status=500)).is_replayed


def test_the_log_names_the_request_and_nobody(caplog):
    """S41, S42"""
    error = stripe.InvalidRequestError(
        f"Invalid email: {CANARY} (key sk_test_canary)",
        "email",
        "email_invalid",
        http_status=400,
        headers={"request-id": "req_7"},
        json_body=body(message=CANARY, code="email_invalid"),
    )
    with caplog.at_level(logging.DEBUG, logger="lms_memberships"):
        failure_for(error)
    assert "req_7" in caplog.text
    assert CANARY not in caplog.text
    assert "sk_test_canary" not in caplog.text
