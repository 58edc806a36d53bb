"""When does a redeemed gift begin? At once, or when whatever else opens the same membership ends: without a gap (X2, X15).

A higher tier opens it too (V28). While something renews, the gift waits without a row. As soon as an end is known, its
row is written with access from that end on; both are live until then, which harms nothing. Should the end move, the row
moves with it; once its first day has come it is never moved again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.db import transaction

from .. import clock, events
from ..memberships import ladders
from ..payments.gateway import SubscriptionStatus
from ..retrying import retried
from . import disputed, duplicates, people
from .gift_models import Gift
from .models import Subscription
from .told import save_and_tell

#: The news of a renewal may come late: so long is one still taken to go on.
NEWS_MAY_BE_LATE = timedelta(days=1)


def arrange(user_id: int, membership_id: int, *, now: datetime) -> None:
    """Lay this person's gifts of this membership end to end behind what they hold. Under the person's lock."""
    rows = people.holdings(user_id)
    mine = Gift.objects.filter(user_id=user_id, membership_id=membership_id).not_begun(now)
    gifts = list(mine.select_for_update(of=("self",)).select_related("membership").order_by("redeemed_at", "pk"))
    own = {gift.subscription_id for gift in gifts}
    openers = _openers(membership_id)
    others = [row for row in rows if row.membership_id in openers and row.pk not in own]
    start = free_from(others, now=now)
    for gift in gifts:
        if start is None:
            _put_back(gift)
        else:
            start = _begin(gift, start, rows, now=now)


def free_from(others: list[Subscription], *, now: datetime) -> datetime | None:
    """When nothing of these is open any more. None: one of them goes on, as far as anybody knows."""
    if any(_goes_on(row, now) for row in others):
        return None
    return max((row.access_until for row in others if row.is_live(now) and row.access_until), default=now)


@dataclass(frozen=True)
class Foreseen:
    """When a gift would begin that is redeemed now. ``at`` None: when what goes on comes to its end."""

    is_later: bool
    at: datetime | None


def foresee(user_id: int, membership_id: int, *, now: datetime) -> Foreseen:
    """For the page on which it is redeemed; nothing is locked, and nothing written."""
    rows = list(Subscription.objects.filter(user_id=user_id, membership_id__in=_openers(membership_id)))
    start = free_from(rows, now=now)
    return Foreseen(is_later=start is None or start > now, at=start)


def after(fact: events.SubscriptionFact) -> None:
    """For reactions: something began, ended, or will; a gift that waits behind it is arranged in the same transaction."""
    pk = fact.subscription_id
    events.once(("gift turns", pk), lambda: _arrange_behind(pk))


def look_again(*, now: datetime) -> int:
    """What no fact told: a payment that came late, and moved an end. Returns how many people were looked at."""
    waiting = Gift.objects.not_begun(now).order_by("user_id", "membership_id")
    pairs = waiting.values_list("user_id", "membership_id").distinct()
    for user_id, membership_id in list(pairs):
        _look_again(user_id, membership_id, now=now)
    return len(pairs)


@retried
def _look_again(user_id: int, membership_id: int, *, now: datetime) -> None:
    with transaction.atomic():
        people.lock_person(user_id)
        arrange(user_id, membership_id, now=now)


def _arrange_behind(subscription_id: int) -> bool:
    # Facts are told without the time, and a gift begins at one.
    now = clock.now()  # noqa: TID251
    # What is told of a gift comes from here: those behind it are arranged with it.
    about = Subscription.objects.filter(pk=subscription_id).exclude(origin=Subscription.Origin.GIFT)
    # All of that person's: what they hold may have been another tier until now.
    waiting = Gift.objects.not_begun(now).filter(user__lms_subscriptions__in=about).order_by("membership_id")
    found = list(waiting.values_list("user_id", "membership_id").distinct())
    for user_id, membership_id in found:
        arrange(user_id, membership_id, now=now)
    return bool(found)


def _openers(membership_id: int) -> set[int]:
    """The memberships that open all that this one does: itself, and the tiers above it."""
    return {membership_id, *ladders.above([membership_id]).values_list("membership", flat=True)}


def _goes_on(row: Subscription, now: datetime) -> bool:
    if row.access_until is None or row.access_until <= now - NEWS_MAY_BE_LATE:
        return False
    if row.is_for_good:
        return True
    renews = row.status == SubscriptionStatus.ACTIVE or (row.status == SubscriptionStatus.TRIALING and row.has_card)
    return row.is_recurring and renews and row.cancel_at is None


def _put_back(gift: Gift) -> None:
    """What it stands behind goes on after all. Its row has opened nothing yet that something else did not."""
    if gift.subscription is None:
        return
    row, gift.subscription, gift.starts_at = gift.subscription, None, None
    gift.save(update_fields=["subscription", "starts_at"])
    row.delete()


def _begin(gift: Gift, start: datetime, rows: list[Subscription], *, now: datetime) -> datetime:
    """Its row, from that moment on. Returns when it ends."""
    end = start + relativedelta(months=gift.months)
    row = next((each for each in rows if each.pk == gift.subscription_id), None) or _new(gift, now)
    if (row.started_at, row.period_end) != (start, end):
        row.started_at = row.period_start = start
        row.period_end = end
        _give_its_time(gift, row, now)
        save_and_tell(row, _news(row, rows, now))
        disputed.closing(gift).update(subscription=row)
    gift.subscription, gift.starts_at = row, start
    gift.save(update_fields=["subscription", "starts_at"])
    return end


def _give_its_time(gift: Gift, row: Subscription, now: datetime) -> None:
    """Its months; or, while its payment is disputed (G7), what it will have again if the seller is proved right."""
    if row.pk is None and disputed.closing(gift).exists():
        row.suspended_at = row.access_until = now
    if row.taken_back_at is None:
        row.access_until = row.period_end
    else:
        row.until_before = row.period_end


def _new(gift: Gift, now: datetime) -> Subscription:
    # The place is the one that the gift has held since it was paid (``places.reserve_gift``).
    return Subscription(
        user=gift.user,
        membership=gift.membership,
        origin=Subscription.Origin.GIFT,
        status=SubscriptionStatus.ACTIVE,
        account=gift.account,
        livemode=gift.livemode,
        is_recurring=False,
        language=gift.language,
        opened_at=now,
    )


def _news(row: Subscription, rows: list[Subscription], now: datetime) -> list[type[events.SubscriptionFact]]:
    if row.is_open_told or row.taken_back_at is not None:
        return []
    row.is_open_told = True
    # Whoever holds it in another way gains nothing yet (X2).
    return [] if duplicates.Others(row, rows).give_access(now) else [events.AccessGained]
