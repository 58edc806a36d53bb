"""What is there for somebody instead of buying it: they have it, its payment is missing, or it rests and can go on (X8)?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..payments.gateway import SubscriptionStatus
from . import billing, departures, holding, pausing, switching, tiers
from .models import Checkout, Invoice, Subscription

PAUSED: str | Promise = _("Your membership “%(membership)s” is paused.")
GIVEN_UP: str | Promise = _("Access is closed because your last payment failed. It opens again once you pay.")

BESIDE: str | Promise = _(
    "Its last payment failed, and you have “%(title)s” by now. If you paid this one, you would be charged for both: you can "
    "cancel it."
)


@dataclass(frozen=True)
class Instead:
    """Shown where the button that buys would be. Of ``to_pay`` and ``to_continue`` one at most is there."""

    sentence: str
    to_pay: Subscription | None = None
    to_continue: Subscription | None = None
    #: Nothing of theirs is known yet: only that a debit for it is on its way.
    is_on_its_way: bool = False


def instead_of_buying(
    user: AbstractBaseUser | AnonymousUser, titles: Mapping[int, str], *, now: datetime
) -> dict[int, Instead]:
    """By the membership's number, of those with these titles. Not among them: what they hold keeps nobody from buying it.

    What is refused when the button is pressed (``holding.refuse_a_second``) is said before. Beside what rests, or what
    Stripe has given up, it would be sold: but nobody wants to pay twice for what one press opens again. A constant number
    of queries.
    """
    if not titles or not user.is_authenticated:
        return {}
    theirs = list(_all_of(user))
    waiting = Checkout.objects.of(user).filter(membership__in=list(titles)).on_their_way(now)
    found: dict[int, Instead] = {}
    for of_one in (_held(theirs, titles, now), _given_up(theirs, now), _resting(theirs, titles, now)):
        found = {pk: each for pk, each in of_one.items() if pk in titles} | found
    for pk in waiting.order_by("pk").values_list("membership", flat=True):
        found.setdefault(pk, Instead(holding.on_its_way(titles[pk]), is_on_its_way=True))
    return found


def can_go_on(subscription: Subscription) -> bool:
    """Whether it rests, and nothing of its own stands against going on. Asks nothing where that was loaded with it."""
    is_paused = subscription.status == SubscriptionStatus.PAUSED and subscription.opened_at is not None
    if not is_paused or subscription.cancel_at is not None or subscription.taken_back_at is not None:
        return False
    # Not through ``withdrawing``: what it builds its sums from wants the models, and access is imported before them.
    return not hasattr(subscription, "withdrawal") and departures.running_of(subscription) is None


def why_it_stays(paused: Subscription, theirs: Iterable[Subscription], *, now: datetime) -> str:
    """Why it does not go on beside the others: what ``pausing.go_on`` says to the press. Empty: nothing keeps it.

    Asks nothing where the memberships and their ladders were loaded with them.
    """
    other = _beside(paused, theirs, now=now)
    if other is None:
        return ""
    if other.membership_id == paused.membership_id:
        return str(pausing.HasAnother.message)
    return str(pausing.ANOTHER_TIER) % {"title": other.membership.title}


def why_not_to_pay(given_up: Subscription, theirs: Iterable[Subscription], *, now: datetime) -> str:
    """Why what Stripe has given up is not paid for any more: it would run beside what they hold by now (C6, X8).

    Empty: nothing keeps it, or it has not been given up. Asks nothing where ``why_it_stays`` asks nothing.
    """
    other = _beside(given_up, theirs, now=now) if given_up.status == SubscriptionStatus.UNPAID else None
    return "" if other is None else str(BESIDE) % {"title": other.membership.title}


def _beside(one: Subscription, theirs: Iterable[Subscription], *, now: datetime) -> Subscription | None:
    """What they hold of the same membership; or the highest of the other tiers of its ladder."""
    others = [each for each in theirs if each.pk != one.pk]
    same = [each for each in others if each.membership_id == one.membership_id and each.is_held(now)]
    own = switching.tier_of(one)
    if same or own is None:
        return same[0] if same else None
    running = [each for each in others if (each.is_held(now) or each.is_live(now)) and tiers.is_changeable(each)]
    steps = ((switching.tier_of(each), each) for each in running if each.membership_id != one.membership_id)
    beside = [(tier.sort_order, each) for tier, each in steps if tier is not None and tier.ladder_id == own.ladder_id]
    return max(beside, key=lambda step: step[0])[1] if beside else None


def _all_of(user: AbstractBaseUser) -> Iterable[Subscription]:
    to_pay = Invoice.objects.filter(status__in=billing.PAYABLE)
    mine = Subscription.objects.of(user).not_foreign().filter(duplicate_of=None).order_by("pk")
    mine = mine.select_related("membership__tier__ladder", "withdrawal")
    return mine.prefetch_related(departures.prefetch(), Prefetch("invoices", queryset=to_pay))


def _held(theirs: list[Subscription], titles: Mapping[int, str], now: datetime) -> dict[int, Instead]:
    found: dict[int, Instead] = {}
    for each in theirs:
        if each.membership_id in titles and each.is_held(now):
            is_to_pay = each.status == SubscriptionStatus.PAST_DUE and each.taken_back_at is None
            said = holding.what_is_held(each, titles[each.membership_id])
            found.setdefault(each.membership_id, Instead(said, to_pay=each if is_to_pay else None))
    return found


def _given_up(theirs: list[Subscription], now: datetime) -> dict[int, Instead]:
    """Stripe tries no more, and a payment still opens it. What never began is cleared away by a new purchase."""
    given_up = [each for each in theirs if each.status == SubscriptionStatus.UNPAID and each.opened_at is not None]
    return {
        each.membership_id: Instead(str(GIVEN_UP), to_pay=each)
        for each in given_up
        if each.taken_back_at is None
        and any(bill.status in billing.payable(each) for bill in each.invoices.all())
        and not why_not_to_pay(each, theirs, now=now)
    }


def _resting(theirs: list[Subscription], titles: Mapping[int, str], now: datetime) -> dict[int, Instead]:
    return {
        each.membership_id: Instead(str(PAUSED) % {"membership": titles[each.membership_id]}, to_continue=each)
        for each in theirs
        if each.membership_id in titles
        and can_go_on(each)
        and not each.has_no_place
        and not why_it_stays(each, theirs, now=now)
    }
