"""In which ways does a purchase go, as Stripe tells it? Events in their order, each with what a read at that moment says."""

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

import stripe

from lms_memberships.models import WebhookEvent
from lms_memberships.payments.gateway import InvoiceSnapshot, SubscriptionSnapshot
from lms_memberships.payments.stripe_gateway import snapshots
from lms_memberships.payments.stripe_gateway.gateway import StripeGateway

SUBSCRIPTION, INVOICE, SESSION = "customer.subscription.", "invoice.", "checkout.session."
ACCOUNT = "acct_sandbox"

INCOMPLETE, ACTIVE, TRIALING = {"status": "incomplete"}, {"status": "active"}, {"status": "trialing"}
EXPIRED = {"status": "incomplete_expired"}
DRAFT = {"status": "draft", "amount_paid": 0, "attempt_count": 0, "paid_at": None}
OPEN = {**DRAFT, "status": "open"}
FAILED = {**OPEN, "attempt_count": 1}
VOID = {**FAILED, "status": "void"}
#: As it was recorded: paid.
PAID: dict[str, object] = {}
ENDING = {**ACTIVE, "cancel_at_period_end": True}


@dataclass(frozen=True)
class Told:
    """One event, and what Stripe would say of subscription and invoice at that moment."""

    type: str
    subscription: dict
    invoice: dict


def told(*steps: tuple[str, dict, dict]) -> list[Told]:
    return [Told(*step) for step in steps]


WAYS: dict[str, list[Told]] = {
    "paid": told(
        ("customer.subscription.created", INCOMPLETE, DRAFT),
        ("invoice.created", INCOMPLETE, DRAFT),
        ("invoice.finalized", INCOMPLETE, OPEN),
        ("invoice.paid", INCOMPLETE, PAID),
        ("customer.subscription.updated", ACTIVE, PAID),
        ("checkout.session.completed", ACTIVE, PAID),
    ),
    # A debit: Stripe calls the subscription active days before the money comes.
    "async": told(
        ("customer.subscription.created", ACTIVE, DRAFT),
        ("invoice.created", ACTIVE, DRAFT),
        ("invoice.finalized", ACTIVE, OPEN),
        ("checkout.session.completed", ACTIVE, OPEN),
        ("checkout.session.async_payment_succeeded", ACTIVE, PAID),
        ("invoice.paid", ACTIVE, PAID),
    ),
    "trial": told(
        ("customer.subscription.created", TRIALING, DRAFT),
        ("invoice.created", TRIALING, DRAFT),
        ("invoice.finalized", TRIALING, OPEN),
        ("invoice.paid", TRIALING, PAID),
        ("checkout.session.completed", TRIALING, PAID),
        ("customer.subscription.updated", TRIALING, PAID),
    ),
    "3-D Secure": told(
        ("customer.subscription.created", INCOMPLETE, DRAFT),
        ("invoice.finalized", INCOMPLETE, OPEN),
        ("invoice.payment_action_required", INCOMPLETE, OPEN),
        ("invoice.paid", INCOMPLETE, PAID),
        ("customer.subscription.updated", ACTIVE, PAID),
        ("checkout.session.completed", ACTIVE, PAID),
    ),
    "decline": told(
        ("customer.subscription.created", INCOMPLETE, DRAFT),
        ("invoice.created", INCOMPLETE, DRAFT),
        ("invoice.finalized", INCOMPLETE, OPEN),
        ("invoice.payment_failed", INCOMPLETE, FAILED),
        ("invoice.voided", EXPIRED, VOID),
        ("customer.subscription.updated", EXPIRED, VOID),
    ),
}

#: Fourteen, all of them about what we follow: declined, paid with another card, cancelled, kept, cancelled again.
LONG = told(
    ("customer.subscription.created", INCOMPLETE, DRAFT),
    ("invoice.created", INCOMPLETE, DRAFT),
    ("invoice.finalized", INCOMPLETE, OPEN),
    ("invoice.payment_failed", INCOMPLETE, FAILED),
    ("invoice.updated", INCOMPLETE, FAILED),
    ("invoice.payment_action_required", INCOMPLETE, FAILED),
    ("invoice.paid", INCOMPLETE, PAID),
    ("invoice.payment_succeeded", ACTIVE, PAID),
    ("customer.subscription.updated", ACTIVE, PAID),
    ("checkout.session.completed", ACTIVE, PAID),
    ("customer.subscription.updated", ENDING, PAID),
    ("customer.subscription.updated", ACTIVE, PAID),
    ("invoice.updated", ACTIVE, PAID),
    ("customer.subscription.updated", ENDING, PAID),
)


class History(StripeGateway):
    """Stripe as it was at the ``moment`` of one event: a read that is as old as the event that asks for it.

    The objects are what the sandbox answered over HTTP; whatever is not read here would go to an address where
    nobody answers.
    """

    def __init__(self, subscription: dict, way: list[Told], *, began: datetime) -> None:
        super().__init__("sk_test_memberships", api_base="http://127.0.0.1:9", account_id=ACCOUNT)
        self.way = way
        self.moment = 0
        self._began = began
        self._subscription = subscription

    def event(self, moment: int) -> WebhookEvent:
        """The row that the intake would have noted."""
        kind = self.way[moment].type
        invoice = self._subscription["latest_invoice"]["id"]
        about = {SUBSCRIPTION: self._subscription["id"], INVOICE: invoice, SESSION: "cs_of_the_purchase"}
        found = next(identity for beginning, identity in about.items() if kind.startswith(beginning))
        # All in one second: who sorted by it would have no order at all (B10).
        return WebhookEvent(
            type=kind, object_id=found, subscription_id=self._subscription["id"], created_at=self._began
        )

    def read_subscription(self, subscription_id: str) -> SubscriptionSnapshot:
        then = {**copy.deepcopy(self._subscription), **self.way[self.moment].subscription}
        then["latest_invoice"] = self._invoice()
        return snapshots.subscription(stripe.Subscription.construct_from(then, None), read_started_at=self._then)

    def read_invoice(self, invoice_id: str) -> InvoiceSnapshot:
        return snapshots.invoice(stripe.Invoice.construct_from(self._invoice(), None), read_started_at=self._then)

    @property
    def _then(self) -> datetime:
        return self._began + timedelta(seconds=self.moment)

    def _invoice(self) -> dict:
        recorded = copy.deepcopy(self._subscription["latest_invoice"])
        change = dict(self.way[self.moment].invoice)
        if "paid_at" in change:
            recorded["status_transitions"]["paid_at"] = change.pop("paid_at")
        return {**recorded, **change}
