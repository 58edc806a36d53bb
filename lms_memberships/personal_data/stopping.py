"""Is everything over at Stripe that this person pays for? Asked, ended, and read again until Stripe says so (K6)."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ..errors import OutsideFailure
from ..payments.gateway import Gateway, NotFound
from ..payments.models import Customer
from ..subscriptions import closing, ending_at_stripe, gift_refunding, gift_settling, lifecycle, settling
from ..subscriptions.gift_models import Gift
from ..subscriptions.models import Checkout, Subscription
from ..subscriptions.told import OVER


class NotOverYet(OutsideFailure):
    """Stripe has not confirmed that nothing more will be charged."""

    message = _("Stripe has not confirmed yet that nothing more will be charged. We ask again by ourselves.")


class OtherAccount(OutsideFailure):
    """Money flows in an account that this site is not connected to: only that account can stop it."""

    message = _("A subscription is billed in another Stripe account. Connect it again, or end the subscription there.")


class NobodyToAsk(OutsideFailure):
    message = _("No Stripe account is connected: nobody can confirm that nothing more will be charged.")


def billed(user_id: int) -> "QuerySet[Subscription]":
    """What Stripe may still charge for, in any account: also what is paused, unpaid, or waits for a first payment."""
    mine = Subscription.objects.filter(user_id=user_id, is_recurring=True).exclude(stripe_id="")
    return mine.exclude(status__in=OVER).order_by("pk")


def payable(user_id: int) -> "QuerySet[Checkout]":
    """Pages on which this person may still pay."""
    return Checkout.objects.filter(user_id=user_id).running().order_by("pk")


def open_gifts(user_id: int) -> "QuerySet[Gift]":
    """The same for gifts: pages that can be paid, and money that is to be given back."""
    open_states = [Gift.State.PLANNED, Gift.State.REFUNDING]
    return Gift.objects.filter(giver_id=user_id, state__in=open_states).order_by("pk")


def is_all_over(user_id: int, *, gateway: Gateway | None) -> bool:
    """As far as our rows know."""
    return not any(
        _that_count(rows, gateway).exists() for rows in (billed(user_id), payable(user_id), open_gifts(user_id))
    )


def stop(user_id: int, *, gateway: Gateway, now: datetime) -> None:
    """End all of it at Stripe; what raises is to be tried again. Calling it again ends nothing twice."""
    for checkout in _here(payable(user_id), gateway):
        _close(checkout, gateway=gateway, now=now)
    for gift in _here(open_gifts(user_id), gateway):
        if gift.state == Gift.State.REFUNDING:
            gift_refunding.carry_out(gift, gateway=gateway, now=now)
        else:
            gift_settling.close_page(gift, gateway=gateway, now=now)
    for subscription in _here(billed(user_id), gateway):
        _end(subscription, gateway=gateway, now=now)


def _here(rows: QuerySet, gateway: Gateway) -> QuerySet:
    here = Q(account=gateway.account_id, livemode=gateway.livemode)
    if _that_count(rows, gateway).exclude(here).exists():
        raise OtherAccount
    return rows.filter(here)


def _that_count(rows: QuerySet, gateway: Gateway | None) -> QuerySet:
    """Test mode moves no money: what is left of it from before a site went live is nothing to wait for."""
    return rows.filter(livemode=True) if gateway is not None and gateway.livemode else rows


def _close(checkout: Checkout, *, gateway: Gateway, now: datetime) -> None:
    """Nobody can pay on it any more; paid in this very moment, it becomes a subscription that is ended next."""
    snapshot = None
    if checkout.session_id:
        snapshot = gateway.read_checkout(checkout.session_id)
    else:
        # We may have lost Stripe's answer after the page was made.
        customer = Customer.objects.filter(
            user_id=checkout.user_id, account=checkout.account, livemode=checkout.livemode
        ).first()
        if customer is not None:
            snapshot = gateway.find_checkout(customer_id=customer.stripe_id, reference=str(checkout.uuid))
    if snapshot is None:
        settling.close(checkout, Checkout.State.EXPIRED)
        return
    if snapshot.status == "open":
        closing.expire(snapshot.id, gateway=gateway)
        snapshot = gateway.read_checkout(snapshot.id)
    settling.settle(snapshot, gateway=gateway, now=now)


def _end(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    try:
        ending_at_stripe.end_now(subscription.stripe_id, purpose="erase", gateway=gateway)
        read = settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)
    except NotFound:
        # Stripe has no such subscription: nothing can be charged for it. That too is an answer.
        lifecycle.end_what_is_gone(subscription.pk, now=now)
        return
    if read is None or read.status not in OVER:
        raise NotOverYet
