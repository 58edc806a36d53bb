"""What if Stripe's answer to a change of tier is lost, or whoever asked dies? Found out, made once, never half (D1, G15)."""

from datetime import timedelta

import pytest

from lms_memberships import clock as our_clock
from lms_memberships.management.resolving import resolve_open
from lms_memberships.models import TierChange
from lms_memberships.payments.intents import OPEN
from lms_memberships.payments.models import Intent
from lms_memberships.sandbox.faults import Fault
from tests.flows.test_switching import (  # noqa: F401 - fixtures
    account_page,
    act,
    address,
    at_stripe,
    bronze,
    browser,
    change,
    gold,
    held,
    invoices,
    ladder,
    look_at,
    price_at_stripe,
    silver,
    text,
    tier,
)

pytestmark = pytest.mark.django_db

CHANGED, PLANNED = "POST /v1/subscriptions/*", "POST /v1/subscription_schedules/*"


def resolve() -> int:
    """Six minutes later, by the wall clock."""
    for intent in Intent.objects.filter(state__in=OPEN):
        sent_at = intent.sent_at - timedelta(minutes=6)
        Intent.objects.filter(pk=intent.pk).update(sent_at=sent_at, next_look_at=our_clock.wall_time())
    return resolve_open(our_clock.now())


def updates(sandbox) -> int:
    return sum(each["billing_reason"] == "subscription_update" for each in invoices(sandbox))


def test_a_change_whose_answer_was_lost_is_found(held, browser, act, gold, sandbox, clock, postman):  # noqa: F811
    """D1, G15: changed and charged at Stripe; Stripe's call says so, and the look finds it."""
    clock.advance(days=10)
    sandbox.faults.plan(Fault("commit_then_drop", CHANGED, count=2))
    act(change, browser, held, gold)
    assert "could not be reached" in account_page(browser)
    assert (TierChange.objects.get().state, price_at_stripe(sandbox)) == ("begun", 4900)
    assert "on its way" in account_page(browser)
    act(postman.deliver)
    held.refresh_from_db()
    assert (held.membership, TierChange.objects.get().state) == (gold, "done")
    assert resolve() == 1
    assert Intent.objects.get(purpose="change_tier").state == "confirmed"
    assert updates(sandbox) == 1


def test_a_change_that_never_arrived_is_made_once_by_the_next_press(
    held,  # noqa: F811
    browser,  # noqa: F811
    act,  # noqa: F811
    gold,  # noqa: F811
    sandbox,
    clock,
):
    """D1: for minutes nobody knows; then the page offers it again, at today's amount."""
    clock.advance(days=10)
    sandbox.faults.plan(Fault("hang", CHANGED, count=2))
    act(change, browser, held, gold)
    assert (TierChange.objects.get().state, price_at_stripe(sandbox)) == ("begun", 1900)
    assert browser.get(address(held)).status_code == 302
    assert "on its way already" in account_page(browser)
    clock.advance(minutes=40)
    browser.get(address(held))
    assert TierChange.objects.get().state == "dropped"
    assert "came to nothing" in account_page(browser)
    act(change, browser, held, gold)
    held.refresh_from_db()
    assert (held.membership, updates(sandbox)) == (gold, 1)


def test_a_plan_whose_answer_was_lost_is_noted_by_the_look(
    held,  # noqa: F811
    browser,  # noqa: F811
    act,  # noqa: F811
    bronze,  # noqa: F811
    sandbox,
    clock,
    postman,
):
    """D1, V30: laid out at Stripe and not noted here: the account page says it after the look."""
    sandbox.faults.plan(Fault("commit_then_drop", PLANNED, count=2))
    act(change, browser, held, bronze)
    assert TierChange.objects.get().state == "begun"
    assert resolve() == 1
    assert TierChange.objects.get().state == "planned"
    assert "Changes to Bronze on" in account_page(browser)


def test_a_plan_that_broke_off_in_the_middle_leads_to_nothing_and_is_made_anew(
    held,  # noqa: F811
    browser,  # noqa: F811
    act,  # noqa: F811
    bronze,  # noqa: F811
    silver,  # noqa: F811
    sandbox,
    clock,
    postman,
):
    """V30: a schedule with one phase changes nothing; once the change is dropped, it can be asked for again."""
    sandbox.faults.plan(Fault("hang", PLANNED, count=2))
    act(change, browser, held, bronze)
    assert (TierChange.objects.get().state, at_stripe(sandbox)["schedule"] is None) == ("begun", False)
    clock.advance(hours=1)
    clock.daily()
    assert TierChange.objects.get().state == "dropped"
    act(change, browser, held, bronze)
    assert sorted(TierChange.objects.values_list("state", flat=True)) == ["dropped", "planned"]


def test_a_refusal_leaves_nothing_behind(held, browser, act, bronze, gold, sandbox, clock):  # noqa: F811
    """D1: Stripe is busy; nothing was made, and the next press is a new one."""
    sandbox.faults.plan(Fault("status", CHANGED, count=5, status=429))
    act(change, browser, held, gold)
    assert TierChange.objects.get().state == "dropped"
    sandbox.faults.clear()
    assert "What you do" not in text(look_at(browser, held, gold))
    act(change, browser, held, gold)
    held.refresh_from_db()
    assert held.membership == gold
