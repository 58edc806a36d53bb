"""When does a day or a month begin and end? Half-open: the last moment is the first of what comes next (I7)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

#: Nothing of ours is before or after these, and further out no zone has a midnight and no day has a next one.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9998, 12, 30)


def day_begins(day: date) -> datetime:
    """Midnight where the site is, whatever zone the reader has chosen."""
    return _midnight(_within(day))


def day_ends(day: date) -> datetime:
    """Midnight of the next one: what happens then does not belong to it any more."""
    return _midnight(_within(day) + timedelta(days=1))


def last_day(end: datetime) -> date:
    """The day that a person says of an end, where the site is: at midnight it is the day before."""
    return timezone.localdate(end - timedelta(microseconds=1), timezone.get_default_timezone())


def month_of(moment: datetime) -> date:
    """The first day of the month in which it lies, in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def month_begins(month: date) -> datetime:
    """In UTC, so that no month of the reports depends on where its reader is."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def month_ends(month: date) -> datetime:
    return month_begins(next_month(month))


def next_month(month: date) -> date:
    return _moved(month, 1)


def last_months(now: datetime, number: int) -> list[date]:
    """So many, oldest first; the last one is the present one."""
    return list(_counting(_moved(month_of(now), 1 - number), number))


def _within(day: date) -> date:
    return min(max(day, FIRST_DAY), LAST_DAY)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


def _counting(month: date, number: int) -> Iterator[date]:
    for step in range(number):
        yield _moved(month, step)


def _moved(month: date, by: int) -> date:
    years, index = divmod(month.month - 1 + by, 12)
    return date(month.year + years, index + 1, 1)
