"""A gift from the creator's price to its last day: paid once, delivered, redeemed once, returned before that (X15, X2)."""

import io
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms_memberships.emails import switches
from lms_memberships.memberships import gift_offers
from lms_memberships.models import Checkout, Email, Gift, Invoice, Membership, Subscription
from lms_memberships.money import Money
from lms_memberships.subscriptions import gift_links
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.giving import FRIEND, mails_to, path, pay, press, redeem, refunds, today
from tests.flows.steps import buy, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_is_on")]


# ------------------------------------------------------------------ buying


def test_from_the_page_to_the_friend(client_for, student, friend, offered, clock, sandbox, postman):
    """X15: what is paid is said before; it opens nothing for the giver, and three months for the friend."""
    browser = client_for(student)
    page = browser.get(offered.get_absolute_url()).content.decode()
    assert reverse("lms_memberships:give", args=[offered.slug]) in page
    shown = text(browser.get(reverse("lms_memberships:give", args=[offered.slug])).content.decode())
    assert "3 months : you pay €49.00 today, once" in shown
    assert "Nothing renews" in shown
    answer = press(browser, offered)
    assert "€49.00" in hosted.get(answer["Location"])
    status, location, _body = hosted.pay(answer["Location"])
    back = browser.get(hosted.path_of(location), follow=True)
    assert status == 303
    gift = Gift.objects.get()
    assert gift.state == Gift.State.DELIVERED
    assert gift_links.token_of(gift) in back.content.decode()
    postman.deliver()
    assert not Subscription.objects.exists(), "a gift opens nothing for whoever pays"
    assert not Checkout.objects.exists()
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]
    assert mails_to(student.email) == ["Your gift: Studio pass"]
    message = next(each for each in mail.outbox if each.to == [FRIEND])
    assert "Ada has given you Studio pass for 3 months." in message.body
    assert "Happy birthday!" in message.body
    assert gift_links.link_of(gift) in message.body
    kim = client_for(friend)
    assert "The gift is yours: enjoy!" in redeem(kim, gift)
    held = Subscription.objects.get()
    assert (held.user, held.origin, held.is_recurring) == (friend, "gift", False)
    assert held.is_live(clock.now)
    account = text(kim.get(reverse("lms_memberships:account")).content.decode())
    assert "Nothing renews" in account
    assert "Cancel" not in account
    clock.advance(days=93)
    clock.daily()
    assert not Subscription.objects.get().is_live(clock.now)
    assert len(sandbox.store.all("invoice", account=sandbox.account_id)) == 1, "nothing renews"
    assert "Ended" in text(kim.get(reverse("lms_memberships:account")).content.decode())


def test_the_invoice_says_that_it_was_a_gift(client_for, student, offered, postman):
    """X15: in the giver's list, with Stripe's number."""
    browser = client_for(student)
    gift = pay(browser, offered)
    postman.deliver()
    invoice = Invoice.objects.get()
    assert (gift.invoice, invoice.subscription, invoice.user, invoice.amount_paid) == (invoice, None, student, 4900)
    shown = text(browser.get(reverse("lms_memberships:invoices")).content.decode())
    assert "Gift: Studio pass" in shown
    assert "€49.00" in shown


def test_the_news_may_come_first_and_more_than_once(client_for, student, offered, sandbox, postman):
    """X15, B4, C1: nobody came back; the webhook pays it, once, and the return page later changes nothing."""
    browser = client_for(student)
    _status, location, _body = hosted.pay(press(browser, offered)["Location"])
    postman.deliver()
    gift = Gift.objects.get()
    assert (gift.state, gift.deliveries) == (Gift.State.DELIVERED, 1)
    assert browser.get(hosted.path_of(location)).status_code == 302
    postman.deliver()
    gift.refresh_from_db()
    assert gift.deliveries == 1
    assert Email.objects.filter(kind="gift_received").count() == 1


@pytest.mark.parametrize("job", ["memberships_sync", "memberships_daily"])
def test_paid_unheard_it_is_found_and_delivered(client_for, student, offered, job, clock):
    """X15, A9: no webhook came, and nobody came back."""
    hosted.pay(press(client_for(student), offered)["Location"])
    # The comparison says by its exit code that something was not as at Stripe.
    with suppress(CommandError):
        call_command(job, verbosity=0, stdout=io.StringIO())
    assert Gift.objects.get().state == Gift.State.DELIVERED
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]
    assert not Subscription.objects.exists()
    assert not Checkout.objects.exists()


def test_two_presses_are_one_gift_and_another_gift_closes_the_first_page(client_for, student, offered):
    """C6: no second page, and no money for a gift that was changed."""
    browser = client_for(student)
    first = press(browser, offered)["Location"]
    assert press(browser, offered)["Location"] == first
    second = press(browser, offered, recipient_email="other@elsewhere.test")["Location"]
    assert second != first
    assert hosted.pay(first)[0] != 303
    assert hosted.pay(second)[0] == 303
    assert Gift.objects.filter(state="abandoned", recipient_email="", message="").count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"recipient_email": ""}, "Please enter the address"),
        ({"recipient_email": "not an address"}, "valid email"),
        ({"recipient_email": "a@b.test\nBcc: c@d.test"}, "valid email"),
        ({"deliver_on": "2020-01-01"}, "This day is over"),
        ({"deliver_on": "2099-01-01"}, "within the next twelve months"),
        ({"message": "x" * 1001}, "at most 1000"),
        ({"offer": 999_999}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_made(client_for, student, offered, fields, said):
    answer = press(client_for(student), offered, **fields)
    assert answer.status_code == 200
    assert said in text(answer.content.decode())
    assert not Gift.objects.exists()


def test_a_price_of_a_gift_never_buys_the_membership(client_for, student, offered):
    """X15: one-time prices of its own; the membership is sold at its own price as before."""
    assert offered.prices.count() == 1
    buy(client_for(student), offered)
    assert Subscription.objects.get().amount == 1900


def test_the_session_of_a_gift_is_no_purchase(client_for, student, offered, sandbox):
    """X15, C4: handed to the way back of a purchase, it opens nothing."""
    browser = client_for(student)
    _status, location, _body = hosted.pay(press(browser, offered)["Location"])
    session = location.partition("session_id=")[2]
    answer = browser.get(reverse("lms_memberships:done"), {"session_id": session})
    assert "We do not know this purchase" in text(answer.content.decode())
    assert not Subscription.objects.exists()


def test_where_nothing_is_offered_nothing_is_shown(client_for, student, membership):
    """Negative control."""
    browser = client_for(student)
    address = reverse("lms_memberships:give", args=[membership.slug])
    assert address not in browser.get(membership.get_absolute_url()).content.decode()
    assert browser.get(address).status_code == 404


# ------------------------------------------------------------------ delivery


def test_it_is_mailed_on_its_day_and_not_before(client_for, student, offered, clock):
    """X15: once, however often the job runs; its time to be redeemed counts from that day."""
    day = today(clock) + timedelta(days=10)
    gift = pay(client_for(student), offered, deliver_on=day.isoformat())
    clock.advance(days=8)
    clock.daily()
    assert mails_to(FRIEND) == []
    clock.advance(days=2)
    clock.daily()
    clock.daily()
    assert mails_to(FRIEND) == ["A gift for you: Studio pass"]
    gift.refresh_from_db()
    assert timezone.localdate(gift.redeem_until) > day + timedelta(days=360)


def test_handed_over_by_the_giver_it_is_mailed_to_nobody(client_for, student, friend, offered, clock):
    """X15: the giver sees the link again whenever they look; it is stored nowhere."""
    browser = client_for(student)
    gift = pay(browser, offered, delivery="hand", recipient_email="left@over.test")
    clock.advance(days=1)
    clock.daily()
    assert mails_to("left@over.test") == []
    token = gift_links.token_of(gift)
    assert len(token) == 32
    shown = browser.get(reverse("lms_memberships:given", args=[gift.pk]))
    assert token in shown.content.decode()
    assert token not in "".join(str(value) for row in Gift.objects.values_list() for value in row)
    assert "enjoy" in redeem(client_for(friend), gift)
    assert token not in browser.get(reverse("lms_memberships:given", args=[gift.pk])).content.decode()


def test_with_the_mail_switched_off_the_link_is_offered(client_for, student, offered, clock):
    """X15: said before it is paid; switched off later, said on its page."""
    switches.set_for_all(dict.fromkeys(switches.on_for(None), False))
    browser = client_for(student)
    shown = text(browser.get(reverse("lms_memberships:give", args=[offered.slug])).content.decode())
    assert "does not mail gifts" in shown
    assert "By e-mail" not in shown
    forged = browser.post(reverse("lms_memberships:give", args=[offered.slug]), {"delivery": "mail"})
    assert (forged.status_code, Gift.objects.exists()) == (200, False)
    switches.switch_all_on()
    gift = pay(browser, offered, deliver_on=(today(clock) + timedelta(days=3)).isoformat())
    switches.set_for_all(dict.fromkeys(switches.on_for(None), False))
    clock.advance(days=4)
    clock.daily()
    gift.refresh_from_db()
    assert (gift.state, mails_to(FRIEND)) == (Gift.State.PAID, [])
    shown = browser.get(reverse("lms_memberships:given", args=[gift.pk])).content.decode()
    assert "please hand the link over yourself" in text(shown)
    assert gift_links.link_of(gift) in shown


def test_another_persons_gift_is_unknown(client_for, student, friend, offered):
    """S19"""
    gift = pay(client_for(student), offered)
    other = client_for(friend)
    assert other.get(reverse("lms_memberships:given", args=[gift.pk])).status_code == 404
    assert "Studio pass" not in text(other.get(reverse("lms_memberships:gifts")).content.decode())
    assert "Studio pass" in text(client_for(student).get(reverse("lms_memberships:gifts")).content.decode())


# ------------------------------------------------------------------ redeeming


def test_looking_consumes_nothing_and_the_link_is_told_to_nobody(client_for, student, offered):
    """X15, S19: scanners of mails follow links; no cache, no search engine and no other site learns of it."""
    gift = pay(client_for(student), offered)
    for _time in range(3):
        answer = Client().get(path(gift))
        assert answer.status_code == 200
        assert "Happy birthday!" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer["X-Robots-Tag"]
    assert Client().head(path(gift)).status_code == 200
    gift.refresh_from_db()
    assert gift.state == Gift.State.DELIVERED


def test_a_stranger_signs_in_first_and_comes_back(client_for, student, offered):
    gift = pay(client_for(student), offered)
    page = Client().get(path(gift)).content.decode()
    assert f"next={path(gift).replace('/', '%2F')}" in page
    answer = Client().post(path(gift))
    assert (answer.status_code, "next=" in answer["Location"]) == (302, True)
    gift.refresh_from_db()
    assert gift.state == Gift.State.DELIVERED


def test_it_is_redeemed_once(client_for, student, friend, offered):
    """X15: by whoever comes first; the giver too."""
    gift = pay(client_for(student), offered)
    assert "enjoy" in redeem(client_for(student), gift)
    assert "was redeemed already" in redeem(client_for(friend), gift)
    assert "was redeemed already" in redeem(client_for(student), gift)
    assert Subscription.objects.get().user == student


@pytest.mark.parametrize("word", ["x" * 32, "x", "x" * 5000, "%00", "é"])
def test_a_word_that_is_no_gifts_is_unknown(client_for, friend, offered, word):
    address = f"/memberships/gift/{word}/"
    assert Client().get(address).status_code == 404
    assert client_for(friend).post(address).status_code == 404


def test_after_its_time_it_is_over_and_its_place_free(client_for, student, friend, offered, clock):
    """X15: by time alone, and told."""
    Membership.objects.update(max_members=1)
    browser = client_for(student)
    gift = pay(browser, offered)
    clock.advance(days=370)
    answer = client_for(friend).get(path(gift))
    assert answer.status_code == 410
    assert "is over" in text(answer.content.decode())
    assert "is over" in redeem(client_for(friend), gift)
    assert not Subscription.objects.exists()
    clock.daily()
    gift.refresh_from_db()
    assert gift.state == Gift.State.EXPIRED
    assert "Expired" in text(browser.get(reverse("lms_memberships:gifts")).content.decode())


def test_who_lacks_what_it_stands_on_keeps_the_gift(client_for, student, friend, offered, gateway, live_session):
    """V2"""
    base = publish(put_into(MembershipFactory(title="Base"), live_session), gateway=gateway)
    gift = pay(client_for(student), offered)
    Membership.objects.filter(pk=offered.pk).update(requires=base)
    assert "only for members of" in redeem(client_for(friend), gift)
    gift.refresh_from_db()
    assert gift.state == Gift.State.DELIVERED


# ------------------------------------------------------------------ behind what runs (X2)


def both(friend) -> tuple[Subscription, Subscription | None]:
    bought = Subscription.objects.get(user=friend, origin="bought")
    return bought, Subscription.objects.filter(user=friend, origin="gift").first()


def test_behind_a_subscription_that_renews_it_waits_until_that_ends(
    client_for, student, friend, offered, clock, postman
):
    """X15, X2: no day of it is lost to what is paid anyway; cancelled, it is laid right behind; taken back, it waits."""
    kim = client_for(friend)
    buy(kim, offered)
    postman.deliver()
    gift = pay(client_for(student), offered)
    assert "it renews" in text(kim.get(path(gift)).content.decode())
    assert "begins when what you hold now ends" in redeem(kim, gift)
    assert both(friend)[1] is None
    assert "A gift waits for you: 3 months" in text(kim.get(reverse("lms_memberships:account")).content.decode())
    clock.advance(days=40)
    postman.deliver()
    clock.daily()
    assert both(friend)[1] is None, "renewed, and still waiting"
    bought, _none = both(friend)
    kim.post(reverse("lms_memberships:cancel", args=[bought.pk]))
    bought, given = both(friend)
    assert given.started_at == bought.access_until
    kim.post(reverse("lms_memberships:resume", args=[bought.pk]))
    assert both(friend)[1] is None
    kim.post(reverse("lms_memberships:cancel", args=[bought.pk]))
    bought, given = both(friend)
    end = bought.access_until
    assert given.started_at == end
    clock.advance(seconds=(end - clock.now).total_seconds() + 5)
    postman.deliver()
    clock.daily()
    assert Subscription.objects.giving_access(clock.now).filter(user=friend).exists(), "not a moment without"
    assert [subject for subject in mails_to(FRIEND) if "has ended" in subject] == []
    _bought, given = both(friend)
    assert (given.access_until - end).days in range(89, 93)
    assert "Gift" in text(kim.get(reverse("lms_memberships:account")).content.decode())


def test_ended_at_once_the_gift_begins_at_once(client_for, student, friend, offered, clock, postman, gateway):
    """X15: in the very transaction that learns of the end."""
    kim = client_for(friend)
    buy(kim, offered)
    postman.deliver()
    redeem(kim, pay(client_for(student), offered))
    bought, _none = both(friend)
    gateway.cancel_now(bought.stripe_id)
    postman.deliver()
    bought, given = both(friend)
    assert not bought.is_live(clock.now)
    assert given.is_live(clock.now)
    assert [subject for subject in mails_to(FRIEND) if "has ended" in subject] == []


def test_without_the_reaction_there_is_a_gap(
    client_for, student, friend, offered, clock, postman, gateway, monkeypatch
):
    """X15, negative control: nobody listens, and the friend stands outside until the daily job."""
    monkeypatch.setattr("lms_memberships.subscriptions.gift_turns._arrange_behind", lambda pk: False)
    kim = client_for(friend)
    buy(kim, offered)
    postman.deliver()
    redeem(kim, pay(client_for(student), offered))
    gateway.cancel_now(both(friend)[0].stripe_id)
    postman.deliver()
    assert not Subscription.objects.giving_access(clock.now).filter(user=friend).exists()
    clock.daily()
    assert Subscription.objects.giving_access(clock.now).filter(user=friend).exists()


def test_a_second_gift_follows_the_first(client_for, student, friend, offered):
    """X15: end to end."""
    browser, kim = client_for(student), client_for(friend)
    for _one in range(2):
        redeem(kim, pay(browser, offered))
    first, second = Subscription.objects.filter(user=friend).order_by("started_at")
    assert second.started_at == first.access_until
    assert (second.access_until - first.started_at).days > 175


def test_who_has_it_for_good_may_pass_it_on(client_for, student, friend, offered, gateway, live_session, now):
    """X15: it would add nothing, and is not used up."""
    once = MembershipFactory(title="For good", interval="one_time", price_amount=9900)
    once = publish(put_into(once, live_session), gateway=gateway)
    gift_offers.write(once, {3: Money(900, "eur")})
    gift_offers.prepare(once, gateway=gateway, now=now)
    kim = client_for(friend)
    buy(kim, once)
    gift = pay(client_for(student), once)
    assert "for good" in redeem(kim, gift)
    assert "enjoy" in redeem(client_for(UserFactory()), gift)


# ------------------------------------------------------------------ taking one of the places


def test_a_gift_takes_a_place_from_its_payment_page_on(client_for, student, friend, offered, clock):
    """X15, J1: one more, whoever redeems it; free again when its page is left or its money goes back."""
    Membership.objects.update(max_members=1)
    browser, other = client_for(student), client_for(UserFactory())
    press(browser, offered)
    assert "sold out" in text(other.get(press(other, offered)["Location"]).content.decode())
    answer = other.post(reverse("lms_memberships:buy", args=[offered.slug]), follow=True)
    assert "sold out" in text(answer.content.decode())
    clock.advance(minutes=40)
    gift = pay(other, offered)
    answer = browser.post(reverse("lms_memberships:buy", args=[offered.slug]), follow=True)
    assert "sold out" in text(answer.content.decode())
    redeem(client_for(friend), gift)
    answer = browser.post(reverse("lms_memberships:buy", args=[offered.slug]), follow=True)
    assert "sold out" in text(answer.content.decode()), "the same place, now the friend's"


def test_paid_when_no_place_was_left_it_goes_back(client_for, student, offered, sandbox, clock, postman):
    """X15, J5: said on the page and by mail; its link opens nothing."""
    Membership.objects.update(max_members=1)
    browser = client_for(student)
    url = press(browser, offered)["Location"]
    Gift.objects.update(state="abandoned")
    buy(client_for(UserFactory()), offered)
    _status, location, _body = hosted.pay(url)
    shown = text(browser.get(hosted.path_of(location), follow=True).content.decode())
    assert "Returned" in shown
    postman.deliver()
    assert refunds(sandbox) == [4900]
    assert "The payment for your gift is returned: Studio pass" in mails_to(student.email)
    assert mails_to(FRIEND) == []
