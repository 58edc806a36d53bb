"""How does an item's own system hear that it opened for somebody? One row for each, carried out after commit."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Q

from .. import clock
from ..bundles.models import Item
from ..bundles.registry import item_types
from ..memberships.models import BundleItem
from . import policy
from .models import Delivery

logger = logging.getLogger(__name__)

#: After each failed attempt the wait before the next; after the last one it is given up.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
#: Longer than any delivery takes. A worker that died gives its rows back after this.
LEASE = timedelta(minutes=5)
BATCH = 50
CHUNK = 500


def owe(subscription_id: int, *, now: datetime | None = None) -> None:
    """What the subscription's membership contains is owed to its student, each item once."""
    items = Item.objects.filter(bundle_items__membership__subscriptions=subscription_id).order_by("pk")
    pairs = ((subscription_id, item_id) for item_id in items.values_list("pk", flat=True))
    _note_down(pairs, now or clock.wall_time())


def owe_for_membership(membership_id: int, *, now: datetime | None = None) -> None:
    """A bundle gained items: everybody who has access now is owed them too."""
    moment = now or clock.wall_time()
    items = list(BundleItem.objects.filter(membership=membership_id).order_by("pk").values_list("item_id", flat=True))
    holders = policy.holders_of(membership_id, now=moment).order_by("pk")
    subscription_ids = holders.values_list("pk", flat=True).iterator(chunk_size=CHUNK)
    _note_down(((subscription_id, item_id) for subscription_id in subscription_ids for item_id in items), moment)


def deliver_due(*, now: datetime) -> int:
    """Carry out whatever is due; several workers share the rows. Returns how many attempts were made."""
    attempts = 0
    while leased := _lease(now):
        for delivery in leased:
            _attempt(delivery, now)
        attempts += len(leased)
    return attempts


def _note_down(pairs: Iterable[tuple[int, int]], now: datetime) -> None:
    rows: list[Delivery] = []
    for subscription_id, item_id in pairs:
        rows.append(Delivery(subscription_id=subscription_id, item_id=item_id, next_try_at=now))
        if len(rows) == CHUNK:
            Delivery.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _lease(now: datetime) -> list[Delivery]:
    # Leases live in wall time: the domain's clock can be moved, a worker's death cannot.
    wall_time = clock.wall_time()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=wall_time)
    with transaction.atomic():
        due = Delivery.objects.filter(free, state=Delivery.State.OWED, next_try_at__lte=max(now, wall_time))
        rows = list(
            due.select_for_update(skip_locked=_can_skip_locked())
            .order_by("next_try_at", "pk")
            .values_list("pk", flat=True)[:BATCH]
        )
        Delivery.objects.filter(pk__in=rows).update(leased_until=wall_time + LEASE)
    return list(
        Delivery.objects.filter(pk__in=rows)
        .select_related("item__content_type", "subscription__user")
        .order_by("next_try_at", "pk")
    )


def _attempt(delivery: Delivery, now: datetime) -> None:
    try:
        # Its own transaction: what an item's system wrote before it failed must not stay half done.
        with transaction.atomic():
            _hand_over(delivery)
    # Sites write item types: whatever they raise is noted and tried again.
    except Exception as failure:
        logger.warning("Delivery %s failed", delivery.pk, exc_info=True)
        _put_off(delivery, failure, now)
        return
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.DONE, attempts=delivery.attempts + 1, leased_until=None, failure=""
    )


def _hand_over(delivery: Delivery) -> None:
    item_type = item_types().get(delivery.item.kind)
    if item_type is None:
        return
    thing = _thing_behind(delivery.item)
    if thing is not None:
        item_type.access_gained(delivery.subscription.user, thing)


def _thing_behind(item: Item) -> models.Model | None:
    model = item.content_type.model_class()
    return model._default_manager.filter(pk=item.object_id).first() if model else None


def _put_off(delivery: Delivery, failure: Exception, now: datetime) -> None:
    attempts = delivery.attempts + 1
    is_dead = attempts > len(WAITS)
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts=attempts,
        state=Delivery.State.DEAD if is_dead else Delivery.State.OWED,
        next_try_at=max(now, clock.wall_time()) + WAITS[min(attempts, len(WAITS)) - 1],
        leased_until=None,
        failure=f"{type(failure).__name__}: {failure}"[:2000],
    )


def _can_skip_locked() -> bool:
    return transaction.get_connection().features.has_select_for_update_skip_locked
