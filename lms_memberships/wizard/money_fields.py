"""How is an amount typed and shown? In whole units with the decimals of its currency; kept in minor units (H1)."""

from django import forms
from django.utils import formats, translation
from django.utils.translation import gettext_lazy as _

from .. import money

#: Offered first: where most schools sell. All others follow by name.
FIRST_CURRENCIES = ("eur", "usd", "gbp", "chf", "cad", "aud", "jpy")


class AmountField(forms.CharField):
    """The text as typed; the form turns it into minor units once it knows the currency."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": "12", "maxlength": "24"})


class ZeroPrice(money.AmountRefused):
    message = _("Enter a price of more than zero.")


def typed(amount: int | None, currency: str) -> str:
    """Minor units as a person would type them: 2550 of eur is "25.50", in French "25,50"."""
    if amount is None:
        return ""
    rules = money.currency(currency)
    value = money.to_decimal(money.Money(amount, currency))
    return formats.number_format(value, decimal_pos=rules.places, force_grouping=False)


def to_minor(text: str, currency: str) -> int | None:
    """Minor units of what was typed; None when nothing was. Raises AmountRefused in the person's words."""
    if not text:
        return None
    amount = money.parse(text, currency)
    if amount.minor == 0:
        raise ZeroPrice
    return amount.minor


def currency_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The usual ones first, then every one that Stripe charges, by name in the reader's language."""
    by_code = dict(money.currency_choices(translation.get_language() or "en"))
    first = [(code, by_code[code]) for code in FIRST_CURRENCIES]
    rest = [(code, name) for code, name in by_code.items() if code not in FIRST_CURRENCIES]
    return [(str(_("Most used")), first), (str(_("All currencies")), rest)]
