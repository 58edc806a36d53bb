"""How does a person say a date? In their language, and an end at midnight is the end of the day before."""

from datetime import datetime, timedelta

from babel.dates import format_date, format_time, get_datetime_format, get_timezone_gmt
from django.utils import timezone
from django.utils.translation import to_locale


def day(moment: datetime | None, language: str) -> str:
    """The date as a person says it; empty for none."""
    if moment is None:
        return ""
    # An end at midnight is the end of the day before, for a person.
    local = timezone.localtime(moment - timedelta(microseconds=1))
    return format_date(local.date(), format="long", locale=to_locale(language))


def day_of(moment: datetime | None, language: str) -> str:
    """The date on which something happens, as a payment: at midnight, of the day that begins. Empty for none."""
    return "" if moment is None else day(moment + timedelta(microseconds=1), language)


def at(moment: datetime, language: str) -> str:
    """The date with the time of day, to the minute, and the zone, as a receipt says it."""
    locale, local = to_locale(language), timezone.localtime(moment)
    day_and_time = str(get_datetime_format("long", locale=locale))
    time = f"{format_time(local, format='short', locale=locale)} ({get_timezone_gmt(local, locale=locale)})"
    return day_and_time.replace("{1}", format_date(local.date(), format="long", locale=locale)).replace("{0}", time)
