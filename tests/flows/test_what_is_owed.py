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

CARD = {"card_number": hosted.GOOD_CARD, "exp_month": 12, "exp_year": 2034, "cvc": "123"}


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
