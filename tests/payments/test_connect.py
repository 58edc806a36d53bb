"""Do we know whether a Stripe account is connected and can charge, and do we say why not?"""

import logging
from datetime import timedelta

import pytest

from lms_memberships import clock
from lms_memberships.models import Account
from lms_memberships.payments import connect
from lms_memberships.payments.gateway import GatewayFailure, KeyRejected
from lms_memberships.sandbox.faults import Fault

pytestmark = pytest.mark.django_db
ACCOUNT = "/v1/account"


def state() -> connect.ConnectionState:
    return connect.state(now=clock.wall_time())


def reads(sandbox) -> int:
    return sum(each["path"] == ACCOUNT for each in sandbox.requests.all())


def age(**span: float) -> None:
    Account.objects.update(checked_at=clock.wall_time() - timedelta(**span))


def test_without_a_key_nothing_is_connected(sandbox, settings):
    """U1"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    found = connect.ensure_fresh()
    assert (found.code, found.is_working, found.account) == ("no_key", False, None)
    assert "no Stripe key" in str(found.problem)
    assert connect.current() is None
    with pytest.raises(connect.NotConnected):
        connect.get_gateway()
    assert reads(sandbox) == 0


def test_the_first_look_reads_the_account(sandbox):
    assert state().code == "unchecked"
    found = connect.ensure_fresh()
    assert (found.code, found.is_working, found.problem) == ("ok", True, "")
    assert found.account.stripe_id == sandbox.account_id
    assert connect.current() == connect.Connection(sandbox.account_id, livemode=False)


def test_what_was_read_is_believed_for_ten_minutes(sandbox):
    connect.ensure_fresh()
    age(minutes=9)
    connect.ensure_fresh()
    assert reads(sandbox) == 1
    age(minutes=11)
    assert state().code == "unchecked"
    assert connect.ensure_fresh().is_working
    assert reads(sandbox) == 2


def test_the_connected_account_is_known_without_network_in_one_query(sandbox, django_assert_num_queries):
    connect.refresh()
    before = reads(sandbox)
    age(days=30)
    with django_assert_num_queries(1):
        assert connect.current().account_id == sandbox.account_id
    assert reads(sandbox) == before


def test_another_key_is_another_connection_at_once(sandbox, settings):
    connect.refresh()
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_another"
    assert connect.current() is None
    assert state().code == "unchecked"
    assert connect.ensure_fresh().is_working


@pytest.mark.parametrize("failure", [Fault("status", ACCOUNT, count=2, status=500), Fault("hang", ACCOUNT, count=2)])
def test_a_stripe_that_does_not_answer_is_told_and_not_asked_on_every_page(failure, sandbox):
    """D12"""
    connect.refresh()
    age(minutes=11)
    sandbox.faults.plan(failure)
    found = connect.ensure_fresh()
    assert (found.code, found.is_working) == ("failed", False)
    assert "could not be reached" in str(found.problem)
    asked = reads(sandbox)
    assert connect.ensure_fresh().code == "failed"
    assert reads(sandbox) == asked
    assert connect.current().account_id == sandbox.account_id, "what was known stays known"
    age(seconds=31)
    assert connect.ensure_fresh().is_working


def test_a_rejected_key_is_told(sandbox, settings):
    """D12"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_invalid"
    found = connect.ensure_fresh()
    assert (found.code, found.is_working) == ("failed", False)
    assert "did not accept the key" in str(found.problem)
    assert connect.current() is None
    with pytest.raises(KeyRejected):
        connect.get_gateway()


def test_a_failure_is_raised_to_whoever_asks_for_a_reading(sandbox):
    sandbox.faults.plan(Fault("status", ACCOUNT, status=429))
    with pytest.raises(GatewayFailure):
        connect.refresh()
    assert Account.objects.get().failure


def test_an_account_that_cannot_charge_does_not_work(sandbox):
    """U1"""
    connect.refresh()
    Account.objects.update(charges_enabled=False, disabled_reason="requirements.past_due")
    found = connect.ensure_fresh()
    assert (found.code, found.is_working) == ("cannot_charge", False)


def test_the_domains_clock_does_not_age_the_reading(sandbox, clock):
    """The demo's clock may be months ahead of the moment at which Stripe was asked."""
    connect.refresh()
    clock.advance(days=60)
    assert connect.ensure_fresh().is_working
    assert reads(sandbox) == 1


@pytest.mark.parametrize(
    ("key", "is_live"),
    [("sk_test_a", False), ("rk_test_live_", False), ("sk_live_a", True), ("rk_live_a", True), ("", False)],
)
def test_the_key_says_its_mode(key, is_live):
    assert connect.livemode_of(key) is is_live


def test_a_line_break_after_the_key_does_no_harm(sandbox, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = " sk_test_memberships\n"
    assert connect.ensure_fresh().is_working


def test_the_key_is_neither_stored_nor_logged(sandbox, settings, caplog):
    """S41"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_canary123"
    with caplog.at_level(logging.DEBUG):
        connect.ensure_fresh()
        settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_invalid_canary456"
        connect.ensure_fresh()
    stored = str(list(Account.objects.values()))
    for canary in ("canary123", "canary456"):
        assert canary not in stored
        assert canary not in caplog.text
