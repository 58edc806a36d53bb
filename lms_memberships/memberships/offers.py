"""How is a membership offered to a student? Its price, trial and first payment in words, and what is inside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
from ..money import Money, format_money
from ..safe_html import as_safe, plain_text
from .models import Membership
from .pricing import FirstPayment, first_payment, price_text

LONGEST_SUMMARY = 200


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

    @property
    def description(self) -> str:
        """Clean HTML, rendered when the membership was saved."""
        return as_safe(self.membership.description_html)

    @property
    def summary(self) -> str:
        """The first paragraph of the description, in one line of plain words."""
        first_paragraph = self.membership.description.strip().replace("\r\n", "\n").partition("\n\n")[0]
        return Truncator(plain_text(first_paragraph)).chars(LONGEST_SUMMARY)


def offers(memberships: Iterable[Membership], *, now: datetime, language: str) -> Iterator[Offer]:
    """One offer each. Load them ``with_contents()`` for a constant number of queries."""
    return (offer(membership, now=now, language=language) for membership in memberships)


def offer(membership: Membership, *, now: datetime, language: str, trial_days: int | None = None) -> Offer:
    """What one student would be offered; ``trial_days`` 0 for who has had the trial already.

    Raises ValueError for a draft without a price.
    """
    first = first_payment(membership, now=now, trial_days=trial_days)
    price = price_text(_priced(membership), membership.interval, language)
    old = membership.old_price
    return Offer(
        membership=membership,
        price=price,
        old_price=format_money(old, language) if old else "",
        trial=trial_text(first.trial_days),
        payment=payment_text(first, price, language),
        first=first,
        contents=tuple(_contents(membership, language)),
    )


def trial_text(days: int) -> str:
    """ "14 days free", or empty when there is no trial."""
    return ngettext("%(days)d day free", "%(days)d days free", days) % {"days": days} if days else ""


#: By (has a trial, needs a card, something follows). Plain words: this is what people rely on.
PAYMENT_TEXTS = {
    (True, True, True): gettext_lazy(
        "%(trial)s, then %(price)s from %(next_on)s. You pay %(today)s today. Cancel before then and you pay nothing."
    ),
    (True, False, False): gettext_lazy(
        "%(trial)s. No card is asked for: access closes on %(ends_on)s unless you join, and nothing is charged."
    ),
    (False, True, True): gettext_lazy(
        "You pay %(today)s today, then %(price)s; the next payment is on %(next_on)s. Cancel at any time."
    ),
    (False, True, False): gettext_lazy("You pay %(today)s today, once. Nothing follows."),
}


def payment_text(first: FirstPayment, price: str, language: str) -> str:
    """What is paid today, next and then (X9). ``price`` is the text with its interval."""
    text = PAYMENT_TEXTS[bool(first.trial_days), first.needs_card, first.next is not None]
    return str(text) % {
        "trial": trial_text(first.trial_days),
        "price": price,
        "today": format_money(first.today, language),
        "next_on": _day(first.next_at, language),
        "ends_on": _day(first.trial_ends_at, language),
    }


def _day(moment: datetime | None, language: str) -> str:
    if moment is None:
        return ""
    return format_date(timezone.localtime(moment).date(), format="long", locale=to_locale(language))


def _priced(membership: Membership) -> Money:
    price = membership.price
    if price is None:
        raise ValueError(_("This membership has no price yet."))
    return price


def _contents(membership: Membership, language: str) -> Iterator[tuple[str | Promise, tuple[Item, ...]]]:
    kinds = list(item_types())
    rows = in_language((row.item for row in membership.bundle_items.all()), language)
    rows.sort(key=lambda item: kinds.index(item.kind) if item.kind in kinds else len(kinds))
    for kind, group in groupby(rows, key=lambda item: item.kind):
        item_type, items = item_types().get(kind), tuple(group)
        label = kind if item_type is None else item_type.label if len(items) == 1 else item_type.label_plural
        yield label, items
