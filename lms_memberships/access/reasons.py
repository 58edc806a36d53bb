"""Why is something open or closed? Each reason with its one sentence, for the paywall, staff and the command (X1)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .holdings import Holding


class Reason(StrEnum):
    """What decided. The first five open, the rest close."""

    NOT_SOLD = "not_sold"
    SUPERUSER = "superuser"
    EDITOR = "editor"
    MEMBER = "member"
    IN_GRACE = "in_grace"

    SIGN_IN = "sign_in"
    JOIN = "join"
    UPGRADE = "upgrade"
    WAITING_FOR_PAYMENT = "waiting_for_payment"
    PAYMENT_FAILED = "payment_failed"
    PAUSED = "paused"
    DISPUTED = "disputed"
    TRIAL_ENDED = "trial_ended"
    ENDED = "ended"
    FOR_NEWCOMERS = "for_newcomers"
    UNKNOWN = "unknown"


OPENING = frozenset({Reason.NOT_SOLD, Reason.SUPERUSER, Reason.EDITOR, Reason.MEMBER, Reason.IN_GRACE})

SENTENCES: dict[Reason, str | Promise] = {
    Reason.NOT_SOLD: _("This is open: no membership contains it."),
    Reason.SUPERUSER: _("This is open to you as an administrator."),
    Reason.EDITOR: _("This is open to you because you may edit it."),
    Reason.MEMBER: _("This is part of your membership “%(membership)s”."),
    Reason.IN_GRACE: _("Your payment for “%(membership)s” failed on %(since)s: mend it by %(until)s to keep access."),
    Reason.SIGN_IN: _("This is for members. Sign in if you are one, or join %(offers)s."),
    Reason.JOIN: _("This is for members. Join %(offers)s to open it."),
    Reason.UPGRADE: _("Your membership “%(membership)s” does not contain this. Change to %(offers)s to open it."),
    Reason.WAITING_FOR_PAYMENT: _("Your first payment for “%(membership)s” has not arrived yet."),
    Reason.PAYMENT_FAILED: _("Your payment for “%(membership)s” failed on %(since)s: mend it to open this again."),
    Reason.PAUSED: _("Your membership “%(membership)s” is paused."),
    # Not whether that is decided: it would be one more question to the database, and the account page says it.
    Reason.DISPUTED: _(
        "“%(membership)s” has been closed since %(disputed)s, because its payment was disputed at a bank. Your account says "
        "more."
    ),
    Reason.TRIAL_ENDED: _("Your trial of “%(membership)s” ended on %(until)s."),
    # Closed is not ended: Stripe may have it running still, or may not have been heard.
    Reason.ENDED: _("Your access through “%(membership)s” ended on %(until)s."),
    Reason.FOR_NEWCOMERS: _("This came to “%(membership)s” after you had joined, for those who joined later."),
    # Unknown means closed (design §5): a copy of members' content, a thing of no registered type.
    Reason.UNKNOWN: _("This is closed, and no membership opens it yet."),
}

#: When nothing that contains it can be bought now.
SENTENCES_WITHOUT_OFFERS = {
    Reason.SIGN_IN: _("This is for members. Sign in if you are one."),
    Reason.JOIN: _("This is for members, and no membership that contains it is on sale at the moment."),
    Reason.UPGRADE: _("Your membership “%(membership)s” does not contain this, and no higher one is on sale now."),
}

#: When the membership itself is over: on the day that the account page says.
SENTENCES_WHEN_OVER = {Reason.ENDED: _("Your membership “%(membership)s” ended on %(ended)s.")}

#: Each language has its own quotation marks.
QUOTED = _("“%(title)s”")


def sentence(reason: Reason, holding: "Holding | None", offers: Sequence[str]) -> str:
    """The reason in one sentence of the active language."""
    texts = SENTENCES if offers else SENTENCES | SENTENCES_WITHOUT_OFFERS
    if holding and holding.ended_at:
        texts = texts | SENTENCES_WHEN_OVER
    return str(texts[reason]) % {
        "offers": get_text_list([str(QUOTED) % {"title": title} for title in offers], say("or")),
        "membership": holding.title if holding else "",
        "since": _day(holding.failed_since) if holding else "",
        "until": _day(holding.access_until) if holding else "",
        "disputed": _day(holding.suspended_at) if holding else "",
        "ended": _day(holding.ended_at) if holding else "",
    }


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT") if moment else ""
