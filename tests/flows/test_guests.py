"""Buying without an account: parked, claimed through the mailbox, by one person, once. Over HTTP (K1, K2, C5, C6, X12)."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

import tests.clock
from lms_memberships import killpoints
from lms_memberships.access import decide
from lms_memberships.emails import outbox, switches
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.memberships import guesses
from lms_memberships.models import (
    Checkout,
    Customer,
    Email,
    GuestPurchase,
    Invoice,
    Membership,
    PromotionCode,
    Subscription,
    TrialTaken,
)
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.subscriptions import guest_claims
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

ADDRESS = "victim@school.test"
LINK = re.compile(r"http://testserver(/memberships/claim/[\w-]+/)")


@pytest.fixture(autouse=True)
def guests_are_served(settings, db):
    settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
    switches.switch_all_on()


@pytest.fixture
def victim(db):
    """Has an account with the address that the guest types."""
    return UserFactory(username="victim", email=ADDRESS)


@pytest.fixture
def ticket(gateway, live_session) -> Membership:
    return publish(put_into(MembershipFactory(title="Evening", interval="one_time"), live_session), gateway=gateway)


def form_of(browser: Client, membership) -> tuple[str, dict[str, str]]:
    """Where the guest's form leads, and what is in it."""
    address = reverse("lms_memberships:buy_as_guest", args=[membership.slug])
    answer = browser.get(address)
    assert answer.status_code == 200, answer["Location"]
    attempt = re.search(r'name="attempt" value="([\w-]+)"', answer.content.decode())[1]
    return address, {"attempt": attempt, "email": ADDRESS}


def press(browser: Client, membership, **form: str) -> str:
    """The address of Stripe's page."""
    address, fields = form_of(browser, membership)
    answer = browser.post(address, {**fields, **form})
    assert answer.status_code == 303, answer.content.decode()[:3000]
    return answer["Location"]


def pay(url: str) -> str:
    status, location, body = hosted.pay(url)
    assert status == 303, body[:2000]
    return hosted.path_of(location)


def park(membership, *, browser: Client | None = None, **form: str) -> GuestPurchase:
    """Pressed, paid, and back."""
    browser = browser or Client()
    assert browser.get(pay(press(browser, membership, **form))).status_code == 200
    purchase = GuestPurchase.objects.latest("pk")
    assert purchase.state == "parked"
    return purchase


def mails_to(address: str = ADDRESS) -> list:
    """What has come to that mailbox, when all that is owed has left."""
    outbox.deliver_due(now=tests.clock.now())
    return [each for each in mail.outbox if each.to == [address]]


def link_in(message) -> str:
    return LINK.search(message.body)[1]


def newest_link(address: str = ADDRESS) -> str:
    return link_in(mails_to(address)[-1])


def compare() -> None:
    """With Stripe, by the command; it fails when it had something to repair."""
    with suppress(CommandError):
        call_command("memberships_sync", "--all")


# ------------------------------------------------------------------ K2
def test_a_guest_pays_with_a_victims_address_and_the_victims_account_stays_as_it_was(
    membership, victim, client_for, live_session, clock, postman, client
):
    """K2: not attached, not let in, not signed in; after the link, and their word, it is theirs."""
    browser = Client()
    page = browser.get(membership.get_absolute_url()).content.decode()
    assert "Buy without an account" in text(page)
    shown = browser.get(pay(press(browser, membership)))
    words = text(shown.content.decode())
    assert "v…@school.test" in words
    assert ADDRESS not in words
    postman.deliver()
    assert "_auth_user_id" not in browser.session
    assert not Subscription.objects.exists()
    assert not Checkout.objects.exists()
    assert not Customer.objects.exists()
    assert not decide(victim, live_session, now=clock.now).allowed
    assert [each.subject for each in mails_to()] == ["Open Studio pass"]
    link = newest_link()
    # Whoever has the link is not signed in by it, and is told nothing of an account.
    shown = text(client.get(link).content.decode())
    assert "I have an account: sign in" in shown
    assert ADDRESS not in shown
    assert "victim" not in shown
    assert "_auth_user_id" not in client.session
    theirs = client_for(victim)
    assert "You are signed in as victim" in text(theirs.get(link).content.decode())
    assert not decide(victim, live_session, now=clock.now).allowed
    answer = theirs.post(link)
    assert answer["Location"] == reverse("lms_memberships:account")
    held = Subscription.objects.get()
    assert (held.user_id, held.status) == (victim.pk, "active")
    assert decide(victim, live_session, now=clock.now).allowed
    assert held.customer_id == GuestPurchase.objects.get().customer_id
    assert not Customer.objects.exists(), "the payer's cards are not offered for other purchases"
    assert Invoice.objects.get().user_id == victim.pk


def test_a_link_preview_does_not_use_it_up(membership, client_for, student):
    """S22: GET and HEAD describe, and change nothing."""
    park(membership)
    link = newest_link()
    for _time in range(3):
        assert Client().get(link).status_code == 200
        assert Client().head(link).status_code == 200
    answer = Client().post(link)
    assert answer.status_code == 200
    assert GuestPurchase.objects.get().state == "parked"
    assert client_for(student).get(link)["Referrer-Policy"] == "same-origin"
    assert client_for(student).post(link).status_code == 302
    assert GuestPurchase.objects.get().claimed_by == student


def test_the_table_holds_no_token(membership):
    """S22: only its hash; the mail's row holds none either."""
    purchase = park(membership)
    token = newest_link().split("/")[-2]
    assert len(token) == 43
    rows = [str(vars(GuestPurchase.objects.get(pk=purchase.pk))), str(vars(Email.objects.get(kind="guest_claim")))]
    assert not [row for row in rows if token in row]


@pytest.fixture
def ten_an_hour(monkeypatch):
    """Whatever time the machine takes for them."""
    limit = guesses.Limit(10, timedelta(hours=1))
    monkeypatch.setattr(guesses, "LIMITS", {"address": limit, "person": limit})


def test_a_made_up_link_is_unknown_and_many_are_stopped(membership, client, ten_an_hour):
    """S22."""
    answers = [client.get(f"/memberships/claim/{'x' * 40}{number}/").status_code for number in range(12)]
    assert answers[0] == 404
    assert answers[-1] == 429


def test_the_second_who_comes_finds_nothing(membership, student, victim, client_for):
    """K2: one purchase, one person."""
    park(membership)
    link = newest_link()
    client_for(student).post(link)
    late = client_for(victim)
    assert late.get(link).status_code == 410
    assert late.post(link).status_code == 410
    assert Subscription.objects.get().user == student
    # Whoever has it already is led to it.
    assert client_for(student).get(link)["Location"] == reverse("lms_memberships:account")


@pytest.fixture
def in_the_middle(monkeypatch):
    """Let something happen once, between the look and the write of a claim."""

    def install(happen) -> None:
        todo = [happen]
        reach = killpoints.reach

        def reached(name: str) -> None:
            if name == "guest.claiming" and todo:
                todo.pop()()
            reach(name)

        monkeypatch.setattr(guest_claims.killpoints, "reach", reached)

    return install


def claim_at_once(membership, student, victim, client_for, in_the_middle) -> list[int]:
    park(membership)
    link = newest_link()
    answers = []
    in_the_middle(lambda: answers.append(client_for(victim).post(link).status_code))
    answers.append(client_for(student).post(link).status_code)
    return answers


def test_two_people_claim_at_the_same_moment(membership, student, victim, client_for, in_the_middle):
    """K2: both had looked, and one write finds it parked."""
    assert claim_at_once(membership, student, victim, client_for, in_the_middle) == [302, 410]
    assert Subscription.objects.get().user == victim
    assert GuestPurchase.objects.get().claimed_by == victim


def test_control_a_claim_that_does_not_look_at_what_it_overwrites(
    membership, student, victim, client_for, in_the_middle, monkeypatch
):
    """K2, negative control: the row changes hands, and only the purchase's unique name keeps it from being two."""

    def careless(purchase_id: int, user_id: int, *, now) -> bool:
        rows = GuestPurchase.objects.filter(pk=purchase_id)
        return bool(rows.update(state="claimed", claimed_by_id=user_id, claimed_at=now))

    monkeypatch.setattr(guest_claims, "take", careless)
    with pytest.raises(Exception, match=r"(?i)unique"):
        claim_at_once(membership, student, victim, client_for, in_the_middle)


# ------------------------------------------------------------------ in which order the news comes
def test_the_webhook_first(membership, postman, clock, student, client_for):
    """B4: parked before the browser is back; one mail."""
    browser = Client()
    back = pay(press(browser, membership))
    postman.deliver()
    assert GuestPurchase.objects.get().state == "parked"
    assert "v…@school.test" in text(browser.get(back).content.decode())
    postman.deliver()
    assert len(mails_to()) == 1
    client_for(student).post(newest_link())
    assert Subscription.objects.get().is_live(clock.now)


def test_the_webhook_lost_and_nobody_came_back(membership, student, client_for, clock, capsys):
    """A16: the comparison with Stripe finds it, says so, and finds nothing more the second time."""
    pay(press(Client(), membership))
    compare()
    purchase = GuestPurchase.objects.get()
    assert purchase.state == "parked"
    assert f"Purchase {purchase.uuid} of a guest" in capsys.readouterr().out
    compare()
    assert "of a guest" not in capsys.readouterr().out
    client_for(student).post(newest_link())
    assert Subscription.objects.get().is_live(clock.now)
    compare()
    assert "was missing" not in capsys.readouterr().out


def test_the_daily_job_finds_it_too(membership, clock):
    pay(press(Client(), membership))
    clock.advance(hours=26)
    clock.daily()
    assert GuestPurchase.objects.get().state == "parked"
    assert len(mails_to()) == 1


def test_after_a_restored_backup_it_is_parked_again(membership, student, client_for, clock, postman, capsys):
    """E7: the row is gone, and Stripe still charges."""
    park(membership)
    GuestPurchase.objects.all().delete()
    Email.objects.all().delete()
    mail.outbox.clear()
    compare()
    assert GuestPurchase.objects.get().state == "parked"
    client_for(student).post(newest_link())
    assert Subscription.objects.get().is_live(clock.now)


@pytest.mark.parametrize("how", ["by the daily job", "by a second press"])
def test_stripe_is_away_while_somebody_claims(membership, student, client_for, clock, monkeypatch, how):
    """K2, E1: theirs it is; what it opens is written as soon as Stripe can be asked again."""
    park(membership)
    browser, link = client_for(student), newest_link()

    def away(*anything, **more):
        raise GatewayUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(guest_claims, "follow", away)
        page = browser.post(link, follow=True)
    assert "opens in a moment" in text(page.content.decode())
    assert not Subscription.objects.exists()
    clock.daily() if how == "by the daily job" else browser.post(link)
    assert Subscription.objects.get().is_live(clock.now)


# ------------------------------------------------------------------ one-time, capacity, codes, trials
def test_what_is_paid_once_is_parked_and_claimed_too(ticket, student, client_for, live_session, clock, postman):
    park(ticket)
    postman.deliver()
    assert not Subscription.objects.exists()
    client_for(student).post(newest_link())
    assert decide(student, live_session, now=clock.now).allowed
    held = Subscription.objects.get()
    assert (held.is_recurring, held.customer_id.startswith("cus_")) == (False, True)
    assert Invoice.objects.get().user == student
    postman.deliver()
    assert Subscription.objects.count() == 1


@pytest.fixture
def studio(gateway, live_session) -> Membership:
    """One place."""
    return publish(put_into(MembershipFactory(title="Small studio", max_members=1), live_session), gateway=gateway)


def test_a_guest_takes_a_place_from_the_press_to_the_claim(studio, student, client_for, clock):
    """J1, J2: while the page is open, while it is parked, and afterwards; each once."""
    url = press(Client(), studio)
    sold_out = lambda: "Sold out" in text(Client().get(studio.get_absolute_url()).content.decode())  # noqa: E731
    assert sold_out()
    assert Client().get(reverse("lms_memberships:buy_as_guest", args=[studio.slug])).status_code == 302
    pay(url)
    clock.advance(hours=26)
    clock.daily()
    assert GuestPurchase.objects.get().state == "parked"
    assert sold_out()
    client_for(student).post(newest_link())
    assert Subscription.objects.get().is_live(clock.now)
    assert sold_out()


def test_a_page_that_was_left_frees_its_place(studio, clock):
    """J9."""
    press(Client(), studio)
    clock.advance(minutes=36)
    assert "1 place left" in text(Client().get(studio.get_absolute_url()).content.decode())


def test_paid_when_the_last_place_had_gone_it_all_goes_back(studio, student, client_for, sandbox, postman):
    """J5: cancelled, refunded, and said, on the page and by mail; no link is sent."""
    browser = Client()
    url = press(browser, studio)
    GuestPurchase.objects.update(state="expired")
    buy(client_for(student), studio)
    page = text(browser.get(pay(url)).content.decode())
    assert "returned to you" in page
    postman.deliver()
    purchase = GuestPurchase.objects.get()
    assert (purchase.state, purchase.return_reason) == ("returned", "no_place")
    assert refunds(sandbox) == [1900]
    assert [each.subject for each in mails_to()] == ["Your payment for Small studio is returned"]
    assert Subscription.objects.get().user == student


def refunds(sandbox) -> list[int]:
    return [refund["amount"] for refund in sandbox.store.all("refund", account=sandbox.account_id)]


def test_a_limited_code_is_kept_for_a_guest_as_for_everybody(membership, student, client_for, gateway, clock):
    """J4."""
    made = gateway.client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    promotion = {"type": "coupon", "coupon": made.id}
    gateway.client.v1.promotion_codes.create({"promotion": promotion, "code": "ONE", "max_redemptions": 1})
    url = press(Client(), membership, promo="ONE")
    assert "€15.20" in hosted.get(url)
    browser = client_for(student)
    refused = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), {"promo": "ONE"})
    assert "cannot be used" in text(refused.content.decode())
    pay(url)
    clock.daily()
    clock.advance(hours=26)
    clock.daily()
    assert PromotionCode.objects.get().times_redeemed == 1
    client_for(student).post(newest_link())
    assert PromotionCode.objects.get().times_redeemed == 1


def test_a_code_that_does_not_hold_keeps_nobody_from_buying(membership):
    address, fields = form_of(Client(), membership)
    answer = Client().post(address, {**fields, "promo": "NOBODYS"})
    assert "You can go on without it" in text(answer.content.decode())
    assert Client().post(address, fields).status_code == 303


def test_a_guest_has_no_trial(gateway, live_session, student, client_for, sandbox):
    """X12: whose mailbox it is, nobody has proven."""
    tried = publish(put_into(MembershipFactory(title="Try me", trial_days=14), live_session), gateway=gateway)
    page = Client().get(reverse("lms_memberships:buy_as_guest", args=[tried.slug])).content.decode()
    assert "The free trial is for people with an account." in text(page)
    park(tried)
    client_for(student).post(newest_link())
    assert Subscription.objects.get().trial_end is None
    assert not TrialTaken.objects.exists()
    assert [each["paid"] for each in sandbox.store.all("charge", account=sandbox.account_id)] == [True]


def test_for_members_of_another_one_an_account_is_needed(membership, gateway, live_session):
    """V2."""
    top = publish(put_into(MembershipFactory(title="On top", requires=membership), live_session), gateway=gateway)
    assert "Buy without an account" not in text(Client().get(top.get_absolute_url()).content.decode())
    answer = Client().get(reverse("lms_memberships:buy_as_guest", args=[top.slug]))
    assert answer["Location"] == reverse("lms_memberships:buy", args=[top.slug])


@pytest.mark.parametrize("is_on", ["setting", "mail"])
def test_guests_are_sold_to_only_where_it_is_on_and_their_mail_is(membership, settings, is_on):
    """Without the link in the mail nobody would ever come in."""
    if is_on == "setting":
        switches.set_for_all({EmailKind.GUEST_CLAIM: False})
    else:
        settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = False
    assert "Buy without an account" not in text(Client().get(membership.get_absolute_url()).content.decode())
    address = reverse("lms_memberships:buy_as_guest", args=[membership.slug])
    assert Client().post(address, {"email": ADDRESS})["Location"] == reverse(
        "lms_memberships:buy", args=[membership.slug]
    )
    assert not GuestPurchase.objects.exists()


# ------------------------------------------------------------------ pressing twice, cards, addresses
def test_pressing_twice_is_one_page(membership, sandbox):
    """C6."""
    browser = Client()
    address, fields = form_of(browser, membership)
    urls = {browser.post(address, fields)["Location"] for _time in range(2)}
    assert len(urls) == 1
    assert len(sandbox.store.all("checkout.session", account=sandbox.account_id)) == 1
    pay(urls.pop())
    again = browser.post(address, fields, follow=True)
    assert "is paid already" in text(again.content.decode())
    assert len(sandbox.store.all("checkout.session", account=sandbox.account_id)) == 1


def test_another_address_in_the_same_form_is_another_page(membership, sandbox):
    """A typing mistake is mended before it is paid, and the first page can be paid by nobody."""
    browser = Client()
    address, fields = form_of(browser, membership)
    first = browser.post(address, fields)["Location"]
    second = browser.post(address, {**fields, "email": "right@school.test"})["Location"]
    assert first != second
    assert hosted.pay(first)[0] != 303
    pay(second)
    states = [each["status"] for each in sandbox.store.all("checkout.session", account=sandbox.account_id)]
    assert sorted(states) == ["complete", "expired"]


@pytest.mark.parametrize("limit", ["PERSON", "ADDRESS"])
def test_cards_are_not_tried_out_without_an_account_either(membership, settings, limit):
    """S38: by the address that was typed, and by the network."""
    setattr(settings, f"LMS_MEMBERSHIPS_CHECKOUTS_PER_{limit}_A_DAY", 2)
    for number in range(2):
        press(Client(), membership, email=ADDRESS.upper() if limit == "PERSON" else f"{number}@school.test")
    address, fields = form_of(Client(), membership)
    answer = Client().post(address, fields, follow=True)
    assert "Too many payment pages" in text(answer.content.decode())
    assert GuestPurchase.objects.count() == 2


def test_the_form_needs_its_token(membership):
    """CSRF."""
    strict = Client(enforce_csrf_checks=True)
    address, fields = form_of(strict, membership)
    assert strict.post(address, fields).status_code == 403
    assert strict.post(reverse("lms_memberships:guest_links"), {"email": ADDRESS}).status_code == 403


def test_the_way_back_says_nothing_to_another_browser(membership, client):
    """C5."""
    back = pay(press(Client(), membership))
    page = text(client.get(back).content.decode())
    assert "If you have paid" in page
    assert "school.test" not in page.replace("help@school.test", "")
    assert page == text(client.get(reverse("lms_memberships:guest_done")).content.decode())


@pytest.mark.parametrize(("why", "said"), [("no_place", "the last place had gone"), ("withdrawn", "It was cancelled")])
def test_a_way_back_says_why_it_is_returned(why, said, membership):
    """C5, J5, X14: not that there was no place, to whoever has withdrawn."""
    browser = Client()
    back = pay(press(browser, membership))
    GuestPurchase.objects.update(return_reason=why)
    page = text(browser.get(back).content.decode())
    assert said in page
    assert ("We are sorry" in page) is (why == "no_place")


def test_a_way_back_that_no_session_has(membership):
    """S45: PostgreSQL takes no NUL."""
    browser = Client()
    park(membership, browser=browser)
    answer = browser.get(reverse("lms_memberships:guest_done"), {"session_id": "\0"})
    assert answer.status_code == 200


def test_while_another_account_is_connected_nothing_is_concluded(membership, client_for, student):
    """K2, E9: the account that is connected does not know it, which does not say that it is over."""
    park(membership)
    link, elsewhere = newest_link(), {"account": "acct_elsewhere"}
    here = GuestPurchase.objects.get().account
    GuestPurchase.objects.update(**elsewhere, stripe_id="sub_unknown_here")
    client_for(student).post(link)
    assert GuestPurchase.objects.get().state == "parked"
    GuestPurchase.objects.update(account=here)
    client_for(student).post(link)
    assert GuestPurchase.objects.get().state == "ended", "asked where it was made, the answer counts"


def test_asking_for_the_link_tells_nobody_whether_anything_waits(membership, client, ten_an_hour):
    """S35: one answer; the mail goes to the mailbox, in whatever capitals it was typed (K5); and it is limited."""
    park(membership)
    address = reverse("lms_memberships:guest_links")
    pages = {client.post(address, {"email": each}).content for each in (ADDRESS.title(), "nobody@school.test")}
    assert len({re.sub(rb'value="[\w-]{64}"', b"", page) for page in pages}) == 1
    assert [link_in(each) for each in mails_to()] == [newest_link()] * 2
    answers = [client.post(address, {"email": ADDRESS}).status_code for _time in range(12)]
    assert answers[-1] == 429


# ------------------------------------------------------------------ whoever has it already
def test_whoever_has_it_already_gets_the_money_back_instead_of_a_second_one(
    membership, student, client_for, sandbox, clock
):
    """C6: never two live ones silently."""
    browser = client_for(student)
    buy(browser, membership)
    park(membership)
    link = newest_link()
    page = text(browser.get(link).content.decode())
    assert "You already have “Studio pass”." in page
    browser.post(link)
    assert GuestPurchase.objects.get().state == "parked"
    answer = browser.post(f"{link}return/")
    assert "returned to you" in text(answer.content.decode())
    assert GuestPurchase.objects.get().state == "returned"
    assert refunds(sandbox) == [1900]
    assert Subscription.objects.get().is_live(clock.now)
    clock.daily()
    assert refunds(sandbox) == [1900]


def test_whoever_does_not_have_it_cannot_send_it_back(membership, student, client_for, sandbox):
    """The link opens; it does not destroy."""
    park(membership)
    client_for(student).post(f"{newest_link()}return/")
    Client().post(f"{newest_link()}return/")
    assert GuestPurchase.objects.get().state == "parked"
    assert refunds(sandbox) == []


def test_bought_in_the_very_moment_of_the_claim_the_second_is_undone(
    membership, student, client_for, sandbox, clock, in_the_middle, postman
):
    """C6: two ways at once; one stays, and the other's money goes back."""
    park(membership)
    browser = client_for(student)
    in_the_middle(lambda: buy(browser, membership))
    browser.post(newest_link())
    postman.deliver()
    live = [row for row in Subscription.objects.all() if row.is_live(clock.now)]
    assert len(live) == 1
    assert refunds(sandbox) == [1900]


# ------------------------------------------------------------------ before anybody comes
def test_over_at_stripe_before_it_was_claimed(membership, gateway, student, client_for, postman, clock):
    """Cancelled in the dashboard: nobody is let in any more."""
    purchase = park(membership)
    link = newest_link()
    gateway.cancel_now(purchase.stripe_id)
    postman.deliver()
    assert GuestPurchase.objects.get().state == "ended"
    assert client_for(student).post(link).status_code == 410
    assert not Subscription.objects.exists()


def test_over_at_stripe_and_nobody_heard_of_it(membership, gateway, student, client_for):
    """The claim reads it again."""
    gateway.cancel_now(park(membership).stripe_id)
    assert client_for(student).post(newest_link()).status_code == 410
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("kind", ["membership", "ticket"])
def test_refunded_before_it_was_claimed(kind, request, gateway, student, client_for, sandbox):
    """In Stripe's dashboard: nothing opens, and a renewing one is not charged again."""
    purchase = park(request.getfixturevalue(kind))
    payment = purchase.stripe_id
    if kind == "membership":
        payment = gateway.list_invoices(subscription_id=purchase.stripe_id)[0].payment_intent_id
    gateway.client.v1.refunds.create({"payment_intent": payment})
    assert client_for(student).post(newest_link()).status_code == 410
    assert GuestPurchase.objects.get().state == "returned"
    assert len(refunds(sandbox)) == 1
    if kind == "membership":
        assert gateway.read_subscription(purchase.stripe_id).status == "canceled"


def test_nobody_comes_reminded_and_not_charged_again(membership, sandbox, clock, student, client_for, gateway):
    """Three days later a reminder; before the renewal it is stopped, with a mail; then it is over. One payment in all."""
    purchase = park(membership)
    clock.advance(days=4)
    clock.daily()
    clock.daily()
    assert [each.subject for each in mails_to()] == ["Open Studio pass", "Studio pass is waiting for you"]
    clock.advance(days=24)
    clock.daily()
    assert mails_to()[-1].subject == "Studio pass is not charged again"
    assert gateway.read_subscription(purchase.stripe_id).cancel_at is not None
    page = text(client_for(student).get(newest_link()).content.decode())
    assert "It is not renewed" in page
    clock.advance(days=8)
    clock.daily()
    assert GuestPurchase.objects.get().state == "ended"
    paid = [each for each in sandbox.store.all("charge", account=sandbox.account_id) if each["paid"]]
    assert len(paid) == 1


def test_claimed_late_it_can_be_had_renewed_again(membership, clock, student, client_for):
    park(membership)
    clock.advance(days=28)
    clock.daily()
    browser = client_for(student)
    browser.post(newest_link())
    held = Subscription.objects.get()
    assert held.cancel_at is not None
    browser.post(reverse("lms_memberships:resume", args=[held.pk]))
    held.refresh_from_db()
    assert held.cancel_at is None


def test_a_link_lapses_and_another_one_is_sent(ticket, clock, student, client_for, client):
    park(ticket)
    old = newest_link()
    clock.advance(days=15)
    assert "has lapsed" in text(client_for(student).post(old, follow=True).content.decode())
    client.post(reverse("lms_memberships:guest_links"), {"email": ADDRESS})
    assert newest_link() != old
    assert Client().get(old).status_code == 404
    client_for(student).post(newest_link())
    assert Subscription.objects.get().user == student


def test_a_debit_is_parked_when_its_money_comes(membership, clock, postman, student, client_for):
    """C7."""
    browser = Client()
    status, location, _body = hosted.pay_by_debit(press(browser, membership))
    assert status == 303
    assert "still confirming" in text(browser.get(hosted.path_of(location)).content.decode())
    postman.deliver()
    assert mails_to() == []
    clock.advance(days=6)
    postman.deliver()
    assert GuestPurchase.objects.get().state == "parked"
    client_for(student).post(newest_link())
    assert Subscription.objects.get().is_live(clock.now)


# ------------------------------------------------------------------ the creator
def test_a_creator_sees_sends_again_and_gives_back(membership, admin, client_for, sandbox, client):
    purchase = park(membership)
    staff = client_for(admin)
    listing = reverse("lms_memberships_guests_list")
    page = text(staff.get(listing).content.decode())
    assert ADDRESS in page
    assert "waits to be claimed" in page
    assert ADDRESS in staff.get(listing, {"q": "VICTIM@"}).content.decode()
    assert ADDRESS not in staff.get(listing, {"q": "somebody.else"}).content.decode()
    assert ADDRESS not in staff.get(listing, {"state": "claimed"}).content.decode()
    staff.post(reverse("lms_memberships_guests_again", args=[purchase.pk]))
    assert len(mails_to()) == 2
    back = reverse("lms_memberships_guests_return", args=[purchase.pk])
    assert "nobody can claim it any more" in text(staff.get(back).content.decode())
    assert GuestPurchase.objects.get().state == "parked"
    staff.post(back)
    assert GuestPurchase.objects.get().state == "returned"
    assert refunds(sandbox) == [1900]
    assert mails_to()[-1].subject == "Your payment for Studio pass is returned"
    assert client.get(link_in(mails_to()[0])).status_code == 410


def test_the_listing_costs_the_same_for_one_and_for_many(membership, admin, client_for, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    purchase = park(membership)
    staff, counts = client_for(admin), []
    for number in range(3):
        with CaptureQueriesContext(connection) as captured:
            staff.get(reverse("lms_memberships_guests_list"))
        counts.append(len(captured))
        columns = {"membership": membership, "price": purchase.price, "created_at": purchase.created_at}
        GuestPurchase.objects.create(state="parked", email=f"{number}@x.test", stripe_id=f"pi_{number}", **columns)
    assert counts[1] == counts[2]
