"""Does each e-mail go out when its fact happens, to whom it concerns, once, and only if it is switched on?"""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from wagtail.models import Locale

from lms_memberships.emails import drop_reasons, switches
from lms_memberships.emails.catalogue import TO_GUESTS, EmailKind
from lms_memberships.models import Email, Subscription
from tests import hosted
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db

STUDENT, OFFICE = "student@school.test", "office@school.test"
RECIPIENTS = {
    EmailKind.ADMIN_BOUGHT: OFFICE,
    EmailKind.ADMIN_CANCELLED: OFFICE,
    EmailKind.BOUGHT: STUDENT,
    EmailKind.CANCELLED: STUDENT,
    EmailKind.ACCESS_GAINED: STUDENT,
    EmailKind.ACCESS_LOST: STUDENT,
    EmailKind.PAYMENT_SUCCEEDED: STUDENT,
    EmailKind.PAYMENT_FAILED: STUDENT,
    EmailKind.TRIAL_ENDS_SOON: STUDENT,
}
#: No ordinary life holds these; each has a test of its own.
RARE = {
    EmailKind.TRIAL_ENDS_SOON,
    EmailKind.PAYMENT_MISSING,
    EmailKind.RENEWAL_SOON,
    EmailKind.CARD_EXPIRES,
    EmailKind.PLACE_FREE,
    EmailKind.NO_PLACE_LEFT,
    EmailKind.MEMBERSHIP_CHANGED,
    EmailKind.PRICE_CHANGE,
    EmailKind.GIFT_BOUGHT,
    EmailKind.GIFT_RECEIVED,
    EmailKind.GIFT_RETURNED,
    EmailKind.PAYMENT_REFUNDED,
    EmailKind.ADMIN_REFUND_FAILED,
    EmailKind.ADMIN_PRICE_UNKNOWN,
    EmailKind.ADMIN_DISPUTED,
    EmailKind.ADMIN_DISPUTE_DECIDED,
    EmailKind.WITHDRAWN,
    *TO_GUESTS,
}


@pytest.fixture(autouse=True)
def _office(settings) -> None:
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = [OFFICE]


class Life:
    """One student's membership from trial to end, with Stripe's calls delivered and the nightly job run at each step."""

    def __init__(self, browser, membership, clock, postman) -> None:
        self.browser, self.membership, self.clock, self.postman = browser, membership, clock, postman

    def settle(self) -> None:
        """Everything twice: whatever can double, would."""
        for _time in range(2):
            self.postman.deliver()
            self.clock.daily()
            self.postman.delivered.clear()
            self.postman.deliver()

    def pass_by(self, **span: float) -> None:
        self.clock.advance(**span)
        self.settle()

    def buy(self, **how: str) -> None:
        buy(self.browser, self.membership, **how)
        self.settle()

    def cancel(self) -> None:
        self.browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.get().pk]))
        self.settle()

    @staticmethod
    def sent() -> list[str]:
        """Kinds sent since the last look, in any order; every one of them left, to whom it belongs."""
        # A failed payment is told once a day, whatever else would tell it (F7).
        rows = list(Email.objects.exclude(kind=EmailKind.PAYMENT_MISSING, failure=drop_reasons.ONE_A_DAY))
        assert {row.state for row in rows} <= {"sent"}
        assert sorted(row.recipient for row in rows) == sorted(message.to[0] for message in mail.outbox)
        assert all(RECIPIENTS[EmailKind(row.kind)] == row.recipient for row in rows)
        mail.outbox.clear()
        kinds = sorted(row.kind for row in rows)
        Email.objects.update(kind="told")
        Email.objects.filter(kind="told").delete()
        return kinds


@pytest.fixture
def life(membership, student, client_for, clock, postman) -> Life:
    switches.switch_all_on()
    return Life(client_for(student), membership, clock, postman)


def test_buying_cancelling_and_losing_access(life):
    """U32, U33, U34, U35, U36, U37, U38, W21: each told when it happens, and not again."""
    life.buy()
    assert life.sent() == ["access_gained", "admin_bought", "bought", "payment_succeeded"]
    life.cancel()
    assert life.sent() == ["admin_cancelled", "cancelled"]
    life.pass_by(days=31)
    assert life.sent() == ["access_lost"]
    life.pass_by(days=60)
    assert life.sent() == []


def test_a_renewal_is_told_and_a_failed_one_too(life):
    """U38, U39, G2: rejected, tried again, lost after the days of grace."""
    life.buy(card=hosted.FAILS_LATER_CARD)
    life.sent()
    life.pass_by(days=31, hours=3)
    assert set(life.sent()) == {"payment_failed"}
    life.pass_by(days=7)
    assert "access_lost" in life.sent()


def test_paying_within_the_grace_goes_on_without_a_word_of_loss(life, sandbox):
    """G2, U38: failed on day 0, paid on day 5, open on day 8."""
    life.buy(card=hosted.FAILS_LATER_CARD)
    life.pass_by(days=31, hours=3)
    row = Subscription.objects.get()
    assert row.status == "past_due"
    life.pass_by(days=4)
    life.sent()
    invoice = row.invoices.get(status="open")
    sandbox.actions.pay_hosted_invoice(
        invoice.stripe_id, card_number=hosted.GOOD_CARD, exp_month=12, exp_year=2034, cvc="123"
    )
    life.settle()
    assert "payment_succeeded" in life.sent()
    life.pass_by(days=4)
    row.refresh_from_db()
    assert row.status == "active"
    assert row.is_live(life.clock.now)
    assert "access_lost" not in life.sent()


def test_a_trial_is_announced_before_it_ends(gateway, live_session, student, client_for, clock, postman):
    """U34, U38: nothing is paid on the first day, so nothing is told of a payment."""
    switches.switch_all_on()
    trial = publish(put_into(MembershipFactory(title="Trial pass", trial_days=14), live_session), gateway=gateway)
    life = Life(client_for(student), trial, clock, postman)
    life.buy()
    assert life.sent() == ["access_gained", "admin_bought", "bought"]
    life.pass_by(days=11, hours=1)
    assert life.sent() == ["trial_ends_soon"]
    life.pass_by(days=4)
    assert life.sent() == ["payment_succeeded"]


@pytest.mark.parametrize(("language", "named"), [("en", "Clay"), ("fr", "Argile")])
def test_a_course_in_two_languages_is_named_once_in_that_of_the_reader(
    language, named, gateway, student, client_for, postman
):
    """U34, X26: as on the page after buying. The bundle holds the course and its translation."""
    switches.switch_all_on()
    course, french = school.course("Clay"), Locale.objects.get_or_create(language_code="fr")[0]
    school.front_page().copy_for_translation(french)
    translation = course.copy_for_translation(french)
    translation.title = "Argile"
    translation.save_revision().publish()
    pass_in_both = publish(put_into(MembershipFactory(title="Pass"), course, translation), gateway=gateway)
    browser = client_for(student)
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    buy(browser, pass_in_both)
    postman.deliver()
    lines = [line for each in mail.outbox for line in each.body.splitlines() if line.startswith("- ")]
    assert [line.partition(":")[0].rstrip() for line in lines] == [f"- {named}"]


@pytest.mark.parametrize("kind", [kind for kind in EmailKind if kind not in RARE])
def test_each_is_switched_by_itself(kind, membership, student, client_for, clock, postman):
    """U31: one on for this membership, all others off: that one is sent and nothing else."""
    switches.set_for(membership.pk, {kind: True})
    card = hosted.FAILS_LATER_CARD if kind is EmailKind.PAYMENT_FAILED else hosted.GOOD_CARD
    life = Life(client_for(student), membership, clock, postman)
    life.buy(card=card)
    if kind is not EmailKind.PAYMENT_FAILED:
        life.cancel()
    life.pass_by(days=31)
    assert set(life.sent()) == {kind.value}


def test_off_for_one_is_off_for_that_one_only(gateway, live_session, client_for, clock, postman):
    """U31"""
    switches.switch_all_on()
    quiet = publish(put_into(MembershipFactory(title="Quiet"), live_session), gateway=gateway)
    loud = publish(put_into(MembershipFactory(title="Loud"), live_session), gateway=gateway)
    switches.set_for(quiet.pk, {EmailKind.BOUGHT: False})
    for membership in (quiet, loud):
        buy(client_for(UserFactory()), membership)
    postman.deliver()
    assert [row.membership for row in Email.objects.filter(kind="bought")] == [loud]
    assert {row.membership for row in Email.objects.filter(kind="access_gained")} == {quiet, loud}


def test_every_admin_who_may_publish_hears_of_each_sale(
    membership, student, client_for, postman, settings, creator, admin
):
    """U32, W21: without a list of addresses, those who may publish; a second buyer is a second mail."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = []
    switches.set_for_all({EmailKind.ADMIN_BOUGHT: True})
    for person in (student, UserFactory()):
        buy(client_for(person), membership)
    postman.deliver()
    assert sorted(row.recipient for row in Email.objects.all()) == sorted([creator.email, admin.email] * 2)


def test_a_subscription_that_stripe_gave_up_opens_nothing(life, sandbox):
    """G3: retries used up, and the account is set to "unpaid": closed, in words, until it is paid."""
    sandbox.actions.set_retries(days=[1, 2], then="unpaid")
    life.buy(card=hosted.FAILS_LATER_CARD)
    life.pass_by(days=31, hours=3)
    life.pass_by(days=5)
    row = Subscription.objects.get()
    assert row.status == "unpaid"
    assert not row.is_live(life.clock.now)
    page = life.browser.get(reverse("lms_memberships:account")).content.decode()
    assert "Access is closed because your last payment failed" in page
    assert life.browser.get("/live/glazing-evening/").status_code in (200, 403)
    assert "glazing-CANARY" not in life.browser.get("/live/glazing-evening/").content.decode()
    life.pass_by(days=60)
    row.refresh_from_db()
    assert (row.status, row.is_live(life.clock.now)) == ("unpaid", False)
    assert row.access_until < life.clock.now - timedelta(days=50), "closed since then, not again and again"
