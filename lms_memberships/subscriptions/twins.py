"""Of two that one person holds: is the same paid for twice by them? The same membership, or two tiers of a ladder (X8, K11)."""

from datetime import datetime

from ..memberships.ladder_models import Tier
from .models import Subscription


def ladders() -> dict[int, int]:
    """Of which ladder a membership is a tier."""
    return dict(Tier.objects.filter(ladder__is_on=True).values_list("membership_id", "ladder_id"))


def are_twins(one: Subscription, other: Subscription, ladder_of: dict[int, int], now: datetime) -> bool:
    """Both are charged; or one is, beside what is theirs for good. What ends by itself costs nothing more."""
    if one.membership_id != other.membership_id:
        ladder = ladder_of.get(one.membership_id)
        if ladder is None or ladder != ladder_of.get(other.membership_id):
            return False
    charged = [each for each in (one, other) if each.is_charged_on(now)]
    return len(charged) == 2 or (len(charged) == 1 and any(each.is_bought_for_good(now) for each in (one, other)))
