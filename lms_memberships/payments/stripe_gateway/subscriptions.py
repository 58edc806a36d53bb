"""How is a subscription read, ended, and kept after all?"""

from typing import TYPE_CHECKING

from ..gateway import NotFound, RequestRefused, SubscriptionSnapshot, SubscriptionStatus
from ..leaving import UNSAID, Why
from . import snapshots
from .calls import under
from .failures import translated
from .leaving import said
from .switching import SwitchCalls

if TYPE_CHECKING:
    from stripe.params import SubscriptionCancelParams

#: From here there is no way back, and nothing left to cancel.
OVER = {SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED}


class SubscriptionCalls(SwitchCalls):
    """Subscriptions."""

    def read_subscription(self, subscription_id: str) -> SubscriptionSnapshot:
        began = self.began()
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id, {"expand": snapshots.SUBSCRIPTION_EXPAND})
        return snapshots.subscription(found, read_started_at=began)

    def cancel_at_period_end(self, subscription_id: str, *, key: str, why: Why = UNSAID) -> None:
        with translated():
            self.let_go(self.client.v1.subscriptions.retrieve(subscription_id))
            self.client.v1.subscriptions.update(
                subscription_id, {"cancel_at_period_end": True, **said(why)}, under(key)
            )

    def resume(self, subscription_id: str, *, key: str) -> None:
        """Take back a planned end, also one that was set to a date in Stripe's dashboard."""
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id)
            if self.let_go(found):
                # The end that the schedule had set went with it.
                found = self.client.v1.subscriptions.retrieve(subscription_id)
            if found.cancel_at_period_end:
                self.client.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": False}, under(key))
            elif found.cancel_at is not None:
                self.client.v1.subscriptions.update(subscription_id, {"cancel_at": ""}, under(key))

    def cancel_now(self, subscription_id: str, *, why: Why = UNSAID, keeps_credit: bool = False) -> None:
        """End it at once. Ending what is over, or gone, is done: a second call changes nothing.

        ``keeps_credit``: what is put aside for the next invoice is invoiced now, so that it goes to the person's balance.
        """
        try:
            with translated():
                self.let_go(self.client.v1.subscriptions.retrieve(subscription_id))
                params: SubscriptionCancelParams = {"invoice_now": keeps_credit, "prorate": False}
                params.update(said(why))  # the same words in both calls
                self.client.v1.subscriptions.cancel(subscription_id, params)
        except (NotFound, RequestRefused):
            if not self._is_over(subscription_id):
                raise

    def _is_over(self, subscription_id: str) -> bool:
        try:
            return self.read_subscription(subscription_id).status in OVER
        except NotFound:
            return True
