"""How often is a price paid? One table of every interval that a membership can have (U16, V9, V11–V14)."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


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


def rhythm_of(interval: str) -> Rhythm:
    """The rhythm of an interval of ours; a KeyError is a bug."""
    return RHYTHMS[interval]
