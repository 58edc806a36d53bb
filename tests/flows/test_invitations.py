"""From an invitation link to the membership: who may use it, how often, and what a look at it changes (V8, V24–V26, S22)."""

import time
import uuid
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.memberships import invitations
from lms_memberships.models import (
    Checkout,
    Email,
    EmailSwitch,
    InvitationLink,
    InvitationUse,
    Item,
    PromotionCode,
    Subscription,
    WaitingEntry,
)
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import checkout, inviting
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.faults.sizes import pick
from tests.flows.invitations import invite
from tests.flows.steps import press_join, text
from tests.security.asking import fingerprint

pytestmark = pytest.mark.django_db

#: More of them only take longer: after the first ten each is answered alike.
GUESSES = pick(test=60, ci=10_000, soak=100_000)
ACCOUNT = reverse("lms_memberships:account")


def said(answer) -> str:
    return text(answer.content.decode())


def accept(browser: Client, address: str, **data: str):
    return browser.post(address, data)


def pay(browser: Client, address: str) -> None:
    """Accept, pay on Stripe's page, and come back."""
    answer = accept(browser, address)
    assert answer.status_code == 303, said(answer)
    status, location, body = hosted.pay(answer["Location"])
    assert status == 303, body[:2000]
    assert browser.get(hosted.path_of(location)).status_code == 200


@pytest.fixture
def reader(client_for):
    """Somebody with an account, signed in."""
    return client_for(UserFactory())


# ---------------------------------------------------------------- what is seen
def test_whoever_opens_a_link_sees_what_it_is_and_what_happens_next(client, membership):
    """V24: contents, description, price and the day until which it holds, before anybody signs in."""
    _link, address = invite(membership, last_day=date(2099, 1, 31))
    page = client.get(address)
    shown = said(page)
    assert page.status_code == 200
    for words in (
        membership.title,
        "Glazing evening",
        "Everything in the",
        "€19.00 per month",
        "You pay €19.00 today",
        "can be used until Jan. 31, 2099",
        "Accept the invitation",
    ):
        assert words in shown.replace("\xa0", " "), words


def test_a_trial_and_a_free_gift_are_said_too(client, gateway, live_session):
    """V24"""
    trial = publish(put_into(MembershipFactory(trial_days=14), live_session), gateway=gateway)
    assert "14 days free" in said(client.get(invite(trial)[1]))
    assert "stays open. Nothing is charged" in said(client.get(invite(trial, free=True)[1]))
    until = said(client.get(invite(trial, free=True, last_day_of_access=date(2099, 3, 31))[1]))
    assert "stays open until March 31, 2099" in until


@pytest.mark.parametrize("who", ["stranger", "student"])
def test_looking_uses_nothing_up(client, client_for, student, membership, who):
    """S22: previews of links, prefetching and scanners of mails; every table is the same after a thousand of them."""
    link, address = invite(membership)
    browser = client if who == "stranger" else client_for(student)
    browser.get(address)
    before = fingerprint()
    for _time in range(20):
        assert browser.get(address, headers={"user-agent": "Slackbot-LinkExpanding 1.0"}).status_code == 200
        assert browser.head(address).status_code == 200
    changed = {table for table, mark in fingerprint().items() if before[table] != mark}
    assert changed <= {"lms_memberships.Sign"}
    inviting.refuse(link, None, now=link.created_at)


def test_the_address_goes_nowhere(client, membership):
    """S22: to no other site, into no cache and no search engine; and the page is framed by nobody else."""
    _link, address = invite(membership)
    for answer in (client.get(address), client.get(reverse("lms_memberships:invitation", args=["x" * 43]))):
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "no-store" in answer.headers["Cache-Control"]
        assert "private" in answer.headers["Cache-Control"]
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_the_page_costs_the_same_queries_however_often_it_was_used(client, membership):
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    link, address = invite(membership, kind="many", free=True, max_uses=100)
    client.get(address)
    before = queries()
    for _number in range(3):
        inviting.accept(UserFactory(), link, language="en", now=link.created_at)
    assert queries() == before


# ---------------------------------------------------------------- somebody new (V25)
def test_somebody_new_makes_an_account_and_pays_in_one_path(client, membership, postman):
    """V25: from the link to the sign-up, back to the same page, and on to Stripe's."""
    link, address = invite(membership)
    page = client.get(address).content.decode()
    sign_up = f"{reverse('account_signup')}?next={address.replace('/', '%2F')}"
    assert sign_up in page
    account = {"email": "new@school.test", "password1": "glaze-and-kiln", "first_name": "Nora", "last_name": "New"}
    answer = client.post(sign_up, {**account, "next": address})
    assert answer["Location"] == address
    assert "Accept, and go on to the payment" in said(client.get(address))
    pay(client, address)
    postman.deliver()
    bought = Subscription.objects.get()
    assert (bought.user.email, bought.membership, bought.opened_at is not None) == ("new@school.test", membership, True)
    assert Checkout.objects.get().invitation == link
    assert said(client.get(address)).count("has been used already")


def test_a_press_without_a_sign_in_leads_to_it_and_back(client, membership):
    """V25"""
    _link, address = invite(membership)
    answer = accept(client, address)
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={address}"


# ---------------------------------------------------------------- a member (V26)
def test_somebody_with_an_account_only_pays(reader, membership):
    """V8, V26"""
    _link, address = invite(membership)
    pay(reader, address)
    assert Subscription.objects.get().is_live(Subscription.objects.get().started_at)


def test_an_invitation_opens_a_price_that_nobody_else_can_choose(reader, client_for, gateway, live_session):
    """V8: hidden prices are for those who are invited."""
    membership = put_into(MembershipFactory(), live_session)
    membership.price_options.create(amount=500, currency="eur", interval="month", is_hidden=True)
    publish(membership, gateway=gateway)
    hidden = membership.prices.get(amount=500)
    _link, address = invite(membership, price=hidden)
    assert "€5.00 per month" in said(reader.get(address)).replace("\xa0", " ")
    pay(reader, address)
    assert Subscription.objects.get().amount == 500
    other = client_for(UserFactory())
    url = other.post(reverse("lms_memberships:buy", args=[membership.slug]), {"choice": hidden.pk})
    assert not Checkout.objects.filter(price=hidden, invitation=None).exists(), url


def test_its_promotion_code_is_said_and_goes_with_them(reader, membership, gateway):
    """V8, V24: the code of the invitation needs no typing, and is no guess."""
    coupon = gateway.client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    promotion = {"type": "coupon", "coupon": coupon.id}
    gateway.client.v1.promotion_codes.create({"promotion": promotion, "code": "FRIENDS", "max_redemptions": 5})
    code = _known(gateway, "FRIENDS", membership)
    _link, address = invite(membership, code=code)
    assert "With this invitation: 20% off the first payment." in said(reader.get(address))
    url = accept(reader, address)["Location"]
    assert "€15.20" in hosted.get(url)
    assert Checkout.objects.get().promotion_code == code


def test_when_the_code_is_over_nobody_pays_more_than_they_expect(reader, membership, gateway):
    """X9"""
    coupon = gateway.client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    made = gateway.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FRIENDS"}
    )
    _link, address = invite(membership, code=_known(gateway, "FRIENDS", membership))
    gateway.client.v1.promotion_codes.update(made.id, {"active": False})
    answer = accept(reader, address)
    assert "cannot be used any more" in said(answer)
    assert "Go on without the discount" in said(answer)
    assert not Checkout.objects.exists()
    assert "€19.00" in hosted.get(accept(reader, address, without_code="1")["Location"])


def _known(gateway, text: str, membership) -> PromotionCode:
    from lms_memberships.memberships import promotions

    return promotions.look_up(text, gateway=gateway)


# ---------------------------------------------------------------- how often
def test_a_link_for_one_person_lets_one_in(membership, client_for):
    """S22: replayed by somebody else, and by the same person after it ended."""
    link, address = invite(membership)
    first, second = UserFactory(), UserFactory()
    pay(client_for(first), address)
    for browser in (client_for(second), Client()):
        answer = browser.get(address)
        assert (answer.status_code, "has been used already" in said(answer)) == (410, True)
    assert accept(client_for(second), address).status_code == 410
    assert Subscription.objects.count() == 1
    assert [attempt.user for attempt in inviting.buyers(link)] == [first]


def test_while_one_stands_before_the_payment_another_cannot_and_who_leaves_gives_it_back(
    membership, client_for, gateway, clock
):
    """S22: a use is held by the page that is open, and comes back with its end."""
    _link, address = invite(membership)
    first, second = client_for(UserFactory()), client_for(UserFactory())
    url = accept(first, address)["Location"]
    assert accept(first, address)["Location"] == url, "the same person, the same page"
    answer = accept(second, address)
    assert (answer.status_code, "Somebody is just paying" in said(answer)) == (409, True)
    assert "Accept" in said(Client().get(address)), "who only looks is told nothing of others"
    clock.advance(hours=2)
    assert accept(second, address).status_code == 303


def test_the_page_of_a_limited_invitation_is_open_for_an_hour_at_most(membership, reader):
    """S22"""
    link, address = invite(membership)
    accept(reader, address)
    attempt = Checkout.objects.get()
    assert attempt.expires_at - attempt.created_at <= timedelta(hours=1)
    many, other = invite(membership, kind="many")
    assert many.max_uses is None
    accept(reader, other)
    assert Checkout.objects.running().get().invitation == many, "another invitation is another purchase"


def _start(person, membership, link) -> bool:
    from lms_memberships.payments import connect
    from tests import clock as now

    wish = checkout.Wish(membership, invitation=link)
    urls = ("http://testserver/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/")
    try:
        checkout.start(person, wish, gateway=connect.get_gateway(), language="en", urls=urls, now=now.now())
    except inviting.InvitationRefused:
        return False
    return True


def _second_comes_between(monkeypatch, membership, link) -> list[bool]:
    """Somebody else goes all the way between the first one's check and the moment in which it is written."""
    found: list[bool] = []
    customer_for = checkout.customer_for

    def late(user, **how):
        if not found:
            found.append(False)
            found[0] = _start(UserFactory(), membership, link)
        return customer_for(user, **how)

    monkeypatch.setattr(checkout, "customer_for", late)
    return [_start(UserFactory(), membership, link), *found]


def test_between_check_and_write_nobody_slips_in(membership, monkeypatch):
    """S22: what was checked is checked again where it is written, under the invitation's lock."""
    link, _address = invite(membership)
    assert sorted(_second_comes_between(monkeypatch, membership, link)) == [False, True]
    assert Checkout.objects.running().filter(invitation=link).count() == 1


def test_control_without_the_reservation_two_hold_one_use(membership, monkeypatch):
    """S22, negative control"""
    link, _address = invite(membership)
    monkeypatch.setattr(inviting, "reserve", lambda attempt, *, now: None)
    assert _second_comes_between(monkeypatch, membership, link) == [True, True]
    assert Checkout.objects.running().filter(invitation=link).count() == 2


def test_a_link_for_several_lets_so_many_in(membership, client_for):
    link, address = invite(membership, kind="many", max_uses=2, free=True)
    answers = [accept(client_for(UserFactory()), address).status_code for _person in range(3)]
    assert answers == [303, 303, 410]
    assert inviting.guests(link).count() == 2


# ---------------------------------------------------------------- when it is over
def test_after_its_last_day_it_opens_nothing(membership, reader, clock):
    """S22: expired"""
    _link, address = invite(membership, last_day=clock.now.date() + timedelta(days=2))
    assert reader.get(address).status_code == 200
    clock.advance(days=4)
    for answer in (reader.get(address), accept(reader, address)):
        assert (answer.status_code, "has expired" in said(answer)) == (410, True)
    assert not Checkout.objects.exists()


def test_taken_back_it_opens_nothing(membership, reader, now):
    """S22: revoked"""
    link, address = invite(membership)
    assert invitations.revoke(link, now=now)
    assert not invitations.revoke(link, now=now), "once is enough"
    for answer in (reader.get(address), accept(reader, address)):
        assert (answer.status_code, "was taken back" in said(answer)) == (410, True)
    assert not Checkout.objects.exists()


def test_of_what_is_not_sold_any_more_it_sells_nothing(membership, reader):
    """S26: also what would be free."""
    addresses = [invite(membership)[1], invite(membership, free=True)[1]]
    membership.unpublish()
    for address in addresses:
        for answer in (reader.get(address), accept(reader, address)):
            assert (answer.status_code, "not on sale at the moment" in said(answer)) == (410, True)
    assert not Subscription.objects.exists()


def test_while_stripe_is_away_it_says_so_and_can_be_pressed_again(membership, reader, sandbox):
    _link, address = invite(membership)
    sandbox.faults.plan(Fault("status", "POST /v1/checkout/sessions", count=3))
    answer = accept(reader, address)
    assert answer.status_code == 200
    assert "Please try again" in said(answer)
    assert "Accept, and go on to the payment" in said(answer)


# ---------------------------------------------------------------- for whom
@pytest.mark.parametrize("written", ["Ada@School.test", "ada@school.test", " ADA@SCHOOL.TEST"])
def test_bound_to_an_address_it_lets_in_that_one_alone(membership, client_for, written):
    """S22, K5: another user with the same link is refused, and is not told whose it is."""
    _link, address = invite(membership, free=True, email="ada@school.test")
    thief = client_for(UserFactory(email="eve@school.test"))
    page = thief.get(address)
    assert "is for another e-mail address than yours" in said(page)
    assert "ada@" not in page.content.decode()
    assert "csrfmiddlewaretoken" not in page.content.decode().partition("lmsm-detail")[2]
    assert "another e-mail address" in said(accept(thief, address))
    assert not Subscription.objects.exists()
    assert accept(client_for(UserFactory(email=written)), address).status_code == 303
    assert Subscription.objects.get().origin == "given"


def test_a_confirmed_second_address_counts_and_an_unconfirmed_one_does_not(membership, client_for):
    """S22: as django-allauth knows it, where a site has it."""
    _link, address = invite(membership, free=True, email="ada@work.test")
    person = UserFactory(email="ada@home.test")
    row = EmailAddress.objects.create(user=person, email="Ada@work.test", verified=False)
    assert accept(client_for(person), address).status_code == 200
    EmailAddress.objects.filter(pk=row.pk).update(verified=True)
    assert accept(client_for(person), address).status_code == 303


# ---------------------------------------------------------------- free access
def test_free_access_opens_at_once_and_ends_on_its_day(membership, student, client_for, clock, live_session):
    """V8, X2: given, without a card or an attempt at Stripe; and a mail where it is switched on."""
    EmailSwitch.objects.create(kind="access_gained", is_on=True)
    _link, address = invite(membership, free=True, days=10)
    browser = client_for(student)
    answer = accept(browser, address)
    assert answer["Location"] == ACCOUNT
    page = said(browser.get(ACCOUNT))
    assert f"“{membership.title}” is open for you." in page
    assert "Given to you" in page
    assert "Nothing is charged." in page
    given = Subscription.objects.get()
    assert (given.origin, given.stripe_id, given.amount) == ("given", "", 0)
    assert decide(student, live_session, now=clock.now).allowed
    assert Email.objects.get().kind == "access_gained"
    assert not Checkout.objects.exists()
    clock.advance(days=11)
    clock.daily()
    assert not decide(student, live_session, now=clock.now).allowed
    assert "It ended on" in said(browser.get(ACCOUNT))
    assert "You have used this invitation already." in said(browser.get(address))


def test_the_end_of_what_was_given_takes_nothing_that_was_bought(membership, student, client_for, clock, live_session):
    """X2: given for a week; when that is over it is bought, and what was given ends nothing."""
    _link, address = invite(membership, kind="many", free=True, days=7)
    browser = client_for(student)
    accept(browser, address)
    with pytest.raises(AssertionError):
        press_join(browser, membership)
    clock.advance(days=8)
    url = press_join(browser, membership)
    _status, location, _body = hosted.pay(url)
    browser.get(hosted.path_of(location))
    clock.daily()
    assert decide(student, live_session, now=clock.now).allowed


def test_whoever_has_it_keeps_their_invitation(membership, student, client_for):
    """A second one would use up what somebody else could have."""
    browser = client_for(student)
    accept(browser, invite(membership, free=True)[1])
    link, address = invite(membership, free=True)
    assert "You already have" in said(browser.get(address))
    answer = accept(browser, address)
    assert answer["Location"] == ACCOUNT
    assert not InvitationUse.objects.filter(invitation=link).exists()


def test_it_opens_no_place_where_there_is_none(gateway, live_session, student, client_for):
    """J2: a free invitation takes a place like every way in, and the waiting list is offered."""
    membership = publish(put_into(MembershipFactory(max_members=1), live_session), gateway=gateway)
    _link, address = invite(membership, kind="many", free=True)
    assert accept(client_for(UserFactory()), address).status_code == 303
    browser = client_for(student)
    page = browser.get(address)
    assert "Sold out" in said(page)
    assert "Tell me when a place is free" in said(page)
    assert "Accept the invitation" not in said(page)
    assert "sold out at the moment" in said(accept(browser, address))
    assert Subscription.objects.count() == 1
    browser.post(reverse("lms_memberships:wait", args=[membership.slug]))
    assert WaitingEntry.objects.get().user == student


# ---------------------------------------------------------------- back from Stripe's page
def test_whoever_leaves_stripes_page_comes_back_to_their_invitation(membership, reader, client_for):
    """The token is in no table and not at Stripe: the way back has an address of its own, for whoever came by it."""
    link, address = invite(membership)
    accept(reader, address)
    token = address.rstrip("/").rpartition("/")[2]
    back = reverse("lms_memberships:invitation_again", args=[link.pk])
    assert "Accept, and go on to the payment" in said(reader.get(back))
    assert accept(reader, back)["Location"].startswith("http")
    assert client_for(UserFactory()).get(back).status_code == 404
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            for column in database.introspection.get_table_description(cursor, table):
                quoted = f'"{table}"."{column.name}"'
                cursor.execute(f'SELECT 1 FROM "{table}" WHERE CAST({quoted} AS TEXT) LIKE %s', [f"%{token}%"])  # noqa: S608 - names from the catalogue
                assert cursor.fetchone() is None, quoted


# ---------------------------------------------------------------- guessing
def test_ten_thousand_guesses_end_in_429_and_say_nothing(client, membership, settings):
    """S22: the first ten of a minute are looked at; then nothing is, not even the right one."""
    settings.LMS_MEMBERSHIPS_TRUSTED_PROXIES = 0
    _link, address = invite(membership)
    began = time.monotonic()
    answers = [client.get(reverse("lms_memberships:invitation", args=[uuid.uuid4().hex])) for _guess in range(GUESSES)]
    minutes = 1 + int(time.monotonic() - began) // 60
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {404, 429}
    assert statuses.count(404) <= 10 * minutes
    assert answers[statuses.index(429)].headers["Retry-After"] == "60"
    while client.get(reverse("lms_memberships:invitation", args=["x"])).status_code != 429:
        pass
    with CaptureQueriesContext(database) as captured:
        assert client.get(reverse("lms_memberships:invitation", args=["y"])).status_code == 429
    assert not any("invitationlink" in query["sql"] for query in captured), "nothing is looked up any more"
    assert client.get(address).status_code == 429
    assert client.post(address).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.9").get(address).status_code == 200, "others are not kept out"


def test_right_links_cost_no_tries(client, membership):
    """A class of thirty behind one address opens the same link in one minute."""
    _link, address = invite(membership, kind="many")
    assert {client.get(address).status_code for _reader in range(30)} == {200}


def test_a_link_is_long_and_only_its_hash_is_kept(membership):
    """S22: at least 128 bits; what several people share can be made again with the site's key, and only with it."""
    single, address = invite(membership)
    many, shared = invite(membership, kind="many")
    for link, found in ((single, address), (many, shared)):
        token = found.rstrip("/").rpartition("/")[2]
        assert len(token) == 43
        assert token not in str(InvitationLink.objects.filter(pk=link.pk).values().get())
    assert invitations.token_of(single) == ""
    assert invitations.token_of(many) in shared


def test_after_the_key_has_changed_links_work_and_are_shown_as_long_as_the_old_key_is_named(
    client, membership, settings
):
    """S22"""
    many, address = invite(membership, kind="many")
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [old]
    assert invitations.token_of(many) in address
    settings.SECRET_KEY_FALLBACKS = []
    assert invitations.token_of(many) == ""
    assert client.get(address).status_code == 200


def test_free_access_needs_no_row_of_the_catalogue_twice(membership, student, live_session):
    """Accepting twice at once is accepting once."""
    link, _address = invite(membership, kind="many", free=True)
    inviting.accept(student, link, language="en", now=link.created_at)
    with pytest.raises(inviting.holding.AlreadyMember):
        inviting.accept(student, link, language="en", now=link.created_at)
    assert Item.objects.count() == 1
    assert InvitationUse.objects.count() == 1
