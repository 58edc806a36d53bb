"""What is paid for it, and what next, as far as it is known without asking Stripe? The same for students and for staff (P7, X20).

Nothing here asks the database, once ``with_what_is_planned`` was read with it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from ..memberships import taxes
from ..memberships.models import Price
from ..memberships.pricing import price_text
from . import tier_changes
from .change_models import TierChange
from .models import Subscription
from .price_move_models import PriceMove, PriceMoveEntry

#: What was found, on each subscription.
TOLD = "told_price_moves"


@dataclass(frozen=True)
class Amount:
    """A price with what the shop says of tax. ``is_reduced``: Stripe takes something off it, and alone knows how much (H7)."""

    price: str
    is_reduced: bool


def with_what_is_planned(subscriptions: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Each with the change of tier that is not over, and the price change that was told. Two queries, of however many."""
    moves = Prefetch("price_move_entries", queryset=_told().select_related("move__new_price"), to_attr=TOLD)
    return subscriptions.prefetch_related(tier_changes.prefetch(), moves)


def told_of(subscription: Subscription) -> PriceMoveEntry | None:
    """What they were told, and is not there yet (X11)."""
    return next(iter(getattr(subscription, TOLD, ())), None)


def is_told_another_price(subscription: Subscription, *, until: datetime | None) -> bool:
    """Whether they were told of one that is paid by that moment, and is not there yet. Asks the database."""
    told = _told().filter(subscription=subscription)
    return (told if until is None else told.filter(applies_from__lte=until)).exists()


def price_of(subscription: Subscription, language: str) -> str:
    """The price that it is sold at. Empty: nothing is paid for it."""
    if not subscription.interval:
        return ""
    behavior = subscription.price.tax_behavior if subscription.price is not None else ""
    return taxes.with_tax(price_text(subscription.money, subscription.interval, language), behavior)


def text_of(price: Price, language: str) -> str:
    """The same of a price that somebody is to pay."""
    return taxes.with_tax(price_text(price.money, price.interval, language), price.tax_behavior)


def next_of(subscription: Subscription, at: datetime | None, language: str) -> Amount:
    """What the payment of that moment costs: of the tier, and at the price, that is planned from that day on."""
    planned = _planned(subscription, at)
    price = price_of(subscription, language) if planned is None else text_of(planned, language)
    return Amount(price, subscription.is_reduced)


def _told() -> QuerySet[PriceMoveEntry]:
    return PriceMoveEntry.objects.filter(state=PriceMoveEntry.State.TOLD, move__state=PriceMove.State.PLANNED)


def less(price: str, *, is_reduced: bool) -> str:
    """What Stripe takes off it is named, not reckoned."""
    return _("%(price)s, less your discount or credit") % {"price": price} if is_reduced else price


def _planned(subscription: Subscription, at: datetime | None) -> Price | None:
    if at is None:
        return None
    change = tier_changes.prefetched_of(subscription)
    is_changed = change is not None and change.state == TierChange.State.PLANNED
    if change is not None and is_changed and change.due_at is not None and change.due_at <= at:
        return change.price
    entry = told_of(subscription)
    is_new = entry is not None and entry.applies_from is not None and entry.applies_from <= at
    return entry.move.new_price if entry is not None and is_new else None
