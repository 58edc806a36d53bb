"""Does a student leave one membership in two presses, told what stays, and never billed silently? (X14, P11, V52, G24)"""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.models import Departure, Email, Subscription
from lms_memberships.payments.models import Intent
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import changes, deeds, departures
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.backwards import charge_of
from tests.flows.steps import buy, left_unpaid, press_join, text
from tests.flows.test_withdrawing_money import rest_is_over
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def every_mail():
    switches.switch_all_on()


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def held(browser, membership) -> Subscription:
    buy(browser, membership)
    return Subscription.objects.get()


def account(browser) -> str:
    return browser.get(reverse("lms_memberships:account")).content.decode()


def address(row: Subscription, name: str = "cancel") -> str:
    return reverse(f"lms_memberships:{name}", args=[row.pk])


def press(browser, row: Subscription, name: str = "cancel", **said: str) -> str:
    return text(browser.post(address(row, name), said, follow=True).content.decode())


def at_stripe(sandbox, row: Subscription) -> dict:
    found = sandbox.store.all("subscription", account=sandbox.account_id)
    return next(each for each in found if each["id"] == row.stripe_id)


def refunds(sandbox) -> list[dict]:
    return sandbox.store.all("refund", account=sandbox.account_id)


def stripe_down(sandbox) -> None:
    sandbox.faults.plan(Fault("status", "*", status=503, count=0))


def stripe_back(sandbox) -> None:
    sandbox.faults.clear()


def test_taken_back_in_stripes_dashboard_nobody_has_left(held, browser, gateway, sandbox, postman):
    """X14, A16: as on the account page; a later cancellation is one of its own, and the only one that counts."""
    press(browser, held, feedback="unused")
    gateway.client.v1.subscriptions.update(held.stripe_id, {"cancel_at_period_end": False})
    postman.deliver()
    held.refresh_from_db()
    assert held.cancel_at is None
    assert Departure.objects.get().state == "dropped"
    press(browser, held, feedback="other")
    postman.deliver()
    assert list(Departure.objects.order_by("pk").values_list("state", flat=True)) == ["dropped", "done"]


def test_a_dispute_of_what_was_cancelled_takes_nothing_back(held, browser, sandbox, postman):
    """X14, G7: it ends as they said; the bank's question is another thing."""
    postman.deliver()
    press(browser, held)
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    held.refresh_from_db()
    assert held.suspended_at is not None
    assert Departure.objects.get().state == "done"


def test_two_presses_lead_out_and_the_page_says_what_ends_and_what_stays(held, browser, sandbox):
    """X14, P11, V52: from the account page one press leads to the question, and one there cancels."""
    assert address(held) in re.findall(r'href="([^"]+)"', account(browser))
    asked = text(browser.get(address(held)).content.decode())
    for words in (
        "you keep access until the end of what is paid",
        "It ends on",
        "Your progress",
        "Your invoices",
        "no free version",
    ):
        assert words in asked
    told = press(browser, held)
    held.refresh_from_db()
    assert held.cancel_at == held.period_end == held.access_until
    assert "we received that on" in told
    assert "You keep access until" in told
    assert at_stripe(sandbox, held)["cancel_at_period_end"] is True


def test_the_others_stay_untouched(held, browser, gateway, live_session, sandbox):
    """P11, P12: one is cancelled, and the other renews as before; each says when it ends."""
    other = publish(put_into(MembershipFactory(title="Archive"), live_session), gateway=gateway)
    buy(browser, other)
    press(browser, held)
    rest = Subscription.objects.get(membership=other)
    assert rest.cancel_at is None
    assert at_stripe(sandbox, rest)["cancel_at_period_end"] is False
    page = text(account(browser))
    assert "Next payment on" in page
    assert "You keep access until" in page


def test_the_reason_reaches_stripe_and_stays_for_reports(held, browser, sandbox):
    """X14: one of Stripe's own words, and whatever the person wrote beside it."""
    press(browser, held, feedback="too_expensive", comment="  I move abroad.\x00 ")
    details = at_stripe(sandbox, held)["cancellation_details"]
    assert (details["feedback"], details["comment"]) == ("too_expensive", "I move abroad.")
    row = Departure.objects.get()
    assert (row.feedback, row.comment, row.way, row.state) == ("too_expensive", "I move abroad.", "account", "done")
    assert row.settled_at is not None
    assert "abroad" not in str(list(Intent.objects.values_list("parameters", flat=True))), (
        "the words stand in one place"
    )


def test_nobody_is_kept_by_a_reason_that_cannot_be_read(held, browser, sandbox):
    """X14: what is no reason, or too long, is left out or cut off; the cancellation counts."""
    press(browser, held, feedback="no such reason", comment="x" * 5000)
    held.refresh_from_db()
    assert held.cancel_at is not None
    row = Departure.objects.get()
    assert (row.feedback, len(row.comment)) == ("", 500)


def test_the_mail_says_what_was_received_when_and_when_it_ends(held, browser, mailoutbox):
    """X14: the confirmation by e-mail."""
    press(browser, held)
    call_command("memberships_drain", verbosity=0)
    [mail] = [each for each in mailoutbox if "cancel" in each.subject.lower() and each.to == ["student@school.test"]]
    body = " ".join(mail.body.split())
    assert "We received your cancellation on" in body
    assert "You keep access until" in body
    assert "You cancelled" in body
    assert str(Departure.objects.get().asked_at.year) in body


def test_three_times_or_after_the_dashboard_is_once(held, browser, gateway, sandbox):
    """G18: whoever cancels what is cancelled has what they asked for."""
    gateway.client.v1.subscriptions.update(held.stripe_id, {"cancel_at_period_end": True})
    for _ in range(3):
        page = press(browser, held)
        assert "is cancelled" in page
    assert Departure.objects.filter(state="asked").count() == 0
    held.refresh_from_db()
    assert held.cancel_at == held.period_end
    assert Email.objects.filter(kind="cancelled").count() == 1
    gateway.client.v1.subscriptions.cancel(held.stripe_id)
    assert "is cancelled" in press(browser, held)


def test_undone_until_then(held, browser, sandbox):
    """G13, P11: to and fro, and each time Stripe has what was pressed last."""
    for _ in range(3):
        press(browser, held)
        assert at_stripe(sandbox, held)["cancel_at_period_end"] is True
        assert "goes on" in press(browser, held, "resume")
        assert at_stripe(sandbox, held)["cancel_at_period_end"] is False
    held.refresh_from_db()
    assert held.cancel_at is None
    assert list(Departure.objects.values_list("state", flat=True)) == ["dropped"] * 3, "nobody has left"


def test_with_stripe_down_it_is_noted_said_and_finished_by_the_job(held, browser, sandbox, clock):
    """G24: complete only when Stripe confirms; nobody has to press again."""
    stripe_down(sandbox)
    told = press(browser, held, feedback="unused")
    assert "not confirmed by the payment service yet" in told
    page = text(account(browser))
    assert "Being cancelled" in page
    assert "Next payment" not in page
    held.refresh_from_db()
    assert held.cancel_at is None, "nothing is claimed that Stripe has not said"
    assert at_stripe(sandbox, held)["cancel_at_period_end"] is False
    stripe_back(sandbox)
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert held.cancel_at == held.period_end
    assert at_stripe(sandbox, held)["cancellation_details"]["feedback"] == "unused"
    assert Departure.objects.get().state == "done"
    assert "Being cancelled" not in text(account(browser))


def test_an_answer_that_got_lost_is_looked_up_and_not_asked_for_again(held, browser, sandbox):
    """G24, D1: Stripe has done it and nobody heard: the look finds it."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/subscriptions/*", count=2))
    assert "not confirmed" in press(browser, held)
    asked = len([each for each in sandbox.requests.all() if each["method"] == "POST"])
    call_command("memberships_drain", verbosity=0)
    assert Departure.objects.get().state == "done"
    assert len([each for each in sandbox.requests.all() if each["method"] == "POST"]) == asked


def test_what_was_billed_after_the_word_was_given_goes_back(held, browser, sandbox, clock, postman):
    """G24: never a silent charge: declared in time, billed during the outage, ended and refunded when Stripe is back."""
    first = at_stripe(sandbox, held)["latest_invoice"]
    stripe_down(sandbox)
    press(browser, held)
    stripe_back(sandbox)
    clock.advance(days=31, hours=3)
    assert at_stripe(sandbox, held)["latest_invoice"] != first, "the control: it was renewed and paid meanwhile"
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert held.status == "canceled"
    assert [each["amount"] for each in refunds(sandbox)] == [1900], "of two payments, the one after the word"
    assert Departure.objects.get().state == "done"
    call_command("memberships_drain", verbosity=0)
    assert len(refunds(sandbox)) == 1


@pytest.mark.parametrize("way", ["answer_lost", "ended_by_the_owner", "planned_by_the_owner", "refused_refund"])
def test_what_was_billed_after_the_word_goes_back_also_once_it_has_ended(way, held, browser, gateway, sandbox, clock):
    """G24: its end is not the end of it: the money follows, by whomever it was ended, and once."""
    stripe_down(sandbox)
    press(browser, held)
    stripe_back(sandbox)
    clock.advance(days=31, hours=3)
    if way == "answer_lost":
        sandbox.faults.plan(Fault("commit_then_drop", "DELETE /v1/subscriptions/*", count=2))
    elif way == "refused_refund":
        sandbox.faults.plan(Fault("status", "POST /v1/refunds", status=400, code="balance_insufficient", count=2))
    elif way == "ended_by_the_owner":
        gateway.cancel_now(held.stripe_id)
    else:
        gateway.cancel_at_period_end(held.stripe_id, key="by hand")
    with suppress(CommandError):
        call_command("memberships_drain", verbosity=0)
    stripe_back(sandbox)
    rest_is_over()
    for _again in range(2):
        clock.daily()
    held.refresh_from_db()
    assert (held.status, [each["amount"] for each in refunds(sandbox)]) == ("canceled", [1900])
    assert Departure.objects.get().state == "done"


def test_taken_back_while_nobody_answers_the_wish_stands_and_so_does_the_button(held, browser, sandbox):
    """G24, D1: Stripe had done it, and nobody heard; what cannot be looked at is not said to go on."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/subscriptions/*", count=2))
    press(browser, held)
    stripe_down(sandbox)
    assert "goes on" not in press(browser, held, "resume")
    assert Departure.objects.get().state == "asked"
    assert address(held, "resume") in account(browser)
    stripe_back(sandbox)
    assert "goes on" in press(browser, held, "resume")
    call_command("memberships_drain", verbosity=0)
    assert at_stripe(sandbox, held)["cancel_at_period_end"] is False
    assert Departure.objects.get().state == "dropped"


def test_taken_back_before_stripe_heard_of_it(held, browser, sandbox):
    """G24, G13: the wish is dropped, and no job comes after it."""
    stripe_down(sandbox)
    press(browser, held)
    stripe_back(sandbox)
    assert "goes on" in press(browser, held, "resume")
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert held.cancel_at is None
    assert at_stripe(sandbox, held)["cancel_at_period_end"] is False
    assert Departure.objects.get().state == "dropped"


def test_taken_back_after_it_has_come_true_they_have_left(held, browser, gateway, sandbox):
    """G24, G18: Stripe has ended it unheard; nobody is told that it goes on."""
    stripe_down(sandbox)
    press(browser, held)
    stripe_back(sandbox)
    gateway.cancel_now(held.stripe_id)
    said = text(browser.post(address(held, "resume"), follow=True).content.decode())
    assert "goes on" not in said
    assert "no cancellation to take back" in said
    held.refresh_from_db()
    assert held.status == "canceled"
    assert Departure.objects.get().state == "done"


def test_taken_back_after_stripe_had_heard_of_it_without_an_answer(held, browser, sandbox):
    """G24: what was done there unheard is undone there."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/subscriptions/*", count=2))
    press(browser, held)
    press(browser, held, "resume")
    assert at_stripe(sandbox, held)["cancel_at_period_end"] is False
    held.refresh_from_db()
    assert held.cancel_at is None


def test_a_cancellation_that_was_taken_back_is_no_cancellation_any_more(
    held, browser, sandbox, clock, postman, mailoutbox
):
    """X14, X21: the mail about a later end does not name that day, and the report says that it was taken back."""
    press(browser, held)
    press(browser, held, "resume")
    postman.deliver()
    assert Departure.objects.get().state == "dropped"
    clock.advance(days=9)
    mailoutbox.clear()
    sandbox.actions.cancel_subscription_at_period_end(held.stripe_id)
    postman.deliver()
    clock.daily()
    [mail] = [each for each in mailoutbox if "cancelled" in each.subject]
    assert "We received" not in mail.body
    assert "You cancelled" not in mail.body, "they have not"


def test_what_somebody_else_ended_is_not_called_their_word(held, gateway, postman, mailoutbox):
    """X14, G18: ended at once in Stripe, as by staff or after the last try of a card; there is no way back, so none is said."""
    mailoutbox.clear()
    gateway.client.v1.subscriptions.cancel(held.stripe_id)
    postman.deliver()
    call_command("memberships_drain", verbosity=0)
    [mail] = [each for each in mailoutbox if "is cancelled" in each.subject and each.to == ["student@school.test"]]
    assert "You cancelled" not in mail.body
    assert "It has ended. Nothing more will be charged" in " ".join(mail.body.split())
    assert "take the cancellation back" not in mail.body


def test_who_presses_twice_is_told_of_the_first_press(held, browser, clock):
    """X14, G18: that is when it was received."""
    first = press(browser, held)
    clock.advance(days=2)
    when = re.search(r"we received that on (.+?)\. You keep", first).group(1)
    assert when in press(browser, held)


def test_cancelled_while_the_first_debit_is_on_its_way(browser, membership, sandbox, clock, postman):
    """G18, C7: Stripe would renew it; what is on its way opens one period, and no more."""
    _status, location, _body = hosted.pay_by_debit(press_join(browser, membership))
    postman.deliver()
    browser.get(hosted.path_of(location))
    row = Subscription.objects.get()
    asked = text(browser.get(address(row)).content.decode())
    assert "Yes, cancel" in asked
    assert "There is nothing to cancel" not in asked
    assert "Your first payment is on its way" in press(browser, row)
    assert at_stripe(sandbox, row)["cancel_at_period_end"]
    clock.advance(days=8)
    postman.deliver()
    row.refresh_from_db()
    assert (row.is_live(clock.now), row.cancel_at) == (True, row.period_end)


def test_what_was_collected_late_after_the_word_was_given_goes_back(held, browser, sandbox, clock, postman):
    """G24: a month was unpaid, so that cancelling ends it at once; Stripe was down, and its retry took the money."""
    card = {"exp_month": "12", "exp_year": "2034", "cvc": "123"}
    sandbox.actions.change_default_card(held.customer_id, card_number="4000000000000341", **card)
    clock.advance(days=31, hours=3)
    postman.deliver()
    held.refresh_from_db()
    assert held.status == "past_due"
    stripe_down(sandbox)
    assert "whatever is charged meanwhile is given back" in press(browser, held)
    stripe_back(sandbox)
    sandbox.actions.change_default_card(held.customer_id, card_number="4242424242424242", **card)
    clock.advance(days=7)
    invoices = sandbox.store.all("invoice", account=sandbox.account_id)
    assert [each["status"] for each in invoices] == ["paid", "paid"]
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert (held.status, [each["amount"] for each in refunds(sandbox)]) == ("canceled", [1900])


def test_said_twice_while_stripe_is_down_is_one_wish(held, browser, sandbox, now):
    """G18, G24: the first word stands."""
    stripe_down(sandbox)
    press(browser, held, feedback="unused")
    press(browser, held, feedback="other")
    assert Departure.objects.get().feedback == "unused"


def test_what_is_unpaid_ends_at_once(browser, membership, student, gateway, sandbox, clock, postman):
    """P11: of a period that nobody paid nothing is left to keep; it works for those in arrears."""
    buy(browser, membership)
    row = Subscription.objects.get()
    sandbox.actions.change_default_card(
        at_stripe(sandbox, row)["customer"], card_number="4000000000000341", exp_month="12", exp_year="2034", cvc="123"
    )
    clock.advance(days=31, hours=3)
    postman.deliver()
    row.refresh_from_db()
    assert row.status == "past_due"
    assert "it ends at once" in text(browser.get(address(row)).content.decode())
    assert "Nothing more will be charged" in press(browser, row, feedback="too_expensive")
    row.refresh_from_db()
    assert row.status == "canceled"
    assert at_stripe(sandbox, row)["cancellation_details"]["feedback"] == "too_expensive"


def test_what_charges_nothing_cannot_be_cancelled(browser, gateway, live_session):
    """P11: paid once, there is nothing to end."""
    once = publish(put_into(MembershipFactory(interval="one_time", title="Book"), live_session), gateway=gateway)
    buy(browser, once)
    row = Subscription.objects.get()
    assert "nothing to cancel" in press(browser, row)
    assert Departure.objects.count() == 0


def test_who_comes_back_has_a_new_row_and_no_second_trial(
    browser, student, gateway, live_session, sandbox, clock, postman
):
    """G23: the old one is history; what was done stays; a trial is given once, also when events come reversed."""
    trial = publish(put_into(MembershipFactory(title="Studio", trial_days=14), live_session), gateway=gateway)
    buy(browser, trial)
    old = Subscription.objects.get()
    press(browser, old)
    clock.advance(days=15)
    postman.deliver()
    old.refresh_from_db()
    assert old.status == "canceled"
    buy(browser, trial)
    for event in reversed(postman.waiting()):
        assert post_event(event).status_code == 200
    postman.deliver()
    new = Subscription.objects.exclude(pk=old.pk).get()
    assert (new.status, new.trial_end) == ("active", None)
    old.refresh_from_db()
    assert old.status == "canceled"
    page = text(account(browser))
    assert "Earlier" in page
    assert "Next payment on" in page


def test_another_person_s_subscription_is_unknown(held, client_for, sandbox):
    """S19, S35: whatever is pressed, by whomever."""
    other = client_for(UserFactory())
    for name in ("cancel", "resume", "stay", "withdraw", "pause", "continue"):
        assert other.post(address(held, name)).status_code == 404, name
    held.refresh_from_db()
    assert held.cancel_at is None
    assert Departure.objects.count() == 0


def test_a_wish_of_another_account_waits_for_it(held, gateway, now):
    """E9: the job touches only what the connected account holds."""
    Departure.objects.create(subscription=held, asked_at=now)
    Subscription.objects.update(account="acct_other")
    assert departures.carry_out_all(departures.under_way(), gateway=gateway, now=now) == 0
    assert Departure.objects.get().state == "asked"
    with pytest.raises(deeds.BilledElsewhere):
        departures.carry_out(Departure.objects.get(), gateway=gateway, now=now)
    assert Subscription.objects.get().status == "active", "what another account does not know is not over"


def test_a_wish_that_has_nothing_left_to_end_is_dropped(held, gateway, now):
    """G24: no job goes on for ever."""
    wish = Departure.objects.create(subscription=held, asked_at=now + timedelta(hours=1))
    gateway.cancel_now(held.stripe_id)
    departures.carry_out(wish, gateway=gateway, now=now)
    wish.refresh_from_db()
    assert wish.state == "done"
    assert changes.is_ending(Subscription.objects.get())


def test_a_first_payment_that_never_came_is_no_membership_to_leave(browser, membership, student, gateway, now):
    """G1, P11"""
    row = left_unpaid(membership, student, gateway=gateway, now=now)
    assert browser.get(address(row)).status_code == 200
    press(browser, row)
    assert Departure.objects.count() == 0
