"""The life of a subscription: what Stripe says becomes our row. The only writer of ``Subscription.status``.

Webhooks, the return page, the nightly job: all read the object and call the same functions. Whoever comes second,
or late, finds nothing left to tell.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from .. import events
from ..payments.gateway import CheckoutSnapshot, Gateway, SubscriptionSnapshot, SubscriptionStatus
from . import copies, duplicates, people
from .liveness import Standing, access_until
from .models import Checkout, Subscription
from .queries import BILLED
from .told import Told, differences, save_and_tell

logger = logging.getLogger(__name__)

#: A one-time purchase of nothing (a free coupon) is complete without a payment.
SETTLED = frozenset({"paid", "no_payment_required"})
#: Stripe tells three days before; the hour is for clocks that differ.
SOON = timedelta(days=3, hours=1)

Copy = Callable[[Subscription], None]


def reconcile(snapshot: SubscriptionSnapshot, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """Write what was read, and tell what changed by it. None: it is not one of ours, and nothing was written."""
    subscription = _reconcile(snapshot, gateway=gateway, now=now)
    if subscription is None or not subscription.must_be_undone:
        return subscription
    duplicates.undo(subscription, snapshot.latest_invoice, gateway=gateway, now=now)
    return _reconcile(gateway.read_subscription(snapshot.id), gateway=gateway, now=now)


def reconcile_purchase(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """The same for what is paid once: it exists from the moment it is paid, and for good.

    None: not ours, or the money (a debit) is still on its way.
    """
    if snapshot.recurring or snapshot.status != "complete" or snapshot.payment_status not in SETTLED:
        return None
    # Bought with a coupon for nothing, it has no payment to be named after.
    stripe_id = snapshot.payment_intent_id or snapshot.id
    attempt = snapshot.metadata.get(people.ATTEMPT_KEY) or snapshot.reference

    read = Read(stripe_id, attempt, snapshot.read_started_at, is_settled=True)

    def copy(subscription: Subscription) -> None:
        # What is paid stays so in Stripe's session for ever: only the first look may write.
        if subscription.pk is None:
            copies.copy_purchase(subscription, snapshot, now=now)

    subscription = _write(read, copy, gateway=gateway, now=now)
    if subscription is not None and subscription.must_be_undone:
        duplicates.undo_purchase(subscription, gateway=gateway, now=now)
    return subscription


def announce_lapses(*, now: datetime) -> int:
    """Tell what time alone has closed: the end of a trial, of a period, of the days of grace."""
    told = 0
    lapsed = Subscription.objects.run_out(now).order_by("pk").values_list("pk", "user_id")
    for pk, user_id in list(lapsed):
        with transaction.atomic():
            people.lock_person(user_id)
            holdings = people.holdings(user_id)
            subscription = next(row for row in holdings if row.pk == pk)
            facts = _access_facts(subscription, duplicates.Others(subscription, holdings), now)
            save_and_tell(subscription, facts)
        told += len(facts)
    return told


def remind_of_trial_end(subscription_id: int, *, now: datetime) -> bool:
    """Tell once that a trial ends soon; again only if its end was moved. Not when it was cancelled anyway."""
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        is_due = (
            subscription.status == SubscriptionStatus.TRIALING
            and subscription.cancel_at is None
            and subscription.is_live(now)
            and subscription.trial_end is not None
            and now < subscription.trial_end <= now + SOON
            and subscription.trial_end != subscription.trial_reminded_for
        )
        if is_due:
            subscription.trial_reminded_for = subscription.trial_end
            save_and_tell(subscription, [events.TrialEndsSoon])
    return is_due


@dataclass(frozen=True)
class Read:
    """What a read found, apart from the fields: whose it is, when it began, whether the first invoice is settled."""

    stripe_id: str
    attempt: str
    started_at: datetime
    is_settled: bool
    canceled_at: datetime | None = None


def _reconcile(snapshot: SubscriptionSnapshot, *, gateway: Gateway, now: datetime) -> Subscription | None:
    read = Read(
        stripe_id=snapshot.id,
        attempt=snapshot.metadata.get(people.ATTEMPT_KEY, ""),
        started_at=snapshot.read_started_at,
        is_settled=_is_first_invoice_settled(snapshot, gateway=gateway),
        canceled_at=snapshot.canceled_at,
    )

    def copy(subscription: Subscription) -> None:
        copies.copy_subscription(subscription, snapshot)

    return _write(read, copy, gateway=gateway, now=now)


def _write(read: Read, copy: Copy, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """Lock, refuse what is older than what stands there, copy, tell the differences."""
    with transaction.atomic():
        owner_id = people.lock_owner(read.stripe_id, read.attempt, gateway=gateway)
        if owner_id is None:
            logger.info("Stripe's %s is not one of ours", read.stripe_id)
            return None
        holdings = people.holdings(owner_id)
        subscription = next((row for row in holdings if row.is_at(gateway, read.stripe_id)), None)
        checkout = None if subscription else people.attempts(read.attempt, gateway=gateway).locked()
        if checkout is not None:
            subscription = _new(read.stripe_id, checkout)
        elif subscription is None or _is_older(read, subscription):
            return subscription
        before = Told.of(subscription)
        copy(subscription)
        subscription.read_started_at = read.started_at
        others = duplicates.Others(subscription, holdings)
        _open(subscription, read, others, now)
        facts = [*differences(before, Told.of(subscription)), *_access_facts(subscription, others, now)]
        save_and_tell(subscription, facts)
        if checkout is not None:
            checkout.complete(subscription)
    return subscription


def _new(stripe_id: str, checkout: Checkout) -> Subscription:
    return Subscription(
        account=checkout.account,
        livemode=checkout.livemode,
        stripe_id=stripe_id,
        user_id=checkout.user_id,
        membership=checkout.membership,
        price=checkout.price,
        language=checkout.language,
    )


def _is_older(read: Read, subscription: Subscription) -> bool:
    """The fence (B2): two reads may overtake each other on the way here; the one that began later is right."""
    return subscription.read_started_at is not None and read.started_at < subscription.read_started_at


def _open(subscription: Subscription, read: Read, others: duplicates.Others, now: datetime) -> None:
    if subscription.opened_at is None and subscription.duplicate_of_id is None and subscription.status in BILLED:
        subscription.duplicate_of = others.first_purchase(now)
        if subscription.duplicate_of is None and read.is_settled:
            subscription.opened_at = now
    subscription.access_until = access_until(_standing(subscription, read.canceled_at), now=now)


def _standing(subscription: Subscription, canceled_at: datetime | None) -> Standing:
    return Standing(
        status=SubscriptionStatus(subscription.status),
        is_recurring=subscription.is_recurring,
        has_card=subscription.has_card,
        opened_at=subscription.opened_at,
        period_end=subscription.period_end,
        trial_end=subscription.trial_end,
        unpaid_since=subscription.unpaid_since,
        cancel_at=subscription.cancel_at,
        canceled_at=canceled_at,
        ended_at=subscription.ended_at,
        grace=timedelta(days=subscription.membership.days_of_grace),
        was_until=subscription.access_until,
    )


def _access_facts(
    subscription: Subscription, others: duplicates.Others, now: datetime
) -> list[type[events.SubscriptionFact]]:
    """What to tell about access now; notes it on the row."""
    is_open = subscription.is_live(now)
    if is_open == subscription.is_open_told:
        return []
    subscription.is_open_told = is_open
    if others.give_access(now):
        # Whoever holds the same membership in another way neither gains nor loses anything (X2).
        return []
    return [events.AccessGained if is_open else events.AccessLost]


def _is_first_invoice_settled(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> bool:
    """Paid, or nothing to pay. Asks Stripe again only when a later invoice stands in front of the first."""
    latest = snapshot.latest_invoice
    if latest is None or snapshot.status not in BILLED:
        return False
    if latest.is_settled or latest.billing_reason == "subscription_create":
        return latest.is_settled
    if Subscription.objects.at(gateway).filter(stripe_id=snapshot.id, opened_at__isnull=False).exists():
        return True
    return any(invoice.is_settled for invoice in gateway.list_invoices(subscription_id=snapshot.id))
