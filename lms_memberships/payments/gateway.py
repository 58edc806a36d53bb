"""What do we ask of a payment provider, in our own words? The Protocol, its requests, snapshots and failures."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from ..errors import OutsideFailure
from ..money import Money


class SubscriptionStatus(StrEnum):
    """Where a subscription stands at the provider. An unknown word fails in the gateway, never quietly here."""

    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"


class GatewayFailure(OutsideFailure):
    """The provider failed or said no for a reason that is not the buyer's. May be worth another try."""

    message = _("Stripe did not answer as expected. Nothing was charged. Please try again.")
    #: True when it is not known whether the provider carried out the request.
    is_ambiguous = False
    #: The provider's own machine word, for logs and look-ups.
    code = ""
    #: True when the provider repeated an answer that it had remembered under the idempotency key (D3).
    is_replayed = False


class GatewayUnreachable(GatewayFailure):
    """No answer, or a server error: the request may or may not have been carried out."""

    message = _("Stripe could not be reached. Please try again in a moment.")
    is_ambiguous = True


class RateLimited(GatewayFailure):
    """Too many requests; nothing was done."""

    message = _("Stripe is busy. Please try again in a moment.")


class KeyRejected(GatewayFailure):
    """The key is wrong, revoked or lacks a permission; the message names which."""

    message = _("Stripe did not accept the key. Check it under Settings → Stripe.")


class NotFound(GatewayFailure):
    """The object does not exist in this account."""

    message = _("Stripe does not know this object.")


class RequestRefused(GatewayFailure):
    """Stripe understood and refused; the message carries Stripe's reason."""


class BadSignature(Exception):
    """A webhook call that is not proven to come from the provider. Answer 400 and store nothing."""


@dataclass(frozen=True)
class AccountSnapshot:
    id: str
    livemode: bool
    charges_enabled: bool
    name: str = ""
    email: str = ""
    country: str = ""
    default_currency: str = ""
    disabled_reason: str = ""
    requirements_due: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductRequest:
    """``id`` is chosen by us (guide §3), so that a second creation finds the first."""

    id: str
    name: str
    description: str
    image_url: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class PriceRequest:
    """``interval`` is week, month or year; None means paid once."""

    product_id: str
    money: Money
    interval: str | None
    interval_count: int
    lookup_key: str
    nickname: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class PriceSnapshot:
    id: str
    product_id: str
    active: bool
    money: Money
    interval: str | None
    interval_count: int
    lookup_key: str


@dataclass(frozen=True)
class CustomerRequest:
    email: str
    name: str
    language: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class CheckoutRequest:
    """One purchase on the provider's hosted page.

    ``trial_days`` 0 means none. ``expires_at`` is in the provider's time, None: the provider's default.
    """

    price_id: str
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


@dataclass(frozen=True)
class InvoiceSnapshot:
    """``status``: draft, open, paid, uncollectible or void. ``attempts`` counts tries to collect."""

    id: str
    number: str
    status: str
    total: Money
    amount_paid: Money
    amount_due: Money
    billing_reason: str
    customer_id: str
    subscription_id: str
    payment_intent_id: str
    created_at: datetime
    paid_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    hosted_url: str
    pdf_url: str
    read_started_at: datetime
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Paid, or there was nothing to pay."""
        return self.status == "paid"


@dataclass(frozen=True)
class SubscriptionSnapshot:
    """A subscription as read at one moment. ``cancel_at`` is set whenever an end is planned."""

    id: str
    status: SubscriptionStatus
    customer_id: str
    price_id: str
    product_id: str
    money: Money
    interval: str | None
    interval_count: int
    current_period_start: datetime
    current_period_end: datetime
    trial_end: datetime | None
    cancel_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    started_at: datetime
    has_card: bool
    latest_invoice: InvoiceSnapshot | None
    read_started_at: datetime
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """A webhook call, proven genuine: a hint about which object to read again."""

    id: str
    type: str
    account_id: str
    livemode: bool
    object_type: str
    object_id: str
    #: The subscription that the object belongs to, where the call says so; only to bundle work.
    subscription_id: str
    api_version: str
    created_at: datetime


class Gateway(Protocol):
    """Everything that we ask of Stripe. ``key`` is the idempotency key of the intent that stands behind a call.

    Every method raises a ``GatewayFailure``; an ambiguous one leaves the intent ``unknown``.
    """

    account_id: str
    livemode: bool

    def read_account(self) -> AccountSnapshot: ...
    def create_product(self, request: ProductRequest, *, key: str) -> str: ...
    def find_product(self, product_id: str) -> str | None: ...
    def update_product(self, request: ProductRequest, *, key: str) -> None: ...
    def create_price(self, request: PriceRequest, *, key: str) -> PriceSnapshot: ...
    def find_price(self, lookup_key: str) -> PriceSnapshot | None: ...
    def create_customer(self, request: CustomerRequest, *, key: str) -> str: ...
    def find_customer(self, *, email: str, metadata_key: str, metadata_value: str) -> str | None: ...
    def customer_exists(self, customer_id: str) -> bool: ...
    def create_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSnapshot: ...
    def read_checkout(self, checkout_id: str) -> CheckoutSnapshot: ...
    def find_checkout(self, *, customer_id: str, reference: str) -> CheckoutSnapshot | None: ...
    def expire_checkout(self, checkout_id: str) -> None: ...
    def read_subscription(self, subscription_id: str) -> SubscriptionSnapshot: ...
    def cancel_at_period_end(self, subscription_id: str, *, key: str) -> None: ...
    def resume(self, subscription_id: str, *, key: str) -> None: ...
    def cancel_now(self, subscription_id: str) -> None: ...
    def read_invoice(self, invoice_id: str) -> InvoiceSnapshot: ...
    def list_invoices(self, *, subscription_id: str) -> list[InvoiceSnapshot]: ...
    def refund_payment(self, payment_intent_id: str, *, key: str, metadata: dict[str, str]) -> str: ...
    def find_refund(self, payment_intent_id: str) -> str | None: ...
