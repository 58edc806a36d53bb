"""Who may change to another tier or rhythm, when and at which price? Read from the database alone (V29, V30, X10)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships.intervals import rhythm_of
from ..memberships.ladder_models import Tier, When
from ..memberships.models import Membership, Price
from ..memberships.selling import Sold
from ..memberships.ways import Way, shown, ways
from ..payments.connect import Connection
from ..payments.gateway import SubscriptionStatus
from . import instalments
from .models import Subscription

DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
RUNNING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING)


class CannotChange(Refusal):
    """The message says why, and what to do first."""

    message = _("This membership cannot be changed to another one.")


NO_RENEWAL = _("It does not renew, so there is nothing to change to another membership.")
PAY_FIRST = _("Your last payment failed. Please pay it first; then you can change.")
NOT_RUNNING = _("It is not active at the moment. You can change once it is.")
INSTALMENTS = _("You pay it in instalments. You can change once all of them are paid, or write to us.")
ENDING = _("It is cancelled. Take the cancellation back first; then you can change.")
UNKNOWN = _("It is billed at a special price. Please write to us, and we change it for you.")


@dataclass(frozen=True)
class Target:
    """What somebody can change to: another tier, or another rhythm of the same membership.

    ``whens``: what they may choose from, the usual first.
    """

    membership: Membership
    is_up: bool
    whens: tuple[When, ...]
    #: At the rhythm in which they pay now; if there is none, all that are shown.
    prices: tuple[Sold, ...]
    #: What names it in an address; no slug has a colon.
    key: str

    def price(self, price_id: int | None) -> Sold | None:
        """The one that was asked for. None: none of these, or not chosen yet."""
        if price_id is None and len(self.prices) == 1:
            return self.prices[0]
        return next((each for each in self.prices if each.price.pk == price_id), None)

    def when(self, asked: str) -> When:
        """The one that was asked for, if the creator leaves it open; else the usual."""
        return next((each for each in self.whens if each == asked), self.whens[0])


def why_not(subscription: Subscription) -> str | Promise:
    """Why it cannot be changed as it stands. Empty: it can. Asks the database nothing."""
    if not subscription.is_recurring or not subscription.stripe_id or subscription.paid_up_at is not None:
        return NO_RENEWAL
    if subscription.status in {SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID}:
        return PAY_FIRST
    if subscription.status not in RUNNING or subscription.opened_at is None or subscription.must_be_undone:
        return NOT_RUNNING
    if subscription.taken_back_at is not None:
        # Closed by staff, or for a dispute.
        return NOT_RUNNING
    if subscription.collection_paused:
        # What Stripe does not collect is not sold: it would open nothing, or cost nothing (G4).
        return NOT_RUNNING
    if instalments.is_running(subscription):
        return INSTALMENTS
    if subscription.cancel_at is not None:
        return ENDING
    return UNKNOWN if subscription.price is None else ""


def tier_of(subscription: Subscription) -> Tier | None:
    """Where its membership stands in a ladder that is on. None: it stands alone."""
    tier = getattr(subscription.membership, "tier", None)
    return tier if tier is not None and tier.ladder.is_on else None


def has_other_rhythms(subscription: Subscription) -> bool:
    """Whether the membership is also sold in another rhythm. Asks nothing where further prices were loaded with it."""
    return any(_is_other_rhythm(each, subscription) for each in shown(ways(subscription.membership)))


def targets(subscription: Subscription, connection: Connection) -> tuple[Target, ...]:
    """The other tiers that are on sale, the lowest first, and other rhythms. A constant number of queries."""
    mine = tier_of(subscription)
    return (*_rhythms(subscription, mine, connection), *(_tiers(subscription, mine, connection) if mine else ()))


def _rhythms(subscription: Subscription, mine: Tier | None, connection: Connection) -> Iterator[Target]:
    """The same membership, paid more rarely or more often: to pay for longer is the way up."""
    own = Membership.objects.on_sale(connection).filter(pk=subscription.membership_id)
    for membership in own.prefetch_related("price_options"):
        for each in _sold([membership], connection)[membership.pk]:
            if _is_other_rhythm(each.way, subscription):
                is_up = _days(each.way.interval) > _days(subscription.interval)
                key = f"{membership.slug}:{each.price.pk}"
                yield Target(membership, is_up, _whens(subscription, mine, is_up=is_up), (each,), key)


def _is_other_rhythm(way: Way, subscription: Subscription) -> bool:
    renews = way.is_recurring and not way.instalments
    return renews and way.money.currency == subscription.currency and way.interval != subscription.interval


def _days(interval: str) -> int:
    """About how long; only to compare."""
    rhythm = rhythm_of(interval)
    return DAYS[rhythm.unit or "year"] * rhythm.step


def _tiers(subscription: Subscription, mine: Tier, connection: Connection) -> tuple[Target, ...]:
    order = list(mine.ladder.tiers.order_by("sort_order", "pk").values_list("membership_id", flat=True))
    on_sale = Membership.objects.on_sale(connection).filter(pk__in=order).exclude(pk=mine.membership_id)
    rows = sorted(on_sale.select_related("requires").prefetch_related("price_options"), key=lambda m: order.index(m.pk))
    sold = _sold(rows, connection)
    found = (
        Target(
            membership=each,
            is_up=order.index(each.pk) > order.index(mine.membership_id),
            whens=_whens(subscription, mine, is_up=order.index(each.pk) > order.index(mine.membership_id)),
            prices=_fitting(sold[each.pk], subscription),
            key=each.slug,
        )
        for each in rows
    )
    return tuple(each for each in found if each.prices)


def _whens(subscription: Subscription, mine: Tier | None, *, is_up: bool) -> tuple[When, ...]:
    """Up at once, down with the end of what is paid; the creator may fix either for a ladder."""
    if subscription.status == SubscriptionStatus.TRIALING and not subscription.has_card:
        # It ends with its trial: nothing could be planned for later.
        return (When.NOW,)
    fixed = When(mine.ladder.up_when if is_up else mine.ladder.down_when) if mine else When.ASK
    if fixed is not When.ASK:
        return (fixed,)
    return (When.NOW, When.PERIOD_END) if is_up else (When.PERIOD_END, When.NOW)


def _sold(memberships: Iterable[Membership], connection: Connection) -> dict[int, list[Sold]]:
    """What each of them is openly sold at, confirmed by Stripe. One query for all."""
    rows = list(memberships)
    confirmed = Price.objects.in_account(connection).filter(membership__in=rows, confirmed_at__isnull=False)
    known = {(price.membership_id, price.key): price for price in confirmed}
    found: dict[int, list[Sold]] = defaultdict(list)
    for membership in rows:
        for way in shown(ways(membership)):
            price = known.get((membership.pk, way.key))
            if price is not None:
                found[membership.pk].append(Sold(way, price))
    return found


def _fitting(sold: Iterable[Sold], subscription: Subscription) -> tuple[Sold, ...]:
    """Those that a running subscription can be changed to: they renew, in the same currency."""
    fitting = tuple(
        each
        for each in sold
        if each.way.is_recurring and not each.way.instalments and each.price.currency == subscription.currency
    )
    same = tuple(each for each in fitting if each.way.interval == subscription.interval)
    return same[:1] or fitting
