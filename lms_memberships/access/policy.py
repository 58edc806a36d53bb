"""Who may open what, and why not? ``decide`` computes it from what the student holds; nothing is copied anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from django.db import models
from django.db.models import F

from .. import conf
from ..memberships import ladders
from ..memberships.models import Membership
from ..payments import connect
from ..subscriptions.models import Subscription
from . import editing, facts, listing
from .facts import Facts
from .holdings import Holding
from .reasons import OPENING, Reason, sentence
from .targets import target_of
from .words import Person

#: A sentence with ten names in it helps nobody.
MOST_NAMED = 3

Thing = TypeVar("Thing", bound=models.Model)


@dataclass(frozen=True)
class Decision:
    """The answer, its reason, and (asked lazily) the memberships that would help."""

    allowed: bool
    reason: Reason
    #: The holding that decided, where the student has or had one.
    holding: Holding | None = None
    membership_ids: frozenset[int] = frozenset()
    #: Whether some of those are tiers of a ladder (V31).
    has_tiers: bool = False

    @cached_property
    def memberships(self) -> tuple[Membership, ...]:
        """Every published membership that contains it, those on sale first, the lower of two tiers before the higher."""
        rest = self._helping(Membership.objects.all()).exclude(pk__in=[one.pk for one in self.offers])
        return (*self.offers, *rest)

    @cached_property
    def offers(self) -> tuple[Membership, ...]:
        """Those that can be bought now."""
        if not self.membership_ids:
            return ()
        on_sale = Membership.objects.on_sale(connect.current())
        return tuple(self._helping(on_sale).select_related("cover_image"))

    def _helping(self, memberships: models.QuerySet) -> models.QuerySet:
        lowest_first = F("tier__sort_order").asc(nulls_first=True)
        return memberships.filter(pk__in=self.membership_ids).order_by(lowest_first, *Membership._meta.ordering)

    @property
    def is_for_everybody(self) -> bool:
        """Whether the answer would be the same for anybody: only then may a cache keep the page (S27)."""
        return self.reason is Reason.NOT_SOLD and not conf.REQUIRE_MEMBERSHIP

    @property
    def sentence(self) -> str:
        """One sentence for the person (X1), in the active language."""
        titles = [] if self.allowed else [offer.title for offer in self.offers[:MOST_NAMED]]
        return sentence(self.reason, self.holding, titles)


CLOSED = Decision(allowed=False, reason=Reason.UNKNOWN)
FREE = Decision(allowed=True, reason=Reason.NOT_SOLD)
SUPERUSER = Decision(allowed=True, reason=Reason.SUPERUSER)


def decide(user: Person, item: object, *, now: datetime) -> Decision:
    """Whether ``user`` may open ``item``: a catalogue row, a page, or a thing of any registered type.

    One query for a signed-in student, none the second time in a request, none for a superuser.
    """
    return _decide(user, item, now=now)


def decide_at(user: Person, item: object, *, moment: datetime, now: datetime) -> Decision:
    """What ``decide`` answers about another moment: staff's question, as far as it is known (X1).

    What began later was not there yet. What interrupted it in between is kept nowhere, so the past is asked of what is
    known now. Of the present nobody asks when it began: Stripe's clock may be ahead of ours.
    """
    return _decide(user, item, now=moment, begun_by=moment if moment < now else None)


def items_open_to(user: Person, items: Iterable[Thing], *, now: datetime) -> set[Thing]:
    """Which of these are open, in one query however many there are: ``{% if course in open_items %}``.

    Catalogue rows of pages need their page loaded (``select_related("page")``) to keep it at one.
    """
    things = [thing for thing in items if thing.pk is not None]
    if user.is_superuser and user.is_active:
        return set(things)
    targets = {thing: target for thing in things if (target := target_of(thing)) is not None}
    states = listing.states(user, list(targets.values()), live=_live_of(user, now=now))
    unlocked = not conf.REQUIRE_MEMBERSHIP or holds_anything(user, now=now)
    found = {
        thing
        for thing, target in targets.items()
        if states.is_open(target) or (unlocked and not states.is_sold(target))
    }
    if not states.may_be_staff:
        return found
    return found | editing.editable(user, [thing for thing in targets if thing not in found])


def holds_anything(user: Person, *, now: datetime) -> bool:
    """Whether any membership at all is live for them: what a members-only site asks."""
    return _live_of(user, now=now).exists()


def holders_of(membership_id: int, *, now: datetime) -> models.QuerySet:
    """The subscriptions through which somebody has this membership open: its own, and those of higher tiers."""
    return Subscription.objects.filter(ladders.and_above([membership_id])).giving_access(now)


def _live_of(user: Person, *, now: datetime, begun_by: datetime | None = None) -> models.QuerySet:
    if not user.is_authenticated:
        return Subscription.objects.none()
    live = Subscription.objects.of(user).giving_access(now)
    return live if begun_by is None else live.filter(opened_at__lte=begun_by)


def _decide(user: Person, item: object, *, now: datetime, begun_by: datetime | None = None) -> Decision:
    if user.is_superuser and user.is_active:
        return SUPERUSER
    target = target_of(item)
    if target is None:
        return CLOSED
    known = facts.about(user, target, now=now)
    if begun_by is not None:
        known = known.as_of(begun_by)
    if known.holdings:
        decision = _decide_sold(user, known, now=now)
    elif known.is_fenced:
        decision = CLOSED
    else:
        return _decide_free(user, now=now, begun_by=begun_by)
    if not decision.allowed and known.may_be_staff and isinstance(item, models.Model) and editing.may_edit(user, item):
        return Decision(allowed=True, reason=Reason.EDITOR, membership_ids=decision.membership_ids)
    return decision


def _decide_free(user: Person, *, now: datetime, begun_by: datetime | None) -> Decision:
    if not conf.REQUIRE_MEMBERSHIP or _live_of(user, now=now, begun_by=begun_by).exists():
        return FREE
    ids = frozenset(Membership.objects.ever_published().values_list("pk", flat=True))
    return _refuse(Reason.JOIN if user.is_authenticated else Reason.SIGN_IN, None, ids)


def _decide_sold(user: Person, known: Facts, *, now: datetime) -> Decision:
    # Joining helps neither to what is out of the bundle, nor whoever holds the membership already.
    helping = (one for one in known.holdings if not one.is_kept and one.reason(now) is not Reason.FOR_NEWCOMERS)
    ids = frozenset(holding.membership_id for holding in helping)
    if not user.is_authenticated:
        return _refuse(Reason.SIGN_IN, None, ids, has_tiers=known.has_tiers)
    best = min(known.holdings, key=lambda holding: holding.rank(now))
    reason = best.reason(now)
    if reason in OPENING:
        return Decision(allowed=True, reason=reason, holding=best, membership_ids=ids, has_tiers=known.has_tiers)
    lower = next((holding for holding in known.lower if holding.reason(now) in OPENING), None)
    if lower is not None and reason in UPGRADED:
        reason, best = Reason.UPGRADE, lower
    return _refuse(reason, best, ids, has_tiers=known.has_tiers)


#: Where nothing of theirs is to be mended: who holds a lower tier changes to a higher one.
UPGRADED = frozenset({Reason.JOIN, Reason.ENDED, Reason.TRIAL_ENDED})


def _refuse(reason: Reason, holding: Holding | None, ids: frozenset[int], *, has_tiers: bool = False) -> Decision:
    return Decision(allowed=False, reason=reason, holding=holding, membership_ids=ids, has_tiers=has_tiers)
