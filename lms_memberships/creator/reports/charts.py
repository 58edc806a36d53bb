"""How does a row of numbers become a picture? Bars as whole numbers of pixels, drawn by a template (X21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.functional import Promise

from ...punctuation import labelled

WIDTH, HEIGHT, FOOT, TOP = 440, 150, 24, 18
#: More of them would write over each other.
MOST_LABELS = 12


@dataclass(frozen=True)
class Series:
    """One colour. ``texts`` say each number as people read it."""

    label: str | Promise
    values: Sequence[int]
    texts: Sequence[str]


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    width: int
    height: int
    number: int
    text: str


@dataclass(frozen=True)
class Label:
    x: int
    text: str


@dataclass(frozen=True)
class Chart:
    """A picture of what the table beside it says in full."""

    name: str
    title: str
    series: Sequence[Series]
    bars: Sequence[Bar]
    labels: Sequence[Label]
    highest: str
    width: int = WIDTH
    height: int = HEIGHT + FOOT
    ground: int = HEIGHT


def draw(name: str, title: str, months: Sequence[date], series: Sequence[Series]) -> Chart:
    """Nothing is drawn below the ground: a number under zero has no bar, and stands in the table."""
    top = max((value for each in series for value in each.values), default=0)
    highest = next(
        (text for each in series for value, text in zip(each.values, each.texts, strict=True) if value == top), ""
    )
    slot = WIDTH // max(1, len(months))
    thick = max(2, slot * 7 // 10 // max(1, len(series)))
    bars = []
    for number, each in enumerate(series):
        for place, (value, text) in enumerate(zip(each.values, each.texts, strict=True)):
            tall = (HEIGHT - TOP) * max(0, value) // top if top > 0 else 0
            said = labelled(_month(months[place]), f"{each.label} {text}")
            bars.append(
                Bar(place * slot + slot // 8 + number * thick, HEIGHT - tall, thick - 1, tall, number + 1, said)
            )
    every = (len(months) + MOST_LABELS - 1) // MOST_LABELS
    labels = [Label(place * slot + slot // 8, date_format(month, "M")) for place, month in enumerate(months)]
    return Chart(name, title, series, bars, labels[::every] if every else [], highest if top > 0 else "")


def _month(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")
