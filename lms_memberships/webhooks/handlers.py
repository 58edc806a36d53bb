"""Which event of Stripe's leads to which function of ours? An event only says which object to read again."""

from collections.abc import Callable
from datetime import datetime

from .. import killpoints
from ..memberships import promotions
from ..payments import connect
from ..payments.gateway import Gateway, NotFound
from ..payments.models import Customer, WebhookEvent
from ..subscriptions import (
    billing,
    cards,
    disputes,
    freed_credit,
    gift_refunding,
    guest_parking,
    lifecycle,
    refunds,
    reminders,
    settling,
    strangers,
)
from ..subscriptions.gift_models import Gift
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.models import Checkout, Invoice, Subscription
from ..subscriptions.told import OVER


class Reading:
    """What the events of one bundle have read: each object once, however many of them speak of it."""

    def __init__(self, *, gateway: Gateway, now: datetime) -> None:
        self.gateway = gateway
        self.now = now
        self._subscriptions: dict[str, Subscription | None] = {}
        self._invoices: dict[str, Invoice | None] = {}
        self._checkouts: dict[str, Checkout | Gift | GuestPurchase | None] = {}
        #: Subscriptions that wait for their guest.
        self._parked: set[str] = set()

    def subscription(self, stripe_id: str) -> Subscription | None:
        """The subscription, read and reconciled, with its latest invoice: one read says both."""
        if stripe_id not in self._subscriptions:
            snapshot = self.gateway.read_subscription(stripe_id)
            killpoints.reach("inbox.read")
            found = lifecycle.reconcile(snapshot, gateway=self.gateway, now=self.now)
            killpoints.reach("inbox.written")
            self._subscriptions[stripe_id] = found
            if found is not None and snapshot.latest_invoice is not None:
                owner = billing.Owner.of(found)
                latest = billing.record_invoice_of(owner, snapshot.latest_invoice, gateway=self.gateway, now=self.now)
                self._invoices[latest.stripe_id] = latest
                freed_credit.from_void(found, snapshot, gateway=self.gateway)
            if found is None and guest_parking.follow_subscription(snapshot, gateway=self.gateway, now=self.now):
                self._parked.add(stripe_id)
            elif found is None:
                strangers.note(snapshot, gateway=self.gateway)
        return self._subscriptions[stripe_id]

    def knows(self, stripe_id: str) -> bool:
        """Read like that, and it is somebody's, or waits for its guest."""
        return self.subscription(stripe_id) is not None or stripe_id in self._parked

    def invoice(self, stripe_id: str) -> Invoice | None:
        """The invoice, read and recorded."""
        if stripe_id not in self._invoices:
            snapshot = self.gateway.read_invoice(stripe_id)
            self._invoices[stripe_id] = billing.record_invoice(snapshot, gateway=self.gateway, now=self.now)
        return self._invoices[stripe_id]

    def checkout(self, stripe_id: str) -> Checkout | Gift | GuestPurchase | None:
        """The session, read and settled."""
        if stripe_id not in self._checkouts:
            snapshot = self.gateway.read_checkout(stripe_id)
            self._checkouts[stripe_id] = settling.follow(snapshot, gateway=self.gateway, now=self.now)
        return self._checkouts[stripe_id]


def follow_subscription(event: WebhookEvent, reading: Reading) -> bool:
    """Read the subscription."""
    return reading.knows(event.subscription_id)


def follow_invoice(event: WebhookEvent, reading: Reading) -> bool:
    """The subscription first: what an open invoice means depends on it. Then the invoice, unless that read told it."""
    if event.subscription_id and reading.subscription(event.subscription_id) is None:
        # What a guest bought has no invoices here until it is claimed: then all of them are read.
        return reading.knows(event.subscription_id)
    return reading.invoice(event.object_id) is not None


def follow_checkout(event: WebhookEvent, reading: Reading) -> bool:
    """A session that made a subscription has said all by naming it; any other is read."""
    if event.subscription_id:
        return reading.knows(event.subscription_id)
    return reading.checkout(event.object_id) is not None


def give_up_checkout(event: WebhookEvent, reading: Reading) -> bool:
    """A debit that did not come: read the session, and let its person try again (C7)."""
    if event.subscription_id:
        return reading.knows(event.subscription_id)
    snapshot = reading.gateway.read_checkout(event.object_id)
    if settling.give_up(snapshot, gateway=reading.gateway, now=reading.now) is not None:
        return True
    return guest_parking.give_up(snapshot, gateway=reading.gateway, now=reading.now) is not None


def announce_trial_end(event: WebhookEvent, reading: Reading) -> bool:
    """Read the subscription, then remind, if the trial that we read does end soon."""
    subscription = reading.subscription(event.subscription_id)
    if subscription is None:
        return reading.knows(event.subscription_id)
    reminders.remind_of_trial_end(subscription.pk, now=reading.now)
    return True


def follow_customer(event: WebhookEvent, reading: Reading) -> bool:
    """Deleted in Stripe, which ends all of its subscriptions at once (G11). The member stays: they may buy again."""
    mine = Subscription.objects.at(reading.gateway).filter(customer_id=event.object_id).exclude(stripe_id="")
    for subscription in mine.filter(is_recurring=True).exclude(status__in=OVER).order_by("pk"):
        try:
            reading.subscription(subscription.stripe_id)
        except NotFound:
            lifecycle.end_what_is_gone(subscription.pk, now=reading.now)
    parked = GuestPurchase.objects.at(reading.gateway).unclaimed().filter(customer_id=event.object_id)
    for purchase in parked.order_by("pk"):
        guest_parking.refresh(purchase, gateway=reading.gateway, now=reading.now)
    known = Customer.objects.filter(account=event.account, livemode=event.livemode, stripe_id=event.object_id)
    return known.exists()


def follow_card(event: WebhookEvent, reading: Reading) -> bool:
    """Another card, perhaps, in the portal or in Stripe's dashboard: it is charged from now on (P6)."""
    mine = Customer.objects.filter(account=event.account, livemode=event.livemode, stripe_id=event.object_id)
    if not mine.exists() and not cards.paid_by(event.object_id, gateway=reading.gateway).exists():
        return False
    if cards.follow(event.object_id, gateway=reading.gateway, now=reading.now).kept:
        # Told of once more later, and seen by whoever looks after the site if it is refused for good.
        raise cards.CardNotTaken
    return True


def follow_code(event: WebhookEvent, reading: Reading) -> bool:
    """Made, changed or used up, here or in Stripe's dashboard: read it again (V20)."""
    return promotions.follow(event.object_id, gateway=reading.gateway) is not None


def follow_coupon(event: WebhookEvent, reading: Reading) -> bool:
    """What stands behind codes has changed, or is gone, and they with it."""
    return promotions.follow_coupon(event.object_id, gateway=reading.gateway) > 0


def follow_refund(event: WebhookEvent, reading: Reading) -> bool:
    """Money was given back, here or in Stripe's dashboard; or could not be given back after all (G9)."""
    snapshot = reading.gateway.read_refund(event.object_id)
    refund = refunds.record(snapshot, gateway=reading.gateway, now=reading.now)
    gift_refunding.follow(snapshot.payment_intent_id, gateway=reading.gateway, now=reading.now)
    return refund is not None


def follow_dispute(event: WebhookEvent, reading: Reading) -> bool:
    """Somebody had their bank take a payment back, or the bank has decided (G7). In any order: the dispute is read."""
    snapshot = reading.gateway.read_dispute(event.object_id)
    return disputes.record(snapshot, gateway=reading.gateway, now=reading.now) is not None


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
    "checkout.session.async_payment_failed": give_up_checkout,
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
    # The billing portal tells of a new card in no other way.
    "customer.updated": follow_card,
    # Deleted in Stripe's dashboard, and with it all that it paid for.
    "customer.deleted": follow_customer,
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
    "refund.created": follow_refund,
    "refund.updated": follow_refund,
    "refund.failed": follow_refund,
    "charge.dispute.created": follow_dispute,
    "charge.dispute.updated": follow_dispute,
    "charge.dispute.closed": follow_dispute,
    "promotion_code.created": follow_code,
    "promotion_code.updated": follow_code,
    "coupon.updated": follow_coupon,
    "coupon.deleted": follow_coupon,
    "account.updated": refresh_account,
}
