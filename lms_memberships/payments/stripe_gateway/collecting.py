"""How is an open invoice tried again, what will the next one cost, and until when is the card good?"""

from datetime import UTC, datetime

import stripe

from ..collecting import CardSnapshot
from ..switching import PreviewSnapshot
from .calls import Calls, under
from .failures import translated
from .switching import preview_of

#: Of a subscription: its own payment method, and its customer's.
CARD_EXPAND = ["default_payment_method", "customer.invoice_settings.default_payment_method"]


class CollectCalls(Calls):
    """Open invoices, and what is to pay them."""

    def pay_invoice(self, invoice_id: str, *, key: str) -> str:
        with translated():
            return self.client.v1.invoices.pay(invoice_id, {}, under(key)).id

    def preview_renewal(self, subscription_id: str) -> PreviewSnapshot:
        with translated():
            return preview_of(self.client.v1.invoices.create_preview({"subscription": subscription_id}))

    def read_card(self, subscription_id: str) -> CardSnapshot | None:
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id, {"expand": CARD_EXPAND})
        method = found.default_payment_method or _default_of(found.customer)
        card = None if method is None or isinstance(method, str) else getattr(method, "card", None)
        return None if card is None else CardSnapshot(_end_of(card.exp_month, card.exp_year))


def _default_of(customer: stripe.Customer | str) -> "stripe.PaymentMethod | str | None":
    settings = None if isinstance(customer, str) else getattr(customer, "invoice_settings", None)
    return getattr(settings, "default_payment_method", None)


def _end_of(month: int, year: int) -> datetime:
    """A card is good until the last day of its month."""
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
