"""What has to be looked at once a day? Each function finds its rows and carries on with the next when one fails."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from ..payments.gateway import Gateway, SubscriptionStatus
from . import closing, duplicates, instalment_ends, one_by_one, settling
from .models import Checkout, Subscription
from .reminders import SOON, remind_of_trial_end

FOR_CLOCKS_THAT_DIFFER = timedelta(hours=1)
#: Stripe closes its pages after a day, unless we have asked for less.
CHECKOUT_LIFETIME = timedelta(days=1) + FOR_CLOCKS_THAT_DIFFER


def remind_of_trial_ends(*, now: datetime) -> int:
    """Remind of each trial that ends within three days, once."""
    ending = Subscription.objects.filter(
        status=SubscriptionStatus.TRIALING, cancel_at=None, trial_end__gt=now, trial_end__lte=now + SOON
    )
    pks = list(ending.order_by("trial_end", "pk").values_list("pk", flat=True))
    return sum(remind_of_trial_end(pk, now=now) for pk in pks)


def old_checkouts(*, now: datetime) -> "QuerySet[Checkout]":
    """Those that nobody can pay any more, as far as the calendar says."""
    is_over = Q(created_at__lt=now - CHECKOUT_LIFETIME) | Q(expires_at__lt=now - FOR_CLOCKS_THAT_DIFFER)
    return Checkout.objects.running().filter(is_over).order_by("pk")


def close_old_checkouts(checkouts: Iterable[Checkout], *, gateway: Gateway, now: datetime) -> int:
    """Ask Stripe what came of each: paid after all, or over."""

    def close(checkout: Checkout) -> None:
        is_elsewhere = not checkout.is_of(gateway)
        if is_elsewhere or not checkout.session_id:
            # Paid all the same, it would be found by its reference when Stripe tells of it.
            settling.close(checkout, Checkout.State.EXPIRED)
            return
        snapshot = gateway.read_checkout(checkout.session_id)
        if snapshot.status == "open":
            closing.expire(checkout.session_id, gateway=gateway)
            snapshot = gateway.read_checkout(checkout.session_id)
        settling.settle(snapshot, gateway=gateway, now=now)

    return one_by_one.each(checkouts, close)


def second_purchases() -> "QuerySet[Subscription]":
    """Bought twice, or without a place, and not given back yet."""
    return Subscription.objects.to_be_undone().order_by("pk")


def undo_second_purchases(subscriptions: Iterable[Subscription], *, gateway: Gateway, now: datetime) -> int:
    """Read each again, which tries again."""

    def undo(subscription: Subscription) -> None:
        if subscription.is_recurring:
            settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)
        else:
            duplicates.undo_purchase(subscription, gateway=gateway, now=now)

    return one_by_one.each(subscriptions, undo)


def end_instalments(subscriptions: Iterable[Subscription], *, gateway: Gateway, now: datetime) -> int:
    """Have Stripe stop each after its last instalment: whatever broke off between the purchase and its schedule."""

    def end(subscription: Subscription) -> None:
        instalment_ends.attach(subscription, gateway=gateway, now=now)

    return one_by_one.each((each for each in subscriptions if each.is_at(gateway, each.stripe_id)), end)
