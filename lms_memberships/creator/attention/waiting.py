"""How much needs attention, for the admin's front page? Counted once a minute at most, and anew after a press."""

from datetime import datetime

from django.core.cache import cache

from ...subscriptions import attention

KEY = "lms_memberships.attention.waiting"
#: Among a million people the count takes seconds, and everybody who works in the admin begins on that page.
LASTS = 60


def count(*, now: datetime) -> int:
    """As it was within the last minute (seconds: ``LASTS``); the list itself always counts."""
    known = cache.get(KEY)
    if known is None:
        known = sum(attention.counts(now=now).values())
        cache.set(KEY, known, LASTS)
    return int(known)


def forget() -> None:
    """Something was resolved: whoever did it goes on from the front page."""
    cache.delete(KEY)
