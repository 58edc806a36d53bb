"""How are the tiers of a ladder chosen and put in order? One row each, with its place; it works without a script."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.staticfiles import versioned_static

from ...memberships.ladder_rules import MOST
from ...memberships.models import Membership

#: Rows to choose further tiers in.
EMPTY_ROWS = 2
UP = "up"


class TiersWidget(forms.Widget):
    """A table of lists and places. Its value: numbers of memberships as typed, the lowest tier first."""

    template_name = "lms_memberships/creator/ladders/tiers.html"
    choices: tuple[tuple[int, str], ...] = ()

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> list[str]:
        return [membership for _row, membership in rows_of(data, name)]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: object, name: str) -> bool:
        return f"{name}-count" not in data

    def get_context(self, name: str, value: list[str] | None, attrs: dict | None) -> dict:
        context = super().get_context(name, value, attrs)
        rows = [str(each) for each in value or []] + [""] * EMPTY_ROWS
        context["widget"] |= {
            "rows": rows[: MOST + EMPTY_ROWS],
            "choices": [(str(pk), title) for pk, title in self.choices],
            "chosen": len(value or []),
        }
        return context

    @property
    def media(self) -> forms.Media:
        return forms.Media(
            css={"all": [versioned_static("lms_memberships/creator/ladders.css")]},
            js=[versioned_static("lms_memberships/creator/ladders.js")],
        )


class TiersField(forms.Field):
    """Memberships in their order; that they may be tiers together is for the rules to say."""

    widget = TiersWidget

    def clean(self, value: list[str] | None) -> list[Membership]:
        wanted = [each for each in value or [] if each.isdecimal() and len(each) < 10]
        if len(wanted) < len(value or []):
            raise ValidationError(_("Choose memberships from the list."))
        known = Membership.objects.prefetch_related("price_options").in_bulk([int(each) for each in wanted])
        try:
            return [known[int(each)] for each in wanted]
        except KeyError:
            raise ValidationError(_("One of these memberships does not exist any more.")) from None


def rows_of(data: Mapping[str, Any], name: str) -> list[tuple[int, str]]:
    """Number of the row and what was chosen in it, in the order of the places; empty rows are left out."""
    count = str(data.get(f"{name}-count", "0"))
    number = min(int(count), MOST + EMPTY_ROWS) if count.isdecimal() and len(count) < 4 else 0
    rows = [(row, str(data.get(f"{name}-{row}-membership", ""))) for row in range(number)]
    # Sorting keeps the order of rows with the same place.
    return sorted((row for row in rows if row[1]), key=lambda row: _place(data, name, row[0]))


def moved(data: Mapping[str, Any], name: str, move: str) -> list[str]:
    """``2:up``: what was chosen in the row 2 goes before the one above it. What cannot move stays."""
    rows = rows_of(data, name)
    number, _colon, direction = move.partition(":")
    place = next((index for index, (row, _chosen) in enumerate(rows) if str(row) == number), None)
    chosen = [membership for _row, membership in rows]
    if place is not None:
        other = place - 1 if direction == UP else place + 1
        if 0 <= other < len(chosen):
            chosen[place], chosen[other] = chosen[other], chosen[place]
    return chosen


def _place(data: Mapping[str, Any], name: str, row: int) -> int:
    typed = str(data.get(f"{name}-{row}-place", "")).strip()
    return int(typed) if typed.isdecimal() and len(typed) < 4 else MOST + row
