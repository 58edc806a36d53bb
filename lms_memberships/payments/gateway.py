"""What do we ask of a payment provider, in our own words? The Protocol, its requests, snapshots and failures."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ..money import Money
from .checkouts import CheckoutRequest as CheckoutRequest
from .checkouts import CheckoutSnapshot as CheckoutSnapshot
from .checkouts import SetupFee as SetupFee
from .collecting import CollectGateway
from .credits import CreditGateway
from .endpoints import EndpointGateway
from .existing_prices import ExistingPriceGateway

# Whoever asks the gateway hears these from it.
from .failures import BadSignature as BadSignature
from .failures import CardDeclined as CardDeclined
from .failures import GatewayFailure as GatewayFailure
from .failures import GatewayUnreachable as GatewayUnreachable
from .failures import KeyExpired as KeyExpired
from .failures import KeyRejected as KeyRejected
from .failures import Locked as Locked
from .failures import NotAsked as NotAsked
from .failures import NotFound as NotFound
from .failures import PermissionMissing as PermissionMissing
from .failures import RateLimited as RateLimited
from .failures import RequestRefused as RequestRefused
from .items import ItemSnapshot
from .leaving import LeavingGateway
from .lists import EventSnapshot, Page, Part
from .portal import PortalGateway
from .price_moves import PriceMoveGateway
from .promotions import PromotionGateway
from .refunds import RefundGateway
from .schedules import ScheduleGateway
from .stewardship import StewardGateway
from .switching import SwitchGateway
from .taxes import TaxGateway


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
    #: Whether tax is part of it or added to it: "inclusive" or "exclusive". It cannot be changed later (guide §3).
    tax_behavior: str = "inclusive"


@dataclass(frozen=True)
class PriceSnapshot:
    id: str
    product_id: str
    active: bool
    money: Money
    interval: str | None
    interval_count: int
    lookup_key: str
    #: "unspecified" for one that was made without: with Stripe Tax it cannot be sold.
    tax_behavior: str = "unspecified"


@dataclass(frozen=True)
class CustomerRequest:
    email: str
    name: str
    language: str
    metadata: dict[str, str]


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
    #: The one payment that has settled all of it; empty: none, several, or some of it came past the provider.
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
    #: What credit notes gave back after it was paid; None: nothing.
    credited: Money | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    #: The provider's own sums (H5): before discounts and added tax, what was taken off, tax on top and tax inside.
    subtotal: Money | None = None
    discount: Money | None = None
    tax_added: Money | None = None
    tax_included: Money | None = None
    #: All payments at the provider that have paid it or a part of it.
    payment_ids: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Paid, or there was nothing to pay."""
        return self.status == "paid"

    @property
    def adds_up(self) -> bool:
        """Total = subtotal − discounts + tax that is added (H5); one that was read without its sums is not judged."""
        if self.subtotal is None or self.discount is None or self.tax_added is None:
            return True
        return self.total.minor == self.subtotal.minor - self.discount.minor + self.tax_added.minor


@dataclass(frozen=True)
class LastingDiscount:
    """What is taken off every payment for good: a share in basis points (1250 is 12.5 %), or an amount."""

    percent_off: int | None = None
    amount_off: Money | None = None


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
    #: The schedule that leads it; an end that such a one has set is in ``cancel_at`` too.
    schedule_id: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    #: What is billed, of which there may be more than one: price, money and period above are those of one of them.
    item_id: str = ""
    quantity: int = 1
    items: tuple[ItemSnapshot, ...] = ()
    #: Until when a change that was asked for can still be paid; None: none waits.
    pending_until: datetime | None = None
    #: Without those that end after a payment, or after some months.
    lasting_discounts: tuple[LastingDiscount, ...] = ()
    #: Whether a discount, or a credit of the customer's, is taken off the next payment.
    is_reduced: bool = False
    #: How invoices are treated while payments are paused: void, keep_as_draft or mark_uncollectible. Empty: not paused.
    collection_paused: str = ""
    #: Whether it can be paused as a whole: the provider does that for its newer kind alone.
    is_flexible: bool = True
    #: Since when it is paused as a whole; None: it is not, or the provider does not say.
    paused_at: datetime | None = None

    @property
    def item_count(self) -> int:
        return len(self.items) or 1

    @property
    def price_ids(self) -> frozenset[str]:
        """All that are billed."""
        return frozenset({self.price_id, *(each.price_id for each in self.items)})

    @property
    def product_ids(self) -> frozenset[str]:
        return frozenset({self.product_id, *(each.product_id for each in self.items)})


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
    #: Which of the site's secrets proved it, by a name that does not say it (S4).
    signed_with: str = ""


class Gateway(
    CollectGateway,
    CreditGateway,
    EndpointGateway,
    ExistingPriceGateway,
    PortalGateway,
    LeavingGateway,
    PriceMoveGateway,
    PromotionGateway,
    RefundGateway,
    ScheduleGateway,
    StewardGateway,
    SwitchGateway,
    TaxGateway,
    Protocol,
):
    """Everything that we ask of Stripe. ``key`` is the idempotency key of the intent that stands behind a call.

    Every method raises a ``GatewayFailure``; an ambiguous one leaves the intent ``unknown``.
    """

    account_id: str
    livemode: bool

    def read_account(self) -> AccountSnapshot: ...
    def create_product(self, request: ProductRequest, *, key: str) -> str: ...
    def find_product(self, product_id: str) -> str | None: ...
    def update_product(self, request: ProductRequest, *, key: str) -> None: ...
    def product_shows(self, request: ProductRequest) -> bool: ...
    def create_price(self, request: PriceRequest, *, key: str) -> PriceSnapshot: ...
    def find_price(self, lookup_key: str) -> PriceSnapshot | None: ...
    def create_customer(self, request: CustomerRequest, *, key: str) -> str: ...
    def find_customer(self, *, email: str, metadata_key: str, metadata_value: str) -> str | None: ...
    def customer_exists(self, customer_id: str) -> bool: ...
    def update_customer_email(self, customer_id: str, email: str, *, key: str) -> None: ...
    def customer_email(self, customer_id: str) -> str | None: ...
    def create_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSnapshot: ...
    def read_checkout(self, checkout_id: str) -> CheckoutSnapshot: ...
    def find_checkout(self, *, customer_id: str, reference: str) -> CheckoutSnapshot | None: ...
    def find_checkout_since(self, *, reference: str, since: datetime) -> CheckoutSnapshot | None: ...
    def expire_checkout(self, checkout_id: str) -> None: ...
    def read_subscription(self, subscription_id: str) -> SubscriptionSnapshot: ...
    def resume(self, subscription_id: str, *, key: str) -> None: ...
    def read_invoice(self, invoice_id: str) -> InvoiceSnapshot: ...
    def list_invoices(self, *, subscription_id: str) -> list[InvoiceSnapshot]: ...
    def refund_payment(self, payment_intent_id: str, *, key: str, metadata: dict[str, str]) -> str: ...
    def find_refund(self, payment_intent_id: str) -> str | None: ...
    def payment_of_refund(self, refund_id: str) -> str: ...
    def refunded(self, payment_intent_id: str) -> Money | None: ...
    def list_events(self, types: tuple[str, ...], part: Part) -> Page[EventSnapshot]: ...
    def list_subscriptions(self, part: Part) -> Page[SubscriptionSnapshot]: ...
    def list_checkouts(self, part: Part) -> Page[CheckoutSnapshot]: ...
    def list_account_invoices(self, part: Part) -> Page[InvoiceSnapshot]: ...
