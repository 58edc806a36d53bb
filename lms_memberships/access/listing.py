"""Which of many things are open? One query, however many and of whatever kinds they are."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from wagtail.models import PageViewRestriction

from ..bundles.models import Item
from ..memberships import ladders
from ..memberships.kept_models import KeptItem
from ..memberships.models import BundleItem
from . import fence
from .facts import may_be_staff
from .targets import Target, page_model
from .words import Person


@dataclass(frozen=True)
class States:
    """Of many things at once: which are sold at all, and which of those are open."""

    sold: frozenset[str | tuple[int, str]]
    open: frozenset[str | tuple[int, str]]
    may_be_staff: bool

    def is_sold(self, target: Target) -> bool:
        return not self.sold.isdisjoint(_names(target))

    def is_open(self, target: Target) -> bool:
        return not self.open.isdisjoint(_names(target))


def states(user: Person, targets: list[Target], *, live: models.QuerySet) -> States:
    """One query for all of them: each path and each catalogue row, marked as sold and as open.

    ``live`` are the subscriptions that give the person access at the moment in question.
    """
    rows = [row for query in _state_queries(user, targets, live) for row in query]
    names = [(path or (content_type, object_id), held, staff) for path, content_type, object_id, held, staff in rows]
    return States(
        sold=frozenset(name for name, _held, _staff in names),
        open=frozenset(name for name, held, _staff in names if held),
        may_be_staff=any(staff for _name, _held, staff in names),
    )


def _state_queries(user: Person, targets: list[Target], live: models.QuerySet) -> list[models.QuerySet]:
    questions = [_states_of_pages(user, targets, live), *_states_of_things(user, targets, live)]
    asked = [question for question in questions if question is not None]
    return [asked[0].union(*asked[1:], all=True)] if len(asked) > 1 else asked


def _states_of_pages(user: Person, targets: list[Target], live: models.QuerySet) -> models.QuerySet | None:
    paths = set().union(*(target.paths for target in targets)) if targets else set()
    if not paths:
        return None
    is_it = {"item__page__translation_key": OuterRef("translation_key")}
    pages = page_model().objects.filter(path__in=paths).order_by()
    fenced = PageViewRestriction.objects.filter(page=OuterRef("pk"), groups__name__in=fence.GROUP_NAMES)
    marked = _mark(pages, is_it, user, live, closed=Exists(fenced.order_by()))
    return marked.values_list("path", Value(0), Value(""), "held", "staff")


def _states_of_things(user: Person, targets: list[Target], live: models.QuerySet) -> Iterator[models.QuerySet]:
    ids: dict[int, set[str]] = {}
    for target in targets:
        if target.object_id:
            ids.setdefault(target.content_type_id, set()).add(target.object_id)
    for content_type_id, object_ids in ids.items():
        items = Item.objects.filter(content_type_id=content_type_id, object_id__in=object_ids).order_by()
        yield _mark(items, {"item": OuterRef("pk")}, user, live).values_list(
            Value(""), "content_type_id", "object_id", "held", "staff"
        )


def _mark(
    rows: models.QuerySet,
    is_it: dict[str, OuterRef],
    user: Person,
    live: models.QuerySet,
    *,
    closed: Exists | None = None,
) -> models.QuerySet:
    """Those that are sold, or ``closed`` without being sold."""
    was_sold = {**is_it, "membership__first_published_at__isnull": False}
    sold, kept = (model.objects.filter(**was_sold).order_by() for model in (BundleItem, KeptItem))
    rows = rows.filter(Exists(sold) | Exists(kept) if closed is None else Exists(sold) | Exists(kept) | closed)
    if not user.is_authenticated:
        return rows.annotate(held=_NO, staff=_NO)
    began = live.order_by().annotate(began=Coalesce("opened_at", "started_at"))
    mine = began.filter(membership=OuterRef("membership"))
    early = Q(since=None) | Exists(mine.filter(began__gte=OuterRef("since")))
    late = mine.filter(began__lt=OuterRef("until"))
    holding = live.order_by().values("membership")
    # Spans are asked row by row; most rows have none (G17). A higher tier contains a lower one as it is now (V28).
    held = Exists(sold.filter(Q(early, membership__in=holding) | Q(membership__in=ladders.below(holding))))
    still = Exists(kept.filter(Q(since=None) & Exists(late) | Exists(late.filter(began__gte=OuterRef("since")))))
    return rows.annotate(held=held | still, staff=may_be_staff(user))


_NO = Value(False, output_field=models.BooleanField())  # noqa: FBT003 - an SQL literal


def _names(target: Target) -> set[str | tuple[int, str]]:
    names: set[str | tuple[int, str]] = set(target.paths)
    if target.object_id:
        names.add((target.content_type_id, target.object_id))
    return names
