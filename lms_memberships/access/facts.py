"""What is known about one person and one thing? Read in one query, kept on the user object for the request."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, Exists, F, FilteredRelation, Func, Q, Value, When
from django.db.models.functions import Cast
from django.db.models.signals import post_delete, post_save
from wagtail.models import PageViewRestriction

from ..bundles.models import Item
from ..memberships.kept_models import KeptItem
from ..memberships.ladder_models import Ladder, Tier
from ..memberships.models import BundleItem, Membership
from ..subscriptions.models import Subscription
from . import compiled, fence
from .holdings import Holding
from .targets import Target, page_model
from .words import Person

MEMO = "_lms_memberships_facts"
#: A request takes less. User objects that live longer (a socket, a shell) must not keep an old answer.
MEMO_LASTS = timedelta(seconds=10)


@dataclass(frozen=True)
class Facts:
    """What the one query found. Empty holdings: no membership that was ever published contains it."""

    holdings: tuple[Holding, ...]
    #: What the person holds or held of lower tiers, which do not contain it.
    lower: tuple[Holding, ...]
    #: Whether the memberships that contain it are tiers: only then is it worth asking what the others are.
    has_tiers: bool
    #: One of our fences stands around it, here or above: a copy of members' content, say.
    is_fenced: bool
    #: In a group, or with permissions of their own: only then is it worth asking whether they may edit it.
    may_be_staff: bool
    read_at: datetime
    generation: int

    def as_of(self, moment: datetime) -> "Facts":
        """The same, without what the person did not hold yet."""
        holdings, lower = (tuple(one.as_of(moment) for one in held) for held in (self.holdings, self.lower))
        return replace(self, holdings=holdings, lower=lower)


def about(user: Person, target: Target, *, now: datetime) -> Facts:
    """Read once a request; read again when something was sold or bundled meanwhile in this process."""
    memo: dict[Target, Facts] | None = getattr(user, MEMO, None)
    if memo is None:
        memo = {}
        # Not through __dict__: request.user is a lazy wrapper around the real object.
        setattr(user, MEMO, memo)
    known = memo.get(target)
    if known is None or known.generation != _generation.now or abs(now - known.read_at) > MEMO_LASTS:
        known = memo[target] = _read(user, target, now)
    return known


def _read(user: Person, target: Target, now: datetime) -> Facts:
    rows = _ask(user, target)
    if any(rise is None for _staff, rise, *_row in rows):
        # The first ladder that this process hears of.
        _ladders.note()
        rows = _ask(user, target)
    found = [(rise, Holding(*row)) for _staff, rise, *row in rows if row[0] != OF_THE_FENCE]
    containing = {holding.membership_id for rise, holding in found if rise >= 0}
    return Facts(
        # Once each: with several items of one bundle around a thing, its tiers come several times.
        tuple(dict.fromkeys(holding for rise, holding in found if rise >= 0)),
        lower=tuple(holding for _rise, holding in found if holding.membership_id not in containing),
        has_tiers=any(rise for rise, _holding in found),
        is_fenced=any(row[2] == OF_THE_FENCE for row in rows),
        may_be_staff=any(row[0] for row in rows),
        read_at=now,
        generation=_generation.now,
    )


def _ask(user: Person, target: Target) -> list[tuple]:
    if not user.is_authenticated:
        return [(False, *row, *NOTHING_HELD, None, until) for *row, until in _ask_for_visitor(target)]
    return _ask_for_person(user, target)


def _ask_for_visitor(target: Target) -> list[tuple]:
    def build() -> models.QuerySet:
        columns = ("rise", "membership_id", "membership__title", "until")
        rows = (rows.values_list(*columns).distinct() for rows in _parts(target))
        return _and_fences(*rows, target=target, blank={"nobody": _nothing_of("title"), "no_until": NO_MOMENT})

    return compiled.ask(("visitor", _ladders.are_known, *target.shape), build, target.values())


def _ask_for_person(user: Person, target: Target) -> list[tuple]:
    person = compiled.Slot("user")

    def build() -> models.QuerySet:
        held = (f"held__{name}" for name in HELD)
        columns = ("staff", "rise", "membership_id", "membership__title", *held, "since", "until")
        rows = (
            rows.annotate(held=_held_by(person), staff=may_be_staff(person)).values_list(*columns)
            for rows in _parts(target)
        )
        blank: dict[str, Func | Value] = {f"no_{name}": _nothing_of(name) for name in ("title", *HELD)}
        blank |= {"no_since": NO_MOMENT, "no_until": NO_MOMENT}
        return _and_fences(*rows, target=target, blank=blank, staff=may_be_staff(person))

    return compiled.ask(("person", _ladders.are_known, *target.shape), build, {"user": user.pk, **target.values()})


def _held_by(person: compiled.Slot) -> FilteredRelation:
    return FilteredRelation("membership__subscriptions", condition=Q(membership__subscriptions__user=person))


#: In the order of Holding's own.
HELD = (
    "pk", "status", "access_until", "opened_at", "period_start", "trial_end", "started_at",
    "suspended_at", "revoked_at", "ended_at",
)  # fmt: skip
NOTHING_HELD = (None, "", *(None for _moment in HELD[2:]))
#: With its type: PostgreSQL takes two bare nulls of a union for text.
NO_MOMENT = Cast(Value(None), models.DateTimeField())
#: As high as what contains it.
LEVEL = Value(0, output_field=models.IntegerField())


def _bundled(target: Target) -> models.QuerySet:
    """The rows of the bundles that it is in. They are as high as what they contain."""
    items = Item.objects.filter(_covers(target)).order_by().values("pk")
    rows = BundleItem.objects.filter(compiled.IsIn(F("item_id"), models.Subquery(items)))
    rows = rows.filter(membership__first_published_at__isnull=False).order_by()
    rows = rows.annotate(until=NO_MOMENT)
    if _ladders.are_known:
        return rows.annotate(rise=LEVEL)
    # Null: there are tiers, so ask for them as well.
    unknown = When(Exists(Ladder.objects.filter(is_on=True).order_by()), then=None)
    return rows.annotate(rise=Case(unknown, default=LEVEL, output_field=models.IntegerField()))


def _parts(target: Target) -> list[models.QuerySet]:
    """Planning costs more than answering: a site without ladders is not asked for tiers on every page view."""
    tiers = [_tiers(target)] if _ladders.are_known else []
    return [_bundled(target), *tiers, _kept(target)]


def _tiers(target: Target) -> models.QuerySet:
    """The tiers of every ladder that it is on, and by how much each is higher than the one with the thing (V28)."""
    bundling = models.Subquery(_bundled(target).values("membership_id"))
    rows = Tier.objects.filter(ladder__is_on=True, membership__first_published_at__isnull=False).order_by()
    rows = rows.filter(compiled.IsIn(F("ladder__tiers__membership_id"), bundling))
    # The join of the line above, so that it is that tier which they are compared with.
    rows = rows.annotate(rise=F("sort_order") - F("ladder__tiers__sort_order"))
    # Itself, and what stands as high by mistake: none of these contains another.
    return rows.filter(Q(rise__gt=0) | Q(rise__lt=0)).annotate(since=NO_MOMENT, until=NO_MOMENT)


def _kept(target: Target) -> models.QuerySet:
    """What is in no bundle any more, but was left to those who had it (G17): a branch of the same query."""
    items = Item.objects.filter(_covers(target)).order_by().values("pk")
    rows = KeptItem.objects.filter(compiled.IsIn(F("item_id"), models.Subquery(items)))
    rows = rows.filter(membership__first_published_at__isnull=False).order_by()
    return rows.annotate(rise=LEVEL)


#: Stands where a row has the number of its membership; there is none with it.
OF_THE_FENCE = 0


def _and_fences(
    *rows: models.QuerySet, target: Target, blank: Mapping[str, Func | Value], **staff: Q
) -> models.QuerySet:
    first, *others = rows
    # In the same query: what is fenced and in no membership is closed, and nobody should pay for asking twice.
    if target.paths:
        ours = PageViewRestriction.objects.filter(
            groups__name__in=fence.GROUP_NAMES, page__path__in=target.path_slots()
        )
        marked = ours.order_by().annotate(level=LEVEL, mark=Value(OF_THE_FENCE), **blank, **staff)
        others.append(marked.values_list(*staff, "level", "mark", *blank))
    # Django 6.1 gives a union its first model's own order, whose columns are not in it.
    return first.union(*others).order_by() if others else first


def _nothing_of(name: str) -> Value:
    if name == "title":
        return Value("")
    column = Subscription._meta.pk if name == "pk" else Subscription._meta.get_field(name)
    return Value(None, output_field=column)  # type: ignore[arg-type]  # HELD names columns only


def _covers(target: Target) -> Q:
    condition = Q()
    if target.paths:
        # By translation key, so that a translation of a bundled section is covered like the section itself.
        pages = page_model().objects.order_by()
        above = pages.filter(path__in=target.path_slots()).values("translation_key")
        covering = pages.filter(compiled.IsIn(F("translation_key"), models.Subquery(above))).values("pk")
        condition |= Q(compiled.IsIn(F("page_id"), models.Subquery(covering)))
    if target.object_id:
        condition |= Q(content_type_id=compiled.Slot("content_type"), object_id=compiled.Slot("object"))
    return condition


def may_be_staff(person: "models.Model | compiled.Slot") -> Q:
    """In SQL: whether they are in any group, or have any permission of their own."""
    model = get_user_model()
    in_group = model.groups.through.objects.filter(**{model.groups.field.m2m_field_name(): person})
    own = model.user_permissions.through.objects.filter(**{model.user_permissions.field.m2m_field_name(): person})
    return Exists(in_group) | Exists(own)


class _Generation:
    """Counts the writes of this process that change an answer, so that a memo never outlives its truth."""

    def __init__(self) -> None:
        self._counter = count(1)
        self.now = 0

    def next(self, **kwargs: object) -> None:
        self.now = next(self._counter)


_generation = _Generation()


class _Ladders:
    """Whether this process has heard of one that is on. What it says only chooses the query, never the answer."""

    are_known = False

    def note(self, **kwargs: object) -> None:
        self.are_known = True


_ladders = _Ladders()


def connect() -> None:
    """Drop what was remembered when a subscription, a bundle or a ladder is written."""
    for model in (Subscription, BundleItem, KeptItem, Membership, Ladder, Tier):
        for signal in (post_save, post_delete):
            signal.connect(_generation.next, sender=model, dispatch_uid=f"lms_memberships.facts.{model.__name__}")
    post_save.connect(_ladders.note, sender=Ladder, dispatch_uid="lms_memberships.facts.ladders")
