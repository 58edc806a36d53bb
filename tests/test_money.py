"""Is every amount right, in every currency, both ways, and refused in words where it cannot be charged?"""

import random
from decimal import Decimal

import pytest

from lms_memberships import money as m
from lms_memberships.errors import Refusal
from lms_memberships.money import CURRENCIES, Money, format_money, from_stripe_amount, parse, to_decimal
from tests.faults.sizes import SEED, pick

#: In steps of the currency: what a price list holds, the edges, and what floats get wrong (0.29 × 100 = 28.99…).
STEPS = (0, 1, 2, 5, 9, 10, 29, 57, 99, 100, 101, 499, 999, 1000, 1999, 4990, 11499, 12345, 99999, 999999)

NO_DECIMALS = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_an_amount_survives_the_round_trip_in_every_currency(code):
    """H1"""
    assert len(set(STEPS)) == 20
    for step in STEPS:
        minor = step * CURRENCIES[code].step
        if minor > CURRENCIES[code].largest:
            continue
        money = from_stripe_amount(minor, code)
        typed = str(to_decimal(money))
        assert parse(typed, code) == money
        assert parse(Decimal(typed), code) == money
        assert m.to_stripe_amount(money) == minor
        assert type(m.to_stripe_amount(money)) is int


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_what_is_shown_is_what_is_charged_in_every_currency(code):
    """H1: no digit is lost on the screen, whatever the reader's country thinks of small coins."""
    for step in STEPS:
        minor = step * CURRENCIES[code].step
        shown = format_money(Money(minor, code), "en")
        digits = "".join(sign for sign in shown if sign.isdigit() or sign == ".")
        assert Decimal(digits.strip(".")) == to_decimal(Money(minor, code)), shown


def test_stripe_takes_140_currencies():
    assert len(CURRENCIES) == 140
    assert {code for code, rules in CURRENCIES.items() if rules.exponent == 0} == NO_DECIMALS
    assert all(code == code.lower() and len(code) == 3 for code in CURRENCIES)


@pytest.mark.parametrize(
    ("typed", "code", "minor"),
    [
        ("25", "eur", 2500),
        ("25.50", "EUR", 2550),
        ("25,5", "eur", 2550),
        (" 1 234,56 ", "eur", 123456),
        ("1\u202f234,56", "eur", 123456),
        ("0.29", "usd", 29),
        ("500", "jpy", 500),
        ("500.00", "jpy", 500),
        ("5", "isk", 500),
        ("5", "ugx", 500),
        ("5.12", "kwd", 5120),
        ("5.120", "kwd", 5120),
        ("175.50", "huf", 17550),
        ("800.45", "twd", 80045),
        ("9999999999.99", "idr", 999999999999),
        ("999999.99", "usd", 99999999),
        ("9999999.99", "inr", 999999999),
        (Decimal("1E+2"), "eur", 10000),
        (Decimal("19.9900"), "eur", 1999),
    ],
)
def test_an_amount_becomes_minor_units_as_stripe_counts_them(typed, code, minor):
    """H1"""
    assert parse(typed, code) == Money(minor, code.lower())


@pytest.mark.parametrize(
    ("typed", "code", "refusal"),
    [
        ("12.345", "eur", m.TooManyDecimals),
        ("12.5", "jpy", m.TooManyDecimals),
        ("5.5", "isk", m.TooManyDecimals),
        ("5.5", "ugx", m.TooManyDecimals),
        ("5.124", "kwd", m.TooManyDecimals),
        ("1,234", "eur", m.NotAnAmount),
        ("1,230", "kwd", m.NotAnAmount),
        ("1.234,50", "eur", m.NotAnAmount),
        ("", "eur", m.NotAnAmount),
        ("free", "eur", m.NotAnAmount),
        ("1e3", "eur", m.NotAnAmount),
        ("NaN", "eur", m.NotAnAmount),
        (Decimal("NaN"), "eur", m.NotAnAmount),
        (Decimal("Infinity"), "eur", m.NotAnAmount),
        ("-1", "eur", m.NegativeAmount),
        ("1000000", "usd", m.AmountTooLarge),
        ("100000000", "jpy", m.AmountTooLarge),
        (Decimal("1E+999999"), "usd", m.AmountTooLarge),
        (Decimal("0.000000000000000000000000000000000000001"), "usd", m.TooManyDecimals),
        ("10", "btc", m.UnknownCurrency),
    ],
)
def test_what_cannot_be_charged_is_refused_in_words(typed, code, refusal):
    with pytest.raises(refusal) as caught:
        parse(typed, code)
    assert isinstance(caught.value, Refusal)
    assert isinstance(caught.value, ValueError)
    assert "%(" not in str(caught.value.message)
    assert str(caught.value.message).endswith(".")


def test_the_refusal_names_the_currency_and_its_decimals():
    with pytest.raises(m.TooManyDecimals, match="JPY has no decimals"):
        parse("12.5", "jpy")
    with pytest.raises(m.TooManyDecimals, match="KWD takes at most 2 decimals"):
        parse("5.124", "kwd")


def test_what_stripe_would_refuse_is_not_sent():
    """H1"""
    with pytest.raises(m.TooManyDecimals):
        m.to_stripe_amount(Money(550, "isk"))
    with pytest.raises(m.TooManyDecimals):
        m.to_stripe_amount(Money(5124, "kwd"))
    with pytest.raises(m.NegativeAmount):
        m.to_stripe_amount(Money(-1, "eur"))
    with pytest.raises(m.AmountTooLarge):
        m.to_stripe_amount(Money(100_000_000, "usd"))


def test_what_stripe_says_is_taken_as_it_is():
    assert to_decimal(from_stripe_amount(-1234, "eur")) == Decimal("-12.34")
    assert from_stripe_amount(5124, "kwd").minor == 5124
    with pytest.raises(m.UnknownCurrency):
        from_stripe_amount(1, "xxx")


def test_only_whole_minor_units_exist():
    for wrong in (12.5, Decimal(12), True, "12"):
        with pytest.raises(TypeError):
            Money(wrong, "eur")


def test_amounts_compare_and_add_up_only_within_one_currency():
    assert Money(1, "eur") < Money(2, "EUR")
    assert Money(2, "eur") >= Money(2, "eur")
    assert Money(2, "eur") + Money(3, "eur") - Money(1, "eur") == Money(4, "eur")
    assert Money(1, "eur") != Money(1, "usd")
    for forbidden in (lambda a, b: a < b, lambda a, b: a >= b, lambda a, b: a + b, lambda a, b: a - b):
        with pytest.raises(m.CurrencyMismatch):
            forbidden(Money(1, "eur"), Money(2, "usd"))


def cut(money: Money, dice: random.Random) -> list[Money]:
    """Into a few parts, as partial refunds do."""
    marks = sorted(dice.randint(0, money.minor) for _ in range(dice.randint(1, 6)))
    return [Money(end - start, money.currency) for start, end in zip([0, *marks], [*marks, money.minor], strict=True)]


def many_cuts() -> list[tuple[Money, list[Money]]]:
    dice = random.Random(SEED)  # noqa: S311 - the same cuts again
    amounts = [
        Money(dice.randint(1, CURRENCIES[code].largest), code)
        for code in sorted(CURRENCIES)
        for _time in range(pick(test=20, ci=100, soak=1000))
    ]
    return [(money, cut(money, dice)) for money in amounts]


def test_parts_never_come_to_more_than_the_whole():
    """H4: taken away one by one, also by way of the decimals that people read, nothing is left and nothing lacks."""
    for whole, parts in many_cuts():
        rest = whole
        for part in parts:
            rest -= from_stripe_amount(int(to_decimal(part).scaleb(CURRENCIES[part.currency].exponent)), part.currency)
            assert rest.minor >= 0
        assert rest == Money(0, whole.currency)
        assert sum(to_decimal(part) for part in parts) == to_decimal(whole)


def test_control_with_floats_they_do():
    """H4, H1, negative control: the same parts, counted as most programs count."""
    assert any(
        sum(float(to_decimal(part)) for part in parts) > float(to_decimal(whole)) for whole, parts in many_cuts()
    )


@pytest.mark.parametrize("other", [25, 25.0, Decimal(25), "25"])
def test_an_amount_and_a_bare_number_have_no_sum(other):
    """H4: nobody can take 25 dollars from 2500 cents."""
    for forbidden in (
        lambda a, b: a - b,
        lambda a, b: a + b,
        lambda a, b: a < b,
        lambda a, b: b - a,
        lambda a, b: sum([b, a]),
    ):
        with pytest.raises((TypeError, AttributeError)):
            forbidden(Money(2500, "usd"), other)


@pytest.mark.parametrize("code", sorted(code for code, rules in CURRENCIES.items() if rules.exponent == 3))
def test_of_three_decimals_the_last_is_zero_or_the_price_is_refused(code):
    """H2: nothing is rounded, so nobody is charged another price than the one that was typed."""
    assert parse("5.120", code) == Money(5120, code)
    for last in range(1, 10):
        with pytest.raises(m.TooManyDecimals):
            parse(f"5.12{last}", code)
        with pytest.raises(m.TooManyDecimals):
            m.to_stripe_amount(Money(5120 + last, code))


@pytest.mark.parametrize(
    ("minor", "code", "locale", "shown"),
    [
        (2550, "eur", "en", "€25.50"),
        (2550, "eur", "fr", "25,50\xa0€"),
        (2500, "eur", "en-gb", "€25.00"),
        (123456, "brl", "pt-br", "R$\xa01.234,56"),
        (500, "jpy", "en", "¥500"),
        (500, "isk", "en", "ISK\xa05"),
        (500, "ugx", "en", "UGX\xa05"),
        (5120, "kwd", "en", "KWD\xa05.120"),
        # Readers expect no decimals, and Stripe takes two: whole amounts have none, and no digit is ever hidden.
        (1250, "all", "en", "ALL\xa012.50"),
        (1200, "all", "en", "ALL\xa012"),
        (-2550, "eur", "en", "-€25.50"),
        (2550, "eur", "zh-hans", "€25.50"),
        (2550, "eur", "xx-unknown", "€25.50"),
    ],
)
def test_prices_are_written_as_the_reader_writes_them(minor, code, locale, shown):
    assert format_money(Money(minor, code), locale) == shown


def test_currencies_are_offered_by_name_in_the_readers_language():
    english, french = dict(m.currency_choices("en")), dict(m.currency_choices("fr"))
    assert english["jpy"] == "Japanese Yen (JPY)"
    assert french["jpy"] == "yen japonais (JPY)"
    assert set(english) == set(CURRENCIES)
