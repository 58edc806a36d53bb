"""Does a membership rest where the creator allows it, credited, closed, and go on once it is paid? (X14, G4)"""

from dataclasses import replace

import pytest
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.models import Membership, Subscription
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import cancel_links, pausing, settling, switching
from tests import hosted
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

CARD = {"exp_month": "12", "exp_year": "2034", "cvc": "123"}


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def held(browser, membership) -> Subscription:
    Membership.objects.update(may_pause=True)
    buy(browser, membership)
    return Subscription.objects.get()


def address(row, name: str) -> str:
    return reverse(f"lms_memberships:{name}", args=[row.pk])


def account(browser) -> str:
    return browser.get(reverse("lms_memberships:account")).content.decode()


def press(browser, row, name: str) -> str:
    return text(browser.post(address(row, name), follow=True).content.decode())


def at_stripe(sandbox) -> dict:
    return sandbox.store.all("subscription", account=sandbox.account_id)[0]


def invoices(sandbox) -> list[dict]:
    return sandbox.store.all("invoice", account=sandbox.account_id)


def is_open(student, item, clock) -> bool:
    return decide(student, item, now=clock.now).allowed


def test_paused_and_gone_on_with(held, browser, student, live_session, sandbox, clock, postman):
    """X14, G4: the credit is Stripe's and shown before; access closes now, and opens with the next payment."""
    clock.advance(days=10)
    assert address(held, "pause") in account(browser)
    shown = text(browser.get(address(held, "pause")).content.decode())
    assert at_stripe(sandbox)["status"] == "active", "looking changes nothing"
    assert "is credited to you" in shown
    credit = shown.partition("do not use, ")[2].partition(" is credited")[0]
    assert "is paused" in press(browser, held, "pause")
    held.refresh_from_db()
    assert held.status == "paused"
    assert held.access_until <= clock.now
    assert not is_open(student, live_session, clock)
    waiting = [each for each in sandbox.store.all("invoiceitem", account=sandbox.account_id) if each["invoice"] is None]
    assert f"€{-sum(each['amount'] for each in waiting) / 100:.2f}" == credit, "what was shown is what is credited"
    clock.advance(days=60)
    postman.deliver()
    assert len(invoices(sandbox)) == 1, "nothing is charged meanwhile"
    shown = text(browser.get(address(held, "continue")).content.decode())
    assert at_stripe(sandbox)["status"] == "paused", "looking changes nothing"
    assert f"What was credited to you -{credit}" in shown.replace("−", "-")
    assert "and after that €19.00 per month." in shown
    assert "goes on" in press(browser, held, "continue")
    held.refresh_from_db()
    assert held.status == "active"
    assert is_open(student, live_session, clock)
    assert len(invoices(sandbox)) == 2
    paid = invoices(sandbox)[0]["amount_paid"]
    assert paid < 1900
    assert f"you pay €{paid / 100:.2f} now" in shown, "X9: what was shown is what is charged"
    press(browser, held, "continue")
    assert len(invoices(sandbox)) == 2, "pressed twice, paid once"


def test_a_payment_that_is_refused_leaves_it_paused_and_leads_to_the_bank(held, browser, sandbox, clock, postman):
    """X14, D1: and pressing again makes no second invoice."""
    clock.advance(days=20)
    press(browser, held, "pause")
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number="4000000000000341", **CARD)
    clock.advance(days=40)
    first = browser.post(address(held, "continue"))
    again = browser.post(address(held, "continue"))
    assert (first.status_code, again.status_code) == (303, 303)
    assert first["Location"] == again["Location"]
    shown = text(browser.get(address(held, "continue")).content.decode())
    assert f"you pay €{invoices(sandbox)[0]['amount_due'] / 100:.2f} now" in shown, "X9: it is this that waits"
    assert len(invoices(sandbox)) == 2
    held.refresh_from_db()
    assert held.status == "paused"


@pytest.mark.parametrize("purpose", ["pause", "continue"])
def test_an_answer_that_got_lost_is_looked_up(purpose, held, browser, sandbox, clock):
    """D1"""
    if purpose == "continue":
        press(browser, held, "pause")
        clock.advance(days=40)
    path = "POST /v1/subscriptions/*/pause" if purpose == "pause" else "POST /v1/subscriptions/*/resume"
    sandbox.faults.plan(Fault("commit_then_drop", path, count=2))
    press(browser, held, purpose)
    press(browser, held, purpose)
    held.refresh_from_db()
    assert held.status == ("paused" if purpose == "pause" else "active")
    assert len(invoices(sandbox)) == (1 if purpose == "pause" else 2)


def test_stripe_says_nothing_and_no_credit_is_claimed(held, browser, sandbox):
    """X9: the price, and no word of what is not known."""
    press(browser, held, "pause")
    sandbox.faults.plan(Fault("status", "POST /v1/invoices/create_preview", status=400))
    shown = text(browser.get(address(held, "continue")).content.decode())
    assert "you pay €19.00 per month, less any discount and credit that you have." in shown
    assert "credited to you" not in shown


def test_off_by_default(browser, membership, sandbox):
    """X14: nobody pauses what the creator has not allowed."""
    buy(browser, membership)
    row = Subscription.objects.get()
    assert address(row, "pause") not in account(browser)
    assert browser.get(address(row, "pause")).status_code == 404
    assert browser.post(address(row, "pause")).status_code == 404
    assert at_stripe(sandbox)["status"] == "active"


def test_not_while_something_else_is_planned_owed_or_of_the_old_kind(held, browser, gateway, sandbox, clock, postman):
    """X14: only flexible billing, no schedule, nothing past due, and not what is cancelled."""

    def why(row) -> str:
        with pytest.raises(pausing.CannotPause) as refusal:
            pausing.pause(row, gateway=gateway, now=clock.now)
        return str(refusal.value.message)

    browser.post(address(held, "cancel"))
    assert "cancelled already" in why(held)
    browser.post(address(held, "resume"))
    schedule = gateway.begin_schedule(held.stripe_id, key="by-hand")
    assert "A change is planned" in why(held)
    gateway.release_schedule(schedule.id)
    snapshot = gateway.read_subscription(held.stripe_id)
    with pytest.raises(pausing.CannotPause, match="cannot be paused"):
        pausing._refuse(held, replace(snapshot, is_flexible=False), gateway=gateway, now=clock.now)
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number="4000000000000341", **CARD)
    clock.advance(days=31, hours=3)
    postman.deliver()
    assert "running and paid" in why(held)
    assert at_stripe(sandbox)["status"] == "past_due"


def test_a_paused_one_can_be_cancelled(held, browser, sandbox):
    """P11: it ends at once, for nothing is paid."""
    press(browser, held, "pause")
    assert address(held, "cancel") in account(browser)
    assert "Nothing more will be charged" in press(browser, held, "cancel")
    held.refresh_from_db()
    assert held.status == "canceled"


def test_cancelled_by_the_link_in_a_mail_its_page_says_that_it_has_ended(held, browser, client, sandbox, clock):
    """X14, S22: not that the link does not work; a day later the link is an old one."""
    link = hosted.path_of(cancel_links.link_of(held))
    press(browser, held, "pause")
    answer = client.post(link, follow=True)
    assert answer.status_code == 200
    shown = text(answer.content.decode())
    assert "It has ended. Nothing more will be charged." in shown
    assert "does not work any more" not in shown
    assert "It lasts until" not in shown
    assert client.get(link).status_code == 200
    clock.advance(days=2)
    assert client.get(link).status_code == 404


def test_nobody_pays_twice_who_bought_it_anew_while_it_rested(held, browser, membership, gateway, clock, sandbox):
    """C6: the paused one does not go on beside the new one."""
    press(browser, held, "pause")
    buy(browser, membership)
    new = Subscription.objects.exclude(pk=held.pk).get()
    assert new.status == "active"
    assert "in another way by now" in press(browser, held, "continue")
    held.refresh_from_db()
    assert held.status == "paused"


# ------------------------------------------------------------------ G4: payments paused in Stripe's dashboard


@pytest.mark.parametrize("behavior", ["keep_as_draft", "mark_uncollectible", "void"])
def test_paused_payments_by_their_behaviour(behavior, held, browser, student, live_session, gateway, clock, postman):
    """G4: void: until the end of what was paid; the others: open. Taken back, it is as before."""
    end = held.period_end
    gateway.client.v1.subscriptions.update(held.stripe_id, {"pause_collection": {"behavior": behavior}})
    postman.deliver()
    held.refresh_from_db()
    assert (held.status, held.collection_paused) == ("active", behavior)
    assert switching.why_not(held) == switching.NOT_RUNNING, "X9: what Stripe does not collect is not sold"
    assert is_open(student, live_session, clock), "what is paid is paid"
    assert "Payments paused" in text(account(browser))
    assert held.access_until == (end if behavior == "void" else end + (held.access_until - held.period_end))
    clock.advance(days=33)
    postman.deliver()
    clock.daily()
    assert is_open(student, live_session, clock) is (behavior != "void")
    gateway.client.v1.subscriptions.update(held.stripe_id, {"pause_collection": ""})
    postman.deliver()
    assert is_open(student, live_session, clock)
    held.refresh_from_db()
    assert (held.collection_paused, held.void_from) == ("", None)


def test_seen_only_after_the_period_has_moved_on(held, gateway, clock, student, live_session):
    """G4: the news was lost; what was paid ended where the voided period began."""
    end = held.period_end
    gateway.client.v1.subscriptions.update(held.stripe_id, {"pause_collection": {"behavior": "void"}})
    clock.advance(days=33)
    settling.follow_subscription(held.stripe_id, gateway=gateway, now=clock.now)
    held.refresh_from_db()
    assert held.void_from == end
    assert not is_open(student, live_session, clock)


def test_the_status_paused_closes_and_says_since_when(held, gateway, clock, student, live_session):
    """G4: the fourth combination: paused as a whole."""
    clock.advance(days=3)
    pausing.pause(held, gateway=gateway, now=clock.now)
    held.refresh_from_db()
    assert (held.status, held.collection_paused) == ("paused", "")
    assert abs((held.access_until - clock.now).total_seconds()) < 60
    assert not is_open(student, live_session, clock)


def test_closed_already_and_cancelled_it_has_not_ended_yet(held, browser, gateway, clock, postman):
    """G4, P11, X14: not "ended" on a day that is still to come, and it can be taken back until then."""
    gateway.client.v1.subscriptions.update(held.stripe_id, {"pause_collection": {"behavior": "void"}})
    clock.advance(days=33)
    postman.deliver()
    asked = text(browser.get(address(held, "cancel")).content.decode())
    assert "Access is closed already and stays closed. It ends on" in asked
    assert "you keep access" not in asked
    assert "is closed after that" not in asked
    press(browser, held, "cancel")
    shown = account(browser)
    assert "Access is closed. It ends on" in text(shown)
    assert "It ended on" not in text(shown)
    assert "Join again" not in text(shown)
    assert address(held, "resume") in shown
    press(browser, held, "resume")
    held.refresh_from_db()
    assert held.cancel_at is None
