"""How much is it? Whole minor units with a currency, and Stripe's rules for how many decimals each one has.

Rules from https://docs.stripe.com/currencies. There is no minimum charge here: it depends on the currency in
which the account is paid out, so Stripe's ``amount_too_small`` is read instead.
"""

import re
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_name, get_currency_precision
from django.utils.translation import gettext_lazy as _

from .errors import Refusal


class AmountRefused(Refusal, ValueError):
    """An amount that cannot be charged; the message says why."""

    message = _("This amount cannot be used.")


class UnknownCurrency(AmountRefused):
    message = _("Stripe does not take payments in this currency.")


class NotAnAmount(AmountRefused):
    message = _("Enter an amount in figures, for example 25 or 25.50.")


class NegativeAmount(AmountRefused):
    message = _("An amount cannot be less than zero.")


class TooManyDecimals(AmountRefused):
    message = _("This amount has more decimals than its currency.")


class AmountTooLarge(AmountRefused):
    message = _("This amount is larger than Stripe can charge.")


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum or comparison: always a bug, never shown."""


@dataclass(frozen=True)
class Currency:
    """How Stripe counts one currency: the decimals of its minor unit, and how many of them a price may use."""

    code: str
    exponent: int
    places: int
    max_digits: int = 8

    @property
    def largest(self) -> int:
        """The largest amount that Stripe charges, in minor units."""
        return 10**self.max_digits - 1

    @property
    def step(self) -> int:
        """A price in minor units is a multiple of this."""
        return 10 ** (self.exponent - self.places)


_TWO_DECIMALS = """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop
    crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr
    kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk
    php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah uyu uzs
    wst xcd xcg yer zar zmw
"""
_NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
# Thousandths, of which the last must be 0: card networks take two decimals.
_THREE_DECIMALS = "bhd jod kwd omr tnd"
# Whole units that Stripe still counts in hundredths. (HUF and TWD are whole only in payouts: two decimals here.)
_WHOLE_IN_HUNDREDTHS = "isk ugx"
# Up to eight digits, except for those whose money is small.
_MAX_DIGITS = {"idr": 12, "cop": 10, "inr": 9}

CURRENCIES: dict[str, Currency] = {
    code: Currency(code, exponent, places, _MAX_DIGITS.get(code, 8))
    for codes, exponent, places in (
        (_TWO_DECIMALS, 2, 2),
        (_NO_DECIMALS, 0, 0),
        (_THREE_DECIMALS, 3, 2),
        (_WHOLE_IN_HUNDREDTHS, 2, 0),
    )
    for code in codes.split()
}

# A comma before exactly three digits could be either mark, so it is asked again; 1 234,50 and 1234.50 are clear.
_AMOUNT = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15}|,\d{1,2}|,\d{4,15})?")
_SPACES = re.compile(r"\s")
# CLDR puts a space between a currency's letters and its figures (RSD 12); Babel does not.
_CODE_MEETS_FIGURE = re.compile(r"(?<=[A-Z])(?=\d)|(?<=\d)(?=[A-Z])")


@total_ordering
@dataclass(frozen=True)
class Money:
    """An amount in minor units, as Stripe counts them, in one currency (lower case, as Stripe writes it)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            msg = f"minor units are an int, not {self.minor!r}"
            raise TypeError(msg)
        object.__setattr__(self, "currency", currency(self.currency).code)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            msg = f"{self.currency} and {other.currency}"
            raise CurrencyMismatch(msg)
        return other


def currency(code: str) -> Currency:
    """What we know of a currency; refuses one in which Stripe takes no payments."""
    try:
        return CURRENCIES[code.lower()]
    except KeyError:
        raise UnknownCurrency from None


def parse(amount: str | Decimal, currency_code: str) -> Money:
    """The price that a person typed, or a refusal in words for that person. Never rounds."""
    rules = currency(currency_code)
    value = amount if isinstance(amount, Decimal) else _read(amount)
    if not value.is_finite():
        raise NotAnAmount
    if value < 0:
        raise NegativeAmount
    if value >= Decimal(10) ** (rules.max_digits - rules.exponent):
        raise AmountTooLarge
    if _decimals(value) > rules.places:
        raise TooManyDecimals(_too_many_decimals(rules))
    return Money(int(value.scaleb(rules.exponent)), rules.code)


def to_decimal(money: Money) -> Decimal:
    """The amount in whole units, exact: 2550 of eur is 25.50."""
    return Decimal(money.minor).scaleb(-currency(money.currency).exponent)


def to_stripe_amount(money: Money) -> int:
    """The number for Stripe's ``amount`` and ``unit_amount``; refuses what Stripe would refuse."""
    rules = currency(money.currency)
    if money.minor < 0:
        raise NegativeAmount
    if money.minor > rules.largest:
        raise AmountTooLarge
    if money.minor % rules.step:
        raise TooManyDecimals(_too_many_decimals(rules))
    return money.minor


def from_stripe_amount(amount: int, currency_code: str) -> Money:
    """What Stripe says is taken as it is: credits are negative, and prorations may end in any digit."""
    return Money(amount, currency_code)


def format_money(money: Money, locale: str) -> str:
    """The amount as readers of ``locale`` write it, with no digit lost; ``locale`` may be Django's language code."""
    babel_locale = _babel_locale(locale)
    places = _shown_places(money)
    pattern = copy(babel_locale.currency_formats["standard"])
    pattern.frac_prec = (places, places)
    text = pattern.apply(to_decimal(money), babel_locale, currency=money.currency.upper(), currency_digits=False)
    return _CODE_MEETS_FIGURE.sub("\N{NO-BREAK SPACE}", text)


def currency_choices(locale: str) -> list[tuple[str, str]]:
    """All currencies for a select field, by name in the reader's language: ``("eur", "Euro (EUR)")``."""
    babel_locale = _babel_locale(locale)
    names = ((code, f"{get_currency_name(code.upper(), locale=babel_locale)} ({code.upper()})") for code in CURRENCIES)
    return sorted(names, key=lambda choice: choice[1].casefold())


def _read(text: str) -> Decimal:
    digits = _SPACES.sub("", text)
    if not _AMOUNT.fullmatch(digits):
        raise NotAnAmount
    return Decimal(digits.replace(",", "."))


def _decimals(value: Decimal) -> int:
    # Not ``normalize()``: that rounds to 28 digits first, and would hide the last ones.
    fraction = f"{value:f}".partition(".")[2]
    return len(fraction.rstrip("0"))


def _too_many_decimals(rules: Currency) -> str:
    if rules.places == 0:
        return _("%(currency)s has no decimals: enter a whole number.") % {"currency": rules.code.upper()}
    return _("%(currency)s takes at most %(places)d decimals.") % {
        "currency": rules.code.upper(),
        "places": rules.places,
    }


def _shown_places(money: Money) -> int:
    """As many decimals as readers expect, but all of them where those would hide part of the amount."""
    rules = currency(money.currency)
    usual = min(get_currency_precision(money.currency.upper()), rules.exponent)
    return usual if money.minor % 10 ** (rules.exponent - usual) == 0 else rules.exponent


def _babel_locale(language: str) -> Locale:
    for name in (language, language.replace("_", "-").partition("-")[0]):
        try:
            return Locale.parse(name.replace("_", "-"), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
