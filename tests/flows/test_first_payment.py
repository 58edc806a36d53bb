"""Is what we say before the click what Stripe asks for after it? Both pages, side by side (X9)."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from lms_memberships.memberships.offers import offer
from lms_memberships.memberships.publishing import problems
from lms_memberships.money import Money, format_money
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import press_join, text

pytestmark = pytest.mark.django_db

CASES = {
    "monthly": {},
    "weekly": {"interval": "week"},
    "quarterly": {"interval": "quarter"},
    "half-yearly": {"interval": "half_year"},
    "yearly": {"interval": "year"},
    "once": {"interval": "one_time"},
    "trial with a card": {"trial_days": 14},
    "trial of one day": {"trial_days": 1},
    "trial without a card": {"trial_days": 14, "trial_requires_card": False},
    "yearly after a trial": {"interval": "year", "trial_days": 30},
    "yen, without decimals": {"currency": "jpy", "price_amount": 500},
    "yen, once": {"currency": "jpy", "price_amount": 12_000, "interval": "one_time"},
    "yen after a trial": {"currency": "jpy", "price_amount": 500, "trial_days": 7},
    "dinars, with three decimals": {"currency": "kwd", "price_amount": 12_340},
    "dinars after a trial": {"currency": "kwd", "price_amount": 12_340, "trial_days": 7},
    "krona, whole in hundredths": {"currency": "isk", "price_amount": 250_000},
    "shillings, whole in hundredths": {"currency": "ugx", "price_amount": 2_500_000},
}


@pytest.mark.parametrize("case", CASES)
def test_today_and_next_are_the_hosted_pages(case, gateway, live_session, student, client_for, sandbox, clock):
    """X9, H1: today's amount, the next one and its day, from price and trial alone."""
    membership = publish(put_into(MembershipFactory(**CASES[case]), live_session), gateway=gateway)
    ours = offer(membership, now=clock.now, language="en").first
    browser = client_for(student)
    said = [
        text(browser.get(address).content.decode())
        for address in (membership.get_absolute_url(), reverse("lms_memberships:buy", args=[membership.slug]))
    ]
    url = press_join(browser, membership)
    theirs = sandbox.actions.open_checkout(url.rstrip("/").rpartition("/")[2])
    assert (ours.today.minor, ours.today.currency) == (theirs["today"], theirs["currency"])
    assert (ours.next.minor if ours.next else None) == _asked_for_next(theirs, membership)
    if ours.next is not None:
        assert ours.next_at.date() == datetime.fromtimestamp(theirs["next_at"], UTC).date()
    amount = format_money(Money(theirs["today"], theirs["currency"]), "en")
    shown = text(hosted.get(url))
    for page in said:
        assert text(offer(membership, now=clock.now, language="en").payment) in page
    if theirs["today"]:
        assert all(f"You pay {text(amount)} today" in page for page in said)
        assert text(amount) in shown


def _asked_for_next(theirs: dict, membership) -> int | None:
    """A trial without a card simply ends: Stripe asks for nothing then."""
    ends = theirs["trial_days"] and not membership.trial_requires_card
    return None if ends else theirs["next_amount"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_stranger_is_told_the_same_as_somebody_who_signed_in(language, membership, student, client_for, client):
    """X9, X26"""
    headers = {"accept-language": language}
    for browser in (client, client_for(student)):
        page = text(browser.get(membership.get_absolute_url(), headers=headers).content.decode())
        assert ("€19.00 today" if language == "en" else "19,00") in page


def test_what_is_paid_once_has_no_trial(gateway, live_session):
    """X9: a trial of something that is paid once would be promised and not given: it cannot be published."""
    membership = put_into(MembershipFactory(interval="one_time", trial_days=14), live_session)
    assert "trial_days" in problems(membership)
    membership.trial_days = 0
    assert problems(membership) == {}
