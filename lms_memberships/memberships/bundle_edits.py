"""A bundle changes under people who hold it: does the change reach them, or do they keep what they had (G17, X6)?

Asked at every way of publishing, just before the rows are written: then the bundle that is live can still be read.
The choice travels with the version as the number of the version that it replaces: for any other it is void.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import models
from django.db.models.signals import pre_save

from .kept_models import KeptItem
from .models import BundleItem, Membership


@dataclass(frozen=True)
class Changes:
    """What a draft would do to the bundle that is live; items by their keys."""

    added: frozenset[int]
    removed: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def changes(draft: Membership) -> Changes:
    """In one query; a draft that was never published changes nobody's."""
    if draft.first_published_at is None:
        return Changes(frozenset(), frozenset())
    live = set(BundleItem.objects.filter(membership_id=draft.pk).order_by().values_list("item_id", flat=True))
    planned = {row.item_id for row in draft.bundle_items.all()}
    return Changes(added=frozenset(planned - live), removed=frozenset(live - planned))


def keep(draft: Membership) -> None:
    """Current members keep what they had when this draft goes live."""
    draft.kept_for_members_of = draft.live_revision_id


def reach_everyone(draft: Membership) -> None:
    """Current members get the change at once."""
    draft.kept_for_members_of = None


def keeps(draft: Membership) -> bool:
    """Which of the two was chosen for this draft."""
    return draft.kept_for_members_of is not None and draft.kept_for_members_of == draft.live_revision_id


def connect(now: Callable[[], datetime]) -> None:
    """Hear of every way of publishing."""
    pre_save.connect(
        partial(_before_saving, now), sender=Membership, weak=False, dispatch_uid="lms_memberships.bundle_edits"
    )


def _before_saving(
    now: Callable[[], datetime],
    sender: type[models.Model],
    instance: Membership,
    *,
    raw: bool = False,
    update_fields: frozenset[str] | None = None,
    **kwargs: object,
) -> None:
    # Only a version that is put in the place of another brings its bundle along.
    in_hand = "bundle_items" in getattr(instance, "_cluster_related_objects", {})
    if raw or update_fields is not None or instance.pk is None or not instance.live or not in_hand:
        return
    before = (
        Membership.objects.filter(pk=instance.pk, first_published_at__isnull=False).only("live_revision_id").first()
    )
    if before is not None:
        is_kept = instance.kept_for_members_of is not None and instance.kept_for_members_of == before.live_revision_id
        _follow(instance, moment=now() if is_kept else None)


def _follow(instance: Membership, *, moment: datetime | None) -> None:
    """``moment``: the change is for who joins from now on. None: for everybody."""
    live = {row.item_id: row for row in BundleItem.objects.filter(membership_id=instance.pk)}
    planned = list(instance.bundle_items.all())
    for row in planned:
        # What the version itself says is as old as the version.
        row.since = live[row.item_id].since if row.item_id in live else moment
    removed = [live[key] for key in live.keys() - {row.item_id for row in planned}]
    if moment is None:
        KeptItem.objects.filter(membership_id=instance.pk, item__in=[row.item_id for row in removed]).delete()
        return
    KeptItem.objects.bulk_create(
        [KeptItem(membership_id=instance.pk, item_id=row.item_id, since=row.since, until=moment) for row in removed],
        ignore_conflicts=True,
    )
