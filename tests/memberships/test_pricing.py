"""Do the words about money say what will happen?"""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from lms_memberships.memberships.intervals import Interval
from lms_memberships.memberships.models import Membership
from lms_memberships.memberships.offers import payment_text, trial_text
from lms_memberships.memberships.pricing import first_payment, price_text
from lms_memberships.money import Money

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def words(language: str = "en", **fields) -> str:
    membership = Membership(title="Gold", price_amount=1900, currency="eur", **fields)
    with translation.override(language):
        text = price_text(membership.price, membership.interval, language)
        return payment_text(first_payment(membership, now=NOW), text, language)


def test_a_trial_with_a_card_says_what_follows():
    """X9, U18."""
    text = words(trial_days=14, trial_requires_card=True)
    assert "14 days free, then €19.00 per month from February 14, 2026" in text
    assert "€0.00 today" in text


def test_a_trial_without_a_card_says_that_nothing_follows():
    """X9, U19."""
    text = words(trial_days=1, trial_requires_card=False)
    assert "1 day free. No card is asked for" in text
    assert "February 1, 2026" in text


def test_the_month_after_the_31st_is_the_last_of_february():
    """X9: as Stripe counts (trap 14)."""
    assert "February 28, 2026" in words()


def test_paid_once_says_that_nothing_follows():
    """V9, X9."""
    assert "once. Nothing follows" in words(interval=Interval.ONE_TIME)


@pytest.mark.parametrize("interval", list(Interval))
def test_every_interval_has_words_in_both_languages(interval):
    """X26, U16."""
    with translation.override("en"):
        english = price_text(Money(1900, "eur"), interval, "en")
    with translation.override("fr"):
        french = price_text(Money(1900, "eur"), interval, "fr")
    assert "€19.00" in english
    assert "19,00" in french
    assert english != french


def test_no_trial_has_no_words():
    assert trial_text(0) == ""


def test_yen_have_no_decimals():
    """H1."""
    assert price_text(Money(500, "jpy"), Interval.MONTH, "en") == "¥500 per month"
