"""Is there a place left? The one answer, given under the lock of the membership's row (J1, J2, J3).

Every way in asks ``reserve``: bought, tried, given, invited, imported. It counts people, each once: who is in, who
stands before a payment page or has money on its way, who changes to it from another tier, and whom a free place was
offered to.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add

from django.db import connection, models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..errors import Refusal
from ..memberships.models import Membership
from ..memberships.offers import Offer
from .change_models import TierChange
from .gift_models import Gift
from .guest_models import GuestPurchase
from .models import Checkout, Subscription
from .queries import NO_PLACE
from .waiting_models import WaitingEntry

logger = logging.getLogger(__name__)

#: How long a payment page holds a place. Stripe wants at least half an hour; the rest is for a press that is repeated.
RESERVED_FOR = timedelta(minutes=33)
#: Fewer must not be left of a page's time when Stripe is asked to open it.
SHORTEST_PAGE = timedelta(minutes=30)
#: From here on a page says how many are left.
FEW = 20


class Full(Refusal):
    """Nobody more can join (W17)."""

    message = _("This membership is sold out at the moment. You can be told when a place is free.")


@dataclass(frozen=True)
class Places:
    """How many people a membership takes, and how many places are taken."""

    limit: int
    taken: int

    @property
    def left(self) -> int:
        # A limit may be lowered below the number of members: that removes nobody (J10).
        return max(0, self.limit - self.taken)

    @property
    def are_sold_out(self) -> bool:
        return not self.left

    @property
    def are_few(self) -> bool:
        return 0 < self.left <= FEW


def reserve_for_guest(membership: Membership, *, now: datetime) -> bool:
    """The same for somebody without an account, who has no place yet: each of their pages takes one."""
    limit = _locked_limit(membership.pk)
    if limit is None:
        return False
    [(_pk, _limit, count)] = _counted([membership], _spoken_for(now), now=now)
    if count >= limit:
        raise Full
    return True


def reserve(user_id: int, membership: Membership, *, now: datetime) -> bool:
    """Raise Full unless this person has a place or may take one. Returns whether there is a limit at all.

    Inside the transaction that writes what takes it, under the person's lock and after every other: the membership's
    row comes last in the order, and is locked whether or not there is a limit (J2).
    """
    return _reserve(user_id, membership, _locked_limit(membership.pk), now)


def count_free(membership: Membership, *, now: datetime) -> int | None:
    """How many places can be offered to people who wait, under the same lock. None: there is no limit."""
    limit = _locked_limit(membership.pk)
    if limit is None:
        return None
    [(_pk, _limit, count)] = _counted([membership], _sources(now), now=now)
    return max(0, limit - count)


def reserve_page(draft: Checkout, *, now: datetime) -> None:
    """The place that a payment page holds: with a limit, the page lives no longer than the place is kept."""
    is_limited = reserve(draft.user_id, draft.membership, now=now)
    if is_limited and draft.pk is None:
        # Whole seconds, as Stripe has them: asked again, it is the same request.
        draft.expires_at = (now + RESERVED_FOR).replace(microsecond=0)


def reserve_gift(gift: Gift, *, now: datetime) -> bool:
    """Raise Full unless this gift has its place or may take one: for somebody who is not known yet, so always one more.

    Returns whether there is a limit at all. Inside the transaction that saves the gift, after every other lock.
    """
    limit = _locked_limit(gift.membership_id)
    if limit is None:
        return False
    if gift.pk is None or not Gift.objects.taking_a_place(now).filter(pk=gift.pk).exists():
        [(_pk, _limit, count)] = _counted([gift.membership], _spoken_for(now), now=now)
        if count >= limit:
            raise Full
    return True


def is_page_too_old(planned: Checkout | Gift, *, now: datetime) -> bool:
    """Whether Stripe would refuse to open it any more: so little is left of the time for which its place is kept."""
    return planned.expires_at is not None and planned.expires_at - now < SHORTEST_PAGE


def begin(subscription: Subscription, checkout: Checkout | None, *, now: datetime) -> bool:
    """Somebody has paid, or begins, and nothing is written yet. No place left: it is marked to be undone (J5).

    Returns whether it was begun although there is none.
    """
    membership = subscription.membership
    # With the attempt the membership's row was locked, and read by that (``CheckoutQuerySet.locked``).
    limit = checkout.membership.max_members if checkout is not None else _locked_limit(membership.pk)
    try:
        if _reserve(subscription.user_id, membership, limit, now):
            # Whoever is in waits no longer.
            WaitingEntry.objects.filter(user_id=subscription.user_id, membership=membership).delete()
    except Full:
        logger.warning("There is no place for %r: the membership is full", subscription)
        # What was noted again after a restore had a place when it was bought.
        if conf.OVERBOOK_LATE_PAYMENTS or (checkout is not None and checkout.is_noted_again):
            return True
        subscription.flag = NO_PLACE
    return False


def take(subscription: Subscription, *, now: datetime) -> bool:
    """It has become another membership, at Stripe already. Returns whether there was no place for it."""
    try:
        if _reserve(subscription.user_id, subscription.membership, _locked_limit(subscription.membership_id), now):
            WaitingEntry.objects.filter(user_id=subscription.user_id, membership_id=subscription.membership_id).delete()
    except Full:
        logger.warning("There is no place for %r: the membership is full", subscription)
        return True
    return False


def has_place(user_id: int, membership: models.Model, *, now: datetime) -> bool:
    """Whether this person is counted already: their own attempt does not count twice."""
    mine = {"user_id": user_id, "membership": membership}
    return any(rows.filter(**mine).exists() for rows in _sources(now))


def places_in(memberships: Collection[models.Model], *, now: datetime) -> dict[int, Places]:
    """For those that have a limit, in one query; in none where nobody has set one."""
    limited = [each for each in memberships if getattr(each, "max_members", None) is not None]
    return {
        pk: Places(limit, count)
        for pk, limit, count in _counted(limited, _spoken_for(now), now=now)
        if limit is not None
    }


def places_of(membership: models.Model, *, now: datetime) -> Places | None:
    """None: there is no limit."""
    return places_in([membership], now=now).get(membership.pk)


def are_limited(membership: Membership) -> bool:
    """Whether there is a number of places at all."""
    return membership.max_members is not None


def with_places(offers: Iterable[Offer], *, now: datetime) -> list[tuple[Offer, Places | None]]:
    """Each offer with its places, for a page that shows many."""
    shown = list(offers)
    found = places_in([each.membership for each in shown], now=now)
    return [(each, found.get(each.membership.pk)) for each in shown]


def _reserve(user_id: int, membership: Membership, limit: int | None, now: datetime) -> bool:
    if limit is None:
        return False
    if not has_place(user_id, membership, now=now) and _taken_by_others(user_id, membership, now) >= limit:
        raise Full
    return True


def _locked_limit(membership_id: int) -> int | None:
    if not connection.in_atomic_block:
        msg = "A place was reserved outside the transaction that takes it"
        raise RuntimeError(msg)
    # Read by the very statement that locks: what was read before may be another's by now (J3). No key: rows that
    # merely point to the membership can still be written meanwhile.
    row = Membership._base_manager.select_for_update(no_key=True).filter(pk=membership_id)
    return row.values_list("max_members", flat=True).get()


def _taken_by_others(user_id: int, membership: Membership, now: datetime) -> int:
    others = tuple(rows.exclude(user_id=user_id) for rows in _spoken_for(now))
    [(_pk, _limit, count)] = _counted([membership], others, now=now)
    return count


def _sources(now: datetime) -> tuple[models.QuerySet, ...]:
    """Who is in; who is about to be, by buying or by a change; for whom a place is kept."""
    return (
        Subscription.objects.taking_a_place(now),
        Checkout.objects.taking_a_place(now),
        TierChange.objects.taking_a_place(now),
        WaitingEntry.objects.filter(held_until__gt=now),
        # Redeemed, and not begun: by then they may hold nothing else.
        Gift.objects.waiting_for_their_turn(),
    )


def _spoken_for(now: datetime) -> tuple[models.QuerySet, ...]:
    """The same, and those who wait and were not told yet: what is free is theirs before it is a newcomer's."""
    *others, _told, gifts = _sources(now)
    return *others, WaitingEntry.objects.filter(Q(told_at=None) | Q(held_until__gt=now)), gifts


def _counted(
    memberships: Collection[models.Model], sources: tuple[models.QuerySet, ...], *, now: datetime
) -> list[tuple[int, int | None, int]]:
    """(membership, limit, people), each person once, in one query.

    Beside them each gift that nobody has redeemed, and each purchase of a guest: of neither anybody knows who it is.
    """
    if not memberships:
        return []
    counts = []
    before: list[models.QuerySet] = []
    for rows in sources:
        # Whoever an earlier source has counted is left out of this one.
        own = rows
        for other in before:
            own = own.exclude(Exists(other.filter(user=OuterRef("user"), membership=OuterRef("membership"))))
        before.append(rows)
        counts.append(_count_of(own))
    found = Membership._base_manager.filter(pk__in=[each.pk for each in memberships]).order_by()
    counts.append(_count_of(Gift.objects.taking_a_place(now), "pk"))
    counts.append(_count_of(GuestPurchase.objects.taking_a_place(now), "pk"))
    total = reduce(add, (Coalesce(each, 0) for each in counts))
    return list(found.annotate(taken=total).values_list("pk", "max_members", F("taken")))


def _count_of(rows: models.QuerySet, what: str = "user") -> Subquery:
    inside = rows.filter(membership=OuterRef("pk")).order_by().values("membership")
    return Subquery(inside.annotate(people=Count(what, distinct=True)).values("people"))
