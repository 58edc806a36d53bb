"""Is what was bought before there was an account forgotten with it, and nothing else? (K8)"""

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.models import Email, GuestPurchase, Withdrawal
from lms_memberships.personal_data.exporting import export_person
from lms_memberships.subscriptions import guest_daily, withdrawal_links
from tests.flows.test_guests import mails_to, newest_link, park
from tests.personal_data.test_erasing import leave
from tests.personal_data.test_forgetting import where

pytestmark = pytest.mark.django_db

MINE, THEIRS = "ada@elsewhere.test", "somebody@elsewhere.test"


@pytest.fixture
def claimed(settings, membership, browser, student, postman):
    """Under another address than the account's; somebody else's purchase waits beside it."""
    settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
    switches.switch_all_on()
    park(membership, email=MINE)
    browser.post(newest_link(MINE))
    postman.deliver()
    park(membership, browser=Client(), email=THEIRS)
    return student


def test_an_export_holds_what_was_claimed_and_nobody_elses(claimed):
    """K8."""
    said = str(export_person(claimed))
    assert MINE in said
    assert THEIRS not in said
    assert "token_hash" not in said


def test_an_erasure_takes_the_other_address_as_well(claimed, browser, sandbox):
    """K8: from every table; what waits for somebody else waits on."""
    before = where(MINE)
    assert {"lms_memberships_guestpurchase.email", "lms_memberships_email.recipient"} <= before
    leave(browser)
    assert where(MINE) == set()
    waiting = GuestPurchase.objects.get(state="parked")
    assert waiting.email == THEIRS
    assert Email.objects.filter(recipient=THEIRS).exists()


def test_of_another_purchase_they_had_withdrawn_without_an_account(claimed, membership, browser, settings, sandbox):
    """K8, X14: the confirmation went to that mailbox too; what was declared stays, and names nobody."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    purchase = park(membership, browser=Client(), email=MINE)
    Client().post(reverse("lms_memberships:withdraw_guest", args=[withdrawal_links.token_of(purchase)]))
    assert MINE in {each.to[0] for each in mails_to(MINE)}
    assert Email.objects.filter(kind="withdrawn", recipient=MINE).exists()
    assert MINE not in str(vars(Withdrawal.objects.get()))
    leave(browser)
    assert not Email.objects.filter(kind="withdrawn", recipient=MINE).exists()
    assert Withdrawal.objects.get().done_at is not None


def test_control_without_that_part_the_address_stays(claimed, browser, monkeypatch):
    """K8, negative control."""
    from lms_memberships.personal_data import forgetting

    monkeypatch.setattr(forgetting, "_forget_guest", lambda user_id: 0)
    leave(browser)
    assert where(MINE)


def test_the_address_of_what_is_over_goes_after_a_while(claimed, clock, sandbox):
    """What waits keeps it: without it nobody could come."""
    GuestPurchase.objects.filter(email=THEIRS).update(state="ended")
    assert guest_daily.forget(now=clock.now) == 0
    clock.advance(days=91)
    assert guest_daily.forget(now=clock.now) == 1
    assert GuestPurchase.objects.get(state="ended").email == ""
