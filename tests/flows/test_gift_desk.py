"""What does a creator do with gifts: prices, delivery, money back? And what Stripe's dashboard, or an erasure, does (X15)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.models import Gift, GiftOffer, Membership, Subscription
from lms_memberships.payments.connect import NotConnected
from lms_memberships.personal_data import erasing, exporting
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import gift_refunding
from tests import hosted
from tests.factories import UserFactory, allow
from tests.flows.giving import FRIEND, at_desk, mails_to, path, pay, press, redeem, refunds, today
from tests.flows.steps import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_is_on")]


# ------------------------------------------------------------------ prices


def test_a_creator_sets_what_gifts_cost(client_for, creator, membership, sandbox):
    """X15: Stripe confirms each; another amount is another price, and an empty one is not offered any more."""
    browser = client_for(creator)
    listing = browser.get(reverse("wagtailsnippets_lms_memberships_membership:list")).content.decode()
    assert reverse("lms_memberships_gifts_offer", args=[membership.pk]) in listing
    assert "Studio pass" in text(browser.get(reverse("lms_memberships_gifts_offers")).content.decode())
    page = reverse("lms_memberships_gifts_offer", args=[membership.pk])
    answer = browser.post(page, {"months_3": "49", "months_12": "159.00"}, follow=True)
    assert "Saved: this is what gifts cost now" in text(answer.content.decode())
    assert [(row.months, row.amount, bool(row.stripe_id)) for row in GiftOffer.objects.all()] == [
        (3, 4900, True),
        (12, 15900, True),
    ]
    before = GiftOffer.objects.get(months=3).stripe_id
    browser.post(page, {"months_3": "55"})
    offer = GiftOffer.objects.get(months=3)
    assert offer.stripe_id not in {"", before}
    assert not GiftOffer.objects.get(months=12).is_on
    assert membership.prices.count() == 1, "none of them is a price of the membership"
    assert '"55.00"' in browser.get(page).content.decode()
    price = next(
        each for each in sandbox.store.all("price", account=sandbox.account_id) if each["id"] == offer.stripe_id
    )
    assert price["type"] == "one_time"


@pytest.mark.parametrize("amount", ["0", "-3", "abc", "1.234"])
def test_what_is_no_amount_is_said(client_for, creator, membership, amount):
    page = reverse("lms_memberships_gifts_offer", args=[membership.pk])
    answer = client_for(creator).post(page, {"months_3": amount})
    assert answer.status_code == 200
    assert not GiftOffer.objects.exists()


def test_while_stripe_is_away_it_is_not_offered_and_saving_again_mends_it(
    client_for, creator, student, membership, sandbox
):
    browser = client_for(creator)
    page = reverse("lms_memberships_gifts_offer", args=[membership.pk])
    sandbox.faults.plan(Fault("status", "POST /v1/prices", status=503, count=9))
    answer = browser.post(page, {"months_3": "49"}, follow=True)
    assert "has not taken every price" in text(answer.content.decode())
    assert client_for(student).get(reverse("lms_memberships:give", args=[membership.slug])).status_code == 404
    sandbox.faults.clear()
    browser.post(page, {"months_3": "49"})
    assert client_for(student).get(reverse("lms_memberships:give", args=[membership.slug])).status_code == 200


# ------------------------------------------------------------------ the list


def test_the_list_is_searched_filtered_and_constant_in_queries(client_for, student, offered, gift_desk):
    """X15: whatever it holds."""
    browser = client_for(student)
    pay(browser, offered)
    gift_desk.get(reverse("lms_memberships_gifts_list"))
    counts = []
    for _again in range(2):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            shown = text(gift_desk.get(reverse("lms_memberships_gifts_list")).content.decode())
        counts.append(len(captured))
        assert FRIEND in shown
        pay(browser, offered, recipient_email="other@elsewhere.test")
    assert counts[0] == counts[1]
    listing = reverse("lms_memberships_gifts_list")
    assert FRIEND not in text(gift_desk.get(listing, {"q": "other@"}).content.decode())
    assert FRIEND not in text(gift_desk.get(listing, {"state": "redeemed"}).content.decode())
    press(browser, offered, recipient_email="never@paid.test")
    assert "never@paid.test" not in text(gift_desk.get(listing).content.decode())


def test_the_pages_of_giver_and_friend_cost_the_same_with_one_gift_and_with_three(client_for, student, offered):
    browser = client_for(student)
    counts = []
    for _one in range(3):
        pay(browser, offered)
        with CaptureQueriesContext(connection) as captured:
            browser.get(reverse("lms_memberships:account"))
            browser.get(reverse("lms_memberships:gifts"))
            browser.get(reverse("lms_memberships:invoices"))
        counts.append(len(captured))
    assert counts[1] == counts[2]


# ------------------------------------------------------------------ delivery


def test_sent_again_it_goes_to_the_same_address(client_for, student, offered, gift_desk):
    """X15"""
    gift = pay(client_for(student), offered)
    assert "mailed again" in at_desk(gift_desk, "resend", gift)
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"] * 2
    assert ModelLogEntry.objects.filter(action="lms_memberships.gift_sent_again").count() == 1


def test_to_another_address_with_another_link(client_for, student, friend, offered, gift_desk, clock):
    """X15: whoever got the first mail by mistake holds nothing."""
    gift = pay(client_for(student), offered, recipient_email="wrong@elsewhere.test")
    old = path(gift)
    day = today(clock).isoformat()
    assert "was changed" in at_desk(
        gift_desk, "change", gift, recipient_name="Kim", recipient_email=FRIEND, deliver_on=day
    )
    assert client_for(friend).get(old).status_code == 404
    gift.refresh_from_db()
    assert path(gift) != old
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]
    assert "enjoy" in redeem(client_for(friend), gift)
    assert "not sent any more" in at_desk(
        gift_desk, "change", gift, recipient_name="", recipient_email="x@y.test", deliver_on=day
    )


def test_the_day_can_be_moved_before_it_comes(client_for, student, offered, gift_desk, clock):
    day = today(clock) + timedelta(days=5)
    gift = pay(client_for(student), offered, deliver_on=day.isoformat())
    later = (day + timedelta(days=5)).isoformat()
    at_desk(gift_desk, "change", gift, recipient_name="Kim", recipient_email=FRIEND, deliver_on=later)
    clock.advance(days=6)
    clock.daily()
    assert mails_to(FRIEND) == []
    clock.advance(days=5)
    clock.daily()
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]


# ------------------------------------------------------------------ money back


def test_until_it_is_redeemed_its_money_can_be_given_back(client_for, student, friend, offered, gift_desk, sandbox):
    """X15: once, all of it; the link opens nothing, and the place is free."""
    Membership.objects.update(max_members=1)
    gift = pay(client_for(student), offered)
    assert "on its way back" in at_desk(gift_desk, "refund", gift)
    assert refunds(sandbox) == [4900]
    assert "nothing to give back" in at_desk(gift_desk, "refund", gift)
    assert refunds(sandbox) == [4900]
    assert "was taken back" in redeem(client_for(friend), gift)
    assert not Subscription.objects.exists()
    assert mails_to(student.email)[-1] == "The payment for your gift is returned: Studio pass"
    pay(client_for(UserFactory()), offered)


def test_after_that_it_is_refused_in_words(client_for, student, friend, offered, gift_desk, sandbox, clock):
    """X15"""
    gift = pay(client_for(student), offered)
    redeem(client_for(friend), gift)
    assert "is in use" in at_desk(gift_desk, "refund", gift)
    assert refunds(sandbox) == []
    assert Subscription.objects.get().is_live(clock.now)


def test_while_stripe_is_away_it_is_closed_and_the_money_follows(
    client_for, student, friend, offered, gift_desk, sandbox, clock
):
    """X15: closed first, so nobody redeems what is on its way back."""
    gift = pay(client_for(student), offered)
    sandbox.faults.plan(Fault("status", "POST /v1/refunds", status=503, count=9))
    at_desk(gift_desk, "refund", gift)
    gift.refresh_from_db()
    assert (gift.state, refunds(sandbox)) == (Gift.State.REFUNDING, [])
    assert "was taken back" in redeem(client_for(friend), gift)
    sandbox.faults.clear()
    clock.daily()
    gift.refresh_from_db()
    assert (gift.state, refunds(sandbox)) == (Gift.State.REFUNDED, [4900])


def test_given_back_in_stripes_dashboard_it_is_closed(client_for, student, friend, offered, gateway, postman):
    """X15: all of it; a part changes nothing."""
    gift = pay(client_for(student), offered)
    gateway.client.v1.refunds.create({"payment_intent": gift.payment_intent_id, "amount": 1000})
    postman.deliver()
    gift.refresh_from_db()
    assert gift.state == Gift.State.DELIVERED
    gateway.client.v1.refunds.create({"payment_intent": gift.payment_intent_id})
    postman.deliver()
    gift.refresh_from_db()
    assert gift.state == Gift.State.REFUNDED
    assert "was taken back" in redeem(client_for(friend), gift)


@pytest.fixture
def given_back(client_for, student, offered, gateway) -> Gift:
    """In the dashboard, and the news of it is lost."""
    gift = pay(client_for(student), offered)
    gateway.client.v1.refunds.create({"payment_intent": gift.payment_intent_id})
    return gift


def test_whoever_redeems_it_before_the_news_has_come_is_refused(friend, client_for, given_back):
    """X15, A9: asked of Stripe when the button is pressed."""
    assert "was taken back" in redeem(client_for(friend), given_back)
    given_back.refresh_from_db()
    assert given_back.state == Gift.State.REFUNDED


def test_a_comparison_finds_it(given_back, capsys):
    """X15, A9: closed, and told as a repair; a second one finds nothing."""
    with pytest.raises(CommandError):
        call_command("memberships_sync", "--all")
    assert f"Gift {given_back.uuid}" in capsys.readouterr().out
    given_back.refresh_from_db()
    assert given_back.state == Gift.State.REFUNDED
    call_command("memberships_sync", "--all")


def test_while_stripe_is_away_nobody_is_kept_waiting(friend, client_for, given_back, sandbox):
    """X15: what was paid and delivered opens; the comparison tells a creator later."""
    sandbox.faults.plan(Fault("status", "GET /v1/*", status=503, count=9))
    assert "enjoy" in redeem(client_for(friend), given_back)


def test_without_any_look_it_stays_open(friend, client_for, given_back, monkeypatch):
    """X15, negative control"""
    monkeypatch.setattr(gift_refunding, "refresh", lambda *args, **kwargs: None)
    assert "enjoy" in redeem(client_for(friend), given_back)


def test_given_back_there_after_it_was_redeemed_a_creator_is_told(
    client_for, student, friend, offered, gateway, postman, gift_desk, clock
):
    """X15: nobody is thrown out by that."""
    gift = pay(client_for(student), offered)
    redeem(client_for(friend), gift)
    gateway.client.v1.refunds.create({"payment_intent": gift.payment_intent_id})
    postman.deliver()
    assert Subscription.objects.get().is_live(clock.now)
    shown = text(gift_desk.get(reverse("lms_memberships_gifts_show", args=[gift.pk])).content.decode())
    assert "given back at Stripe after it had been redeemed" in shown


def test_a_debit_opens_nothing_before_it_has_come(client_for, student, friend, offered, clock, postman):
    """C7: neither for the giver nor for the friend; when the bank says no, the gift is none."""
    browser = client_for(student)
    answer = press(browser, offered)
    assert hosted.pay_by_debit(answer["Location"], iban=hosted.FAILING_ACCOUNT)[0] == 303
    postman.deliver()
    gift = Gift.objects.get()
    assert gift.state == Gift.State.PENDING
    assert "not paid yet" in redeem(client_for(friend), gift)
    assert mails_to(FRIEND) == []
    clock.advance(days=14)
    postman.deliver()
    gift.refresh_from_db()
    assert gift.state == Gift.State.ABANDONED
    assert mail.outbox == []


def test_a_page_that_was_left_is_closed_and_forgets_the_friend(client_for, student, offered, clock):
    press(client_for(student), offered)
    clock.advance(hours=26)
    clock.daily()
    gift = Gift.objects.get()
    assert (gift.state, gift.recipient_email, gift.message) == (Gift.State.ABANDONED, "", "")


# ------------------------------------------------------------------ personal data (K6, K8)


def test_the_export_holds_gifts_given_and_received(client_for, student, friend, offered):
    """K8"""
    gift = pay(client_for(student), offered)
    redeem(client_for(friend), gift)
    [given] = exporting.export_person(student)["gifts_given"]
    assert (given["recipient_email"], given["message"]) == (FRIEND, "Happy birthday!")
    assert "token_hash" not in given
    assert [row["id"] for row in exporting.export_person(friend)["gifts_received"]] == [gift.pk]
    assert exporting.export_person(UserFactory())["gifts_given"] == []


def erase(person, gateway, clock) -> bool:
    return erasing.carry_out_now(erasing.erase(person, now=clock.now), gateway=gateway, now=clock.now)


def test_deleting_the_giver_closes_open_pages_and_leaves_gifts_to_be_redeemed(
    client_for, student, friend, offered, gateway, clock
):
    """K6, K8: what was bought for somebody else stays theirs; the giver's words and name go."""
    browser = client_for(student)
    gift = pay(browser, offered)
    url = press(browser, offered, recipient_email="second@elsewhere.test")["Location"]
    assert erase(student, gateway, clock)
    assert hosted.pay(url)[0] != 303
    gift.refresh_from_db()
    assert (gift.from_name, gift.message, gift.recipient_email) == ("", "", "")
    assert "enjoy" in redeem(client_for(friend), gift)


def test_deleting_the_giver_before_the_day_still_delivers(client_for, student, offered, gateway, clock):
    """K8: the address is kept as long as it is needed, and not longer."""
    day = today(clock) + timedelta(days=3)
    pay(client_for(student), offered, deliver_on=day.isoformat())
    assert erase(student, gateway, clock)
    clock.advance(days=3)
    clock.daily()
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]


def test_what_was_to_be_mailed_to_a_deleted_account_is_handed_over(
    client_for, student, friend, offered, gateway, clock
):
    """K8: their address goes; the giver sees that it is theirs to hand over."""
    browser = client_for(student)
    gift = pay(browser, offered, deliver_on=(today(clock) + timedelta(days=3)).isoformat())
    assert erase(friend, gateway, clock)
    clock.advance(days=3)
    clock.daily()
    gift.refresh_from_db()
    assert (gift.recipient_email, gift.state) == ("", Gift.State.PAID)
    shown = text(browser.get(reverse("lms_memberships:given", args=[gift.pk])).content.decode())
    assert "You hand it over yourself" in shown


def test_deleting_whoever_redeemed_it_takes_their_address_away(client_for, student, friend, offered, gateway, clock):
    """K8"""
    gift = pay(client_for(student), offered)
    redeem(client_for(friend), gift)
    assert erase(friend, gateway, clock)
    gift.refresh_from_db()
    assert (gift.recipient_email, gift.recipient_name, gift.message) == ("", "", "")


def test_without_a_connection_nothing_is_refunded(client_for, student, offered, gift_desk, clock, monkeypatch):
    """The gift stays as it was: nothing was decided yet."""
    gift = pay(client_for(student), offered)

    def nobody():
        raise NotConnected

    monkeypatch.setattr("lms_memberships.creator.gifts.showing.connect.get_gateway", nobody)
    at_desk(gift_desk, "refund", gift)
    gift.refresh_from_db()
    assert gift.state == Gift.State.DELIVERED
    Gift.objects.update(state="abandoned")
    with pytest.raises(gift_refunding.NothingToRefund):
        gift_refunding.close(gift.pk, now=clock.now)


@pytest.mark.parametrize("is_redeemed", [False, True])
def test_the_page_of_refunds_leads_to_that_of_the_gift(
    is_redeemed, client_for, student, friend, offered, sandbox, postman
):
    """X15, X13: redeemed it cannot be given back, whichever page somebody comes from, and never in part."""
    gift = pay(client_for(student), offered)
    postman.deliver()
    if is_redeemed:
        redeem(client_for(friend), gift)
    gift.refresh_from_db()
    window = client_for(allow(UserFactory(), "refund_invoice", "view_gift"))
    page = reverse("lms_memberships_refund", args=[gift.invoice_id])
    own = reverse("lms_memberships_gifts_show", args=[gift.pk])
    for answer in (window.get(page), window.post(page, {"amount": "10.00", "press": "1"})):
        assert answer["Location"] == own
    assert window.get(own).status_code == 200
    assert refunds(sandbox) == []
