"""Does buying work, from the public page over Stripe's page to open lessons? Through HTTP, with the real client."""

import re
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.models import Checkout, Invoice, Subscription
from tests import hosted
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def press_join(browser: Client, membership) -> str:
    """The address of Stripe's page."""
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return answer["Location"]


def buy(browser: Client, membership, **how: str) -> str:
    """Pay, and return the address to which Stripe's page sends the browser back."""
    status, location, body = hosted.pay(press_join(browser, membership), **how)
    assert status == 303, body[:2000]
    return hosted.path_of(location)


def test_a_stranger_sees_what_is_on_sale(membership):
    """V1, W12, W19, U26: the list and the page need no account."""
    page = Client().get(reverse("lms_memberships:list")).content.decode()
    assert "Studio pass" in page
    assert "€19.00 per month" in page
    detail = Client().get(membership.get_absolute_url()).content.decode()
    assert "Glazing evening" in detail
    assert "application/ld+json" in detail
    assert 'property="og:title"' in detail
    assert "glazing-CANARY" not in detail


def test_join_leads_a_stranger_through_signing_in(membership):
    """W13, W20: the first click signs in or up, and comes back to the purchase."""
    page = Client().get(membership.get_absolute_url()).content.decode()
    links = re.findall(r'href="([^"]*login[^"]*)"', page)
    assert [link for link in links if reverse("lms_memberships:buy", args=[membership.slug]) in unquote(link)], links


def test_a_student_buys_and_is_let_in_before_any_webhook(membership, student, client_for, clock, live_session):
    """C1, C4, V44: the way back from Stripe's page is enough."""
    browser = client_for(student)
    back = buy(browser, membership)
    welcome = browser.get(back).content.decode()
    assert "Everything is open for you" in welcome
    assert "Glazing evening" in welcome
    assert decide(student, live_session, now=clock.now).allowed


def test_the_webhook_alone_lets_a_student_in(membership, student, client_for, clock, live_session, postman):
    """C3: the tab was closed; nobody came back."""
    buy(client_for(student), membership)
    assert not Subscription.objects.exists()
    postman.deliver()
    assert decide(student, live_session, now=clock.now).allowed


def test_webhook_and_return_page_together_do_it_once(membership, student, client_for, postman):
    """C2, A1: one subscription, one invoice, whatever the order and however often."""
    browser = client_for(student)
    back = buy(browser, membership)
    browser.get(back)
    for event in postman.deliver():
        del event
    postman.delivered.clear()
    postman.deliver()
    browser.get(back)
    assert Subscription.objects.count() == 1
    assert Invoice.objects.count() == 1
    assert Checkout.objects.get().state == Checkout.State.COMPLETE


def test_the_invoice_paid_event_alone_is_enough(membership, student, client_for, clock, live_session, postman):
    """A16: the first events of the purchase were lost; access comes from the state, not from a transition."""
    buy(client_for(student), membership)
    for event in postman.waiting():
        if event["type"] != "invoice.paid":
            postman.delivered.add(event["id"])
    posted = postman.deliver()
    assert [event["type"] for event in posted] == ["invoice.paid"]
    assert decide(student, live_session, now=clock.now).allowed


def test_a_declined_card_opens_nothing(membership, student, client_for, clock, live_session, postman):
    """V44: the bank says no on Stripe's page; here nothing has happened."""
    browser = client_for(student)
    status, _location, body = hosted.pay(press_join(browser, membership), card=hosted.DECLINED_CARD)
    assert status == 422
    assert "declined" in body.lower()
    postman.deliver()
    assert not decide(student, live_session, now=clock.now).allowed
    assert not Subscription.objects.giving_access(clock.now).exists()


def test_three_d_secure_then_access(membership, student, client_for, clock, live_session):
    """V44: the bank asks, the student confirms, access opens."""
    browser = client_for(student)
    status, location, _body = hosted.pay(press_join(browser, membership), card=hosted.AUTHENTICATION_CARD)
    assert status == 303
    assert "/auth/" in location
    assert not decide(student, live_session, now=clock.now).allowed
    status, location, _body = hosted.post(location, {"button": "complete"})
    assert status == 303
    browser.get(hosted.path_of(location))
    assert decide(student, live_session, now=clock.now).allowed


def test_a_second_purchase_of_the_same_membership_is_refused(membership, student, client_for, sandbox):
    """C6, X8: nobody pays twice for the same thing."""
    browser = client_for(student)
    browser.get(buy(browser, membership))
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("lms_memberships:account")
    assert Checkout.objects.count() == 1


def test_two_presses_are_one_checkout(membership, student, client_for):
    """C6: a double click, two tabs: the same page of Stripe's."""
    browser = client_for(student)
    assert press_join(browser, membership) == press_join(browser, membership)
    assert Checkout.objects.count() == 1


def test_somebody_elses_session_shows_nothing(membership, student, client_for, django_user_model):
    """C5: the address of a purchase is not the purchase."""
    back = buy(client_for(student), membership)
    other = django_user_model.objects.create_user("eve", "eve@school.test")
    page = client_for(other).get(back)
    assert "There is nothing to show here" in page.content.decode()
    assert not Subscription.objects.exists()
    nowhere = client_for(other).get(reverse("lms_memberships:done") + "?session_id=cs_unknown")
    assert nowhere.status_code == page.status_code
    assert "There is nothing to show here" in nowhere.content.decode()


def test_the_browser_cannot_name_the_price(membership, student, client_for, sandbox):
    """H8: whatever a form says, the membership's own price is asked."""
    browser = client_for(student)
    address = reverse("lms_memberships:buy", args=[membership.slug])
    url = browser.post(address, {"price": "1", "amount": "1", "price_id": "price_1", "currency": "usd"})["Location"]
    assert "19.00" in hosted.get(url)


def test_a_forged_host_does_not_reach_stripe(membership, student, client_for, sandbox):
    """S18: where Stripe sends the student back is made from the site's own address."""
    browser = client_for(student)
    address = reverse("lms_memberships:buy", args=[membership.slug])
    url = browser.post(address, headers={"host": "evil.test"})["Location"]
    _status, location, _body = hosted.pay(url)
    assert location.startswith("http://testserver/")


def test_drafts_and_unpublished_memberships_cannot_be_seen_or_bought(membership, student, client_for):
    """S26, U25: not in the list, not by address, not by post."""
    browser = client_for(student)
    membership.unpublish()
    assert browser.get(membership.get_absolute_url()).status_code == 404
    assert "Studio pass" not in browser.get(reverse("lms_memberships:list")).content.decode()
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert [step for step, _status in answer.redirect_chain] == [reverse("lms_memberships:list")]
    assert "not on sale at the moment" in answer.content.decode()
    assert not Checkout.objects.exists()
    draft = MembershipFactory()
    assert browser.post(reverse("lms_memberships:buy", args=[draft.slug])).status_code == 404


def test_the_first_payment_in_words_is_the_hosted_pages(membership, student, client_for):
    """X9: today's amount on our page is the amount on Stripe's button."""
    browser = client_for(student)
    assert "You pay €19.00 today, then €19.00 per month" in browser.get(membership.get_absolute_url()).content.decode()
    assert "Pay €19.00" in hosted.get(press_join(browser, membership))


def test_another_persons_invoice_is_unknown(membership, student, client_for, django_user_model):
    """S19: a foreign id and an id that does not exist answer alike."""
    browser = client_for(student)
    browser.get(buy(browser, membership))
    mine = Invoice.objects.get()
    assert browser.get(reverse("lms_memberships:invoice", args=[mine.pk])).status_code == 302
    eve = client_for(django_user_model.objects.create_user("eve", "eve@school.test"))
    subscription = Subscription.objects.get()
    for name, pk in (("invoice", mine.pk), ("cancel", subscription.pk)):
        foreign = eve.get(reverse(f"lms_memberships:{name}", args=[pk]))
        unknown = eve.get(reverse(f"lms_memberships:{name}", args=[999_999]))
        assert foreign.status_code == unknown.status_code == 404
    assert eve.post(reverse("lms_memberships:cancel", args=[subscription.pk])).status_code == 404
    assert eve.post(reverse("lms_memberships:resume", args=[subscription.pk])).status_code == 404
