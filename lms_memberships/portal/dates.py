"""How does a person say a date? In their language, and an end at midnight is the end of the day before."""

from datetime import datetime, timedelta

from babel.dates import format_date
from django.utils import timezone
from django.utils.translation import to_locale


def day(moment: datetime | None, language: str) -> str:
    """The date as a person says it; empty for none."""
    if moment is None:
        return ""
    # An end at midnight is the end of the day before, for a person.
    local = timezone.localtime(moment - timedelta(microseconds=1))
    return format_date(local.date(), format="long", locale=to_locale(language))
