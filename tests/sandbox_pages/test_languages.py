"""How are money and dates written?"""

from __future__ import annotations

import pytest

from lms_memberships.sandbox.languages import choose_language, format_date, format_money
from lms_memberships.sandbox.pages.refusals import FIELDS, IN_FRENCH
from lms_memberships.sandbox.pages.texts import TEXTS, Texts
from lms_memberships.sandbox.payments import cards


@pytest.mark.parametrize(
    ("amount", "currency", "english", "french"),
    [
        (1900, "eur", "€19.00", "19,00 €"),
        (0, "eur", "€0.00", "0,00 €"),
        (5, "usd", "$0.05", "0,05 $US"),
        (-475, "EUR", "-€4.75", "-4,75 €"),
        (123456789, "gbp", "£1,234,567.89", "1 234 567,89 £GB"),
        (4900, "jpy", "¥4,900", "4 900 ¥"),
        (1900, "chf", "CHF 19.00", "19,00 CHF"),
    ],
)
def test_money_is_written_as_people_write_it(amount: int, currency: str, english: str, french: str):
    found = [format_money(amount, currency, language) for language in ("en", "fr")]
    assert [text.replace("\u00a0", " ").replace("\u202f", " ") for text in found] == [english, french]


def test_dates_are_written_out():
    first_of_december = 1796083200
    assert format_date(first_of_december, "en") == "1 December 2026"
    assert format_date(first_of_december, "fr") == "1er décembre 2026"


@pytest.mark.parametrize("header", ["", "*", ";q=", "fr;q=x", ",,,", "de-DE"])
def test_a_strange_wish_is_answered_in_english(header: str):
    assert choose_language("auto", header) == "en"


@pytest.mark.parametrize(
    ("interval", "count", "english"),
    [
        ("month", 1, "€19.00 per month"),
        ("month", 3, "€19.00 every 3 months"),
        ("year", 1, "€19.00 per year"),
        ("week", 1, "€19.00 per week"),
        ("month", 6, "€19.00 every 6 months"),
    ],
)
def test_an_interval_is_said_in_words(interval: str, count: int, english: str):
    assert Texts("en").per_interval("€19.00", interval=interval, count=count) == english


def test_both_languages_have_the_same_gaps():
    def gaps(text: str) -> set[str]:
        return {part.partition("}")[0] for part in text.split("{")[1:]}

    assert {name: pair for name, pair in TEXTS.items() if gaps(pair[0]) != gaps(pair[1])} == {}


def test_everything_that_the_bank_may_say_is_known_in_french():
    said = {each.message for each in vars(cards).values() if isinstance(each, cards.Decline)}
    assert said - set(IN_FRENCH) == set()
    assert set(FIELDS) <= said
