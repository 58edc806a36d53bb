"""How far has somebody come with what their memberships contain? Each kind of thing says so itself, if it knows."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from ...bundles.models import Item
from ...bundles.progress import Progress
from ...bundles.registry import item_types
from ...memberships.models import BundleItem
from ...subscriptions.models import Subscription
from .dates import day
from .slices import Slice, slice_of

PER_PAGE = 25


@dataclass(frozen=True)
class Learnt:
    """One thing, and how far they have come."""

    item: Item
    begun: str
    completed: str
    done: int
    steps: int


def learnt_by(user: Any, query: Mapping[str, str], *, seen: QuerySet[Item]) -> Slice:
    """What is in the memberships that they hold or held, of what whoever asks has ``seen``: the title of a draft is not
    for everybody who sees people (S25). One query, and a few for each kind that keeps progress.
    """
    mine = Subscription.objects.filter(user=user).values("membership")
    bundled = BundleItem.objects.filter(item=OuterRef("pk"), membership__in=mine)
    items = seen.filter(Exists(bundled)).select_related("content_type").order_by("kind", "title", "pk")
    found = slice_of(items, query, "items", size=PER_PAGE)
    known = _ask(user, found.rows)
    return Slice([_learnt(item, known.get(item.pk)) for item in found.rows], found.number, found.older, found.newer)


def _ask(user: Any, items: list[Item]) -> dict[int, Progress]:
    by_kind: dict[str, dict[str, int]] = defaultdict(dict)
    for item in items:
        by_kind[item.kind][item.object_id] = item.pk
    found: dict[int, Progress] = {}
    for kind, keys in by_kind.items():
        if kind in item_types():
            told = item_types()[kind].progress(user, list(keys))
            found |= {keys[key]: progress for key, progress in told.items() if key in keys}
    return found


def _learnt(item: Item, progress: Progress | None) -> Learnt:
    known = progress or Progress()
    return Learnt(item, day(known.begun_at), day(known.completed_at), known.done, known.steps)
