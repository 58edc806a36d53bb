"""Which of the things that a subscription bills is the membership? The one at a price of ours, whatever else was added (G12)."""

from collections.abc import Collection
from dataclasses import replace

from ..memberships.models import Price
from ..payments.gateway import SubscriptionSnapshot
from ..payments.items import longest
from .models import Subscription


def of(subscription: Subscription, snapshot: SubscriptionSnapshot) -> SubscriptionSnapshot:
    """The snapshot, as that one has it: first the price that the row is at, then any that is known."""
    if snapshot.item_count == 1:
        return snapshot
    if subscription.price is not None and subscription.price.stripe_id in snapshot.price_ids:
        return among(snapshot, {subscription.price.stripe_id})
    known = Price.objects.filter(account=subscription.account, livemode=subscription.livemode)
    ours = known.filter(stripe_id__in=snapshot.price_ids).values_list("stripe_id", flat=True)
    return among(snapshot, set(ours))


def among(snapshot: SubscriptionSnapshot, price_ids: Collection[str]) -> SubscriptionSnapshot:
    """As the one at one of these prices has it; of several, the longest. At none of them: as it was read."""
    ours = tuple(each for each in snapshot.items if each.price_id in price_ids)
    return replace(snapshot, **vars(longest(ours))) if ours else snapshot
