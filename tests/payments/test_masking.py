"""Do keys, payment pages and people stay out of the logs and out of error pages, at every level?"""

import logging
import sys

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter

from lms_memberships import masking
from lms_memberships.masking import Secret, mask
from lms_memberships.payments import connect
from lms_memberships.payments.customers import customer_for
from lms_memberships.payments.gateway import GatewayFailure, GatewayUnreachable, KeyRejected
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

KEY = "sk_test_CANARYkey"
EMAIL = "canary.person@private.test"
NAME = "Canaria"
SECRET_TEXTS = ("CANARYkey", EMAIL, EMAIL.replace("@", "%40"), NAME)


@pytest.fixture
def person(db):
    return UserFactory(username="somebody", email=EMAIL, first_name=NAME, last_name="Lind")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key sk_live_4eC39HqLyjWD", "key sk_live_********"),
        ("key rk_test_4eC39 and whsec_abc+/=9", "key rk_test_******** and whsec_********"),
        ("to https://checkout.stripe.com/c/pay/cs_live_a1#fid now", "to [payment page] now"),
        ("'http://127.0.0.1:8001/c/pay/cs_test_a1'", "'[payment page]'"),
        ("https://billing.stripe.com/p/session/live_x", "[payment page]"),
        ("subscription sub_1 of acct_1, request req_7", "subscription sub_1 of acct_1, request req_7"),
    ],
)
def test_what_is_masked_and_what_is_not(text, masked):
    """S41"""
    assert mask(text) == masked


def test_equal_addresses_stay_equal_and_say_nothing():
    """S42"""
    assert mask(EMAIL) == mask(EMAIL.upper()) == mask(EMAIL.replace("@", "%40"))
    assert "canary" not in mask(EMAIL)
    assert mask("other@private.test") != mask(EMAIL)


def everything_that_may_fail(person, sandbox, settings) -> None:
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = KEY
    gateway = connect.get_gateway()
    customer_for(person, gateway=gateway, language="en")
    gateway.find_customer(email=EMAIL, metadata_key="lmsm_user", metadata_value="nobody")
    for fault in (
        Fault("status", "POST *", status=400, code="email_invalid"),
        Fault("status", "*", status=500, count=2),
        Fault("hang", "*", count=2),
    ):
        sandbox.faults.plan(fault)
        try:
            customer_for(UserFactory(email=EMAIL, first_name=NAME), gateway=gateway, language="en")
        except GatewayFailure:
            logging.getLogger("lms_memberships.somewhere").exception("Nothing came of %s with %s", EMAIL, KEY)
        sandbox.faults.clear()


def test_at_debug_no_logger_says_who_or_with_which_key(person, sandbox, settings, caplog):
    """S41, S42: ours, Stripe's client's, and what it sends with."""
    with caplog.at_level(logging.DEBUG):
        everything_that_may_fail(person, sandbox, settings)
    assert {"lms_memberships", "stripe", "urllib3"} <= {each.name.partition(".")[0] for each in caplog.records}
    said = caplog.text.lower()
    assert [canary for canary in SECRET_TEXTS if canary.lower() in said] == []


def test_control_without_the_mask_they_do(person, sandbox, settings, caplog, monkeypatch):
    """S41, S42, negative control: the same run."""
    monkeypatch.setattr(masking, "_mask_record", lambda record: None)
    with caplog.at_level(logging.DEBUG):
        everything_that_may_fail(person, sandbox, settings)
    said = caplog.text.lower()
    assert {canary for canary in SECRET_TEXTS if canary.lower() in said} == set(SECRET_TEXTS)


def error_page(settings, *, debug: bool) -> str:
    settings.DEBUG = debug
    try:
        connect.get_gateway().read_invoice("in_nobody")
    except GatewayFailure:
        return ExceptionReporter(RequestFactory().get("/"), *sys.exc_info()).get_traceback_html()
    raise AssertionError("it did not fail")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "fault", [None, Fault("status", "*/invoices/*", count=2), Fault("hang", "*/invoices/*", count=2)]
)
def test_the_page_of_an_error_shows_no_key(debug, fault, sandbox, settings):
    """S41: not even with DEBUG, and not in the frames of Stripe's client."""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = KEY
    if fault is not None:
        sandbox.faults.plan(fault)
    page = error_page(settings, debug=debug)
    assert "read_invoice" in page
    assert "CANARYkey" not in page


def test_a_secret_has_no_repr():
    """S41"""
    assert repr(Secret(KEY)) == "'********'"
    assert Secret(KEY) == KEY
    assert f"{Secret(KEY)}" == KEY, "what is sent to Stripe is whole"


# ------------------------------------------------------------------ S56: what buyers and creators are told
def test_a_buyer_is_told_little_and_a_reference(membership, student, client_for, sandbox):
    """S56"""
    browser = client_for(student)
    sandbox.faults.plan(Fault("status", "POST /v1/checkout/sessions", status=400, code="account_problem_CANARY"))
    page = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True).content.decode()
    assert "The payment service could not do this" in page
    reference = [each["id"] for each in sandbox.requests.all() if each["status"] == 400][-1]
    assert reference in page
    assert "Stripe says" not in page
    assert "CANARY" not in page


@pytest.mark.parametrize(
    ("status", "kind", "creators", "buyers"),
    [
        (401, KeyRejected, "key", "could not do this"),
        (403, KeyRejected, "permission", "could not do this"),
        (503, GatewayUnreachable, "could not be reached", "could not be reached"),
    ],
)
def test_creators_hear_the_reason_and_buyers_do_not(status, kind, creators, buyers, gateway, sandbox):
    """S56, D12"""
    sandbox.faults.plan(Fault("status", status=status, count=2))
    with pytest.raises(kind) as caught:
        gateway.read_invoice("in_1")
    assert creators in str(caught.value.message)
    assert buyers in caught.value.for_buyers
    assert "key" not in caught.value.for_buyers
    assert caught.value.reference in caught.value.for_buyers
