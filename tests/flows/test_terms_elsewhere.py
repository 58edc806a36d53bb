"""Terms and tax on the other ways to pay: without an account, as a gift, by an invitation (X16)."""

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.models import Checkout, Gift, GuestPurchase
from lms_memberships.subscriptions import gift_buying, guests
from lms_memberships.subscriptions.terms import TermsNotAccepted
from tests import hosted
from tests.flows import giving
from tests.flows.invitations import invite
from tests.flows.test_guests import form_of

pytestmark = pytest.mark.django_db

NOW = "2026-11"
BOX = 'name="terms"'
PROBLEM = "Please accept the terms to go on."


@pytest.fixture(autouse=True)
def terms(settings, db) -> None:
    settings.LMS_MEMBERSHIPS_TERMS_URL = "http://testserver/terms/"
    settings.LMS_MEMBERSHIPS_TERMS_VERSION = NOW
    settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
    switches.switch_all_on()


def test_a_guest_accepts_them_and_keeps_the_proof_when_they_claim(membership, sandbox):
    """X16, K2: asked for, kept when forgotten, and on the purchase's own row."""
    browser = Client()
    address, form = form_of(browser, membership)
    assert BOX in browser.get(address).content.decode()
    answer = browser.post(address, form)
    assert answer.status_code == 200
    assert PROBLEM in answer.content.decode()
    assert form["email"] in answer.content.decode()
    assert not GuestPurchase.objects.exists()
    answer = browser.post(address, form | {"terms": NOW})
    assert hosted.pay(answer["Location"])[0] == 303
    purchase = GuestPurchase.objects.get()
    assert purchase.terms_version == NOW
    assert purchase.terms_accepted_at is not None


def test_a_giver_accepts_them(client_for, student, membership, gateway):
    """X15, X16: the gift's words stay when the box was forgotten."""
    giving.offer(membership, gateway)
    browser = client_for(student)
    assert BOX in browser.get(reverse("lms_memberships:give", args=[membership.slug])).content.decode()
    answer = giving.press(browser, membership)
    assert answer.status_code == 200
    assert PROBLEM in answer.content.decode()
    assert "Happy birthday!" in answer.content.decode()
    assert not Gift.objects.exists()
    assert giving.press(browser, membership, terms=NOW).status_code == 303
    gift = Gift.objects.get()
    assert (gift.terms_version, gift.terms_accepted_at is None) == (NOW, False)


def test_who_is_invited_accepts_them(client_for, student, membership):
    """V26, X16: whatever door leads there."""
    _link, address = invite(membership)
    browser = client_for(student)
    assert BOX in browser.get(address).content.decode()
    answer = browser.post(address)
    assert PROBLEM in answer.content.decode()
    assert not Checkout.objects.exists()
    assert browser.post(address, {"terms": NOW}).status_code == 303
    assert Checkout.objects.get().terms_version == NOW


def test_who_is_invited_for_nothing_buys_nothing(client_for, student, membership):
    """X16: no purchase, no terms of sale."""
    _link, address = invite(membership, free=True)
    browser = client_for(student)
    assert BOX not in browser.get(address).content.decode()
    assert browser.post(address).status_code == 303
    assert student.lms_subscriptions.count() == 1


def test_the_domain_asks_of_guests_and_givers_too(student, membership, gateway, now):
    """X16: whoever writes another page."""
    with pytest.raises(TermsNotAccepted):
        guests.start(
            guests.Visitor("a@b.test", None, "en"),
            guests.Wish(membership, terms="2019"),
            gateway=gateway,
            urls=("", ""),
            now=now,
        )
    wish = gift_buying.Wish(membership, 0, "", "", "", "", now.date(), terms="")
    with pytest.raises(TermsNotAccepted):
        gift_buying.start(student, wish, gateway=gateway, language="en", urls=("", ""), now=now)


def test_tax_is_reckoned_there_as_well(client_for, student, membership, gateway, sandbox, settings):
    """X16: Stripe is asked for it of a guest, of whom it has no customer yet, and of a gift."""
    settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
    sandbox.actions.set_taxes(rates={"FR": "20"})
    giving.offer(membership, gateway)
    browser = Client()
    address, form = form_of(browser, membership)
    assert browser.post(address, form | {"terms": NOW}).status_code == 303
    assert giving.press(client_for(student), membership, terms=NOW).status_code == 303
    sessions = gateway.client.v1.checkout.sessions.list().data
    assert [each.automatic_tax.enabled for each in sessions] == [True, True]
