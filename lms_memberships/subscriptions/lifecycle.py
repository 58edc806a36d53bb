"""The life of a subscription: what Stripe says becomes our row. The only writer of ``Subscription.status``.

Webhooks, the return page, the nightly job: all read the object and call the same functions. Whoever comes second,
or late, finds nothing left to tell.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from .. import events, killpoints
from ..memberships import promotions
from ..payments.gateway import (
    CheckoutSnapshot,
    Gateway,
    InvoiceSnapshot,
    SubscriptionSnapshot,
    SubscriptionStatus,
)
from ..retrying import retried
from . import billed, copies, duplicates, first_payments, instalments, people, places, revenue, tier_changes, trials
from .liveness import access_until, standing_of
from .models import Checkout, Subscription
from .queries import BILLED
from .told import OVER, Told, differences, save_and_tell

logger = logging.getLogger(__name__)

#: A one-time purchase of nothing (a free coupon) is complete without a payment.
SETTLED = frozenset({"paid", "no_payment_required"})

Copy = Callable[[Subscription], None]


def reconcile(snapshot: SubscriptionSnapshot, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """Write what was read, and tell what changed by it. None: it is not one of ours, and nothing was written."""
    # What is over is told once, and rightly: a last instalment may have been paid unheard (V10).
    proven = instalments.prove(snapshot, gateway=gateway) if snapshot.status in OVER else None
    subscription = _reconcile(snapshot, proven, gateway=gateway, now=now)
    if subscription is None:
        return None
    if subscription.must_be_undone:
        duplicates.undo(subscription, snapshot.latest_invoice, gateway=gateway, now=now)
        return _reconcile(gateway.read_subscription(snapshot.id), gateway=gateway, now=now)
    if proven is None and instalments.must_be_proven(subscription):
        proven = instalments.prove(snapshot, gateway=gateway)
        subscription = _reconcile(snapshot, proven, gateway=gateway, now=now)
    return subscription


def reconcile_purchase(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """The same for what is paid once: it exists from the moment it is paid, and for good.

    None: not ours, or the money (a debit) is still on its way.
    """
    if snapshot.recurring or snapshot.status != "complete" or snapshot.payment_status not in SETTLED:
        return None
    # Bought with a coupon for nothing, it has no payment to be named after.
    stripe_id = snapshot.payment_intent_id or snapshot.id
    attempt = snapshot.metadata.get(people.ATTEMPT_KEY, "")

    read = Read(stripe_id, attempt, snapshot.read_started_at, settled_at=now)

    def copy(subscription: Subscription) -> None:
        # What is paid stays so in Stripe's session for ever: only the first look may write.
        if subscription.pk is None:
            copies.copy_purchase(subscription, snapshot, now=now)

    subscription = _write(read, copy, gateway=gateway, now=now)
    if subscription is not None and subscription.must_be_undone:
        duplicates.undo_purchase(subscription, gateway=gateway, now=now)
    return subscription


def end_absent(stripe_id: str, *, read_started_at: datetime, gateway: Gateway, now: datetime) -> Subscription | None:
    """Stripe does not know it any more. That is an answer too: nothing is billed, and nothing will come (D11)."""

    def copy(subscription: Subscription) -> None:
        subscription.status = SubscriptionStatus.CANCELED
        subscription.ended_at = subscription.ended_at or now

    read = Read(stripe_id, "", read_started_at, settled_at=None)
    return _write(read, copy, gateway=gateway, now=now)


def announce_lapses(*, now: datetime) -> int:
    """Tell what time alone has closed: the end of a trial, of a period, of the days of grace."""
    told = 0
    lapsed = Subscription.objects.run_out(now).order_by("pk").values_list("pk", "user_id")
    for pk, user_id in list(lapsed):
        try:
            told += _announce_lapse(pk, user_id, now=now)
        except Subscription.DoesNotExist:
            # A gift that was put back meanwhile: nothing has lapsed, and all others are still to be told.
            logger.info("Subscription %s is gone before its lapse was told", pk)
    return told


def end_what_is_gone(subscription_id: int, *, now: datetime) -> None:
    """Stripe does not know it any more, so nothing will be charged: over, and told as any other end (G11)."""

    def end(subscription: Subscription) -> None:
        if subscription.status not in OVER:
            subscription.status, subscription.ended_at = SubscriptionStatus.CANCELED, now

    rewrite(subscription_id, end, now=now)


def close(subscription: Subscription, now: datetime) -> None:
    """For ``rewrite``: by staff, or by its refund. What renews is ended at Stripe after this, and is over when Stripe says so."""
    subscription.revoked_at = now
    if not subscription.is_recurring:
        # Nothing at Stripe stands for it any more.
        subscription.status, subscription.ended_at = SubscriptionStatus.CANCELED, now


def close_by_refund(subscription: Subscription, now: datetime) -> None:
    """The same: whoever paid has all of it back."""
    close(subscription, now)
    subscription.is_revoked_by_refund = True


@retried
def rewrite(subscription_id: int, change: Copy, *, now: datetime) -> Subscription:
    """Change a row without a read, under its owner's lock: what that makes of its access is reckoned, and told."""
    with transaction.atomic():
        owner_id = Subscription.objects.filter(pk=subscription_id).values_list("user_id", flat=True).get()
        subscription, others = _locked(subscription_id, owner_id)
        before = Told.of(subscription)
        change(subscription)
        subscription.access_until = access_until(standing_of(subscription, None), now=now)
        facts = [*differences(before, Told.of(subscription)), *_access_facts(subscription, others, now)]
        save_and_tell(subscription, facts)
    revenue.note(subscription)
    return subscription


def _locked(subscription_id: int, owner_id: int) -> tuple[Subscription, duplicates.Others]:
    subscription, holdings = people.hold(subscription_id, owner_id)
    return subscription, duplicates.Others(subscription, holdings)


@dataclass(frozen=True)
class Read:
    """What a read found, apart from the fields: whose it is, when it began, since when the first invoice is settled."""

    stripe_id: str
    attempt: str
    started_at: datetime
    #: When the first invoice was paid, or was nothing; None: not yet.
    settled_at: datetime | None
    canceled_at: datetime | None = None
    latest_invoice: InvoiceSnapshot | None = None
    #: How many instalments Stripe says are paid; None: it was not asked.
    instalments: int | None = None


@retried
def _announce_lapse(pk: int, user_id: int, *, now: datetime) -> int:
    with transaction.atomic():
        subscription, others = _locked(pk, user_id)
        facts = _access_facts(subscription, others, now)
        save_and_tell(subscription, facts)
    return len(facts)


def _reconcile(
    snapshot: SubscriptionSnapshot, proven: int | None = None, *, gateway: Gateway, now: datetime
) -> Subscription | None:
    read = Read(
        stripe_id=snapshot.id,
        attempt=snapshot.metadata.get(people.ATTEMPT_KEY, ""),
        started_at=snapshot.read_started_at,
        settled_at=first_payments.settled_at(snapshot, gateway=gateway),
        canceled_at=snapshot.canceled_at,
        latest_invoice=snapshot.latest_invoice,
        instalments=proven,
    )

    def copy(subscription: Subscription) -> None:
        ours = billed.of(subscription, snapshot)
        copies.copy_subscription(subscription, ours, now=now)
        tier_changes.follow(subscription, ours, now=now)
        revenue.hear(subscription, ours, now=now)

    return _write(read, copy, gateway=gateway, now=now)


@retried
def _write(read: Read, copy: Copy, *, gateway: Gateway, now: datetime) -> Subscription | None:
    """Lock, refuse what is older than what stands there, copy, tell the differences."""
    killpoints.reach("fulfil.session_read")
    with transaction.atomic():
        owner_id = people.lock_owner(read.stripe_id, read.attempt, gateway=gateway)
        killpoints.reach("fulfil.locked")
        if owner_id is None:
            logger.info("Stripe's %s is not one of ours", read.stripe_id)
            return None
        subscription = _write_for(owner_id, read, copy, gateway=gateway, now=now)
        killpoints.reach("fulfil.saved")
    killpoints.reach("fulfil.committed")
    revenue.note(subscription)
    return subscription


def _write_for(owner_id: int, read: Read, copy: Copy, *, gateway: Gateway, now: datetime) -> Subscription | None:
    holdings = people.holdings(owner_id)
    subscription = next((row for row in holdings if row.is_at(gateway, read.stripe_id)), None)
    checkout = None if subscription else people.attempts(read.attempt, gateway=gateway).locked()
    if checkout is not None:
        subscription = _new(read.stripe_id, checkout)
    elif subscription is None or _is_older(read, subscription):
        return subscription
    before, was = Told.of(subscription), (subscription.membership_id, subscription.interval)
    copy(subscription)
    subscription.read_started_at = read.started_at
    instalments.note(subscription, read.latest_invoice, proven=read.instalments, now=now)
    others = duplicates.Others(subscription, holdings)
    news = [*_open(subscription, read, others, checkout, now), *_moved(subscription, was, now)]
    facts = [*news, *differences(before, Told.of(subscription)), *_access_facts(subscription, others, now)]
    if events.SubscriptionStarted in facts:
        # In the transaction that begins it: of two accounts of one mailbox the second has none (X12).
        trials.note_taken(subscription)
    save_and_tell(subscription, facts, canceled_at=instalments.cancelled_at(subscription, read.canceled_at))
    if checkout is not None and not subscription.is_foreign:
        if checkout.state != Checkout.State.COMPLETE:
            promotions.note_use(checkout.promotion_code_id)
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


def _open(
    subscription: Subscription, read: Read, others: duplicates.Others, checkout: Checkout | None, now: datetime
) -> list[type[events.SubscriptionFact]]:
    is_overbooked = False
    may_open = not subscription.must_be_undone and not subscription.is_foreign and subscription.undone_at is None
    is_paid_up = subscription.paid_up_at is not None
    if subscription.opened_at is None and may_open and (subscription.status in BILLED or is_paid_up):
        settled_at = subscription.started_at if is_paid_up else read.settled_at
        subscription.duplicate_of = others.first_purchase(now)
        # A first debit that failed has no place: there is nothing to give back, and nothing to tell of one.
        is_begun = settled_at is not None or not subscription.has_failed_at_first
        if subscription.duplicate_of is None and is_begun:
            is_overbooked = places.begin(subscription, checkout, now=now)
        if not subscription.must_be_undone and settled_at is not None:
            subscription.opened_at = min(settled_at, now)
    subscription.access_until = access_until(standing_of(subscription, read.canceled_at), now=now)
    return [events.Overbooked] if is_overbooked else []


def _moved(subscription: Subscription, was: tuple[int, str], now: datetime) -> list[type[events.SubscriptionFact]]:
    """Another membership now, or another rhythm. Whoever was moved at Stripe may find no place, and is not sent away."""
    was_in, interval = was
    if subscription.membership_id == was_in:
        return [events.MembershipChanged] if interval and subscription.interval != interval else []
    is_overbooked = places.take(subscription, now=now)
    return [events.MembershipChanged, events.Overbooked] if is_overbooked else [events.MembershipChanged]


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
