"""What becomes of a first payment that never comes? It opens nothing, and is forgotten when Stripe gives it up (G1)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Subscription
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import lifecycle
from tests.flows.steps import press_join, text
from tests.subscriptions import said

pytestmark = pytest.mark.django_db

ALL_STATUSES = {status: status in {"trialing", "active", "past_due"} for status in SubscriptionStatus}


def hear(attempt, gateway, clock, status, *, settled=True, **changes):
    invoice = said.invoice(**({} if settled else said.UNPAID), created_at=clock.now)
    read = said.subscription(
        attempt,
        status=status,
        latest_invoice=invoice,
        read_started_at=clock.now,
        current_period_start=clock.now,
        current_period_end=clock.now + said.MONTH,
        **changes,
    )
    return lifecycle.reconcile(read, gateway=gateway, now=clock.now)


@pytest.mark.parametrize("status", list(SubscriptionStatus))
def test_access_by_status(status, membership, student, gateway, clock, live_session):
    """G1, G2, G3: each status after a first payment that came; unknown ones do not exist for us."""
    attempt = said.attempt(student, membership)
    hear(attempt, gateway, clock, SubscriptionStatus.ACTIVE)
    hear(attempt, gateway, clock, status)
    assert decide(student, live_session, now=clock.now).allowed is ALL_STATUSES[status]


@pytest.mark.parametrize("status", list(SubscriptionStatus))
def test_no_status_opens_before_the_first_payment(status, membership, student, gateway, clock, live_session):
    """G1: also one that Stripe calls active while a debit is still on its way."""
    hear(said.attempt(student, membership), gateway, clock, status, settled=False)
    assert not decide(student, live_session, now=clock.now).allowed


def test_given_up_after_23_hours_it_is_gone_from_the_account(
    membership, student, client_for, gateway, clock, live_session
):
    """G1: no access, no mail, no "it ended", and it can be bought anew."""
    switches.switch_all_on()
    browser = client_for(student)
    account = reverse("lms_memberships:account")
    attempt = said.attempt(student, membership)
    hear(attempt, gateway, clock, SubscriptionStatus.INCOMPLETE, settled=False)
    waiting = text(browser.get(account).content.decode())
    assert membership.title in waiting
    assert "Your first payment has not been confirmed yet" in waiting
    clock.advance(hours=23, minutes=1)
    hear(
        attempt,
        gateway,
        clock,
        SubscriptionStatus.INCOMPLETE_EXPIRED,
        settled=False,
        ended_at=clock.now - timedelta(minutes=1),
    )
    assert not decide(student, live_session, now=clock.now).allowed
    assert membership.title not in text(browser.get(account).content.decode())
    assert not mail.outbox
    assert press_join(browser, membership).startswith("http://127.0.0.1")
    assert Subscription.objects.get().status == "incomplete_expired"
