"""Are members reminded before they pay again, and before their card expires? Once, truly, and only where the site wants it."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.emails import switches, truth
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.models import Email, RenewalNotice, Subscription
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import expiring_cards, renewing
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db


class Nights:
    """One student; the nightly job, and what it has sent of one kind."""

    def __init__(self, browser, clock, postman) -> None:
        self.browser, self.clock, self.postman = browser, clock, postman
        mail.outbox.clear()

    def pass_by(self, **span: float) -> None:
        self.clock.advance(**span)
        self.postman.deliver()
        self.clock.daily()

    @staticmethod
    def sent(kind: EmailKind) -> list[str]:
        """The texts of all that have left."""
        subjects = list(Email.objects.filter(kind=kind, state="sent").values_list("subject", flat=True))
        return [message.body for message in mail.outbox if message.subject in subjects]


@pytest.fixture
def nights(student, client_for, clock, postman) -> Nights:
    switches.switch_all_on()
    return Nights(client_for(student), clock, postman)


@pytest.fixture
def yearly(gateway, live_session):
    return publish(put_into(MembershipFactory(title="Year pass", interval="year"), live_session), gateway=gateway)


# ------------------------------------------------------------------ renewals


def test_who_pays_once_a_year_is_reminded_a_week_before_once(nights, yearly):
    """X17: with the day, and the amount that Stripe reckons."""
    buy(nights.browser, yearly)
    nights.pass_by(days=355)
    assert nights.sent(EmailKind.RENEWAL_SOON) == []
    nights.pass_by(days=5)
    nights.pass_by(days=1)
    (body,) = nights.sent(EmailKind.RENEWAL_SOON)
    assert "Your membership Year pass renews on" in body
    assert "You then pay €19.00." in body
    nights.pass_by(days=10)
    assert Subscription.objects.get().status == "active"
    nights.pass_by(days=355)
    assert len(nights.sent(EmailKind.RENEWAL_SOON)) == 2, "and before the next one again"


def test_the_amount_is_stripes_discounts_included(nights, yearly, gateway):
    """X17, H7: nothing is computed here."""
    buy(nights.browser, yearly)
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    stripe_id = Subscription.objects.get().stripe_id
    gateway.client.v1.subscriptions.update(stripe_id, {"discounts": [{"coupon": coupon.id}]})
    nights.pass_by(days=360)
    (body,) = nights.sent(EmailKind.RENEWAL_SOON)
    assert "You then pay €9.50." in body


def test_where_stripe_does_not_say_the_price_is_named_as_such(nights, yearly, sandbox):
    """X17: no amount of ours is taken for Stripe's."""
    buy(nights.browser, yearly)
    nights.clock.advance(days=360)
    nights.postman.deliver()
    sandbox.faults.plan(Fault(kind="status", path="POST /v1/invoices/create_preview", status=500, count=0))
    nights.clock.daily()
    (body,) = nights.sent(EmailKind.RENEWAL_SOON)
    assert "Its price is €19.00 per year; discounts and taxes come on the invoice." in body


def test_nobody_is_reminded_of_what_they_have_cancelled(nights, yearly):
    """X17"""
    buy(nights.browser, yearly)
    nights.browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.get().pk]))
    nights.pass_by(days=360)
    assert nights.sent(EmailKind.RENEWAL_SOON) == []


def pause(gateway, behavior: str) -> None:
    """Payments, in Stripe's dashboard."""
    stripe_id = Subscription.objects.get().stripe_id
    gateway.client.v1.subscriptions.update(stripe_id, {"pause_collection": {"behavior": behavior}})


@pytest.mark.parametrize("behavior", ["void", "keep_as_draft", "mark_uncollectible"])
def test_nobody_is_told_of_a_payment_while_payments_are_paused(behavior, nights, yearly, gateway):
    """X17, G4: nothing is charged then; and afterwards they are told as ever."""
    buy(nights.browser, yearly)
    pause(gateway, behavior)
    nights.pass_by(days=360)
    assert nights.sent(EmailKind.RENEWAL_SOON) == []
    gateway.client.v1.subscriptions.update(Subscription.objects.get().stripe_id, {"pause_collection": ""})
    nights.pass_by(hours=20)
    assert len(nights.sent(EmailKind.RENEWAL_SOON)) == 1


def test_paused_while_the_mail_waits_it_does_not_leave(nights, yearly, gateway):
    """F2, G4: and paused between the look and the note, none is owed."""
    buy(nights.browser, yearly)
    nights.pass_by(days=360)
    email = Email.objects.get(kind=EmailKind.RENEWAL_SOON)
    assert truth.why_not(email, now=nights.clock.now) == ""
    row = email.subscription
    row.collection_paused = "void"
    assert truth.why_not(email, now=nights.clock.now) == "no_renewal"
    row.renewal_reminded_for = None
    row.save()
    assert renewing.remind([row], gateway=gateway) == 0


def test_monthly_is_off_until_somebody_wants_it(nights, membership, client_for):
    """X17: for each rhythm, on the page of the e-mail settings; empty is off."""
    buy(nights.browser, membership)
    nights.pass_by(days=28)
    assert nights.sent(EmailKind.RENEWAL_SOON) == []
    admin = client_for(allow(UserFactory(), "change_emailswitch"))
    address = reverse("lms_memberships_email_settings")
    assert "Renewal soon: Yearly" in text(admin.get(address).content.decode())
    wanted = {"renewal_month": "3", **{kind.value: "on" for kind in EmailKind}}
    assert admin.post(address, wanted, follow=True).status_code == 200
    assert (renewing.notices()["month"], renewing.notices()["year"].is_on) == (
        renewing.Notice(is_on=True, days=3),
        False,
    )
    nights.clock.daily()
    assert len(nights.sent(EmailKind.RENEWAL_SOON)) == 1


def test_who_changes_only_the_days_stands_in_the_history(client_for):
    """X24, X17: as with a switch."""
    admin = client_for(allow(UserFactory(username="ruth"), "change_emailswitch"))
    address, on = reverse("lms_memberships_email_settings"), {kind.value: "on" for kind in EmailKind}
    admin.post(address, on)
    before = ModelLogEntry.objects.count()
    admin.post(address, {**on, "renewal_year": "9"})
    (entry,) = ModelLogEntry.objects.order_by("pk")[before:]
    assert (entry.user.username, entry.data) == ("ruth", {"emails": ["renewal_soon"]})


@pytest.mark.parametrize("days", ["0", "61", "-1", "seven"])
def test_only_so_many_days_as_anybody_remembers(days, nights, client_for):
    admin = client_for(allow(UserFactory(), "change_emailswitch"))
    admin.post(reverse("lms_memberships_email_settings"), {"renewal_year": days})
    assert not RenewalNotice.objects.exists()


def test_while_the_mail_is_off_stripe_is_not_asked(nights, yearly, sandbox):
    """X17: neither what it costs nor until when the card is good."""
    buy(nights.browser, yearly)
    nights.clock.advance(days=360)
    nights.postman.deliver()
    switches.set_for_all({EmailKind.RENEWAL_SOON: False, EmailKind.CARD_EXPIRES: False})
    sandbox.requests.clear()
    nights.clock.daily()
    asked = [each["path"] for each in sandbox.requests.all()]
    assert "/v1/invoices/create_preview" not in asked
    assert not [path for path in asked if path.startswith("/v1/subscriptions/")]


# ------------------------------------------------------------------ cards


def expire_soon(gateway, clock) -> None:
    """The card on file is good until the end of this month only."""
    for row in Subscription.objects.all():
        found = gateway.client.v1.subscriptions.retrieve(row.stripe_id)
        card = {"exp_month": clock.now.month, "exp_year": clock.now.year}
        gateway.client.v1.payment_methods.update(found.default_payment_method, {"card": card})


def test_a_card_that_expires_is_told_of_once(nights, membership, gateway):
    """X17: when it is known, and not each night."""
    buy(nights.browser, membership)
    nights.pass_by(days=1)
    row = Subscription.objects.get()
    assert (row.card_expires_at, row.card_reminded_for) == (datetime(2035, 1, 1, tzinfo=UTC), None)
    expire_soon(gateway, nights.clock)
    Subscription.objects.update(card_seen_at=None)
    for _night in range(3):
        nights.clock.daily()
    (body,) = nights.sent(EmailKind.CARD_EXPIRES)
    assert "The card with which you pay for Studio pass expires at the end of" in body


def test_one_card_for_several_memberships_is_one_mail(nights, membership, yearly, gateway):
    """X17"""
    for each in (membership, yearly):
        buy(nights.browser, each)
    expire_soon(gateway, nights.clock)
    for _night in range(2):
        nights.clock.daily()
    assert len(nights.sent(EmailKind.CARD_EXPIRES)) == 1
    assert not Subscription.objects.filter(card_reminded_for=None).exists()


def test_a_membership_whose_mail_is_off_does_not_speak_for_one_whose_mail_is_on(nights, membership, yearly, gateway):
    """X17, U31: one card pays for both, and the first to renew says nothing."""
    for each in (membership, yearly):
        buy(nights.browser, each)
    switches.set_for(membership.pk, {EmailKind.CARD_EXPIRES: False})
    expire_soon(gateway, nights.clock)
    for _night in range(3):
        nights.clock.daily()
    (body,) = nights.sent(EmailKind.CARD_EXPIRES)
    assert "Year pass" in body
    silent = Subscription.objects.get(membership=membership)
    assert (silent.card_seen_at, silent.card_reminded_for) == (None, None), "and its card is not asked for"


def test_on_for_one_membership_alone(nights, membership, yearly, gateway):
    """X17, U31: off for all, and the one that sends it is heard."""
    for each in (membership, yearly):
        buy(nights.browser, each)
    switches.set_for_all({EmailKind.CARD_EXPIRES: False})
    switches.set_for(yearly.pk, {EmailKind.CARD_EXPIRES: True})
    expire_soon(gateway, nights.clock)
    nights.clock.daily()
    nights.clock.daily()
    assert len(nights.sent(EmailKind.CARD_EXPIRES)) == 1


def test_what_a_renewal_costs_is_asked_only_where_it_is_told(nights, yearly, gateway, sandbox, live_session):
    """X17, U31: on for another membership, off for this one."""
    other = publish(put_into(MembershipFactory(title="Second"), live_session), gateway=gateway)
    switches.set_for_all({EmailKind.RENEWAL_SOON: False})
    switches.set_for(other.pk, {EmailKind.RENEWAL_SOON: True})
    buy(nights.browser, yearly)
    nights.clock.advance(days=360)
    nights.postman.deliver()
    sandbox.requests.clear()
    nights.clock.daily()
    assert "/v1/invoices/create_preview" not in [each["path"] for each in sandbox.requests.all()]
    assert Subscription.objects.get().renewal_reminded_for is None


def test_a_card_that_was_changed_without_a_word_to_us_is_not_written_about(nights, membership, gateway, clock):
    """X17: known to expire, and asked for once more before anything is said."""
    buy(nights.browser, membership)
    Subscription.objects.update(card_expires_at=clock.now, card_seen_at=clock.now)
    nights.clock.daily()
    assert nights.sent(EmailKind.CARD_EXPIRES) == []
    assert Subscription.objects.get().card_expires_at == datetime(2035, 1, 1, tzinfo=UTC)


def test_what_ends_anyway_needs_no_card(nights, membership, gateway):
    """X17"""
    buy(nights.browser, membership)
    nights.browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.get().pk]))
    expire_soon(gateway, nights.clock)
    nights.clock.daily()
    assert nights.sent(EmailKind.CARD_EXPIRES) == []


def test_a_few_cards_a_night_and_the_next_night_goes_on(nights, membership, yearly, monkeypatch):
    """X17: throttled, and taken up where it was left."""
    monkeypatch.setattr(expiring_cards, "AT_ONCE", 1)
    for each in (membership, yearly):
        buy(nights.browser, each)
    nights.clock.daily()
    assert Subscription.objects.filter(card_seen_at=None).count() == 1
    nights.clock.daily()
    assert not Subscription.objects.filter(card_seen_at=None).exists()


def test_a_key_that_may_not_see_cards_breaks_nothing(nights, membership, sandbox):
    """X17, S3: nobody is told, and the nightly job goes on."""
    buy(nights.browser, membership)
    sandbox.faults.plan(Fault(kind="status", path="GET /v1/subscriptions/*", status=403, count=0))
    nights.clock.daily()
    assert Subscription.objects.get().card_seen_at is None
