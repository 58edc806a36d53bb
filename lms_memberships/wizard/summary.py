"""What will a student see and pay? The card and the first payment in plain words, from the draft (U26, X19)."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..bundles.models import Item
from ..bundles.registry import item_types
from ..memberships.models import Membership
from ..memberships.pricing import FirstPayment, first_payment, price_text
from ..money import Money, format_money


@dataclass(frozen=True)
class Card:
    """The offer as a card shows it."""

    membership: Membership
    price: str
    old_price: str
    payments: list[str]
    contents: list[tuple[str, str, bool]]


def card_of(membership: Membership, *, now: datetime) -> Card:
    """The card of a draft; a draft without a price has an empty one."""
    language = translation.get_language() or "en"
    price, old = membership.price, membership.old_price
    return Card(
        membership,
        price_text(price, membership.interval, language) if price else "",
        format_money(old, language) if old else "",
        payment_sentences(first_payment(membership, now=now), language) if price else [],
        _contents(membership),
    )


def payment_sentences(payment: FirstPayment, language: str) -> list[str]:
    """What moves when, one sentence each."""
    if payment.trial_days:
        return _trial_sentences(payment, language)
    today = _("Today the student pays %(amount)s.") % {"amount": format_money(payment.today, language)}
    if payment.next is None:
        return [today, _("Nothing more is charged afterwards.")]
    return [today, _next_sentence(payment.next, payment.next_at, language)]


def _trial_sentences(payment: FirstPayment, language: str) -> list[str]:
    days = {"days": payment.trial_days, "date": _date(payment.trial_ends_at)}
    today = ngettext(
        "Today the student pays nothing: the trial lasts %(days)d day, until %(date)s.",
        "Today the student pays nothing: the trial lasts %(days)d days, until %(date)s.",
        payment.trial_days,
    )
    if payment.next is None:
        return [today % days, _("No card is asked for. On that day access closes, unless the student buys.")]
    return [
        today % days,
        _("A card is asked for at the start."),
        _next_sentence(payment.next, payment.next_at, language),
        _("Whoever cancels before that day pays nothing."),
    ]


def _next_sentence(amount: Money, at: datetime | None, language: str) -> str:
    values = {"amount": format_money(amount, language), "date": _date(at)}
    return _("On %(date)s %(amount)s is charged, and so on until the student cancels.") % values


def _date(moment: datetime | None) -> str:
    return formats.date_format(timezone.localtime(moment), "DATE_FORMAT") if moment else ""


def _contents(membership: Membership) -> list[tuple[str, str, bool]]:
    """Title, kind, and whether a student would find it; in the order of the bundle."""
    kinds = item_types()
    keys = [row.item_id for row in membership.bundle_items.all()]
    items = Item.objects.in_bulk(keys)
    return [
        (item.title, str(kinds[item.kind].label) if item.kind in kinds else item.kind, item.live)
        for item in (items[key] for key in keys if key in items)
    ]
