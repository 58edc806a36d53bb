"""What is known about one person and one thing? Read in one query, kept on the user object for the request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, F, FilteredRelation, Q
from django.db.models.signals import post_delete, post_save

from ..bundles.models import Item
from ..memberships.models import BundleItem, Membership
from ..payments.gateway import SubscriptionStatus
from ..subscriptions.models import Subscription
from . import compiled
from .reasons import Reason
from .targets import Target, page_model
from .words import Person

MEMO = "_lms_memberships_facts"
#: A request takes less. User objects that live longer (a socket, a shell) must not keep an old answer.
MEMO_LASTS = timedelta(seconds=10)
NEVER = datetime.min.replace(tzinfo=UTC)

#: Why a subscription that gives no access now is closed. What is not here ended.
CLOSED_BY_STATUS: Mapping[str, Reason] = {
    SubscriptionStatus.INCOMPLETE: Reason.WAITING_FOR_PAYMENT,
    # It never began, so there is nothing to mend: join.
    SubscriptionStatus.INCOMPLETE_EXPIRED: Reason.JOIN,
    SubscriptionStatus.PAST_DUE: Reason.PAYMENT_FAILED,
    SubscriptionStatus.UNPAID: Reason.PAYMENT_FAILED,
    SubscriptionStatus.PAUSED: Reason.PAUSED,
}
#: The most helpful reason first, when a person held several.
HELPFULNESS = (
    Reason.MEMBER,
    Reason.IN_GRACE,
    Reason.PAYMENT_FAILED,
    Reason.WAITING_FOR_PAYMENT,
    Reason.PAUSED,
    Reason.TRIAL_ENDED,
    Reason.ENDED,
    Reason.JOIN,
)


@dataclass(frozen=True)
class Holding:
    """A membership that contains the thing, and one subscription of the person to it, if there ever was one."""

    membership_id: int
    title: str
    subscription_id: int | None = None
    status: str = ""
    access_until: datetime | None = None
    opened_at: datetime | None = None
    period_start: datetime | None = None
    trial_end: datetime | None = None

    def reason(self, now: datetime) -> Reason:
        """What this holding alone says at that moment. Liveness is the one column (design §5)."""
        if self.subscription_id is None:
            return Reason.JOIN
        if self.access_until is not None and self.access_until > now:
            return Reason.IN_GRACE if self.status == SubscriptionStatus.PAST_DUE else Reason.MEMBER
        return CLOSED_BY_STATUS.get(self.status) or self._how_it_ended()

    def rank(self, now: datetime) -> tuple[int, float]:
        """The smallest decides: the most helpful reason, then the latest end."""
        until = self.access_until or NEVER
        return HELPFULNESS.index(self.reason(now)), -(until - NEVER).total_seconds()

    @property
    def failed_since(self) -> datetime | None:
        """Stripe moves the period on before it charges, so the failure is at the period's start."""
        return self.period_start

    def _how_it_ended(self) -> Reason:
        if self.access_until is None:
            # Active at Stripe, but the first invoice is still processing.
            return Reason.WAITING_FOR_PAYMENT if self.opened_at is None else Reason.JOIN
        if self.trial_end is not None and self.access_until <= self.trial_end:
            return Reason.TRIAL_ENDED
        return Reason.ENDED


@dataclass(frozen=True)
class Facts:
    """What the one query found. Empty holdings: no membership that was ever published contains it."""

    holdings: tuple[Holding, ...]
    #: In a group, or with permissions of their own: only then is it worth asking whether they may edit it.
    may_be_staff: bool
    read_at: datetime
    generation: int


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
    if not user.is_authenticated:
        rows = [(False, *row) for row in _ask_for_visitor(target)]
    else:
        rows = _ask_for_person(user, target)
    holdings = tuple(Holding(*row[1:]) for row in rows)
    return Facts(holdings, any(row[0] for row in rows), read_at=now, generation=_generation.now)


def _ask_for_visitor(target: Target) -> list[tuple]:
    def build() -> models.QuerySet:
        return _bundled(target).values_list("membership_id", "membership__title").distinct()

    return compiled.ask(("visitor", *target.shape), build, target.values())


def _ask_for_person(user: Person, target: Target) -> list[tuple]:
    person = compiled.Slot("user")

    def build() -> models.QuerySet:
        held = FilteredRelation("membership__subscriptions", condition=Q(membership__subscriptions__user=person))
        rows = _bundled(target).annotate(held=held, staff=may_be_staff(person))
        return rows.values_list("staff", "membership_id", "membership__title", *(f"held__{name}" for name in HELD))

    return compiled.ask(("person", *target.shape), build, {"user": user.pk, **target.values()})


#: In the order of Holding's own.
HELD = ("pk", "status", "access_until", "opened_at", "period_start", "trial_end")


def _bundled(target: Target) -> models.QuerySet:
    items = Item.objects.filter(_covers(target)).order_by().values("pk")
    rows = BundleItem.objects.filter(compiled.IsIn(F("item_id"), models.Subquery(items)))
    return rows.filter(membership__first_published_at__isnull=False).order_by()


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


def connect() -> None:
    """Drop what was remembered when a subscription or a bundle is written."""
    for model in (Subscription, BundleItem, Membership):
        for signal in (post_save, post_delete):
            signal.connect(_generation.next, sender=model, dispatch_uid=f"lms_memberships.facts.{model.__name__}")
