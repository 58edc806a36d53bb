"""Which event of Stripe's leads to which function of ours? An event only says which object to read again."""

from collections.abc import Callable
from datetime import datetime

from ..payments import connect
from ..payments.gateway import Gateway
from ..payments.models import WebhookEvent
from ..subscriptions import billing, lifecycle, settling
from ..subscriptions.models import Checkout, Invoice, Subscription


class Reading:
    """What the events of one bundle have read: each object once, however many of them speak of it."""

    def __init__(self, *, gateway: Gateway, now: datetime) -> None:
        self.gateway = gateway
        self.now = now
        self._subscriptions: dict[str, Subscription | None] = {}
        self._invoices: dict[str, Invoice | None] = {}
        self._checkouts: dict[str, Checkout | None] = {}

    def subscription(self, stripe_id: str) -> Subscription | None:
        """The subscription, read and reconciled, with its latest invoice: one read says both."""
        if stripe_id not in self._subscriptions:
            snapshot = self.gateway.read_subscription(stripe_id)
            found = lifecycle.reconcile(snapshot, gateway=self.gateway, now=self.now)
            self._subscriptions[stripe_id] = found
            if found is not None and snapshot.latest_invoice is not None:
                owner = billing.Owner.of(found)
                latest = billing.record_invoice_of(owner, snapshot.latest_invoice, gateway=self.gateway)
                self._invoices[latest.stripe_id] = latest
        return self._subscriptions[stripe_id]

    def invoice(self, stripe_id: str) -> Invoice | None:
        """The invoice, read and recorded."""
        if stripe_id not in self._invoices:
            snapshot = self.gateway.read_invoice(stripe_id)
            self._invoices[stripe_id] = billing.record_invoice(snapshot, gateway=self.gateway, now=self.now)
        return self._invoices[stripe_id]

    def checkout(self, stripe_id: str) -> Checkout | None:
        """The session, read and settled."""
        if stripe_id not in self._checkouts:
            snapshot = self.gateway.read_checkout(stripe_id)
            self._checkouts[stripe_id] = settling.settle(snapshot, gateway=self.gateway, now=self.now)
        return self._checkouts[stripe_id]


def follow_subscription(event: WebhookEvent, reading: Reading) -> bool:
    """Read the subscription."""
    return reading.subscription(event.subscription_id) is not None


def follow_invoice(event: WebhookEvent, reading: Reading) -> bool:
    """The subscription first: what an open invoice means depends on it. Then the invoice, unless that read told it."""
    if event.subscription_id and reading.subscription(event.subscription_id) is None:
        return False
    return reading.invoice(event.object_id) is not None


def follow_checkout(event: WebhookEvent, reading: Reading) -> bool:
    """A session that made a subscription has said all by naming it; any other is read."""
    if event.subscription_id:
        return reading.subscription(event.subscription_id) is not None
    return reading.checkout(event.object_id) is not None


def announce_trial_end(event: WebhookEvent, reading: Reading) -> bool:
    """Read the subscription, then remind, if the trial that we read does end soon."""
    subscription = reading.subscription(event.subscription_id)
    if subscription is None:
        return False
    lifecycle.remind_of_trial_end(subscription.pk, now=reading.now)
    return True


def refresh_account(event: WebhookEvent, reading: Reading) -> bool:
    """Read the account again: whether it can charge decides whether anything can be sold."""
    connect.refresh()
    return True


#: From event to function; True means that it was about something of ours. What is not here is not even stored.
HANDLERS: dict[str, Callable[[WebhookEvent, Reading], bool]] = {
    # Any of the first few may arrive first, and each of them is enough (trap 18, A16).
    "checkout.session.completed": follow_checkout,
    # A debit arrived days after the purchase, or did not.
    "checkout.session.async_payment_succeeded": follow_checkout,
    "checkout.session.async_payment_failed": follow_checkout,
    # Nobody will pay on that page any more: the next press makes a new one.
    "checkout.session.expired": follow_checkout,
    "customer.subscription.created": follow_subscription,
    # Renewal, cancellation, failure, recovery, a change in Stripe's dashboard.
    "customer.subscription.updated": follow_subscription,
    "customer.subscription.deleted": follow_subscription,
    "customer.subscription.paused": follow_subscription,
    "customer.subscription.resumed": follow_subscription,
    # Told three days before. The nightly job tells it too, for those whose event got lost (G6).
    "customer.subscription.trial_will_end": announce_trial_end,
    "invoice.created": follow_invoice,
    "invoice.finalized": follow_invoice,
    "invoice.paid": follow_invoice,
    # What older endpoints have instead of, or beside, invoice.paid.
    "invoice.payment_succeeded": follow_invoice,
    "invoice.payment_failed": follow_invoice,
    # The bank wants the student to confirm: to us a payment that has not come.
    "invoice.payment_action_required": follow_invoice,
    "invoice.updated": follow_invoice,
    "invoice.voided": follow_invoice,
    "invoice.marked_uncollectible": follow_invoice,
    "account.updated": refresh_account,
}
