"""What became of a change of tier, as far as a snapshot of its subscription says? Asked whenever one is written."""

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from ..memberships.ladder_models import When
from ..payments.gateway import SubscriptionSnapshot
from .change_models import TierChange
from .models import Subscription
from .told import OVER

State = TierChange.State
PREFETCHED = "running_changes"


def running_of(subscription: Subscription) -> TierChange | None:
    """The one that is not over."""
    return _running(subscription).first()


def prefetch() -> Prefetch:
    """For the queries of whoever shows many."""
    running = TierChange.objects.running().select_related("membership", "price")
    return Prefetch("tier_changes", running, to_attr=PREFETCHED)


def prefetched_of(subscription: Subscription) -> TierChange | None:
    """The same as it was read with it. None as well where it was not."""
    return next(iter(getattr(subscription, PREFETCHED, ())), None)


def dropped_since(subscription: Subscription, moment: datetime) -> TierChange | None:
    """What was planned for it and dropped from that moment on; the latest."""
    dropped = TierChange.objects.filter(subscription=subscription, state=State.DROPPED, when=When.PERIOD_END)
    return (
        dropped.filter(settled_at__gte=moment).select_related("price__membership", "subscription__membership").first()
    )


def follow(subscription: Subscription, snapshot: SubscriptionSnapshot, *, now: datetime) -> None:
    """Settle the change that was asked for. Under the person's lock, where the row is written."""
    if subscription.pk is None:
        return
    change = running_of(subscription)
    if change is None:
        return
    state, due_at = _state(change, snapshot)
    if (state, due_at) != (change.state, change.due_at):
        note(change, state, due_at=due_at, now=now)


def note(change: TierChange, state: str, *, due_at: datetime | None = None, now: datetime) -> None:
    """Write where it stands now; what is over has an end."""
    change.state = state
    change.due_at = due_at
    change.settled_at = None if state in TierChange.RUNNING else now
    change.save(update_fields=["state", "due_at", "settled_at"])


def _running(subscription: Subscription) -> "QuerySet[TierChange]":
    return TierChange.objects.running().filter(subscription=subscription).select_related("price", "membership")


def _state(change: TierChange, snapshot: SubscriptionSnapshot) -> tuple[str, datetime | None]:
    if snapshot.status in OVER:
        return State.DROPPED, None
    if snapshot.price_id == change.price.stripe_id:
        return State.DONE, None
    if snapshot.pending_until is not None and change.when == When.NOW:
        return State.WAITING, snapshot.pending_until
    if change.state == State.WAITING:
        # Not paid in time, or taken back: the old one goes on.
        return State.DROPPED, None
    if change.state == State.PLANNED and not snapshot.schedule_id:
        # Let go of: kept after all, or cancelled.
        return State.DROPPED, None
    return change.state, change.due_at
