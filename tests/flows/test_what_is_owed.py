"""Does the account page offer a way out of everything that is not paid: an end that is planned, a debt that is written off?"""

import pytest
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.creator.person import words
from lms_memberships.models import Invoice
from tests import hosted
from tests.flows.steps import text
from tests.flows.test_failing import INVOICES, Member, failing, joined  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


# ------------------------------------------------------------------ an end is planned while a payment is missing


@pytest.fixture
def ending(failing: Member) -> Member:  # noqa: F811 - the fixture
    """Cancelled on Stripe's own page, with the end of a period that nobody has paid for."""
    browser, pk = failing.browser, failing.row.pk
    page = browser.post(reverse("lms_memberships:portal"), {"flow": "cancel", "subscription": pk})["Location"]
    _status, back, _body = hosted.post(f"{page}/cancel/{failing.row.stripe_id}", {"feedback": "unused"})
    browser.get(hosted.path_of(back), follow=True)
    failing.postman.deliver()
    row = failing.row
    assert (row.status, row.cancel_at > failing.clock.now, row.is_live(failing.clock.now)) == ("past_due", True, False)
    return failing


def test_what_ends_later_and_is_not_paid_has_not_ended_and_can_be_paid(ending, student, live_session):
    """P7, P8, P12, X17: no day that is to come is called past, and what is missing can be paid."""
    page = ending.read()
    assert "It ended on" not in page
    assert "You hold no membership" not in page
    assert "changes nothing about your access" not in page
    assert "Access is closed because your payment of €19.00 failed. It opens again once you pay." in page
    assert "Pay now" in page
    url = ending.browser.post(reverse("lms_memberships:mend", args=[ending.row.pk]))["Location"]
    hosted.pay(url)
    ending.postman.deliver()
    assert decide(student, live_session, now=ending.clock.now).allowed, "the page had said the truth"
    assert "Keep my membership" in ending.read()


def test_what_ends_later_and_is_not_paid_can_be_ended_now(ending):
    """P11, X14: until its day Stripe would go on trying the card."""
    pk = ending.row.pk
    asked = text(ending.browser.get(reverse("lms_memberships:cancel", args=[pk])).content.decode())
    assert "As nothing is paid for the time from now on, it ends at once." in asked
    assert "Nothing more will be charged." in ending.press("cancel", pk)
    assert ending.row.status == "canceled"
    tried = len(ending.charges())
    ending.put_card(hosted.GOOD_CARD)
    ending.pass_by(days=20)
    assert len(ending.charges()) == tried, "and nobody is charged"
    assert "It ended on" in ending.read()


def test_staff_read_the_same_of_it(ending):
    """P7: what is not paid is not called over before its day."""
    assert words.situation_of(ending.row, ending.clock.now) == "locked"
    assert words.situation_of(ending.row, ending.row.cancel_at) == "ended"


# ------------------------------------------------------------------ written off, and missing all the same


@pytest.fixture
def written_off(failing: Member, gateway) -> Member:  # noqa: F811 - the fixture
    """The invoice is bad debt in the books now; the subscription is as unpaid as before, and closed."""
    failing.sandbox.actions.set_retries(days=[40], then="past_due")
    gateway.client.v1.invoices.mark_uncollectible(failing.open.stripe_id)
    failing.postman.deliver()
    failing.pass_by(days=8)
    assert failing.row.status == "past_due"
    assert newest().status == "uncollectible"
    return failing


def newest() -> Invoice:
    return Invoice.objects.latest("created_at")


def test_what_is_written_off_is_still_paid_on_stripes_page(written_off, student, live_session):
    """P8, X17: "It opens again once you pay" comes with the button that does."""
    page = written_off.read()
    assert "Access is closed because your payment of €19.00 failed. It opens again once you pay." in page
    assert "Pay now" in page
    assert "tried again by itself" not in page, "for Stripe leaves it alone"
    listed = written_off.read(INVOICES)
    assert "To pay" in listed
    assert "Written off" not in listed
    url = written_off.browser.post(reverse("lms_memberships:mend", args=[written_off.row.pk]))["Location"]
    hosted.pay(url)
    written_off.postman.deliver()
    assert (written_off.row.status, newest().status) == ("active", "paid")
    assert decide(student, live_session, now=written_off.clock.now).allowed
    assert written_off.charges().count("succeeded") == 2


def test_what_is_written_off_can_be_tried_with_another_card(written_off):
    """X17: at a press, and once."""
    written_off.put_card(hosted.GOOD_CARD)
    assert "Thank you: your payment arrived." in written_off.press("try_invoice", newest().pk)
    assert "There is nothing left to pay" in written_off.press("pay_invoice", newest().pk)
    assert written_off.charges().count("succeeded") == 2


def test_what_is_written_off_of_something_that_ended_is_asked_of_nobody(written_off):
    """G20: only where its payment mends something."""
    written_off.press("cancel", written_off.row.pk)
    assert "Written off" in written_off.read(INVOICES)
    assert "Pay now" not in written_off.read(INVOICES)
    assert "There is nothing left to pay" in written_off.press("pay_invoice", newest().pk)
    assert "Still open" not in written_off.read()
