"""What is asked of the provider's own payment page, and what is read of it? A purchase, in our words."""

from dataclasses import dataclass, field
from datetime import datetime

from ..money import Money


@dataclass(frozen=True)
class SetupFee:
    """Paid once, beside the first payment. ``product_id`` says under which name."""

    product_id: str
    money: Money
    #: As the price beside it; empty: not said.
    tax_behavior: str = ""


@dataclass(frozen=True)
class CheckoutRequest:
    """One purchase on the provider's hosted page.

    ``trial_days`` 0 means none. ``expires_at`` is in the provider's time, None: the provider's default.
    ``promotion_code_id`` takes off from the beginning; with ``allow_promotion_codes`` the page asks for one itself.
    """

    price_id: str
    currency: str
    recurring: bool
    customer_id: str
    success_url: str
    cancel_url: str
    reference: str
    description: str
    metadata: dict[str, str]
    language: str = "auto"
    trial_days: int = 0
    trial_requires_card: bool = True
    expires_at: datetime | None = None
    promotion_code_id: str = ""
    allow_promotion_codes: bool = False
    setup_fee: SetupFee | None = None
    #: Of a guest, where there is no ``customer_id``: the provider makes a customer of its own for this purchase.
    customer_email: str = ""
    #: The provider reckons tax from the buyer's address, and asks companies for their tax id.
    automatic_tax: bool = False


@dataclass(frozen=True)
class CheckoutSnapshot:
    """``status`` is open, complete or expired; ``payment_status`` paid, unpaid or no_payment_required."""

    id: str
    url: str
    status: str
    payment_status: str
    recurring: bool
    customer_id: str
    subscription_id: str
    payment_intent_id: str
    invoice_id: str
    reference: str
    total: Money | None
    expires_at: datetime | None
    read_started_at: datetime
    metadata: dict[str, str] = field(default_factory=dict)
    #: What is taken off today, as the provider reckons it (X9), and by which code.
    discount: Money | None = None
    promotion_code_id: str = ""
    #: Whose mailbox the page has, as the provider collected it.
    email: str = ""
    #: The tax of today's payment, added or included.
    tax: Money | None = None
