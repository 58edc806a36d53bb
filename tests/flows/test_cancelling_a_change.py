"""What becomes of a change of tier when somebody cancels? Said before, dropped once, and nobody pays for nothing (X14, G15, G18)."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from lms_memberships import killpoints
from lms_memberships.models import Intent, Invoice, TierChange
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import cancel_links, dropping_changes
from tests.flows import desk as desks
from tests.flows.steps import text
from tests.flows.test_switching import (  # noqa: F401 - fixtures
    CARD,
    account_page,
    act,
    at_stripe,
    bronze,
    browser,
    change,
    every_mail,
    give_card,
    gold,
    held,
    invoices,
    ladder,
    silver,
    tier,
)

pytestmark = pytest.mark.django_db

ASKS_ALWAYS = "4000002760003184"
PLAN_IS_DROPPED = "The change that is planned is dropped too."
WAITING_IS_DROPPED = "The change that waits for your payment is dropped too, and nothing is charged for it."


@pytest.fixture
def waiting(held, browser, act, gold, sandbox, clock, postman):  # noqa: F811
    """Silver, and the change to Gold that the bank wants to see them for."""
    give_card(sandbox, held, ASKS_ALWAYS)
    clock.advance(days=5)
    act(change, browser, held, gold)
    act(postman.deliver)
    assert TierChange.objects.get().state == "waiting"
    held.refresh_from_db()
    return held


@pytest.fixture
def desk(client_for):
    return client_for(desks.helper())


def address(row, name: str = "cancel") -> str:
    return reverse(f"lms_memberships:{name}", args=[row.pk])


def page(browser, row, name: str = "cancel") -> str:  # noqa: F811
    return text(browser.get(address(row, name)).content.decode())


def press(browser, row, name: str = "cancel") -> str:  # noqa: F811
    return text(browser.post(address(row, name), follow=True).content.decode())


def by_account(browser, row, student, desk) -> None:  # noqa: F811
    assert WAITING_IS_DROPPED in page(browser, row)
    press(browser, row)


def by_link(browser, row, student, desk) -> None:  # noqa: F811
    stranger, link = Client(), reverse("lms_memberships:cancel_link", args=[cancel_links.token_of(row)])
    shown = text(stranger.get(link).content.decode())
    assert WAITING_IS_DROPPED in shown
    assert "Gold" not in shown, "S35: nothing of the person"
    stranger.post(link)


def by_staff(browser, row, student, desk) -> None:  # noqa: F811
    assert "The change that waits for their payment is dropped" in desks.read(desk, "cancel", student, row.pk)
    desks.press(desk, "cancel", student, row.pk)


def by_staff_at_once(browser, row, student, desk) -> None:  # noqa: F811
    shown = desks.read(desk, "end", student, row.pk)
    assert "The change that waits for their payment is dropped" in shown
    assert "they can still pay it" not in shown
    desks.press(desk, "end", student, row.pk)


def pay(sandbox, invoice_id: str) -> str:
    """On Stripe's page, and the bank is content."""
    asked = sandbox.actions.pay_hosted_invoice(invoice_id, card_number=ASKS_ALWAYS, **CARD)
    return (
        asked.kind if asked.kind == "declined" else sandbox.actions.approve_authentication(asked.authentication_id).kind
    )


def of_the_change(sandbox) -> dict:
    return next(each for each in invoices(sandbox) if each["billing_reason"] == "subscription_update")


@pytest.mark.parametrize("way", [by_account, by_link, by_staff, by_staff_at_once])
def test_what_waits_is_dropped_and_can_be_paid_no_more(
    waiting,
    browser,  # noqa: F811
    student,
    desk,
    sandbox,
    postman,
    act,  # noqa: F811
    way,
):
    """G15, G18, X14: before any webhook nobody is asked for it; Stripe has it no more; the tier stays until the end."""
    row = waiting
    way(browser, row, student, desk)
    invoice = of_the_change(sandbox)
    assert (invoice["status"], at_stripe(sandbox)["pending_update"]) == ("void", None)
    assert TierChange.objects.get().state == "dropped"
    assert Invoice.objects.get(stripe_id=invoice["id"]).status == "void"
    account = account_page(browser)
    assert "Gold" not in account
    assert "See where it stands" not in account
    assert "Pay now" not in text(browser.get(reverse("lms_memberships:invoices")).content.decode())
    assert pay(sandbox, invoice["id"]) == "declined"
    act(postman.deliver)
    row.refresh_from_db()
    assert (row.membership.title, row.cancel_at is not None or row.status == "canceled") == ("Silver", True)
    assert Intent.objects.filter(purpose="void_invoice").count() == 1


def test_pressed_again_it_is_voided_once(waiting, browser, sandbox):  # noqa: F811
    """G18: cancelled, taken back, cancelled: one void."""
    for name in ("cancel", "cancel", "resume", "cancel"):
        press(browser, waiting, name)
    assert sum(each["type"] == "invoice.voided" for each in sandbox.store.all("event", account=sandbox.account_id)) == 1
    assert TierChange.objects.get().state == "dropped"


def test_without_giving_it_up_they_would_pay_for_what_ends(
    waiting,
    browser,  # noqa: F811
    sandbox,
    postman,
    act,  # noqa: F811
    mailoutbox,
    monkeypatch,
):
    """G15, negative control: it stays payable; then at least the words are true, on the page and in the mail."""
    monkeypatch.setattr(dropping_changes, "give_up_waiting", lambda *_args, **_more: None)
    press(browser, waiting)
    said = account_page(browser)
    assert "The change to Gold is not paid, and is dropped." in said
    assert "Should its payment come all the same, Gold is yours until the end." in said
    assert "See where it stands" not in said
    assert pay(sandbox, of_the_change(sandbox)["id"]) == "paid"
    act(postman.deliver)
    waiting.refresh_from_db()
    assert (waiting.membership.title, waiting.cancel_at is not None) == ("Gold", True)
    call_command("memberships_drain", verbosity=0)
    mail = next(" ".join(each.body.split()) for each in mailoutbox if "Your membership is now Gold" in each.body)
    assert "It is cancelled: you have it until" in mail
    assert "What you pay from now on" not in mail


def test_a_payment_of_that_very_moment_stands(
    waiting,
    browser,  # noqa: F811
    sandbox,
    postman,
    act,  # noqa: F811
    monkeypatch,
    mailoutbox,
):
    """G15: paid between our look and our void: Stripe refuses the void, they have Gold until the end, and read so."""
    reach, paid = killpoints.reach, []

    def pay_first(name: str) -> None:
        newest = Intent.objects.order_by("-pk").first()
        if name == "intent.planned" and newest.purpose == "void_invoice" and not paid:
            paid.append(pay(sandbox, of_the_change(sandbox)["id"]))
        reach(name)

    monkeypatch.setattr(killpoints, "reach", pay_first)
    answer = press(browser, waiting)
    assert paid == ["paid"]
    assert "Gold is cancelled" in answer
    assert "You keep access until" in answer
    waiting.refresh_from_db()
    assert (waiting.membership.title, waiting.cancel_at) == ("Gold", waiting.period_end)
    assert TierChange.objects.get().state == "done"
    act(postman.deliver)
    call_command("memberships_drain", verbosity=0)
    mail = next(" ".join(each.body.split()) for each in mailoutbox if "Your membership is now Gold" in each.body)
    assert "What you pay from now on" not in mail


def test_where_stripe_does_not_answer_it_is_dropped_with_the_next_try(waiting, browser, sandbox):  # noqa: F811
    """G24, D1: noted, and truthful meanwhile; the job asks again, and voids once."""
    sandbox.faults.plan(Fault("status", "POST /v1/invoices/*/void", status=503, count=0))
    assert "not confirmed" in press(browser, waiting)
    waiting.refresh_from_db()
    assert waiting.cancel_at is None
    assert "The change to Gold is not paid, and is dropped." in account_page(browser)
    sandbox.faults.clear()
    call_command("memberships_drain", verbosity=0)
    waiting.refresh_from_db()
    assert waiting.cancel_at is not None
    assert (of_the_change(sandbox)["status"], TierChange.objects.get().state) == ("void", "dropped")


def test_a_plan_that_cancelling_drops_is_said_before_and_after(held, browser, act, bronze, clock, sandbox):  # noqa: F811
    """X9, X14: camille's way: planned, cancelled, taken back; the next payment is Silver's, and she was told twice."""
    assert PLAN_IS_DROPPED not in page(browser, held), "the control"
    act(change, browser, held, bronze)
    assert PLAN_IS_DROPPED in page(browser, held)
    press(browser, held)
    answer = press(browser, held, "resume")
    assert "Good to have you back: your membership goes on. The change to Bronze that was planned was dropped" in answer
    clock.advance(days=1)
    press(browser, held)
    again = press(browser, held, "resume")
    assert "Good to have you back" in again
    assert "was dropped" not in again, "nothing was planned the second time"
    clock.advance(days=31, hours=3)
    assert invoices(sandbox)[0]["amount_paid"] == 1900


def test_a_plan_that_was_taken_back_before_is_not_mourned(held, browser, act, bronze, clock):  # noqa: F811
    """X14: kept by themselves, and cancelled later."""
    act(change, browser, held, bronze)
    press(browser, held, "keep")
    clock.advance(hours=1)
    press(browser, held)
    assert "was dropped" not in press(browser, held, "resume")


def test_staff_have_cancelled_and_the_student_takes_it_back(held, browser, act, bronze, student, desk):  # noqa: F811
    """X14, P25: there is no word of theirs; what was dropped is said all the same."""
    act(change, browser, held, bronze)
    desks.press(desk, "cancel", student, held.pk)
    assert "The change to Bronze that was planned was dropped" in press(browser, held, "resume")
