"""Whose purchase is it when addresses differ, and where do Stripe's receipts go? Over HTTP (K1, K3)."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.urls import reverse

from lms_memberships import clock
from lms_memberships.errors import OutsideFailure
from lms_memberships.models import Customer, Intent, Subscription
from lms_memberships.payments import customers
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import receipts
from tests import hosted
from tests.factories import UserFactory
from tests.flows.steps import buy, press_join

pytestmark = pytest.mark.django_db

NEW = "ada@new.test"


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


def at_stripe(gateway) -> str:
    return gateway.customer_email(Customer.objects.get().stripe_id)


def writes() -> list[str]:
    rows = Intent.objects.filter(purpose=customers.EMAIL_PURPOSE).order_by("pk")
    return [row.state for row in rows]


def change_address(browser, student) -> EmailAddress:
    """As allauth's page does it: a new address, and a mail to it that nobody has opened yet."""
    EmailAddress.objects.update_or_create(
        user=student, email=student.email, defaults={"verified": True, "primary": True}
    )
    assert browser.post(reverse("account_email"), {"action_add": "", "email": NEW}).status_code == 302
    return EmailAddress.objects.get(email=NEW)


def prove(browser, address: EmailAddress) -> None:
    """Open the link of allauth's mail."""
    browser.post(reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key]))


def make_it_mine(browser) -> None:
    browser.post(reverse("account_email"), {"action_primary": "", "email": NEW})


# ------------------------------------------------------------------ K1
def test_a_wallet_with_another_address_buys_for_whoever_is_signed_in(
    membership, browser, student, gateway, sandbox, postman
):
    """K1: by the attempt and our own customer. Somebody who has the wallet's address gets nothing."""
    stranger = UserFactory(email="wallet@elsewhere.test")
    status, location, _body = hosted.pay(press_join(browser, membership))
    assert status == 303
    for session in sandbox.store.peek_all(sandbox.account_id, "checkout.session"):
        session["customer_details"]["email"] = stranger.email
        assert gateway.read_checkout(session["id"]).email == stranger.email
    assert browser.get(hosted.path_of(location)).status_code == 200
    postman.deliver()
    assert Subscription.objects.get().user == student
    assert Customer.objects.get().user == student


# ------------------------------------------------------------------ K3
def test_receipts_follow_an_address_once_it_is_proven_and_not_before(membership, browser, student, gateway):
    """K3: unverified → no call; verified → exactly one."""
    buy(browser, membership)
    old = student.email
    address = change_address(browser, student)
    make_it_mine(browser)
    customers.tell_emails(gateway=gateway)
    assert (at_stripe(gateway), writes()) == (old, [])
    prove(browser, address)
    make_it_mine(browser)
    student.refresh_from_db()
    assert student.email == NEW
    for _time in range(2):
        customers.tell_emails(gateway=gateway)
    assert (at_stripe(gateway), writes()) == (NEW, ["confirmed"])


def test_told_twice_is_told_once_and_back_again_is_told_again(membership, browser, student, gateway):
    """K3."""
    buy(browser, membership)
    old = student.email
    for email, count in ((NEW, 1), (NEW, 1), (old, 2), (NEW, 3)):
        student.email = email
        student.save()
        receipts.email_changed(student)
        customers.tell_emails(gateway=gateway)
        assert (at_stripe(gateway), writes()) == (email, ["confirmed"] * count)


def test_an_address_that_changed_again_before_it_was_told_is_never_told(membership, browser, student, gateway):
    """K3: without a worker for a while."""
    buy(browser, membership)
    for email in ("mistake@new.test", NEW):
        student.email = email
        student.save()
        receipts.email_changed(student)
    assert customers.tell_emails(gateway=gateway) == 1
    assert (at_stripe(gateway), writes()) == (NEW, ["refused", "confirmed"])


def test_while_stripe_is_away_it_stays_owed(membership, browser, student, gateway, sandbox):
    """K3, D1: nobody knows what came of it; later it is looked up, and told again."""
    buy(browser, membership)
    student.email = NEW
    student.save()
    sandbox.faults.plan(Fault("status", "POST /v1/customers/*", status=503, count=0))
    receipts.email_changed(student)
    with pytest.raises(OutsideFailure):
        customers.tell_emails(gateway=gateway)
    sandbox.faults.clear()
    assert at_stripe(gateway) != NEW
    assert writes() == ["unknown"]
    assert customers.tell_emails(gateway=gateway) == 0, "it may still be under way"
    Intent.objects.update(sent_at=clock.wall_time() - timedelta(minutes=6))
    assert customers.tell_emails(gateway=gateway) == 1
    assert (at_stripe(gateway), writes()) == (NEW, ["confirmed"])


def test_whoever_never_bought_is_nobody_there(student, gateway):
    receipts.email_changed(student)
    assert writes() == []
