"""How does an item's own system hear that it opened for somebody? One row for each, carried out after commit."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce

from .. import clock, killpoints, leases
from ..bundles.models import Item
from ..bundles.registry import item_types
from ..memberships import ladders
from ..memberships.ladder_models import Tier
from ..memberships.models import BundleItem
from ..retrying import retried
from ..subscriptions.models import Subscription
from . import spreading
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
BATCH = 50
CHUNK = 500


def owe(subscription_id: int, *, now: datetime | None = None) -> None:
    """What the subscription holds is owed to its student, each item once: lower tiers included, spans respected (G17)."""
    one = Subscription.objects.filter(pk=subscription_id)
    began = one.values(began=Coalesce("opened_at", "started_at"))
    rows = BundleItem.objects.filter(ladders.and_below(one.values("membership"))).order_by()
    # One query: this is on the way from a payment to what it opens (T17).
    rows = rows.annotate(held=Subquery(one.values("membership")), began=Subquery(began))
    item_ids = sorted({row.item_id for row in rows if spreading.is_owed(row, row.held, row.began)})
    pairs = ((subscription_id, item_id) for item_id in item_ids)
    _note_down(pairs, now or clock.wall_time())


def owe_again(subscription_ids: Iterable[int]) -> None:
    """They are somebody else's now: what was handed over is handed over to them."""
    Delivery.objects.filter(subscription__in=list(subscription_ids)).update(
        state=Delivery.State.OWED, attempts=0, next_try_at=clock.wall_time(), failure="", **leases.SETTLED
    )


def owe_for_ladder(ladder_id: int) -> None:
    """Its tiers contain something else than before: what opened is owed. What closed is not taken back (design §5)."""
    for membership_id in Tier.objects.filter(ladder=ladder_id, ladder__is_on=True).values_list("membership", flat=True):
        spreading.ask(membership_id)


def deliver_due(*, now: datetime) -> int:
    """Carry out whatever is due; several workers share the rows. Returns how many attempts were made."""
    spreading.spread_due(now=now)
    attempts = 0
    while lease := _lease(now):
        killpoints.reach("deliveries.leased")
        for delivery in lease.rows:
            lease.keep()
            _attempt(delivery, lease, now)
        attempts += len(lease.rows)
    return attempts


def try_again(rows: "models.QuerySet[Delivery]") -> int:
    """What was given up, or waits for its time: due now, with all its tries before it."""
    return rows.exclude(state=Delivery.State.DONE).update(
        state=Delivery.State.OWED, attempts=0, next_try_at=clock.wall_time(), **leases.SETTLED
    )


def _note_down(pairs: Iterable[tuple[int, int]], now: datetime) -> None:
    rows: list[Delivery] = []
    for subscription_id, item_id in pairs:
        rows.append(Delivery(subscription_id=subscription_id, item_id=item_id, next_try_at=now))
        if len(rows) == CHUNK:
            Delivery.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _lease(now: datetime) -> leases.Lease:
    # The domain's clock can be moved on, and what is due by it is due.
    moment = max(now, clock.wall_time())
    due = Delivery.objects.filter(state=Delivery.State.OWED, next_try_at__lte=moment)
    lease = leases.take(due.order_by("next_try_at", "pk"), most=BATCH)
    if lease:
        lease.rows = list(
            lease.held().select_related("item__content_type", "subscription__user").order_by("next_try_at", "pk")
        )
    return lease


def _attempt(delivery: Delivery, lease: leases.Lease, now: datetime) -> None:
    try:
        _carry_out(delivery, lease)
    except leases.Lost:
        logger.info("Delivery %s was taken over by another worker", delivery.pk)
        return
    # Sites write item types: whatever they raise is noted and tried again.
    except Exception as failure:
        logger.warning("Delivery %s failed", delivery.pk, exc_info=True)
        _put_off(delivery, lease, failure, now)
        killpoints.reach("deliveries.put_off")
        return
    killpoints.reach("deliveries.settled")


@retried
def _carry_out(delivery: Delivery, lease: leases.Lease) -> None:
    """Handed over and settled in one transaction: nothing that an item's system wrote stays half done, or done twice."""
    with transaction.atomic():
        _hand_over(delivery)
        killpoints.reach("deliveries.handed_over")
        values = {"state": Delivery.State.DONE, "attempts": delivery.attempts + 1, "failure": ""}
        if not leases.settle(delivery, lease.token, **values):
            raise leases.Lost


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


@retried
def _put_off(delivery: Delivery, lease: leases.Lease, failure: Exception, now: datetime) -> None:
    attempts = delivery.attempts + 1
    is_dead = attempts > len(WAITS)
    leases.settle(
        delivery,
        lease.token,
        attempts=attempts,
        state=Delivery.State.DEAD if is_dead else Delivery.State.OWED,
        next_try_at=max(now, clock.wall_time()) + WAITS[min(attempts, len(WAITS)) - 1],
        failure=f"{type(failure).__name__}: {failure}"[:2000],
    )
