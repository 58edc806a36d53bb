"""How does a running subscription get another price, without anything being charged or given back (guide §8)?"""

from ..gateway import NotFound, SubscriptionSnapshot
from . import snapshots
from .calls import Calls, under
from .failures import translated


class PriceMoveCalls(Calls):
    """Another price from the next renewal on."""

    def move_price(self, subscription_id: str, *, old: str, new: str, key: str) -> SubscriptionSnapshot:
        """The item is named, or Stripe would add a second one; and its quantity, or Stripe would make it one."""
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id)
        item = next((each for each in found["items"].data if each.price.id == old), None)
        if item is None:
            raise NotFound
        began = self.began()
        with translated():
            moved = self.client.v1.subscriptions.update(
                subscription_id,
                {
                    "items": [{"id": item.id, "price": new, "quantity": getattr(item, "quantity", None) or 1}],
                    "proration_behavior": "none",
                    "expand": snapshots.SUBSCRIPTION_EXPAND,
                },
                under(key),
            )
        return snapshots.subscription(moved, read_started_at=began)
