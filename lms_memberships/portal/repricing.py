"""Is a member to pay another price soon? Said on their page as long as it is planned (X11)."""

from babel.dates import format_date
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import to_locale

from ..memberships import taxes
from ..memberships.pricing import price_text
from ..subscriptions.models import Subscription
from ..subscriptions.price_move_models import PriceMove, PriceMoveEntry

#: What ``with_change`` has found, on each subscription.
FOUND = "told_price_moves"


def with_change() -> Prefetch:
    """What members were told of, for all that a page shows: one query."""
    told = PriceMoveEntry.objects.filter(state=PriceMoveEntry.State.TOLD, move__state=PriceMove.State.PLANNED)
    return Prefetch("price_move_entries", queryset=told.select_related("move__new_price"), to_attr=FOUND)


def told_of(subscription: Subscription) -> PriceMoveEntry | None:
    """What they were told, and is not there yet. Asks the database nothing, and knows what ``with_change`` has found."""
    return next(iter(getattr(subscription, FOUND, ())), None)


def change_of(subscription: Subscription, language: str) -> str:
    """A sentence: "From 1 March 2027: €25.00 per month.", or empty. Asks the database nothing."""
    entry = told_of(subscription)
    if entry is None or entry.applies_from is None:
        return ""
    new = entry.move.new_price
    price = price_text(new.money, new.interval, language)
    day = format_date(timezone.localtime(entry.applies_from).date(), format="long", locale=to_locale(language))
    return _("From %(day)s: %(price)s.") % {"day": day, "price": taxes.with_tax(price)}
