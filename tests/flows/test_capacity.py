"""Does a limit hold from the public page to Stripe's and back? Over HTTP (W16, W17, V4, J1-J10, C11, S37, S38)."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.emails import switches
from lms_memberships.errors import Refusal
from lms_memberships.models import Checkout, Membership, Subscription, TrialTaken, WaitingEntry
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db

LIST = "/memberships/"


@pytest.fixture
def studio(gateway, live_session) -> Membership:
    """Two places."""
    return publish(put_into(MembershipFactory(title="Studio pass", max_members=2), live_session), gateway=gateway)


@pytest.fixture
def somebody(client_for):
    """A browser of a new person."""
    return lambda **fields: client_for(UserFactory(**fields))


def page_of(browser: Client, membership) -> str:
    return browser.get(membership.get_absolute_url()).content.decode()


def can_press(page: str, membership) -> bool:
    return reverse("lms_memberships:buy", args=[membership.slug]) in page


def is_refused(browser: Client, membership) -> bool:
    """Press as an old tab does, whatever the page says."""
    before = Checkout.objects.count()
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    refused = "sold out at the moment" in text(answer.content.decode())
    assert refused is (Checkout.objects.count() == before)
    return refused


def fill(studio, somebody) -> list[Client]:
    browsers = [somebody() for _one in range(studio.max_members)]
    for browser in browsers:
        buy(browser, studio)
    return browsers


# ------------------------------------------------------------------ W16, W17


def test_the_page_says_how_many_are_left_and_then_that_it_is_sold_out(studio, somebody, sandbox):
    """W16, W17"""
    assert "2 places left" in text(page_of(Client(), studio))
    buy(somebody(), studio)
    assert "1 place left" in text(page_of(Client(), studio))
    assert "schema.org/InStock" in page_of(Client(), studio)
    buy(somebody(), studio)
    late = somebody()
    for browser in (Client(), late):
        page = page_of(browser, studio)
        assert "Sold out" in text(page)
        assert "schema.org/SoldOut" in page
        assert not can_press(page, studio)
        assert "Tell me when a place is free" in text(page)
    assert "Sold out" in text(late.get(LIST).content.decode())
    sessions = len(sandbox.store.all("checkout.session", account=sandbox.account_id))
    assert is_refused(late, studio)
    assert len(sandbox.store.all("checkout.session", account=sandbox.account_id)) == sessions


def test_without_a_limit_nothing_is_said_and_nobody_refused(membership, somebody):
    """W16, negative control"""
    for _one in range(3):
        buy(somebody(), membership)
    words = text(page_of(Client(), membership))
    assert "left" not in words
    assert "Sold out" not in words


def test_many_places_are_not_counted_out_loud(studio):
    Membership.objects.update(max_members=500)
    assert "left" not in text(page_of(Client(), studio))


def test_a_ticket_for_one_live_session_has_so_many_seats(gateway, live_session, somebody):
    """V4: paid once, one seat."""
    ticket = MembershipFactory(title="Glazing evening", interval="one_time", max_members=1)
    ticket = publish(put_into(ticket, live_session), gateway=gateway)
    buy(somebody(), ticket)
    assert "Sold out" in text(page_of(Client(), ticket))
    assert is_refused(somebody(), ticket)


def test_an_open_payment_page_keeps_a_place_and_its_own_person_gets_back_to_it(studio, somebody):
    """J1: reserved while the page is open."""
    buy(somebody(), studio)
    mine = somebody()
    address = press_join(mine, studio)
    assert is_refused(somebody(), studio)
    assert can_press(page_of(mine, studio), studio)
    assert press_join(mine, studio) == address
    assert hosted.pay(address)[0] == 303


def test_the_page_at_stripe_lives_no_longer_than_the_place_is_kept(studio, membership, somebody, sandbox):
    press_join(somebody(), studio)
    press_join(somebody(), membership)
    sessions = sandbox.store.all("checkout.session", account=sandbox.account_id)
    limited, unlimited = sorted(session["expires_at"] - session["created"] for session in sessions)
    assert 30 * 60 <= limited <= 34 * 60
    assert unlimited == 24 * 3600


def test_a_page_that_was_left_frees_its_place_without_any_news(studio, somebody, clock):
    """J9: the event is dropped."""
    buy(somebody(), studio)
    press_join(somebody(), studio)
    late = somebody()
    assert is_refused(late, studio)
    clock.advance(minutes=36)
    assert can_press(page_of(late, studio), studio)
    buy(late, studio)
    assert is_refused(somebody(), studio)


def test_the_news_of_a_closed_page_frees_its_place_at_once(studio, somebody, gateway, postman):
    """J9: the event comes first."""
    buy(somebody(), studio)
    press_join(somebody(), studio)
    late = somebody()
    gateway.expire_checkout(Checkout.objects.latest("pk").session_id)
    assert is_refused(late, studio)
    postman.deliver()
    assert not is_refused(late, studio)


def test_a_lower_limit_removes_nobody(studio, somebody, clock):
    """J10"""
    fill(studio, somebody)
    Membership.objects.update(max_members=1)
    clock.daily()
    assert [row.is_live(clock.now) for row in Subscription.objects.all()] == [True, True]
    assert is_refused(somebody(), studio)


def test_a_debit_on_its_way_keeps_its_place_until_the_bank_has_answered(studio, somebody, sandbox, clock, postman):
    """J1, C7: for days, without a subscription that gives access; free again when the bank says no."""
    buy(somebody(), studio)
    address = press_join(somebody(), studio)
    assert hosted.pay_by_debit(address, iban=hosted.FAILING_ACCOUNT)[0] == 303
    postman.deliver()
    clock.advance(hours=30)
    postman.deliver()
    late = somebody()
    assert is_refused(late, studio)
    clock.advance(days=14)
    postman.deliver()
    assert not is_refused(late, studio)


def test_a_creator_reads_how_many_places_are_taken(studio, somebody, client_for, admin, clock):
    """J10: also when there are more members than places."""
    fill(studio, somebody)
    press = client_for(admin)
    listing = reverse("wagtailsnippets_lms_memberships_membership:list")
    assert "2; places taken: 2 of 2" in text(press.get(listing).content.decode())
    Membership.objects.update(max_members=1)
    assert "2; places taken: 2 of 1" in text(press.get(listing).content.decode())


def test_the_list_costs_the_same_with_one_limit_and_with_many(studio, gateway, live_session):
    """One query more where somebody has set a limit, however many memberships there are."""
    counts = []
    for number in range(3):
        with CaptureQueriesContext(connection) as captured:
            Client().get(LIST)
        counts.append(len(captured))
        publish(put_into(MembershipFactory(title=f"More {number}", max_members=5), live_session), gateway=gateway)
    assert counts[1] == counts[2]


# ------------------------------------------------------------------ J5, C11: paid when no place is left


@pytest.fixture
def paid_late(studio, somebody, sandbox):
    """The reservation ran out here, the page was still open at Stripe, and others took both places meanwhile."""

    def go(user, browser) -> str:
        address = press_join(browser, studio)
        Checkout.objects.filter(user=user).update(state=Checkout.State.EXPIRED)
        fill(studio, somebody)
        status, location, body = hosted.pay(address)
        assert status == 303, body
        return hosted.path_of(location)

    return go


def refunds(sandbox) -> list[int]:
    return [refund["amount"] for refund in sandbox.store.all("refund", account=sandbox.account_id)]


def test_paid_too_late_is_refunded_cancelled_and_said(paid_late, student, client_for, sandbox, clock, postman):
    """J5, C11: on the page, in the account, by mail, in the history; at Stripe nothing goes on."""
    switches.switch_all_on()
    browser = client_for(student)
    back = browser.get(paid_late(student, browser))
    assert "No place left" in text(back.content.decode())
    postman.deliver()
    row = Subscription.objects.get(user=student)
    assert (row.status, row.access_until, row.must_be_undone) == ("canceled", None, False)
    assert refunds(sandbox) == [1900]
    assert "returned to you" in text(browser.get(reverse("lms_memberships:account")).content.decode())
    told = [message.subject for message in mail.outbox if message.to == [student.email]]
    assert [subject for subject in told if "no place was left" in subject]
    assert not [subject for subject in told if "Welcome" in subject]
    entry = ModelLogEntry.objects.get(action="lms_memberships.placeless_purchase_undone")
    assert "paid when no place was left" in str(entry.message)
    clock.advance(days=40)
    clock.daily()
    assert refunds(sandbox) == [1900]
    assert Subscription.objects.giving_access(clock.now).exclude(user=student).count() == 2


def test_heard_from_stripe_first_it_is_undone_as_well(paid_late, student, client_for, sandbox, postman):
    """J5: nobody came back."""
    paid_late(student, client_for(student))
    postman.deliver()
    assert refunds(sandbox) == [1900]
    assert Subscription.objects.get(user=student).status == "canceled"


def test_a_place_that_is_left_is_taken(paid_late, studio, student, client_for, sandbox, clock):
    """J5, negative control: late, but not too late."""
    Membership.objects.filter(pk=studio.pk).update(max_members=3)
    browser = client_for(student)
    browser.get(paid_late(student, browser))
    assert Subscription.objects.get(user=student).is_live(clock.now)
    assert refunds(sandbox) == []


def test_a_site_may_keep_it_and_the_history_says_so(paid_late, student, client_for, sandbox, clock, settings):
    """J5: overbooked, never silently."""
    settings.LMS_MEMBERSHIPS_OVERBOOK_LATE_PAYMENTS = True
    browser = client_for(student)
    browser.get(paid_late(student, browser))
    assert Subscription.objects.get(user=student).is_live(clock.now)
    assert refunds(sandbox) == []
    assert ModelLogEntry.objects.filter(action="lms_memberships.overbooked").count() == 1


# ------------------------------------------------------------------ the waiting list


def test_whoever_waits_is_told_and_joins(studio, somebody, student, client_for, clock):
    """W17: from "sold out" to a member."""
    switches.switch_all_on()
    [leaving, _other] = fill(studio, somebody)
    browser = client_for(student)
    wait = reverse("lms_memberships:wait", args=[studio.slug])
    assert wait in page_of(browser, studio)
    assert "You are on the waiting list" in text(browser.post(wait, follow=True).content.decode())
    browser.post(wait)
    assert WaitingEntry.objects.count() == 1
    clock.daily()
    assert WaitingEntry.objects.get().told_at is None
    row = Subscription.objects.order_by("pk").first()
    leaving.post(reverse("lms_memberships:cancel", args=[row.pk]))
    clock.advance(days=31)
    clock.daily()
    clock.daily()
    told = [message for message in mail.outbox if message.to == [student.email]]
    assert [message.subject for message in told] == ["A place is free in Studio pass"]
    assert is_refused(somebody(), studio), "the place is kept"
    page = page_of(browser, studio)
    assert "a place is kept for you" in text(page)
    assert can_press(page, studio)
    buy(browser, studio)
    assert not WaitingEntry.objects.exists()


def test_one_may_leave_the_list(studio, somebody, student, client_for):
    fill(studio, somebody)
    browser = client_for(student)
    browser.post(reverse("lms_memberships:wait", args=[studio.slug]))
    answer = browser.post(reverse("lms_memberships:stop_waiting", args=[studio.slug]), follow=True)
    assert "You are no longer on the waiting list" in text(answer.content.decode())
    assert not WaitingEntry.objects.exists()


def test_a_stranger_signs_in_first_and_comes_back_to_the_page(studio, somebody, student, client_for):
    fill(studio, somebody)
    wait = reverse("lms_memberships:wait", args=[studio.slug])
    assert f"next={wait.replace('/', '%2F')}" in page_of(Client(), studio)
    assert Client().post(wait).status_code == 302
    assert client_for(student).get(wait)["Location"] == studio.get_absolute_url()
    assert not WaitingEntry.objects.exists()


def test_nobody_waits_for_what_can_be_had(studio, student, client_for):
    answer = client_for(student).post(reverse("lms_memberships:wait", args=[studio.slug]), follow=True)
    assert "you can join right now" in text(answer.content.decode())
    assert not WaitingEntry.objects.exists()


def test_a_creator_sees_who_waits(studio, student, client_for, clock):
    WaitingEntry.objects.create(membership=studio, user=student, asked_at=clock.now)
    browser = client_for(allow(UserFactory(), "view_waitingentry"))
    page = browser.get(reverse("lms_memberships_waiting_lists")).content.decode()
    assert student.get_username() in page
    other = MembershipFactory(title="Other")
    page = browser.get(reverse("lms_memberships_waiting_lists") + f"?membership={other.pk}").content.decode()
    assert student.get_username() not in page


# ------------------------------------------------------------------ X12, J6: one trial


@pytest.fixture
def trial(gateway, live_session) -> Membership:
    return publish(put_into(MembershipFactory(title="Trial pass", trial_days=14), live_session), gateway=gateway)


def test_cancel_and_join_again_has_no_second_trial(trial, student, client_for, clock, gateway, postman):
    """J6, X12, G6"""
    browser = client_for(student)
    assert "14 days free" in text(page_of(browser, trial))
    buy(browser, trial)
    postman.deliver()
    gateway.cancel_now(Subscription.objects.get().stripe_id)
    postman.deliver()
    assert "14 days free" not in text(page_of(browser, trial))
    assert "Pay €19.00" in hosted.get(press_join(browser, trial))
    twin = client_for(UserFactory(email=student.email.replace("@", "+again@")))
    assert "Pay €19.00" in hosted.get(press_join(twin, trial))
    assert "14 days free" in text(page_of(client_for(UserFactory()), trial))


def test_staff_allow_another_trial_with_a_reason(trial, student, client_for, postman, gateway):
    """X12"""
    browser = client_for(student)
    buy(browser, trial)
    postman.deliver()
    gateway.cancel_now(Subscription.objects.get().stripe_id)
    postman.deliver()
    staff = client_for(allow(UserFactory(), "view_trialtaken", "change_trialtaken"))
    page = staff.get(reverse("lms_memberships_trials")).content.decode()
    [address] = re.findall(r'href="([^"]+/allow/)"', page)
    assert "Allow another trial" in staff.get(address).content.decode()
    assert staff.post(address, {"reason": " "}).status_code == 200
    assert TrialTaken.objects.get().forgiven_at is None
    assert staff.post(address, {"reason": "The site was down"}).status_code == 302
    assert "14 days free" in text(page_of(browser, trial))
    assert "The site was down" in staff.get(reverse("lms_memberships_trials")).content.decode()


# ------------------------------------------------------------------ S38: card testing


@pytest.fixture
def few_pages(settings) -> None:
    settings.LMS_MEMBERSHIPS_CHECKOUTS_PER_PERSON_A_DAY = 3
    settings.LMS_MEMBERSHIPS_CHECKOUTS_PER_ADDRESS_A_DAY = 5


def gets_a_page(browser: Client, membership, **extra: object) -> bool:
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), **extra)
    return "/c/pay/" in answer["Location"] or "checkout" in answer["Location"]


def test_one_person_opens_so_many_pages_a_day(few_pages, membership, student, client_for):
    """S38: said in words, and nothing is made at Stripe."""
    browser = client_for(student)
    assert [gets_a_page(browser, membership) for _one in range(5)] == [True, True, True, False, False]
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert "Too many payment pages" in text(answer.content.decode())


def test_one_address_opens_so_many_and_a_forged_header_does_not_help(few_pages, membership, somebody):
    """S37, S38: a hundred accounts from one address, each with another X-Forwarded-For."""
    opened = [gets_a_page(somebody(), membership, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(10)]
    assert opened == [True] * 5 + [False] * 5


def test_another_address_is_not_kept_out(few_pages, membership, somebody):
    """S38, negative control"""
    for _one in range(7):
        gets_a_page(somebody(), membership)
    assert gets_a_page(somebody(), membership, REMOTE_ADDR="198.51.100.7")


def test_behind_a_proxy_of_ours_the_visitor_counts(few_pages, membership, somebody, settings):
    """S37"""
    settings.LMS_MEMBERSHIPS_TRUSTED_PROXIES = 1
    opened = [gets_a_page(somebody(), membership, HTTP_X_FORWARDED_FOR=f"9.9.9.9, 203.0.113.{n}") for n in range(7)]
    assert opened == [True] * 7


def test_a_purchase_makes_no_room_for_others(few_pages, membership, student, client_for, gateway, postman):
    """S37: success does not reset."""
    browser = client_for(student)
    buy(browser, membership)
    postman.deliver()
    gateway.cancel_now(Subscription.objects.get().stripe_id)
    postman.deliver()
    assert [gets_a_page(browser, membership) for _one in range(3)] == [True, True, False]


def test_zero_is_no_limit(membership, student, client_for, settings):
    """S38, negative control"""
    settings.LMS_MEMBERSHIPS_CHECKOUTS_PER_PERSON_A_DAY = 0
    settings.LMS_MEMBERSHIPS_CHECKOUTS_PER_ADDRESS_A_DAY = 0
    browser = client_for(student)
    assert all(gets_a_page(browser, membership) for _one in range(25))


def ask_a_riddle(request) -> None:
    if request.POST.get("riddle") != "solved":
        raise Refusal("Please solve the riddle first.")


def test_a_site_may_ask_a_riddle_first(few_pages, membership, student, client_for, settings):
    """S38: what the riddle stops is not counted."""
    settings.LMS_MEMBERSHIPS_BEFORE_CHECKOUT = f"{__name__}.ask_a_riddle"
    browser = client_for(student)
    address = reverse("lms_memberships:buy", args=[membership.slug])
    for _one in range(5):
        assert "Please solve the riddle" in text(browser.post(address, follow=True).content.decode())
    assert browser.post(address, {"riddle": "solved"}).status_code == 303
    assert Checkout.objects.count() == 1
