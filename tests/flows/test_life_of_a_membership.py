"""Does a membership live as it should: trial, renewal, failure, grace, cancellation? By advancing the clock."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Email, Subscription
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.test_buying import buy, press_join

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial(gateway, live_session):
    """Fourteen days free, with a card."""
    return publish(put_into(MembershipFactory(title="Trial pass", trial_days=14), live_session), gateway=gateway)


@pytest.fixture
def free_trial(gateway, live_session):
    """Fourteen days free, without a card."""
    draft = MembershipFactory(title="Free trial pass", trial_days=14, trial_requires_card=False)
    return publish(put_into(draft, live_session), gateway=gateway)


def account_text(browser) -> str:
    page = browser.get(reverse("lms_memberships:account")).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_trial_with_a_card_becomes_a_paid_period(trial, student, client_for, clock, live_session, postman):
    """U17, U18, U19, V18: on with a card means paid at the end."""
    browser = client_for(student)
    assert "14 days free" in browser.get(trial.get_absolute_url()).content.decode()
    browser.get(buy(browser, trial))
    assert "Your trial ends on" in account_text(browser)
    assert decide(student, live_session, now=clock.now).allowed
    clock.advance(days=14, hours=2)
    postman.deliver()
    clock.daily()
    assert decide(student, live_session, now=clock.now).allowed
    assert "Next payment on" in account_text(browser)
    assert Subscription.objects.get().status == "active"


def test_a_trial_without_a_card_ends_and_closes(free_trial, student, client_for, clock, live_session, postman):
    """U19, G5: off means no card, and an end without a charge and without grace."""
    browser = client_for(student)
    status, location, body = hosted.start_without_card(press_join(browser, free_trial))
    assert status == 303, body[:2000]
    browser.get(hosted.path_of(location))
    assert decide(student, live_session, now=clock.now).allowed
    clock.advance(days=14, minutes=1)
    assert not decide(student, live_session, now=clock.now).allowed, "access must not wait for a webhook"
    postman.deliver()
    clock.daily()
    assert not decide(student, live_session, now=clock.now).allowed
    assert "It ended on" in account_text(browser)


def test_a_trial_is_given_once(free_trial, student, client_for, clock, postman):
    """X9: after a trial the page offers no second one, and says what is paid instead."""
    browser = client_for(student)
    _status, location, _body = hosted.start_without_card(press_join(browser, free_trial))
    browser.get(hosted.path_of(location))
    clock.advance(days=15)
    postman.deliver()
    page = browser.get(free_trial.get_absolute_url()).content.decode()
    assert "14 days free" not in page
    assert "You pay €19.00 today" in page


def test_a_failed_renewal_keeps_access_for_the_days_of_grace(
    membership, student, client_for, clock, live_session, postman
):
    """G2, U39: open on day 6, closed on day 8, open again when paid."""
    browser = client_for(student)
    browser.get(buy(browser, membership, card=hosted.FAILS_LATER_CARD))
    clock.advance(days=31, hours=3)
    postman.deliver()
    assert Subscription.objects.get().status == "past_due"
    assert "payment failed" in account_text(browser).lower()
    clock.advance(days=5)
    postman.deliver()
    assert decide(student, live_session, now=clock.now).allowed
    clock.advance(days=2)
    postman.deliver()
    clock.daily()
    assert not decide(student, live_session, now=clock.now).allowed


def test_cancelling_ends_access_at_the_periods_end_and_can_be_undone(
    membership, student, client_for, clock, live_session, postman
):
    """P11, P12, G1: cancel, undo, cancel again; open until the end of what is paid."""
    browser = client_for(student)
    browser.get(buy(browser, membership))
    pk = Subscription.objects.get().pk
    browser.post(reverse("lms_memberships:cancel", args=[pk]))
    assert "You keep access until" in account_text(browser)
    browser.post(reverse("lms_memberships:resume", args=[pk]))
    assert "Next payment on" in account_text(browser)
    browser.post(reverse("lms_memberships:cancel", args=[pk]))
    clock.advance(days=20)
    assert decide(student, live_session, now=clock.now).allowed
    clock.advance(days=12)
    postman.deliver()
    clock.daily()
    assert not decide(student, live_session, now=clock.now).allowed
    assert "It ended on" in account_text(browser)


def test_paid_once_is_open_for_good(gateway, live_session, student, client_for, clock, postman):
    """V9, V3, V14: nothing follows, nothing closes."""
    once = publish(put_into(MembershipFactory(title="Glaze book", interval="one_time"), live_session), gateway=gateway)
    browser = client_for(student)
    assert "once" in browser.get(once.get_absolute_url()).content.decode()
    browser.get(buy(browser, once))
    postman.deliver()
    clock.advance(days=3650)
    assert decide(student, live_session, now=clock.now).allowed
    assert "Paid once" in account_text(browser)


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("week", "per week"),
        ("month", "per month"),
        ("quarter", "every 3 months"),
        ("half_year", "every 6 months"),
        ("year", "per year"),
    ],
)
def test_every_interval_is_asked_on_stripes_page(interval, words, gateway, live_session, student, client_for, clock):
    """U15, U16, V11, V12, V13, V14: the rhythm that we say is the rhythm that Stripe bills."""
    membership = publish(put_into(MembershipFactory(interval=interval), live_session), gateway=gateway)
    browser = client_for(student)
    assert f"€19.00 {words}" in browser.get(membership.get_absolute_url()).content.decode()
    browser.get(buy(browser, membership))
    subscription = Subscription.objects.get()
    days = (subscription.period_end - subscription.period_start).days
    assert days in {"week": {7}, "month": range(28, 32), "quarter": range(89, 93), "half_year": range(181, 185),
                    "year": {365, 366}}[interval]  # fmt: skip


def test_each_email_goes_out_once_per_fact(membership, student, client_for, clock, postman, admin, settings):
    """U32, U34, U36, U38, W21, A2, F4, F12: events doubled, the return page besides, one mail each."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    browser = client_for(student)
    back = buy(browser, membership)
    browser.get(back)
    postman.deliver()
    postman.delivered.clear()
    postman.deliver()
    clock.daily()
    kinds = sorted(Email.objects.values_list("kind", flat=True))
    assert kinds == ["access_gained", "admin_bought", "bought", "payment_succeeded"]
    assert len(mail.outbox) == len(kinds)
    assert {message.to[0] for message in mail.outbox} == {"student@school.test", "office@school.test"}


def test_emails_start_switched_off(membership, student, client_for, postman):
    """U31: nothing is sent that nobody has switched on."""
    client_for(student).get(buy(client_for(student), membership))
    postman.deliver()
    assert not mail.outbox
    assert not Email.objects.exists()
