"""How is a membership offered to a student? Its price, trial and first payment in words, and what is inside."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from babel.dates import format_date
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, to_locale

from ..bundles.languages import in_language
from ..bundles.models import Item
from ..bundles.registry import item_types
from ..money import format_money
from ..safe_html import as_safe, plain_text
from . import taxes
from .models import Membership
from .old_prices import shown_old_price
from .pricing import FirstPayment, first_payment, price_text, way_text
from .ways import Way, first_way

LONGEST_SUMMARY = 200


@dataclass(frozen=True)
class Choice:
    """One way to pay as it stands beside its radio button. ``price_id``: our row, which the button sends back."""

    price_id: int
    price: str
    old_price: str
    payment: str
    is_chosen: bool


@dataclass(frozen=True)
class Offer:
    """Everything that a card or a page says about buying one membership, ready to show."""

    membership: Membership
    price: str
    #: What it cost before, to be struck through; empty if it was never dearer.
    old_price: str
    #: "14 days free", or empty.
    trial: str
    #: What is paid today, next and then, as one or two sentences (X9).
    payment: str
    first: FirstPayment
    contents: tuple[tuple[str | Promise, tuple[Item, ...]], ...]
    #: Every price that everybody may choose, the one that is shown first among them; one alone is no choice (X10).
    choices: tuple["Choice", ...] = ()

    @property
    def description(self) -> str:
        """Clean HTML, rendered when the membership was saved."""
        return as_safe(self.membership.description_html)

    @property
    def summary(self) -> str:
        """The first paragraph of the description, in one line of plain words."""
        first_paragraph = self.membership.description.strip().replace("\r\n", "\n").partition("\n\n")[0]
        return Truncator(plain_text(first_paragraph)).chars(LONGEST_SUMMARY)


def offers(
    memberships: Iterable[Membership], *, now: datetime, language: str, trial_days: Mapping[int, int] | None = None
) -> Iterator[Offer]:
    """One offer each. Load them ``with_contents()`` for a constant number of queries.

    ``trial_days``: by the membership's number, what one student would be offered; absent: what a stranger is told.
    """
    days = trial_days or {}
    return (offer(each, now=now, language=language, trial_days=days.get(each.pk)) for each in memberships)


def offer(
    membership: Membership, *, now: datetime, language: str, trial_days: int | None = None, way: Way | None = None
) -> Offer:
    """What one student would be offered; ``trial_days`` 0 for who has had the trial already, ``way`` their choice.

    Raises ValueError for a draft without a price.
    """
    chosen = way or _first(membership)
    first = first_payment(membership, now=now, trial_days=trial_days, way=chosen)
    price = taxes.with_tax(way_text(chosen, language))
    return Offer(
        membership=membership,
        price=price,
        old_price=_old(membership, chosen, now, language),
        trial=trial_text(first.trial_days),
        payment=taxes.said_after(payment_text(first, price_text(chosen.money, chosen.interval, language), language)),
        first=first,
        contents=tuple(_contents(membership, language)),
    )


def with_choices(
    shown_offer: Offer,
    sold: Iterable[tuple[Way, int]],
    *,
    chosen: int,
    now: datetime,
    language: str,
    trial_days: int | None = None,
) -> Offer:
    """The same offer with every price that may be chosen: ways with the pk of our Price, as ``selling`` finds them."""
    membership = shown_offer.membership
    choices = tuple(
        Choice(
            price_id=price_id,
            price=taxes.with_tax(way_text(way, language)),
            old_price=_old(membership, way, now, language),
            payment=taxes.said_after(
                payment_text(
                    first_payment(membership, now=now, trial_days=trial_days, way=way),
                    price_text(way.money, way.interval, language),
                    language,
                )
            ),
            is_chosen=price_id == chosen,
        )
        for way, price_id in sold
    )
    return replace(shown_offer, choices=choices)


def trial_text(days: int) -> str:
    """ "14 days free", or empty when there is no trial."""
    return ngettext("%(days)d day free", "%(days)d days free", days) % {"days": days} if days else ""


#: By (has a trial, needs a card, something follows, is paid off). Plain words: this is what people rely on.
PAYMENT_TEXTS = {
    (True, True, True, False): gettext_lazy(
        "%(trial)s, then %(price)s from %(next_on)s. You pay %(today)s today. Cancel before then and you pay nothing."
    ),
    (True, True, True, True): gettext_lazy(
        "%(trial)s, then %(count)s payments: %(price)s from %(next_on)s. You pay %(today)s today. "
        "Cancel before then and you pay nothing."
    ),
    (True, False, False, False): gettext_lazy(
        "%(trial)s. No card is asked for: access closes on %(ends_on)s unless you join, and nothing is charged."
    ),
    (False, True, True, False): gettext_lazy(
        "You pay %(today)s today, then %(price)s; the next payment is on %(next_on)s. Cancel at any time."
    ),
    (False, True, True, True): gettext_lazy(
        "You pay %(today)s today, then %(price)s until %(count)s payments are made; the next one is on %(next_on)s. "
        "After that nothing follows, and it stays open for you."
    ),
    (False, True, False, False): gettext_lazy("You pay %(today)s today, once. Nothing follows."),
}


def payment_text(first: FirstPayment, price: str, language: str) -> str:
    """What is paid today, next and then (X9). ``price`` is the text with its interval."""
    kind = bool(first.trial_days), first.needs_card, first.next is not None, bool(first.instalments and first.next)
    text = str(PAYMENT_TEXTS[kind]) % {
        "trial": trial_text(first.trial_days),
        "price": price,
        "today": format_money(first.today, language),
        "next_on": _day(first.next_at, language),
        "ends_on": _day(first.trial_ends_at, language),
        "count": first.instalments,
    }
    if first.setup_fee is None:
        return text
    fee = _("A setup fee of %(fee)s is added to today's payment.") % {"fee": format_money(first.setup_fee, language)}
    return f"{text} {fee}"


def _first(membership: Membership) -> Way:
    first = first_way(membership)
    if first is None:
        raise ValueError(_("This membership has no price yet."))
    return first


def _old(membership: Membership, way: Way, now: datetime, language: str) -> str:
    old = shown_old_price(membership, way, now=now)
    return format_money(old, language) if old else ""


def _day(moment: datetime | None, language: str) -> str:
    if moment is None:
        return ""
    return format_date(timezone.localtime(moment).date(), format="long", locale=to_locale(language))


def sorted_by_kind(items: Iterable[Item], language: str) -> tuple[tuple[str | Promise, tuple[Item, ...]], ...]:
    """Those in the reader's language, by kind, with the kind's name."""
    return tuple(_by_kind(items, language))


def _contents(membership: Membership, language: str) -> Iterator[tuple[str | Promise, tuple[Item, ...]]]:
    return _by_kind((row.item for row in membership.bundle_items.all()), language)


def _by_kind(items: Iterable[Item], language: str) -> Iterator[tuple[str | Promise, tuple[Item, ...]]]:
    kinds = list(item_types())
    rows = in_language(items, language)
    rows.sort(key=lambda item: kinds.index(item.kind) if item.kind in kinds else len(kinds))
    for kind, group in groupby(rows, key=lambda item: item.kind):
        item_type, found = item_types().get(kind), tuple(group)
        label = kind if item_type is None else item_type.label if len(found) == 1 else item_type.label_plural
        yield label, found
