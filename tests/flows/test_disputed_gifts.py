"""Whoever paid for a gift, or as a guest, has their bank take the money back: what closes, for whom, until when (G7, X15, K2)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.creator.gifts import views as names
from lms_memberships.models import Dispute, Email, Gift, GuestPurchase, Subscription
from lms_memberships.subscriptions import disputes
from tests.flows.backwards import bought, charge_of, compared
from tests.flows.giving import FRIEND, at_desk, mails_to, path, pay, redeem, refunds, today
from tests.flows.steps import text
from tests.flows.test_guests import newest_link, park

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_is_on")]


def dispute(sandbox, payment_id: str) -> str:
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    charge = next(each for each in charges if each["payment_intent"] == payment_id)
    return sandbox.actions.open_dispute(charge["id"])["id"]


def decide_it(sandbox, dispute_id: str, decided: str, postman) -> None:
    sandbox.actions.change_dispute(dispute_id, decided)
    postman.deliver()


def begun(client_for, student, friend, offered, postman) -> Gift:
    gift = pay(client_for(student), offered)
    postman.deliver()
    assert "enjoy" in redeem(client_for(friend), gift)
    gift.refresh_from_db()
    return gift


def is_open(friend, item, clock) -> bool:
    return decide(friend, item, now=clock.now).allowed


def test_one_that_nobody_has_redeemed_opens_nothing_until_the_bank_has_decided(
    client_for, student, friend, offered, sandbox, postman, gift_desk
):
    """G7, X15: the link says why; its money cannot be given back a second time."""
    gift = pay(client_for(student), offered)
    postman.deliver()
    number = dispute(sandbox, gift.payment_intent_id)
    postman.deliver()
    kim = client_for(friend)
    assert "is disputed at the bank" in text(kim.get(path(gift)).content.decode())
    assert "is disputed at the bank" in redeem(kim, gift)
    assert not Subscription.objects.exists()
    assert "cannot be given back here" in at_desk(gift_desk, "refund", gift)
    gift.refresh_from_db()
    assert (gift.state, refunds(sandbox)) == ("delivered", [])
    pages = [reverse(names.LIST), reverse(names.SHOW, args=[gift.pk])]
    said = "disputed at the bank", "has gone to their bank"
    assert all(words in text(gift_desk.get(page).content.decode()) for page, words in zip(pages, said, strict=True))
    decide_it(sandbox, number, "won", postman)
    assert not any(words in text(gift_desk.get(page).content.decode()) for page, words in zip(pages, said, strict=True))
    assert "enjoy" in redeem(kim, gift)


def test_lost_it_stays_closed(client_for, student, friend, offered, sandbox, postman):
    """G7: the money went back, so nobody redeems it."""
    gift = pay(client_for(student), offered)
    number = dispute(sandbox, gift.payment_intent_id)
    postman.deliver()
    decide_it(sandbox, number, "lost", postman)
    assert "is disputed at the bank" in redeem(client_for(friend), gift)
    assert not Subscription.objects.exists()


def test_it_is_not_mailed_meanwhile(client_for, student, offered, sandbox, postman, clock):
    """G7: nobody is sent what opens nothing; decided for the seller, it is sent."""
    tomorrow = today(clock) + timedelta(days=1)
    gift = pay(client_for(student), offered, deliver_on=tomorrow.isoformat())
    number = dispute(sandbox, gift.payment_intent_id)
    postman.deliver()
    clock.advance(days=2)
    clock.daily()
    assert mails_to(FRIEND) == []
    decide_it(sandbox, number, "won", postman)
    clock.daily()
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]


@pytest.mark.parametrize("decided", ["won", "lost"])
def test_redeemed_it_closes_for_whoever_has_it_and_comes_back_when_it_is_won(
    client_for, student, friend, offered, live_session, sandbox, postman, clock, settings, decided
):
    """G7: for the months that were given, and not for good."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    gift = begun(client_for, student, friend, offered, postman)
    until = gift.subscription.access_until
    assert is_open(friend, live_session, clock)
    number = dispute(sandbox, gift.payment_intent_id)
    postman.deliver()
    assert not is_open(friend, live_session, clock)
    page = text(client_for(friend).get(reverse("lms_memberships:account")).content.decode())
    assert "The payment for your gift is disputed at the giver's bank" in page
    assert Email.objects.get(kind="admin_disputed").context["is_closed"], "the admins are told so"
    clock.daily()
    compared()
    assert not is_open(friend, live_session, clock), "no job opens it again"
    decide_it(sandbox, number, decided, postman)
    held = Subscription.objects.get()
    assert is_open(friend, live_session, clock) is (decided == "won")
    page = text(client_for(friend).get(reverse("lms_memberships:account")).content.decode())
    assert ("goes back to the giver. Access stays closed." in page) is (decided == "lost")
    assert "is disputed" not in page
    if decided == "won":
        assert held.access_until == until


def test_missed_news_is_found_by_the_comparison(
    client_for, student, friend, offered, live_session, sandbox, postman, clock
):
    """G7: all webhooks lost."""
    gift = begun(client_for, student, friend, offered, postman)
    dispute(sandbox, gift.payment_intent_id)
    compared()
    assert not is_open(friend, live_session, clock)


def test_a_site_may_keep_access(client_for, student, friend, offered, live_session, sandbox, postman, clock, settings):
    """G7: the other setting."""
    settings.LMS_MEMBERSHIPS_ON_DISPUTE = "keep"
    gift = begun(client_for, student, friend, offered, postman)
    dispute(sandbox, gift.payment_intent_id)
    postman.deliver()
    assert is_open(friend, live_session, clock)
    assert Dispute.objects.get().is_running


def test_one_that_waits_for_its_turn_begins_closed_and_opens_when_it_is_won(
    client_for, student, friend, offered, live_session, sandbox, postman, clock
):
    """G7, X2: what they pay for themselves stays as it is."""
    kim = client_for(friend)
    held = bought(kim, offered, postman)
    gift = pay(client_for(student), offered)
    redeem(kim, gift)
    number = dispute(sandbox, gift.payment_intent_id)
    postman.deliver()
    assert is_open(friend, live_session, clock), "their own subscription is not disputed"
    kim.post(reverse("lms_memberships:cancel", args=[held.pk]))
    postman.deliver()
    gift.refresh_from_db()
    assert gift.subscription is not None
    until = gift.subscription.period_end
    clock.advance(days=40)
    clock.daily()
    assert not is_open(friend, live_session, clock)
    decide_it(sandbox, number, "won", postman)
    assert is_open(friend, live_session, clock)
    assert Subscription.objects.get(origin="gift").access_until == until


def test_what_a_guest_paid_and_disputes_is_closed_when_they_come_for_it(
    client_for, friend, membership, live_session, sandbox, postman, clock, settings
):
    """G7, K2: it is theirs, and closed until the bank has decided."""
    settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
    park(membership)
    postman.deliver()
    [charge] = [each for each in sandbox.store.all("charge", account=sandbox.account_id) if each["paid"]]
    number = dispute(sandbox, charge["payment_intent"])
    postman.deliver()
    assert Dispute.objects.get().subscription is None
    client_for(friend).post(newest_link())
    assert GuestPurchase.objects.get().claimed_by == friend
    assert not is_open(friend, live_session, clock)
    decide_it(sandbox, number, "won", postman)
    assert is_open(friend, live_session, clock)


def test_claimed_at_the_moment_of_the_dispute_it_is_closed_by_the_comparison(
    client_for, friend, membership, live_session, sandbox, postman, clock, settings, monkeypatch
):
    """G7, K2: neither of the two saw the other; the next look at the dispute finds whose it is by now."""
    settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
    park(membership)
    postman.deliver()
    [charge] = [each for each in sandbox.store.all("charge", account=sandbox.account_id) if each["paid"]]
    dispute(sandbox, charge["payment_intent"])
    postman.deliver()
    monkeypatch.setattr(disputes, "join", lambda subscription, *, now: None)
    client_for(friend).post(newest_link())
    assert is_open(friend, live_session, clock)
    compared()
    assert not is_open(friend, live_session, clock)


def test_the_charge_of_a_subscription_is_none_of_a_gifts(client_for, student, offered, sandbox, postman, clock):
    """G7: only what was paid with the disputed payment closes."""
    browser = client_for(student)
    held = bought(browser, offered, postman)
    gift = pay(browser, offered)
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    disputed = {each.subscription_id for each in Dispute.objects.all()}
    assert disputed <= {held.pk, None}
    gift.refresh_from_db()
    assert gift.is_redeemable
