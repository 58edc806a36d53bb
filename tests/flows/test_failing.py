"""What does a student meet whose payment fails: clear words, one button that mends it, and never a second charge?"""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Email, Intent, Invoice, Subscription
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import collecting
from tests import hosted
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

ACCOUNT = reverse("lms_memberships:account")
INVOICES = reverse("lms_memberships:invoices")
LESSON = "/live/glazing-evening/"
#: The bank asks for the person at every payment.
ASKS_ALWAYS = "4000002760003184"


class Member:
    """One student with a monthly membership, and what they do about a renewal that fails."""

    def __init__(self, browser, clock, postman, sandbox) -> None:
        self.browser, self.clock, self.postman, self.sandbox = browser, clock, postman, sandbox
        self.heard: set[int] = set()

    def told(self) -> list[str]:
        """Which mails about a payment that is missing have left since the last look."""
        rows = Email.objects.filter(state="sent", kind__in=["payment_failed", "payment_missing"])
        new = [row for row in rows.order_by("pk") if row.pk not in self.heard]
        self.heard |= {row.pk for row in new}
        return [row.kind for row in new]

    def pass_by(self, **span: float) -> None:
        self.clock.advance(**span)
        self.postman.deliver()

    def read(self, address: str = ACCOUNT) -> str:
        return text(self.browser.get(address).content.decode())

    def press(self, name: str, pk: int) -> str:
        """What the page says after that."""
        return text(self.browser.post(reverse(f"lms_memberships:{name}", args=[pk]), follow=True).content.decode())

    def put_card(self, number: str) -> None:
        card = {"card_number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        self.sandbox.actions.change_default_card(self.row.customer_id, **card)

    def pay_at_stripe(self) -> None:
        card = {"card_number": hosted.GOOD_CARD, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        self.sandbox.actions.pay_hosted_invoice(self.open.stripe_id, **card)

    def charges(self) -> list[str]:
        """How each charge at Stripe ended, the newest first."""
        return [each["status"] for each in self.sandbox.store.all("charge", account=self.sandbox.account_id)]

    @property
    def row(self) -> Subscription:
        return Subscription.objects.get()

    @property
    def open(self) -> Invoice:
        return Invoice.objects.get(status="open")


@pytest.fixture
def joined(membership, student, client_for, clock, postman, sandbox) -> Member:
    """Their card pays once, and never again."""
    member = Member(client_for(student), clock, postman, sandbox)
    buy(member.browser, membership, card=hosted.FAILS_LATER_CARD)
    postman.deliver()
    return member


@pytest.fixture
def failing(joined) -> Member:
    """It was refused at the renewal."""
    joined.pass_by(days=31, hours=3)
    assert joined.row.status == "past_due"
    return joined


@pytest.fixture
def asked_for(membership, student, client_for, clock, postman, sandbox) -> Member:
    """At the renewal the bank wants to see them."""
    member = Member(client_for(student), clock, postman, sandbox)
    buy(member.browser, membership)
    member.put_card(ASKS_ALWAYS)
    member.pass_by(days=31, hours=3)
    assert member.row.status == "past_due"
    return member


# ------------------------------------------------------------------ what is said, and until when


def test_the_account_page_says_what_failed_until_when_and_how_to_mend_it(failing):
    """X17, P7, P8, G2"""
    page = failing.read()
    assert "Your payment of €19.00 failed. You keep access until" in page
    assert "Your card is tried again by itself on" in page
    assert "Pay now" in page
    assert "Try the card again" in page


def test_open_for_the_days_of_grace_with_a_banner_and_closed_after_them(failing, student, live_session):
    """G2, X17: open on day 6, closed on day 8; the page says so each time, with the button that mends it."""
    failing.pass_by(days=4)
    assert decide(student, live_session, now=failing.clock.now).allowed
    answer = failing.browser.get(LESSON)
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    assert "Your payment for “Studio pass” failed on" in text(answer.content.decode())
    mend = reverse("lms_memberships:mend", args=[failing.row.pk])
    assert f'action="{mend}"' in answer.content.decode()
    failing.pass_by(days=3)
    assert not decide(student, live_session, now=failing.clock.now).allowed
    assert "glazing-CANARY" not in failing.browser.get(LESSON).content.decode()
    closed = failing.browser.get("/live/glazing-evening.ics")
    assert closed.status_code == 403
    assert f'action="{mend}"' in closed.content.decode(), "the paywall has the button too"
    assert "Access is closed because your payment of €19.00 failed" in failing.read()


def test_whoever_pays_in_time_goes_on_and_sees_no_banner(failing, student, live_session):
    """G2: failed on day 0, paid on day 5, open on day 8."""
    failing.pass_by(days=4)
    failing.pay_at_stripe()
    failing.postman.deliver()
    failing.pass_by(days=3)
    assert decide(student, live_session, now=failing.clock.now).allowed
    assert "failed" not in text(failing.browser.get(LESSON).content.decode())
    assert "Next payment on" in failing.read()


def test_the_banner_costs_no_query(failing):
    """X17: it says what the decision has said already."""
    failing.browser.get(LESSON)
    with CaptureQueriesContext(connection) as failed:
        failing.browser.get(LESSON)
    failing.pay_at_stripe()
    failing.postman.deliver()
    with CaptureQueriesContext(connection) as paid:
        failing.browser.get(LESSON)
    assert len(failed) == len(paid)


def test_the_banner_stands_on_a_page_of_the_site_that_is_open_for_the_days_of_grace(student, client_for, gateway, now):
    """X17, G2: let through by our own door, and gone once it is paid."""
    page = school.course()
    row = school.subscribe(
        student, school.sold(page, now=now), until=now + timedelta(days=3), status="past_due", period_start=now
    )
    browser = client_for(student)
    shown = text(browser.get(page.url).content.decode())
    assert "Your payment for “Gold” failed on" in shown
    assert "Pay now" in shown
    Subscription.objects.filter(pk=row.pk).update(status="active")
    assert "failed" not in text(browser.get(page.url).content.decode())


# ------------------------------------------------------------------ paying on Stripe's page


@pytest.mark.parametrize("button", ["mend", "pay_invoice"])
def test_paying_leads_to_stripes_page_asked_for_now(button, failing):
    """X17, S19: its address is stored nowhere."""
    pk = failing.row.pk if button == "mend" else failing.open.pk
    answer = failing.browser.post(reverse(f"lms_memberships:{button}", args=[pk]))
    assert answer.status_code == 303
    assert answer["Location"].startswith(failing.sandbox.public_url)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Location"] not in failing.browser.get(ACCOUNT).content.decode()
    status, _location, _body = hosted.pay(answer["Location"])
    assert status in {200, 302, 303}
    failing.postman.deliver()
    assert failing.row.status == "active"
    assert failing.charges().count("succeeded") == 2


def test_what_was_paid_meanwhile_is_found_and_not_asked_for_again(failing):
    """X17: paid on another screen, no event has come yet."""
    open_pk = failing.open.pk
    failing.pay_at_stripe()
    assert "There is nothing left to pay on this invoice." in failing.press("pay_invoice", open_pk)
    assert failing.row.status == "active", "and that is known here now"
    assert "Nothing is to be paid at the moment." in failing.press("mend", failing.row.pk)


def test_the_pdf_is_asked_for_now(failing):
    """P-rows, S19: found, and led on to."""
    answer = failing.browser.get(reverse("lms_memberships:invoice_pdf", args=[failing.open.pk]))
    assert (answer.status_code, answer["Location"].startswith(failing.sandbox.public_url)) == (302, True)


@pytest.mark.parametrize("name", ["mend", "pay_invoice", "try_invoice", "invoice_pdf", "invoice"])
def test_another_persons_is_as_unknown_as_what_does_not_exist(name, failing, client_for):
    """S19"""
    pk = failing.row.pk if name == "mend" else failing.open.pk
    stranger = client_for(UserFactory())
    ask = stranger.get if name in {"invoice_pdf", "invoice"} else stranger.post
    failing.sandbox.requests.clear()
    answers = [ask(reverse(f"lms_memberships:{name}", args=[each])) for each in (pk, 987_654)]
    assert [each.status_code for each in answers] == [404, 404]
    assert not failing.sandbox.requests.all(), "and Stripe is not asked"


# ------------------------------------------------------------------ the card, tried again


def test_a_card_that_is_refused_again_says_why(failing):
    """X17: the bank's reason in our words; nothing was charged, and access is as it was."""
    before = failing.row.access_until
    page = failing.press("try_invoice", failing.open.pk)
    assert "Your bank declined the payment." in page
    assert "Nothing was charged." in page
    assert failing.charges() == ["failed", "failed", "succeeded"]
    assert (failing.row.status, failing.row.access_until) == ("past_due", before)


def test_a_second_press_is_not_a_second_try(failing):
    """X17: the bank is asked once in a minute."""
    for _press in range(3):
        page = failing.press("try_invoice", failing.open.pk)
    assert "This payment was tried a moment ago." in page
    assert failing.charges() == ["failed", "failed", "succeeded"]
    Invoice.objects.update(tried_at=None)
    failing.press("try_invoice", failing.open.pk)
    assert failing.charges() == ["failed", "failed", "failed", "succeeded"], "later it is another try"
    assert list(Intent.objects.filter(purpose="pay_invoice").values_list("state", flat=True)) == ["refused"] * 2


def test_a_new_card_pays_at_a_press(failing, student, live_session):
    """X17, P8: and everything goes on at once, without waiting for an event."""
    failing.put_card(hosted.GOOD_CARD)
    failing.pass_by(days=5)
    # Stripe's own retry has paid meanwhile, or the press does; either way it is paid once.
    pk = Invoice.objects.filter(subscription=failing.row).latest("pk").pk
    failing.press("try_invoice", pk)
    assert failing.row.status == "active"
    assert failing.charges().count("succeeded") == 2
    assert decide(student, live_session, now=failing.clock.now).allowed


def test_a_new_card_pays_before_stripe_tries_by_itself(failing):
    """X17: paid at the press, told in words."""
    failing.put_card(hosted.GOOD_CARD)
    page = failing.press("try_invoice", failing.open.pk)
    assert "Thank you: your payment arrived." in page
    assert "Next payment on" in page
    assert failing.charges().count("succeeded") == 2


def test_a_press_beside_stripes_own_retry_charges_once(failing, monkeypatch):
    """X17: Stripe collects between our look and our call; nobody is told of a failure."""
    failing.put_card(hosted.GOOD_CARD)
    take_turn = collecting._take_turn

    def meanwhile(invoice: Invoice) -> None:
        take_turn(invoice)
        failing.sandbox.actions.retry_invoice(invoice.stripe_id)

    monkeypatch.setattr(collecting, "_take_turn", meanwhile)
    assert "Thank you: your payment arrived." in failing.press("try_invoice", failing.open.pk)
    assert failing.charges().count("succeeded") == 2


def test_an_answer_that_was_lost_is_looked_up_and_not_asked_for_again(failing):
    """X17, D1: paid, and the connection dropped each time."""
    failing.put_card(hosted.GOOD_CARD)
    pk = failing.open.pk
    failing.sandbox.faults.plan(Fault(kind="commit_then_drop", path="POST /v1/invoices/*/pay", count=2))
    assert "could not be reached" in failing.press("try_invoice", pk)
    assert Intent.objects.get(purpose="pay_invoice").state == "unknown"
    assert "Thank you: your payment arrived." in failing.press("try_invoice", pk)
    Intent.objects.update(next_look_at=failing.clock.now - timedelta(days=40))
    call_command("memberships_drain", verbosity=0)
    assert Intent.objects.get(purpose="pay_invoice").state == "confirmed"
    assert failing.charges().count("succeeded") == 2


# ------------------------------------------------------------------ 3-D Secure


def test_the_bank_wants_to_see_them(asked_for):
    """G19, X17: said in words, mended on Stripe's page, and the card is not tried in vain."""
    page = asked_for.read()
    assert "Your bank wants you to confirm your payment of €19.00. You keep access until" in page
    assert "Confirm the payment" in page
    assert "Try the card again" not in page
    assert asked_for.open.needs_person
    url = asked_for.browser.post(reverse("lms_memberships:mend", args=[asked_for.row.pk]))["Location"]
    _status, bank, _body = hosted.pay(url, card=ASKS_ALWAYS)
    asked_for.sandbox.actions.approve_authentication(bank.rstrip("/").rpartition("/")[2])
    asked_for.postman.deliver()
    assert asked_for.row.status == "active"
    assert not Invoice.objects.filter(needs_person=True).exists()


def test_the_mail_says_that_the_bank_asks_and_leads_to_it(membership, student, client_for, clock, postman, sandbox):
    """G19, U39: one mail, with the link that mends it; ours, which asks Stripe for its page when it is followed."""
    switches.switch_all_on()
    member = Member(client_for(student), clock, postman, sandbox)
    buy(member.browser, membership)
    member.put_card(ASKS_ALWAYS)
    mail.outbox.clear()
    member.pass_by(days=31, hours=3)
    (message,) = [each for each in mail.outbox if "failed" in each.subject]
    assert "Your bank wants you to confirm your payment of €19.00" in message.body
    link = reverse("lms_memberships:invoice", args=[member.open.pk])
    assert f"Confirm the payment: http://testserver{link}" in message.body
    assert member.browser.get(link)["Location"].startswith(sandbox.public_url)


def test_a_retry_for_which_the_bank_asks_is_said_so(failing):
    """G19: another card, and this one asks."""
    failing.put_card(ASKS_ALWAYS)
    page = failing.press("try_invoice", failing.open.pk)
    assert "Your bank wants you to confirm this payment." in page
    failing.postman.deliver()
    page = failing.read()
    assert "Confirm the payment" in page, "the button, also once the message has gone"
    assert "Try the card again" not in page
    assert failing.row.status == "past_due"


# ------------------------------------------------------------------ after the end


def test_an_open_invoice_after_the_end_is_shown_and_never_collected_at_a_press(failing, student, live_session):
    """G20, G18: cancelled while it was unpaid."""
    failing.browser.post(reverse("lms_memberships:cancel", args=[failing.row.pk]))
    failing.postman.deliver()
    page = failing.read()
    assert "Still open; whether you pay it changes nothing about your access" in page
    assert "Try the card again" not in page
    assert "Paying it changes nothing about your access." in failing.read(INVOICES)
    failing.put_card(hosted.GOOD_CARD)
    assert "There is nothing left to pay" in failing.press("try_invoice", failing.open.pk)
    assert failing.charges().count("succeeded") == 1
    failing.pay_at_stripe()
    failing.postman.deliver()
    assert not decide(student, live_session, now=failing.clock.now).allowed


# ------------------------------------------------------------------ reminders on the days of grace


def test_reminders_come_on_their_days_and_stop_when_it_is_paid(joined):
    """X17, F7: the failure, the third day, the last day."""
    joined.sandbox.actions.set_retries(days=[40], then="past_due")
    days = days_with_mails(joined)
    assert [kind for _day, kind in days] == ["payment_failed", "payment_missing", "payment_missing"]
    # Counted from the unpaid period's begin, which a month's length puts a day before the first look.
    assert (days[1][0] - days[0][0] in {2, 3}, days[2][0] - days[1][0]) == (True, 3)


def test_with_stripes_own_tries_between_them_it_is_still_one_a_day(joined):
    """F7: each try that fails is told, and no reminder on its day."""
    joined.sandbox.actions.set_retries(days=[3, 1, 1, 1], then="past_due")
    days = days_with_mails(joined)
    assert len(days) == len({day for day, _kind in days})
    assert {kind for _day, kind in days} >= {"payment_failed"}


def days_with_mails(member: Member) -> list[tuple[int, str]]:
    """Of nine days from the renewal on, on which one mails about the missing payment have left, and which."""
    switches.switch_all_on()
    member.pass_by(days=31, hours=3)
    days = []
    for day in range(9):
        member.clock.daily()
        days += [(day, kind) for kind in member.told()]
        member.pass_by(days=1)
    return days


def test_no_reminder_of_what_was_paid_or_cancelled(failing):
    """X17: nor by a job that runs late."""
    switches.switch_all_on()
    failing.pay_at_stripe()
    failing.postman.deliver()
    failing.pass_by(days=3)
    failing.clock.daily()
    assert "payment_missing" not in failing.told()


# ------------------------------------------------------------------ the page as a whole


def test_what_needs_a_hand_comes_first_and_the_page_costs_the_same(failing, gateway, live_session, student):
    """P7, P9, P10, P12, G22: several at once are several cards, in a constant number of queries."""
    failing.read()
    with CaptureQueriesContext(connection) as few:
        failing.read()
    for number in range(4):
        other = publish(put_into(MembershipFactory(title=f"Pass {number}"), live_session), gateway=gateway)
        buy(failing.browser, other)
    failing.read()
    with CaptureQueriesContext(connection) as many:
        page = failing.read()
    assert len(many) == len(few)
    assert page.index("Studio pass") < page.index("Pass 3")
    assert page.count("Paid to") == 5
    assert page.count("Bought by you") == 5
    assert page.count("Live session") >= 5


def test_after_joining_again_the_old_one_stands_under_earlier(failing, membership):
    """G23, P12"""
    failing.browser.post(reverse("lms_memberships:cancel", args=[failing.row.pk]))
    failing.postman.deliver()
    Subscription.objects.update(ended_at=failing.clock.now - timedelta(days=1))
    buy(failing.browser, membership)
    page = failing.read()
    assert page.index("Next payment on") < page.index("Earlier") < page.index("It ended on")
