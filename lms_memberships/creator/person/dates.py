"""How are days read and said here? In the zone of the site, whatever the creator's own is."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from ...subscriptions.spans import last_day

#: What lies outside is a slip of the keyboard, and some databases and zones cannot hold it.
FIRST, LAST = date(1990, 1, 1), date(2999, 12, 31)


def day(moment: datetime | None) -> str:
    """The day as a person says it: an end at midnight is the end of the day before. Empty for none."""
    return date_format(last_day(moment), "DATE_FORMAT") if moment is not None else ""


def minute(moment: datetime | None) -> str:
    """Day and time of day. Empty for none."""
    return date_format(_local(moment), "SHORT_DATETIME_FORMAT") if moment else ""


def end_of(chosen: date) -> datetime:
    """When that day is over: "until the 5th" includes the 5th."""
    return in_zone(datetime.combine(chosen + timedelta(days=1), time.min))


def in_zone(naive: datetime) -> datetime:
    """A date and time that somebody typed."""
    return timezone.make_aware(naive.replace(tzinfo=None), timezone.get_default_timezone())


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment, timezone.get_default_timezone())
