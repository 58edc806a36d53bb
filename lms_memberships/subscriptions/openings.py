"""May somebody open one more payment page? Stolen cards are tried out on them, by the hundred (S38)."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from .. import conf
from ..errors import Refusal
from ..memberships import guesses


class TooManyPages(Refusal):
    message = _(
        "Too many payment pages were opened from here today, and nothing was charged. "
        "Please try again tomorrow, or write to us if you want to join now."
    )


def count(*, address: str, person: str, now: datetime) -> None:
    """This is a press on the button. Raises TooManyPages for one too many. ``now`` is wall time.

    A purchase that succeeds makes no room for others (S37): whoever tries cards has good ones among them.
    """
    limits = (
        ("address", address, conf.CHECKOUTS_PER_ADDRESS_A_DAY),
        ("person", person, conf.CHECKOUTS_PER_PERSON_A_DAY),
    )
    for kind, who, most in limits:
        if most > 0 and not guesses.take(f"checkout:{kind}", who, guesses.Limit(most, guesses.A_DAY), now):
            raise TooManyPages
