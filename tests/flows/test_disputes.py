"""Somebody has their bank take a payment back: what closes, who hears of it, and what comes after the decision (G7)."""

import itertools

import pytest
from django.core.management import call_command
from django.urls import reverse
from wagtail.users.models import UserProfile

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Dispute, Email, Membership, Subscription
from lms_memberships.subscriptions import disputes
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.backwards import bought, charge_of, compared
from tests.flows.desk import helper, key_on, press, read, url
from tests.flows.steps import buy, text
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


@pytest.fixture
def held(browser, membership, postman, settings) -> Subscription:
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    return bought(browser, membership, postman)


def now_of(held: Subscription) -> Subscription:
    return Subscription.objects.get(pk=held.pk)


def mails(kind: str) -> int:
    return Email.objects.filter(kind=kind).count()


def test_a_dispute_closes_access_stops_the_renewal_and_tells_the_admins(
    held, browser, student, live_session, sandbox, postman, clock
):
    """G7: the event names no customer; charge → payment → invoice → subscription."""
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    dispute = Dispute.objects.get()
    assert (dispute.subscription, dispute.status, dispute.money) == (held, "open", held.money)
    assert not now_of(held).is_live(clock.now)
    assert not decide(student, live_session, now=clock.now).allowed
    assert now_of(held).cancel_at is not None
    assert mails("admin_disputed") == 1
    assert mails("cancelled") == 0, "nobody has cancelled"
    page = text(browser.get(reverse("lms_memberships:account")).content.decode())
    assert "Your payment is disputed at your bank. Access is closed until that is decided" in page
    closed = text(browser.get("/live/glazing-evening/").content.decode())
    assert "has been closed since" in closed, "X1: the closed page says why, as the account does"
    assert "because its payment was disputed at a bank" in closed
    assert "ended on" not in closed


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize(("decided", "is_open"), [("won", True), ("lost", False)])
def test_in_any_order_and_twice_the_end_is_the_same(held, sandbox, postman, clock, order, decided, is_open):
    """G7: created, updated and closed, in every order, each told twice."""
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    sandbox.actions.change_dispute(opened["id"], "under_review")
    sandbox.actions.change_dispute(opened["id"], decided)
    told = {each["type"]: each for each in postman.waiting() if each["type"].startswith("charge.dispute")}
    named = [told[f"charge.dispute.{name}"] for name in ("created", "updated", "closed")]
    for number in [*order, *order]:
        assert post_event(named[number] | {"id": f"evt_{number}_{len(order)}"}).status_code == 200
        call_command("memberships_drain", verbosity=0)
    assert Dispute.objects.get().status == decided
    assert now_of(held).is_live(clock.now) is is_open


@pytest.mark.parametrize(("decided", "is_open"), [("won", True), ("lost", False)])
def test_what_was_closed_comes_back_when_it_is_won(held, sandbox, postman, clock, decided, is_open):
    """G7: closed first, then decided."""
    before = held.access_until
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    assert not now_of(held).is_live(clock.now)
    sandbox.actions.change_dispute(opened["id"], decided)
    postman.deliver()
    after = now_of(held)
    assert after.is_live(clock.now) is is_open
    if is_open:
        assert after.access_until == after.period_end <= before, "the renewal stays stopped"
    assert mails("admin_dispute_decided") == 1


@pytest.mark.parametrize(
    ("decided", "why"), [("", "disputed at the bank"), ("lost", "The bank decided for whoever paid")]
)
def test_staff_are_offered_no_way_on_that_can_only_be_refused(
    held, student, client_for, sandbox, postman, decided, why
):
    """G7, P25: no button, and whoever opens the page is told why before they press."""
    desk = client_for(helper())
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    if decided:
        sandbox.actions.change_dispute(opened["id"], decided)
    postman.deliver()
    keep = url("keep", student, held.pk)
    assert keep not in desk.get(url("", student)).content.decode()
    shown = read(desk, "keep", student, held.pk)
    assert why in shown
    assert "It goes on" not in shown
    assert key_on(desk.get(keep).content.decode()) == "", "there is no form"


def test_won_staff_can_take_the_end_back(held, student, client_for, sandbox, postman):
    """G7, P25: it is not disputed any more."""
    desk = client_for(helper())
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    sandbox.actions.change_dispute(opened["id"], "won")
    postman.deliver()
    assert url("keep", student, held.pk) in desk.get(url("", student)).content.decode()
    assert "It goes on." in press(desk, "keep", student, held.pk)


def test_what_was_refused_meanwhile_says_so_to_each_reader_in_their_language(
    held, student, client_for, sandbox, postman
):
    """G7, P25, X24: the page was open already. Nobody tries it again, and "not yet" would never come true."""
    desk, french, stripe = client_for(helper()), helper(), sandbox.actions
    UserProfile.objects.create(user=french, preferred_language="fr")
    press(desk, "cancel", student, held.pk)
    keep = url("keep", student, held.pk)
    pressing = client_for(french)
    fields = {"reason": "Asked by mail", "key": key_on(pressing.get(keep).content.decode())}
    opened = stripe.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    assert "contesté auprès de la banque" in text(pressing.post(keep, fields).content.decode())
    stripe.change_dispute(opened["id"], "lost")
    postman.deliver()
    shown = read(desk, "", student)
    assert "Refused. Its payment is disputed at the bank." in shown
    assert "refused: Its payment is disputed at the bank." in shown
    assert "Not done at Stripe yet" not in shown
    shown = read(pressing, "", student)
    assert "Refusé. Son paiement est contesté auprès de la banque." in shown
    assert "disputed at the bank" not in shown


def test_answering_in_stripe_leads_to_the_mode_in_which_it_was_paid(held, client_for, sandbox, postman):
    """G7: in test mode its page is below /test/; elsewhere Stripe says that it knows no such dispute."""
    desk = client_for(allow(UserFactory(), "refund_invoice"))
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    shown = desk.get(reverse("lms_memberships_attention"), {"kind": "disputes"}).content.decode()
    assert f'href="https://dashboard.stripe.com/test/disputes/{opened["id"]}"' in shown
    Dispute.objects.update(livemode=True)
    shown = desk.get(reverse("lms_memberships_attention"), {"kind": "disputes"}).content.decode()
    assert f'href="https://dashboard.stripe.com/disputes/{opened["id"]}"' in shown


def account(browser) -> str:
    return text(browser.get(reverse("lms_memberships:account")).content.decode())


def test_lost_the_page_says_so_and_when_it_can_be_bought_again(
    held, browser, student, membership, client_for, sandbox, postman, clock
):
    """G7, P4: nobody waits for a decision that is made; and while it stands at Stripe, no second one is sold."""
    desk = client_for(helper())
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    assert "until the bank has decided" in read(desk, "", student)
    sandbox.actions.change_dispute(opened["id"], "lost")
    postman.deliver()
    page = account(browser)
    assert "until that is decided" not in page
    assert "Your bank decided the dispute for you: the payment went back to you. Access stays closed." in page
    assert "after that you can buy it again" in page
    assert "Join again" not in page
    assert "The bank decided for whoever paid, and the money went back." in read(desk, "", student)
    clock.advance(days=32)
    postman.deliver()
    page = account(browser)
    assert now_of(held).status == "canceled"
    assert "Access stays closed. Your progress is kept." in page
    assert "Join again" in page
    buy(browser, membership)
    assert Subscription.objects.exclude(pk=held.pk).get().is_live(clock.now)


def test_a_second_one_that_runs_is_not_decided(held, browser, student, client_for, sandbox, postman):
    """G7: lost once, and disputed for another payment."""
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    sandbox.actions.change_dispute(opened["id"], "lost")
    postman.deliver()
    assert "Your bank decided the dispute for you" in account(browser)
    second = Dispute.objects.get()
    second.pk, second.stripe_id, second.status = None, "du_second", "open"
    second.save()
    assert "Access is closed until that is decided" in account(browser)
    assert "until the bank has decided" in read(client_for(helper()), "", student)


def test_won_nothing_is_said_of_it_any_more(held, browser, student, client_for, sandbox, postman):
    """G7, P4: on both pages it is as before, with its end."""
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    sandbox.actions.change_dispute(opened["id"], "won")
    postman.deliver()
    assert "disput" not in account(browser)
    assert "You keep access until" in account(browser)
    assert "Cancelled: open until" in read(client_for(helper()), "", student)


def test_what_was_paid_once_can_be_bought_again_when_it_is_lost(
    browser, student, gateway, live_session, client_for, sandbox, postman
):
    """G7, P4: nothing of it stands at Stripe."""
    once = publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)
    held = bought(browser, once, postman)
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    sandbox.actions.change_dispute(opened["id"], "lost")
    postman.deliver()
    page = account(browser)
    assert "Access stays closed. Your progress is kept." in page
    assert "Join again" in page
    assert "Dispute lost" in read(client_for(helper()), "", student)


def test_a_status_of_tomorrow_counts_as_open(held, sandbox, postman, clock):
    """G7, guide §14"""
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    sandbox.actions.change_dispute(opened["id"], "appeal_under_review")
    postman.deliver()
    assert (Dispute.objects.get().status, Dispute.objects.get().said) == ("open", "appeal_under_review")
    assert not now_of(held).is_live(clock.now)


def test_a_bank_that_only_asks_closes_nothing(held, sandbox, postman, clock):
    """G7: no money was taken. The admins hear of it all the same."""
    sandbox.actions.open_dispute(charge_of(sandbox, held), status="warning_needs_response")
    postman.deliver()
    assert now_of(held).is_live(clock.now)
    assert now_of(held).cancel_at is None
    assert mails("admin_disputed") == 1


def test_a_site_may_keep_access(held, sandbox, postman, clock, settings):
    """G7: the other setting."""
    settings.LMS_MEMBERSHIPS_ON_DISPUTE = "keep"
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    assert now_of(held).is_live(clock.now)
    assert now_of(held).cancel_at is None
    assert Dispute.objects.get().is_running


def test_what_was_paid_once_is_closed_and_opened_again(browser, gateway, live_session, sandbox, postman, clock):
    """G7, G8: for good, until it is disputed; and the membership is sold by the month by then."""
    once = publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)
    held = bought(browser, once, postman)
    Membership.objects.filter(pk=once.pk).update(interval="month")
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    assert not now_of(held).is_live(clock.now)
    sandbox.actions.change_dispute(opened["id"], "won")
    postman.deliver()
    assert now_of(held).is_for_good


def test_nobody_renews_what_is_disputed(held, browser, sandbox, postman, clock):
    """G7: nobody is charged on for what is closed."""
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    browser.post(reverse("lms_memberships:resume", args=[held.pk]))
    assert now_of(held).cancel_at is not None


def test_what_is_read_again_stays_closed(held, gateway, sandbox, postman, clock):
    """G7: whatever else Stripe says of the subscription."""
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    compared()
    clock.daily()
    assert not now_of(held).is_live(clock.now)
    assert disputes.renewing().count() == 0


def test_missed_news_is_found_by_the_comparison(held, sandbox, postman, clock):
    """G7: all webhooks lost."""
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    compared()
    assert not now_of(held).is_live(clock.now)
    assert Dispute.objects.count() == 1
