"""What needs a person's attention, and how much of it is there? One question for each kind, and one query for all counts."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.lookups import Exact

from ..payments.models import Customer
from .guest_models import GuestPurchase
from .models import Invoice, Subscription
from .money_back_models import Dispute, Refund
from .queries import BILLED, DOUBLE, FOR_GOOD, UNKNOWN_PRICE, SubscriptionQuerySet, unbroken
from .stranger_models import Stranger
from .sums import LEFT

#: A guest who has just paid is about to claim it.
UNCLAIMED_FOR = timedelta(days=3)


class Kind(StrEnum):
    """What may need attention."""

    DOUBLES = "doubles"
    DISPUTES = "disputes"
    REFUNDS = "refunds"
    PRICES = "prices"
    STRANGERS = "strangers"
    INVOICES = "invoices"
    GUESTS = "guests"


def counts(*, now: datetime) -> dict[str, int]:
    """How many of each kind, by its name, in whichever account: nothing is lost by another key. One query."""
    first, *others = (
        rows.order_by().annotate(kind=Value(kind.value)).values_list("kind").annotate(Count("pk"))
        for kind, rows in ((kind, FINDERS[kind](now)) for kind in Kind)
    )
    # The ordering of a model comes back with the union on Django 6.1.
    found = dict(first.union(*others, all=True).order_by())
    return {kind.value: found.get(kind.value, 0) for kind in Kind}


def of_kind(kind: Kind, *, now: datetime) -> "QuerySet[Any]":
    """The rows of one kind, the oldest first, with what a list shows of them.

    Of doubles ``is_second``: a click undoes it. Of strangers ``known_user`` and ``known_name``, where their customer is
    somebody's here, and ``is_beside``: that person is charged for the membership already.
    """
    rows = FINDERS[kind](now).select_related(*SHOWN[kind]).order_by("pk")
    if kind is Kind.DOUBLES:
        # All of these are charged: what is left of the question that ``doubles`` asks.
        is_second = When(Exists(_earlier(now)), suspended_at=None, then=True)
        return rows.annotate(is_second=Case(is_second, default=False))
    return _with_whose(rows, now) if kind is Kind.STRANGERS else rows


def doubles(now: datetime) -> "QuerySet[Subscription]":
    """Charged for what the same person holds in an earlier way: the second of two (X8, G14). One click undoes it.

    Those that were bought twice here are undone by themselves; these were made elsewhere, or long apart. The first goes
    on and gives access, or ending the second would lock the person out.
    """
    charged = Subscription.objects.charged_on(now).filter(suspended_at=None)
    return charged.filter(Exists(_earlier(now)))


def paid_twice(now: datetime) -> "QuerySet[Subscription]":
    """Those, and what else is charged beside one that goes on: there, which of the two to end is for somebody to say.

    Without what somebody leaves so in an account that cannot be asked.
    """
    charged = Subscription.objects.charged_on(now)
    is_sound = Case(When(unbroken(now), then=True), default=False)
    is_second = Q(Exact(OuterRef("is_sound"), Value(value=True)), pk__gt=OuterRef("pk")) & ~FOR_GOOD
    same = charged.alias(is_sound=is_sound).filter(Exists(_others(now).exclude(is_second)))
    # Only a merge marks them (K11): two tiers side by side may be wanted.
    other_tiers = Exists(_tiers(Subscription.objects.lasting(now))) | Exists(_tiers(charged))
    tiers = charged.filter(other_tiers, flag=DOUBLE)
    found = same.order_by().values("pk").union(tiers.order_by().values("pk"), all=True)
    # Beside an unknown price that mark speaks of the price.
    return Subscription.objects.filter(Q(left_alone_at=None) | Q(flag=UNKNOWN_PRICE), pk__in=found)


def _others(now: datetime) -> "SubscriptionQuerySet":
    """What goes on, of the same person and membership."""
    mine = Subscription.objects.lasting(now).filter(user=OuterRef("user"), membership=OuterRef("membership"))
    return mine.exclude(pk=OuterRef("pk"))


def _earlier(now: datetime) -> "SubscriptionQuerySet":
    """Of those, what was there first, in the same account and mode: of another, nobody knows here that it still goes on."""
    return _others(now).filter(pk__lt=OuterRef("pk"), account=OuterRef("account"), livemode=OuterRef("livemode"))


def _tiers(rows: "SubscriptionQuerySet") -> "SubscriptionQuerySet":
    """Of these, the same person's other tiers of the ladder."""
    rows = rows.filter(user=OuterRef("user"), membership__tier__ladder__is_on=True)
    rows = rows.filter(membership__tier__ladder=OuterRef("membership__tier__ladder"))
    return rows.exclude(membership=OuterRef("membership"))


def disputes(now: datetime) -> "QuerySet[Dispute]":
    """Not decided, as far as is known here, and nobody left it so."""
    return Dispute.objects.running().exclude(said=LEFT)


def _refunds(now: datetime) -> "QuerySet[Refund]":
    return Refund.objects.to_be_looked_at()


def _prices(now: datetime) -> "QuerySet[Subscription]":
    """Billed at a price that is none of the membership's (S9, G12), and nobody has said that it stays so."""
    return Subscription.objects.filter(flag=UNKNOWN_PRICE, status__in=BILLED, left_alone_at=None)


def _strangers(now: datetime) -> "QuerySet[Stranger]":
    """Those that the comparison with Stripe has recognised since are ours by now."""
    ours = Subscription.objects.filter(
        account=OuterRef("account"), livemode=OuterRef("livemode"), stripe_id=OuterRef("stripe_id")
    )
    return Stranger.objects.waiting().exclude(Exists(ours))


def _with_whose(rows: "QuerySet[Stranger]", now: datetime) -> "QuerySet[Stranger]":
    theirs = Customer.objects.filter(
        account=OuterRef("account"), livemode=OuterRef("livemode"), stripe_id=OuterRef("customer_id")
    )
    name = f"user__{get_user_model().USERNAME_FIELD}"
    rows = rows.annotate(known_user=Subquery(theirs.values("user")), known_name=Subquery(theirs.values(name)))
    charged = Subscription.objects.charged_on(now).filter(
        user=OuterRef("known_user"), membership=OuterRef("membership")
    )
    return rows.annotate(is_beside=Exists(charged))


def _invoices(now: datetime) -> "QuerySet[Invoice]":
    """Of which Stripe's parts do not make its total (H5), or which Stripe does not have (H11), and nobody left it so."""
    # Two conditions: the first is that of the index.
    return Invoice.objects.exclude(doubt="").exclude(doubt=LEFT)


def _guests(now: datetime) -> "QuerySet[GuestPurchase]":
    return GuestPurchase.objects.unclaimed().filter(paid_at__lt=now - UNCLAIMED_FOR)


FINDERS: Mapping[Kind, Callable[[datetime], "QuerySet[Any]"]] = {
    Kind.DOUBLES: paid_twice,
    Kind.DISPUTES: disputes,
    Kind.REFUNDS: _refunds,
    Kind.PRICES: _prices,
    Kind.STRANGERS: _strangers,
    Kind.INVOICES: _invoices,
    Kind.GUESTS: _guests,
}
#: What each row names in a list.
SHOWN: Mapping[Kind, tuple[str, ...]] = {
    Kind.DOUBLES: ("user", "membership"),
    Kind.DISPUTES: ("membership", "subscription__user"),
    Kind.REFUNDS: ("membership", "subscription__user", "invoice"),
    Kind.PRICES: ("user", "membership"),
    Kind.STRANGERS: ("membership",),
    Kind.INVOICES: ("user", "membership"),
    Kind.GUESTS: ("membership",),
}
