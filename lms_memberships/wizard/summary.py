"""What will a student see and pay? The card and the first payment in plain words, from the draft (U26, X19)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..bundles.models import Item
from ..bundles.registry import item_types
from ..memberships.models import Membership
from ..memberships.old_prices import lowest_before, shown_old_price
from ..memberships.pricing import FirstPayment, first_payment, way_text
from ..memberships.ways import Way, shown, ways
from ..money import format_money


@dataclass(frozen=True)
class Card:
    """The offer as a card shows it."""

    membership: Membership
    price: str
    old_price: str
    payments: list[str]
    contents: list[tuple[str, str, bool]]
    further: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    #: Why an old price is not shown, if one is not.
    old_price_note: str = ""


def card_of(membership: Membership, *, now: datetime) -> Card:
    """The card of a draft; a draft without a price has an empty one."""
    language = translation.get_language() or "en"
    all_ways = ways(membership)
    if not all_ways:
        return Card(membership, "", "", [], _contents(membership))
    first = all_ways[0]
    old = shown_old_price(membership, first, now=now)
    return Card(
        membership,
        way_text(first, language),
        format_money(old, language) if old else "",
        payment_sentences(first_payment(membership, now=now), language),
        _contents(membership),
        further=[way_text(way, language) for way in shown(all_ways[1:])],
        hidden=[way_text(way, language) for way in all_ways[1:] if way.is_hidden],
        old_price_note=_old_price_note(membership, all_ways, now, language),
    )


def _old_price_note(membership: Membership, all_ways: Sequence[Way], now: datetime, language: str) -> str:
    for way in all_ways:
        lowest = lowest_before(membership, way, now=now)
        if way.old is not None and lowest is not None and way.old.minor > lowest.minor:
            values = {"old": format_money(way.old, language), "lowest": format_money(lowest, language)}
            return (
                _(
                    "The old price of %(old)s is not shown: in the 30 days before this price, %(lowest)s was asked, "
                    "and the law allows no higher one."
                )
                % values
            )
    return ""


def payment_sentences(payment: FirstPayment, language: str) -> list[str]:
    """What moves when, one sentence each."""
    if payment.trial_days:
        return _trial_sentences(payment, language)
    today = [_("Today the student pays %(amount)s.") % {"amount": format_money(payment.today, language)}]
    if payment.setup_fee is not None:
        today.append(_("A setup fee of %(fee)s is added once.") % {"fee": format_money(payment.setup_fee, language)})
    if payment.next is None:
        return [*today, _("Nothing more is charged afterwards.")]
    return [*today, _next_sentence(payment, language)]


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
        _next_sentence(payment, language),
        _("Whoever cancels before that day pays nothing."),
    ]


def _next_sentence(payment: FirstPayment, language: str) -> str:
    values = {
        "amount": format_money(payment.next or payment.today, language),
        "date": _date(payment.next_at),
        "count": payment.instalments,
    }
    if payment.instalments:
        return _("On %(date)s %(amount)s is charged, and so on until %(count)s payments are made.") % values
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
