"""Where does a gift stand, in words for whoever gave it?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy, to_locale

from ..memberships.gift_offers import length_text
from ..money import format_money
from ..subscriptions.gift_models import Gift

State = Gift.State

#: Label, sentence, colour.
WORDS: dict[str, tuple[str | Promise, str | Promise, str]] = {
    State.PENDING: (
        _("Waiting"),
        _("Your bank is still confirming the payment. The gift can be redeemed as soon as it has."),
        "warning",
    ),
    State.PAID: (pgettext_lazy("gift", "Paid"), _("It is mailed to %(email)s on %(day)s."), "good"),
    State.DELIVERED: (
        pgettext_lazy("gift", "Delivered"),
        _("It was mailed to %(email)s, and nobody has redeemed it yet."),
        "good",
    ),
    State.REDEEMED: (_("Redeemed"), _("It was redeemed on %(redeemed)s."), "good"),
    State.REFUNDING: (
        _("Being returned"),
        _("Its link opens nothing any more, and your money is on its way."),
        "quiet",
    ),
    State.REFUNDED: (_("Returned"), _("Your money was returned on %(refunded)s."), "quiet"),
    State.EXPIRED: (
        pgettext_lazy("gift", "Expired"),
        _("Nobody redeemed it before its time was over, on %(last_day)s."),
        "quiet",
    ),
}
BY_HAND = (pgettext_lazy("gift", "Paid"), _("You hand it over yourself. Nobody has redeemed it yet."), "good")


@dataclass(frozen=True)
class Card:
    """One gift as its giver sees it. ``tone`` is a colour's name, and never the only sign of a state."""

    gift: Gift
    label: str
    sentence: str
    tone: str
    length: str
    price: str
    last_day: str


def shown(gift: Gift, *, now: datetime, language: str | None) -> Card:
    """Select its membership: this asks the database nothing then."""
    language = language or "en"
    label, sentence, tone = WORDS[State.EXPIRED] if gift.is_over(now) else WORDS[gift.state]
    if gift.state == State.PAID and not gift.is_mailed and not gift.is_over(now):
        label, sentence, tone = BY_HAND
    last_day = _day(gift.redeem_until and gift.redeem_until - timedelta(microseconds=1), language)
    named = {
        "email": gift.recipient_email,
        "day": _day(gift.deliver_on, language),
        "redeemed": _day(gift.redeemed_at, language),
        "refunded": _day(gift.refunded_at, language),
        "last_day": last_day,
    }
    return Card(
        gift=gift,
        label=str(label),
        sentence=str(sentence) % named,
        tone=tone,
        length=length_text(gift.months),
        price=format_money(gift.money, language),
        last_day=last_day,
    )


def _day(moment: datetime | date | None, language: str) -> str:
    if moment is None:
        return ""
    day = timezone.localdate(moment) if isinstance(moment, datetime) else moment
    return format_date(day, format="long", locale=to_locale(language))
