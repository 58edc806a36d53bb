"""How is a subscription paused, and what would a discount make of its next payment (guide §11, §6)?"""

from typing import TYPE_CHECKING

from ..leaving import Why
from ..switching import PreviewSnapshot
from .calls import Calls, under
from .failures import translated
from .switching import PREVIEW_EXPAND, preview_of

if TYPE_CHECKING:
    from stripe.params import SubscriptionPauseParams, SubscriptionUpdateParams


class LeavingCalls(Calls):
    """Pauses and previews."""

    def pause(self, subscription_id: str, *, key: str) -> None:
        """No invoices and no access from now on; what was paid and is not used waits as a credit for the next one."""
        params: SubscriptionPauseParams = {
            "type": "subscription",
            "invoicing_behavior": "pending_invoice_item",
            "bill_for": {"unused_time_from": {"type": "now"}},
        }
        with translated():
            self.client.v1.subscriptions.pause(subscription_id, params, under(key))

    def preview_pause(self, subscription_id: str) -> PreviewSnapshot:
        """The lines say what would be credited. Nothing is changed.

        As if it were invoiced at once: of what merely waits for the next invoice Stripe has no preview, and the lines
        are the same. Where nothing would be credited it refuses.
        """
        with translated():
            found = self.client.v1.invoices.create_preview(
                {
                    "subscription": subscription_id,
                    "subscription_details": {
                        "pause": {
                            "type": "subscription",
                            "invoicing_behavior": "invoice",
                            "bill_for": {"unused_time_from": {"type": "now"}},
                        }
                    },
                }
            )
        return preview_of(found)

    def preview_unpause(self, subscription_id: str) -> PreviewSnapshot:
        """The invoice of the period that would begin now, less what waits to be credited."""
        with translated():
            found = self.client.v1.invoices.create_preview(
                {
                    "subscription": subscription_id,
                    "subscription_details": {"resume_at": "now"},
                    "expand": PREVIEW_EXPAND,
                }
            )
        return preview_of(found)

    def unpause(self, subscription_id: str, *, key: str) -> None:
        """A new period begins once its invoice is paid; until then it stays paused (guide §11)."""
        with translated():
            self.client.v1.subscriptions.resume(
                subscription_id,
                {"billing_cycle_anchor": {"type": "now"}, "payment_behavior": "resume_on_payment_success"},
                under(key),
            )

    def preview_with_code(self, subscription_id: str, code_id: str) -> PreviewSnapshot:
        """The next invoice, if this code were on it."""
        with translated():
            found = self.client.v1.invoices.create_preview(
                {"subscription": subscription_id, "discounts": [{"promotion_code": code_id}]}
            )
        return preview_of(found)

    def void_invoice(self, invoice_id: str, *, key: str) -> None:
        """Nobody can pay it any more. Stripe refuses while a payment for it is on its way."""
        with translated():
            self.client.v1.invoices.void_invoice(invoice_id, None, under(key))


def said(why: Why) -> "SubscriptionUpdateParams":
    """What goes beside a cancellation; nothing where nothing was said."""
    details = {name: value for name, value in (("feedback", why.feedback), ("comment", why.comment)) if value}
    return {"cancellation_details": details} if details else {}  # type: ignore[typeddict-item]  # built by name
