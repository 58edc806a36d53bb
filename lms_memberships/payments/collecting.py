"""What do we ask of the provider about money that did not come? Another try, why it failed, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .switching import PreviewSnapshot

#: Stripe's words for "the bank has not answered about the payment before this one".
ON_ITS_WAY = frozenset({"payment_intent_unexpected_state"})


@dataclass(frozen=True)
class CardSnapshot:
    """The card that pays for a subscription. ``expires_at``: from then on it pays nothing."""

    expires_at: datetime


class CollectGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def pay_invoice(self, invoice_id: str, *, key: str) -> str:
        """Charge what is on file for it, now. Raises ``CardDeclined``, whose ``needs_person`` says what the bank wants."""
        ...

    def preview_renewal(self, subscription_id: str) -> PreviewSnapshot:
        """What the next period will cost, with discounts and tax, if nothing changes until then."""
        ...

    def read_card(self, subscription_id: str) -> CardSnapshot | None:
        """None: nothing on file, or something that does not expire, such as a bank account."""
        ...
