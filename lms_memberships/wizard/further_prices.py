"""How are further prices typed? One row of a table each, read and checked together (X10)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..memberships.intervals import Interval, grouped
from ..memberships.models import Membership, PriceOption
from ..memberships.price_models import MOST_INSTALMENTS
from ..money import AmountRefused
from .money_fields import currency_choices, to_minor, typed

#: Empty rows to write into, and the most that a membership may have: a list that nobody can read sells nothing.
EMPTY_ROWS, MOST = 2, 20
TEXTS = ("amount", "currency", "interval", "instalments", "old_amount", "setup_fee_amount")
AMOUNTS = ("amount", "old_amount", "setup_fee_amount")
Row = dict[str, Any]


class FurtherPricesWidget(forms.Widget):
    """A table of text fields and lists; rows whose price is emptied are gone."""

    template_name = "lms_memberships/wizard/further_prices.html"

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> list[Row]:
        count = str(data.get(f"{name}-count", "0"))
        rows = min(int(count), MOST + EMPTY_ROWS) if count.isdecimal() and len(count) < 4 else 0
        return [_row_of(data, f"{name}-{number}-") for number in range(rows)]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: object, name: str) -> bool:
        return f"{name}-count" not in data

    def get_context(self, name: str, value: list[Row] | None, attrs: dict | None) -> dict:
        context = super().get_context(name, value, attrs)
        rows = [row for row in value or [] if any(row.get(name) for name in AMOUNTS)]
        currency = rows[-1]["currency"] if rows else self.attrs.get("currency", "eur")
        empty = {"amount": "", "currency": currency, "interval": str(Interval.YEAR), "instalments": ""}
        rows += [dict(empty) for _number in range(EMPTY_ROWS)]
        context["widget"] |= {
            "rows": rows[: MOST + EMPTY_ROWS],
            "currencies": currency_choices(),
            "intervals": grouped(),
            "disabled": bool((attrs or {}).get("disabled")),
        }
        return context


class FurtherPricesField(forms.Field):
    """Rows as dictionaries: texts as typed go in, values of ``PriceOption`` come out."""

    widget = FurtherPricesWidget

    def clean(self, value: list[Row] | None) -> list[Row]:
        rows: list[Row] = []
        problems: list[str] = []
        for row in value or []:
            if not any(row.get(name) for name in AMOUNTS):
                continue
            number = len(rows) + len(problems) + 1
            try:
                rows.append(_cleaned(row))
            except (AmountRefused, ValidationError) as refusal:
                said = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal.message)]
                problems.append(
                    _("Further price %(number)s: %(problem)s") % {"number": number, "problem": " ".join(said)}
                )
        keys = [(row["amount"], row["currency"], row["interval"], row["instalments"]) for row in rows]
        if len(set(keys)) < len(keys):
            problems.append(_("Two of the further prices are the same."))
        if problems:
            raise ValidationError(problems)
        return rows

    def has_changed(self, initial: list[Row] | None, data: list[Row] | None) -> bool:
        before, after = ([_said(row) for row in rows or [] if row.get("amount")] for rows in (initial, data))
        return before != after


def rows_of(membership: Membership) -> list[Row]:
    """The further prices of a version as a person would type them."""
    return [
        {
            "amount": typed(option.amount, option.currency),
            "currency": option.currency,
            "interval": option.interval,
            "instalments": str(option.instalments or ""),
            "old_amount": typed(option.old_amount, option.currency),
            "setup_fee_amount": typed(option.setup_fee_amount, option.currency),
            "is_hidden": option.is_hidden,
            "stripe_price_id": option.stripe_price_id,
        }
        for option in membership.price_options.all()
    ]


def fill(membership: Membership, rows: Iterable[Row]) -> None:
    """Make these the further prices of the draft, in memory. A price taken over from Stripe stays the one it was."""
    known = {_key(option): option for option in membership.price_options.all()}
    membership.price_options.set(list(_options(rows, known)))


def _options(rows: Iterable[Row], known: dict[tuple, PriceOption]) -> Iterator[PriceOption]:
    for place, row in enumerate(rows):
        option = PriceOption(sort_order=place, **row)
        before = known.get(_key(option))
        if before is not None:
            option.pk, option.stripe_price_id = before.pk, before.stripe_price_id
        yield option


def _key(option: PriceOption) -> tuple[int, str, str, int]:
    return option.amount, option.currency, option.interval, option.instalments


def _row_of(data: Mapping[str, Any], prefix: str) -> Row:
    row: Row = {name: str(data.get(prefix + name, "")).strip() for name in TEXTS}
    return row | {"is_hidden": bool(data.get(f"{prefix}is_hidden"))}


def _said(row: Row) -> tuple[object, ...]:
    return *(str(row.get(name) or "") for name in TEXTS), bool(row.get("is_hidden"))


def _cleaned(row: Row) -> Row:
    currency = row["currency"]
    if currency not in {code for _group, codes in currency_choices() for code, _name in codes}:
        raise ValidationError(_("Choose a currency."))
    if not row["amount"]:
        raise ValidationError(_("Enter a price, or empty the whole row."))
    amounts = {name: to_minor(row[name], currency) for name in AMOUNTS}
    option = PriceOption(
        currency=currency,
        interval=row["interval"],
        instalments=_instalments(row["instalments"]),
        is_hidden=row["is_hidden"],
        **amounts,
    )
    option.clean_fields(exclude=["membership"])
    option.clean()
    return amounts | {
        "currency": currency,
        "interval": option.interval,
        "instalments": option.instalments,
        "is_hidden": option.is_hidden,
    }


def _instalments(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 3 or int(text) > MOST_INSTALMENTS:
        words = gettext_lazy("The number of instalments is a whole number of at most %(most)s.")
        raise ValidationError(words % {"most": MOST_INSTALMENTS})
    return int(text)
