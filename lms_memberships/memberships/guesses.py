"""May somebody try once more? Counted in the database for each address and each person (S36, S37, S38)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..retrying import retried
from .guess_models import GuessTally

SALT = "lms_memberships.guesses"


@dataclass(frozen=True)
class Limit:
    """So many tries within that time, whatever came of them: a lucky one does not make room for others (S37)."""

    most: int
    within: timedelta


#: By how whoever tries is told apart. Looser for a person: an address may be a whole school's.
LIMITS: Mapping[str, Limit] = {
    "address": Limit(10, timedelta(minutes=1)),
    "person": Limit(30, timedelta(hours=1)),
}
#: What is counted elsewhere is counted over a day.
A_DAY = timedelta(days=1)
LONGEST = max(A_DAY, *(limit.within for limit in LIMITS.values()))


class TooManyGuesses(Refusal):
    message = _("You have tried several codes. Please wait a moment before you try another one.")


def count(what: str, *, address: str, person: str, now: datetime) -> None:
    """This is a try. Raises TooManyGuesses for one too many, which is not looked at. ``now`` is wall time.

    Both are counted, and both before anything is looked up: several at once cannot slip through together.
    """
    for kind, who in (("address", address), ("person", person)):
        if not take(f"{what}:{kind}", who, LIMITS[kind], now):
            raise TooManyGuesses


def has_room(kind: str, who: str, limit: Limit, now: datetime) -> bool:
    """Whether one more would be taken. Only looks: for pages that count nothing but what was wrong."""
    tally = GuessTally.objects.filter(kind=kind, who=_name(who)).first()
    since = (now - limit.within).timestamp()
    return tally is None or sum(moment > since for moment in tally.tries) < limit.most


def forget_old(*, now: datetime) -> int:
    """Tallies in which nothing counts any more."""
    deleted, _rows = GuessTally.objects.filter(last_at__lt=now - LONGEST).delete()
    return deleted


@retried
def take(kind: str, who: str, limit: Limit, now: datetime) -> bool:
    """One more try, if there is room for it. ``now`` is wall time."""
    name = _name(who)
    # Its own transaction, committed before the answer: a request that is broken off has counted all the same.
    with transaction.atomic():
        GuessTally.objects.bulk_create([GuessTally(kind=kind, who=name, last_at=now)], ignore_conflicts=True)
        tally = GuessTally.objects.select_for_update().get(kind=kind, who=name)
        since = (now - limit.within).timestamp()
        recent = [moment for moment in tally.tries if moment > since]
        if len(recent) >= limit.most:
            return False
        tally.tries = [*recent, now.timestamp()]
        tally.last_at = now
        tally.save(update_fields=["tries", "last_at"])
    return True


def _name(who: str) -> str:
    return salted_hmac(SALT, who, algorithm="sha256").hexdigest()
