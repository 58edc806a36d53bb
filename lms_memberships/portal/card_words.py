"""How did somebody come to it, when does it end, what is inside? What a card of the account page says beside its state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..bundles.models import Item
from ..bundles.registry import item_types
from ..payments.models import Account
from ..subscriptions import instalments
from ..subscriptions.models import Subscription
from .dates import day, day_of

#: So many of each kind are named; the membership's own page names all.
NAMED = 12

ORIGINS: Mapping[str, str | Promise] = {
    Subscription.Origin.BOUGHT: _("Bought by you"),
    Subscription.Origin.GIFT: _("A gift to you"),
    Subscription.Origin.SEAT: _("A seat of your organisation"),
    Subscription.Origin.GIVEN: _("Given to you by the school"),
    Subscription.Origin.IMPORTED: _("Taken over from before"),
}
ON_TRIAL = _("Begun by you as a free trial")
NEVER = _("It does not end")
UNTIL_CANCELLED = _("When you cancel it")


@dataclass(frozen=True)
class Group:
    """Things of one kind. ``more`` says how many are not named."""

    label: str
    items: tuple[Item, ...]
    more: str


def origin_of(subscription: Subscription, *, is_trial: bool) -> str:
    """How they came to it."""
    is_own = is_trial and subscription.origin == Subscription.Origin.BOUGHT
    return str(ON_TRIAL if is_own else ORIGINS[subscription.origin])


def end_of(subscription: Subscription, at: datetime | None, *, renews: bool, language: str) -> str:
    """When it ends (P12). Empty: it is over, or has not begun, or nobody knows."""
    if subscription.is_for_good:
        return str(NEVER)
    if renews:
        return str(UNTIL_CANCELLED)
    return day(at, language)


def grouped(items: Iterable[Item]) -> tuple[Group, ...]:
    """By kind, in the order of the registered kinds. Asks the database nothing."""
    types = item_types()
    kinds = list(types)
    rows = sorted(items, key=lambda item: kinds.index(item.kind) if item.kind in kinds else len(kinds))
    return tuple(_group(kind, list(found)) for kind, found in groupby(rows, key=lambda item: item.kind))


def items_of(subscription: Subscription) -> Iterable[Item]:
    """What this subscription holds: not what was added for newcomers, and what it kept when it was taken out (G17)."""
    membership, began = subscription.membership, subscription.began_at
    rows = [*membership.bundle_items.all(), *membership.kept_items.all()]
    # By key: what was taken out may be in the bundle again.
    return {row.item_id: row.item for row in rows if row.is_for(began)}.values()


def instalments_of(subscription: Subscription, language: str) -> str:
    """How many are paid, and when the last one is due. Empty: it is not paid in instalments."""
    if not instalments.is_running(subscription):
        return ""
    wanted, paid = instalments.wanted(subscription), subscription.instalments_paid
    text = ngettext(
        "%(paid)s of %(all)s instalments is paid; the last one is due on %(last)s.",
        "%(paid)s of %(all)s instalments are paid; the last one is due on %(last)s.",
        paid,
    )
    return text % {"paid": paid, "all": wanted, "last": day_of(instalments.due_at(subscription, wanted - 1), language)}


def sellers() -> dict[tuple[str, bool], str]:
    """By account and mode: whom they pay (P9). One query."""
    rows = Account.objects.order_by("checked_at").values_list("stripe_id", "livemode", "name")
    return {(stripe_id, livemode): name for stripe_id, livemode, name in rows}


def _group(kind: str, items: list[Item]) -> Group:
    item_type = item_types().get(kind)
    label = kind if item_type is None else str(item_type.label if len(items) == 1 else item_type.label_plural)
    left = len(items) - NAMED
    more = ngettext("and %(count)s more", "and %(count)s more", left) % {"count": left} if left > 0 else ""
    return Group(label, tuple(items[:NAMED]), more)
