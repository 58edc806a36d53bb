"""What is said of a subscription that was marked as a double? Nothing once the other of the two is charged no more (K11)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ...subscriptions import twins
from ...subscriptions.models import Subscription
from ...subscriptions.queries import DOUBLE

SAME: str | Promise = _("They hold this membership twice. End one of the two.")
TIERS: str | Promise = _("They pay for two tiers of one ladder. End one of the two.")


def said_of(rows: Iterable[Subscription], user: Any, *, now: datetime) -> dict[int, str]:
    """By subscription. Asks the database only where one of these is marked."""
    marked = [row for row in rows if row.flag == DOUBLE]
    if not marked:
        return {}
    ladder_of = twins.ladders()
    held = list(Subscription.objects.filter(user=user).order_by("pk"))
    said = {}
    for row in marked:
        others = [each for each in held if each.pk != row.pk and twins.are_twins(row, each, ladder_of, now)]
        if others:
            is_same = any(each.membership_id == row.membership_id for each in others)
            said[row.pk] = str(SAME if is_same else TIERS)
    return said
