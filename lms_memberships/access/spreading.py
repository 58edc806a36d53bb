"""A bundle was published: how do its items come to be owed to everybody who has it? A piece at a time, after commit.

One row asks for it, so that the click costs the same with ten members and with ten thousand; whoever dies in the middle
is followed by the next, who goes on where the last piece ended.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from .. import clock, killpoints
from ..memberships.models import BundleItem
from ..retrying import retried
from ..subscriptions.models import Subscription
from . import policy
from .models import BundleSpread, Delivery

#: So many subscriptions are owed the bundle in one transaction.
PIECE = 500


def ask(membership_id: int) -> None:
    """Everybody who has the membership is owed what it contains now. A piece that is under way begins anew."""
    BundleSpread.objects.update_or_create(
        membership_id=membership_id, defaults={"asked_at": clock.wall_time(), "reached": 0}
    )


def spread_due(*, now: datetime) -> None:
    """Owe what was asked for. Several workers take turns, a piece each."""
    while _spread_a_piece(now):
        killpoints.reach("spreading.piece")


@retried
def _spread_a_piece(now: datetime) -> bool:
    """Owed and noted in one transaction. Returns whether there was anything to do."""
    with transaction.atomic():
        asked = BundleSpread.objects.select_for_update(skip_locked=True).order_by("asked_at", "pk").first()
        if asked is None:
            return False
        holders = policy.holders_of(asked.membership_id, now=now).filter(pk__gt=asked.reached)
        piece = list(holders.order_by("pk")[:PIECE])
        Delivery.objects.bulk_create(_owed(asked.membership_id, piece, now), batch_size=PIECE, ignore_conflicts=True)
        killpoints.reach("spreading.owed")
        if len(piece) < PIECE:
            asked.delete()
        else:
            asked.reached = piece[-1].pk
            asked.save(update_fields=["reached"])
    return True


def is_owed(row: BundleItem, held: int, began_at: datetime | None) -> bool:
    """Whether a subscription to ``held`` has the item: of a lower tier all (V28), of its own what came in time (G17)."""
    return row.membership_id != held or row.is_for(began_at)


def _owed(membership_id: int, subscriptions: list[Subscription], now: datetime) -> Iterator[Delivery]:
    rows = list(BundleItem.objects.filter(membership_id=membership_id).order_by("pk"))
    for subscription in subscriptions:
        for row in rows:
            if is_owed(row, subscription.membership_id, subscription.began_at):
                yield Delivery(subscription=subscription, item_id=row.item_id, next_try_at=now)
