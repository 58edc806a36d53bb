"""How often is a price paid? The intervals that have a name, and every other one as "5_month" (U16, V9, V11–V14)."""

import re
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class Interval(models.TextChoices):
    """The rhythm of payment, in the order in which it is offered."""

    MONTH = "month", _("Monthly")
    QUARTER = "quarter", _("Every 3 months")
    HALF_YEAR = "half_year", _("Every 6 months")
    YEAR = "year", _("Yearly")
    WEEK = "week", _("Weekly")
    ONE_TIME = "one_time", _("One-time payment")


class Rhythm(NamedTuple):
    """Stripe's words for an interval: ``unit`` None means that it is paid once; ``step`` is how many units lie between two payments."""

    unit: str | None
    step: int


#: Stripe has no quarter: three months (guide §3).
RHYTHMS: dict[str, Rhythm] = {
    Interval.ONE_TIME: Rhythm(None, 1),
    Interval.WEEK: Rhythm("week", 1),
    Interval.MONTH: Rhythm("month", 1),
    Interval.QUARTER: Rhythm("month", 3),
    Interval.HALF_YEAR: Rhythm("month", 6),
    Interval.YEAR: Rhythm("year", 1),
}
NAMES: dict[Rhythm, str] = {rhythm: str(interval) for interval, rhythm in RHYTHMS.items()}
#: Stripe lets at most three years lie between two payments (guide §3), and knows days as well.
MOST_STEPS = {"day": 1095, "week": 156, "month": 36, "year": 3}
EVERY = re.compile(r"([1-9][0-9]{0,3})_(day|week|month|year)")


def interval_of(unit: str | None, step: int = 1) -> str:
    """Our word for a rhythm of Stripe's: its name if it has one, else "5_month". The inverse of ``rhythm_of``."""
    rhythm = Rhythm(unit, step if unit else 1)
    return NAMES.get(rhythm) or f"{rhythm.step}_{rhythm.unit}"


def rhythm_of(interval: str) -> Rhythm:
    """The rhythm of an interval of ours; a KeyError is a bug."""
    if interval in RHYTHMS:
        return RHYTHMS[interval]
    found = EVERY.fullmatch(interval)
    if found is None or int(found[1]) > MOST_STEPS[found[2]]:
        raise KeyError(interval)
    return Rhythm(found[2], int(found[1]))


#: What has no name is said with its number. Whole phrases: languages differ.
EVERY_TEXTS = {
    "day": ngettext_lazy("Every day", "Every %(step)s days", "step"),
    "week": ngettext_lazy("Every week", "Every %(step)s weeks", "step"),
    "month": ngettext_lazy("Every month", "Every %(step)s months", "step"),
    "year": ngettext_lazy("Every year", "Every %(step)s years", "step"),
}

#: What is offered beyond the names, by unit: whatever a school may want, and no more than Stripe takes.
OFFERED = {"week": range(2, 13), "month": range(2, 37), "year": range(2, 4)}


def grouped() -> list[tuple[object, list[tuple[str, object]]]]:
    """The named ones first, in their order and without a heading, then every other one by unit (U16, V11–V14)."""
    units = {"week": _("Weeks"), "month": _("Months"), "year": _("Years")}
    others: list[tuple[object, list[tuple[str, object]]]] = [
        (units[unit], [(name, interval_text(name)) for name in (f"{step}_{unit}" for step in steps) if _is_new(name)])
        for unit, steps in OFFERED.items()
    ]
    return [("", list(Interval.choices)), *others]


def choices() -> list[tuple[object, object]]:
    """The same, as a select of Django's takes it."""
    (_heading, named), *others = grouped()
    return [*named, *others]


def _is_new(name: str) -> bool:
    return rhythm_of(name) not in NAMES


def interval_text(interval: str) -> str:
    """The interval for a person: "Monthly", "Every 5 months". Of an unknown one, its code."""
    if interval in RHYTHMS:
        return str(Interval(interval).label)
    try:
        rhythm = rhythm_of(interval)
    except KeyError:
        return interval
    return str(EVERY_TEXTS[rhythm.unit or "month"] % {"step": rhythm.step})


def is_offered(interval: str) -> bool:
    """Whether the list of the wizard has it: what is not there could not be shown again (W4)."""
    return any(interval == name for _heading, named in grouped() for name, _text in named)
