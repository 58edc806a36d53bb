"""A creator gives a payment back: asked once, its effect in words, and never twice or more than is left (X13)."""

import uuid

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.emails import switches
from lms_memberships.emails.rendering import message_for
from lms_memberships.history import PAYMENT_REFUNDED
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Email, Intent, Refund, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.gateway import GatewayFailure
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import attention, giving_back, refunds
from lms_memberships.subscriptions.payments_made import of_invoice
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.backwards import bought, charge_of
from tests.flows.desk import helper, read
from tests.flows.refunding import at_stripe, form, look, page_of, press
from tests.flows.steps import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(client_for, student, membership, postman):
    return bought(client_for(student), membership, postman)


@pytest.fixture
def desk(client_for):
    return client_for(allow(UserFactory(username="refunder"), "refund_invoice"))


def test_a_part_is_looked_at_and_then_given_back_with_a_credit_note(desk, held, sandbox, clock):
    """X13, H1: amount, effect and what was given before stand on the page; Stripe has a credit note."""
    url = page_of(held)
    assert "€19.00 can be given back" in text(desk.get(url).content.decode())
    typed = form(desk, url, amount="5", reason="one evening fell out")
    looked = text(desk.post(url, typed).content.decode())
    assert "€5.00 is given back" in looked
    assert "a part that is given back closes nothing" in looked
    assert at_stripe(sandbox) == [], "looking gives nothing back"
    assert "€5.00 is on its way back" in press(desk, url, typed)
    refund = Refund.objects.get()
    assert (refund.state, refund.amount, refund.author.username, refund.is_ours) == ("succeeded", 500, "refunder", True)
    assert [each["amount"] for each in sandbox.store.all("credit_note", account=sandbox.account_id)] == [500]
    again = text(desk.get(url).content.decode())
    assert "€14.00 can be given back" in again
    assert "one evening fell out" in again
    assert ModelLogEntry.objects.filter(action=PAYMENT_REFUNDED).count() == 1


@pytest.mark.parametrize(("effect", "is_open"), [("keep", True), ("close", False)])
def test_what_all_of_it_does_to_access_is_chosen_and_said(desk, held, postman, clock, effect, is_open):
    """X13: the setting is what is chosen at first; whoever presses may choose otherwise."""
    url = page_of(held)
    typed = form(desk, url, effect=effect)
    words = {"keep": "Access stays open", "close": "Access closes at once"}
    assert words[effect] in text(desk.post(url, typed).content.decode())
    press(desk, url, typed)
    postman.deliver()
    held.refresh_from_db()
    assert held.is_live(clock.now) is is_open
    assert (held.status == "active") is is_open


def test_pressed_twice_it_is_one_refund(desk, held, sandbox, postman):
    """X13, G9: the same form twice, and its webhooks."""
    url = page_of(held)
    typed = form(desk, url, amount="5")
    press(desk, url, typed)
    assert "on its way back" in press(desk, url, typed)
    postman.deliver()
    assert at_stripe(sandbox) == [500]
    assert Refund.objects.count() == 1


def test_who_dies_after_the_decision_has_left_a_line_in_the_history(desk, held, sandbox, monkeypatch):
    """X13, X24: pressed again, the same form gives back once, and adds no second line."""
    url = page_of(held)
    typed = form(desk, url, amount="5")

    def die(point: str) -> None:
        if point == "give_back.decided":
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(giving_back.killpoints, "reach", die)
        with pytest.raises(SystemExit):
            desk.post(url, typed | {"press": "1"})
    assert at_stripe(sandbox) == []
    assert "on its way back" in press(desk, url, typed)
    assert at_stripe(sandbox) == [500]
    line = ModelLogEntry.objects.get(action=PAYMENT_REFUNDED)
    assert (line.user.username, line.data["amount"], line.data["refund"]) == (
        "refunder",
        "€5.00",
        Refund.objects.get().pk,
    )


def test_of_two_admins_one_gives_back_and_the_other_looks_again(desk, held, sandbox):
    """X13: both had the page open."""
    url = page_of(held)
    one, other = form(desk, url), form(desk, url)
    press(desk, url, one)
    press(desk, url, other)
    assert at_stripe(sandbox) == [1900]


def test_what_was_given_back_in_stripe_meanwhile_counts(desk, held, sandbox):
    """G9, H4: never more than what is left, whoever gave it."""
    url = page_of(held)
    typed = form(desk, url)
    sandbox.actions.refund_charge(charge_of(sandbox, held), amount=1000)
    assert "Nothing was done now" in press(desk, url, typed)
    assert at_stripe(sandbox) == [1000]
    assert "€9.00 can be given back" in text(desk.get(url).content.decode())


@pytest.mark.parametrize("amount", ["100", "0", "-1", "5.001", "five", ""])
def test_an_amount_that_cannot_be_given_back_is_refused(desk, held, sandbox, amount):
    """X13, H1: before there is a button, and by the press."""
    url = page_of(held)
    typed = form(desk, url, amount=amount)
    looked = desk.post(url, typed).content.decode()
    assert 'name="press"' not in looked
    assert 'name="amount"' in looked, "the form again, with what is wrong"
    press(desk, url, typed)
    assert at_stripe(sandbox) == []


def test_what_stripe_refuses_is_told_and_never_called_given_back(desk, held, sandbox):
    """X13, X24: the press says so, the same form says so again, and so does the history."""
    url = page_of(held)
    typed = form(desk, url, amount="5")
    sandbox.faults.plan(Fault("status", "POST /v1/credit_notes", status=400, code="x"))
    first = press(desk, url, typed)
    again = press(desk, url, typed)
    assert Refund.objects.get().failure in first
    assert Refund.objects.get().failure in again
    assert "on its way back" not in first + again
    assert at_stripe(sandbox) == []
    line = ModelLogEntry.objects.get(action=PAYMENT_REFUNDED)
    assert line.message.endswith("is to be given back.")


@pytest.mark.parametrize("other", [{"amount": "6"}, {"effect": "close"}])
def test_a_form_that_was_sent_already_with_something_else_in_it_is_refused(desk, held, sandbox, other):
    """X13: back in the browser, changed, and pressed again."""
    url = page_of(held)
    typed = form(desk, url, amount="5")
    press(desk, url, typed)
    assert "with something else in it" in press(desk, url, typed | other)
    assert at_stripe(sandbox) == [500]


def test_what_waited_and_is_refused_later_is_told_to_the_admins(desk, held, sandbox, clock, settings):
    """X13, X8: nobody is looking when the job asks again: a mail, and a line until somebody has dealt with it."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    url = page_of(held)
    sandbox.faults.plan(Fault("status", "POST /v1/credit_notes", count=2, status=503))
    told = press(desk, url, form(desk, url, amount="5"))
    assert "It is tried again until it works. Stripe could not be reached." in told, "Stripe is named once"
    sandbox.faults.clear()
    sandbox.faults.plan(Fault("status", "POST /v1/credit_notes", status=400, code="x"))
    with pytest.raises(GatewayFailure):
        JOBS["money_back"].do(clock.now)
    refund = Refund.objects.get()
    assert refund.state == "refused"
    mail = Email.objects.get(kind="admin_refund_failed")
    assert "Stripe refused it" in message_for(mail, now=clock.now).body
    assert attention.counts(now=clock.now)["refunds"] == 1
    listed = text(desk.get(reverse("lms_memberships_attention"), {"kind": "refunds"}).content.decode())
    assert refund.failure in listed
    done = reverse("lms_memberships_attention_refund_done", args=[refund.pk])
    assert "off the list" in text(desk.post(done, follow=True).content.decode())
    assert attention.counts(now=clock.now)["refunds"] == 0
    assert JOBS["money_back"].do(clock.now) == 0, "it is not asked for again"


def test_a_credit_note_whose_refund_failed_does_not_hinder_the_next(desk, held, sandbox, postman):
    """G9: the invoice is credited, and the money came back: the next refund needs no second note."""
    url = page_of(held)
    press(desk, url, form(desk, url))
    postman.deliver()
    sandbox.actions.fail_refund(Refund.objects.get().stripe_id)
    postman.deliver()
    assert "€19.00 can be given back" in text(desk.get(url).content.decode())
    press(desk, url, form(desk, url))
    assert sorted(Refund.objects.values_list("state", flat=True)) == ["failed", "succeeded"]


def test_an_answer_that_was_lost_is_looked_up_and_not_made_again(desk, held, sandbox, clock):
    """X13, D1: Stripe has made it, and the line broke."""
    url = page_of(held)
    typed = form(desk, url, amount="5")
    sandbox.faults.plan(Fault.read({"kind": "commit_then_drop", "method": "POST", "path": "/v1/credit_notes"}))
    press(desk, url, typed)
    sandbox.faults.clear()
    clock.daily()
    assert at_stripe(sandbox) == [500]
    assert Refund.objects.get().state == "succeeded"


@pytest.fixture
def once(client_for, student, gateway, live_session, postman):
    """What is paid once."""
    membership = publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)
    return bought(client_for(student), membership, postman)


def test_what_is_paid_once_goes_back_by_a_credit_note_on_its_invoice(desk, once, sandbox):
    """X13: guide §14, the books stay right."""
    url = reverse("lms_memberships_refund_purchase", args=[once.pk])
    assert str(once.invoices.get()) in text(desk.get(url).content.decode())
    press(desk, url, form(desk, url, amount="7.50"))
    assert at_stripe(sandbox) == [750]
    assert [each["amount"] for each in sandbox.store.all("credit_note", account=sandbox.account_id)] == [750]
    refund = Refund.objects.get()
    assert (refund.subscription, refund.invoice) == (once, once.invoices.get())


def test_a_payment_without_an_invoice_is_given_back_too(desk, once, sandbox):
    """X13: what is paid once, without an invoice."""
    once.invoices.get().delete()
    url = reverse("lms_memberships_refund_purchase", args=[once.pk])
    assert "more than nothing" in look(desk, url, form(desk, url, amount="0"))
    press(desk, url, form(desk, url, amount="7.50"))
    assert at_stripe(sandbox) == [750]
    assert sandbox.store.all("credit_note", account=sandbox.account_id) == []
    assert Refund.objects.get().subscription == once


def test_what_was_paid_once_is_over_when_its_refund_has_closed_it(desk, once, client_for, student, postman, clock):
    """X13, X20: nothing at Stripe is left to end, and nothing says that Stripe has to; the timeline says what closed it."""
    url = reverse("lms_memberships_refund_purchase", args=[once.pk])
    press(desk, url, form(desk, url, effect="close"))
    clock.daily()
    seeing = client_for(helper())
    for days in (0, 62):
        clock.advance(days=days)
        clock.daily()
        postman.deliver()
        shown = read(seeing, "", student)
        assert "Revoked" in shown
        assert "Stripe has not confirmed" not in shown
        assert "“Once”: access closed, as what was paid for it goes back" in shown
        assert "“Once”: ended" in shown
    once.refresh_from_db()
    assert (once.status, once.ended_at) == ("canceled", once.revoked_at)


def test_what_a_refund_has_closed_says_so_in_the_timeline(desk, held, client_for, student):
    """X13, X20: of what renews as well; who has asked for the refund stands beside it."""
    url = page_of(held)
    press(desk, url, form(desk, url, effect="keep", amount="5"))
    seeing = client_for(helper())
    assert "access closed" not in read(seeing, "", student)
    press(desk, url, form(desk, url, effect="close", amount="14"))
    assert f"“{held.membership.title}”: access closed, as what was paid for it goes back" in read(seeing, "", student)


def test_a_purchase_that_was_closed_by_an_earlier_version_says_nothing_false(client_for, once, student, clock):
    """X20: its row is still called active, and no job will ever end it."""
    closed = {"revoked_at": clock.now, "is_revoked_by_refund": True, "access_until": clock.now}
    Subscription.objects.filter(pk=once.pk).update(**closed)
    shown = read(client_for(helper()), "", student)
    assert "Stripe has not confirmed" not in shown
    assert "access closed" in shown


def test_what_is_disputed_is_not_given_back(desk, held, sandbox, postman):
    """G7: the bank decides; said before there is a form."""
    url = page_of(held)
    typed = form(desk, url)
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    shown = desk.get(url).content.decode()
    assert "disputed at the bank, which decides" in shown
    assert "can be given back" not in shown
    assert 'name="amount"' not in shown
    assert "disputed at the bank" in look(desk, url, typed)
    assert "disputed at the bank" in press(desk, url, typed)
    assert at_stripe(sandbox) == []
    assert not Intent.objects.filter(purpose=giving_back.PURPOSE).exists()


@pytest.mark.parametrize("decided", ["lost", "won"])
def test_what_the_bank_has_decided_is_said_before_there_is_a_form(desk, held, sandbox, postman, decided):
    """X13, G7: lost, whoever paid has the money, and nobody decides any more; won, it is the seller's to give."""
    url = page_of(held)
    typed = form(desk, url)
    opened = sandbox.actions.open_dispute(charge_of(sandbox, held))
    sandbox.actions.change_dispute(opened["id"], decided)
    postman.deliver()
    shown, pressed = text(desk.get(url).content.decode()), press(desk, url, typed)
    if decided == "lost":
        assert "the bank has decided for whoever paid" in shown
        assert "the bank has decided for whoever paid" in pressed
        assert "can be given back" not in shown
        assert "which decides" not in shown + pressed
        assert at_stripe(sandbox) == []
    else:
        assert "€19.00 can be given back" in shown
        assert at_stripe(sandbox) == [1900]


@pytest.fixture
def keeper(client_for):
    """Sees people and invoices, and gives money back."""
    return client_for(allow(helper(), "refund_invoice"))


def test_where_all_went_back_nothing_leads_to_a_refund(keeper, held, student, sandbox, postman):
    """X13: neither in the list nor on the page of the person; a part leaves the way open, and so does what failed."""
    pages = [reverse("lms_memberships_invoices_list"), reverse("lms_memberships_person", args=[student.pk])]
    url = page_of(held)

    def led() -> list[bool]:
        return [f'href="{url}"' in keeper.get(page).content.decode() for page in pages]

    press(keeper, url, form(keeper, url, amount="5"))
    assert led() == [True, True]
    press(keeper, url, form(keeper, url, amount="14"))
    assert led() == [False, False]
    assert "All of this payment has been given back." in text(keeper.get(url).content.decode())
    sandbox.actions.fail_refund(Refund.objects.order_by("pk").last().stripe_id)
    postman.deliver()
    assert led() == [True, True]


def test_a_purchase_that_went_back_has_no_button_either(keeper, once, student):
    """X13: what was paid once has a button of its own."""
    url = reverse("lms_memberships_refund_purchase", args=[once.pk])
    person = reverse("lms_memberships_person", args=[student.pk])
    press(keeper, url, form(keeper, url, amount="5"))
    assert f'href="{url}"' in keeper.get(person).content.decode()
    press(keeper, url, form(keeper, url, amount="14"))
    assert f'href="{url}"' not in keeper.get(person).content.decode()


def test_parts_never_exceed_what_came_in(held, gateway, clock):
    """H4: in minor units of the invoice's currency."""
    payment = of_invoice(held.invoices.get())
    left = giving_back.left_of(payment, gateway=gateway)
    for minor in (1, 999, 900):
        asked = giving_back.Asked(Money(minor, "eur"), left, uuid.uuid4())
        giving_back.give_back(payment, asked, gateway=gateway, now=clock.now)
        left = giving_back.left_of(payment, gateway=gateway)
    assert left == Money(0, "eur")
    given = refunds.given_back_of(held.invoices.get())
    assert given == 1900
