"""How long ago was it, in words that fit into a sentence?"""

from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

MINUTE = timedelta(minutes=1)


def age(moment: datetime, now: datetime) -> str:
    """Such as "3 hours" or "5 days, 2 hours"."""
    return _("less than a minute") if now - moment < MINUTE else timesince(moment, now)
