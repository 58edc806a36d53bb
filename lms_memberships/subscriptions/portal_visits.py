"""Whom do we let into Stripe's billing portal? Its person, to what they paid in that account themselves (S21, P18)."""

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships import portal_settings
from ..payments.gateway import Gateway, NotFound, RequestRefused
from ..payments.models import Customer
from ..payments.portal import PortalVisit
from . import cards, lifecycle
from .models import Subscription
from .queries import SubscriptionQuerySet

#: What was given is paid by somebody else, and their billing data is theirs.
PAID_THEMSELVES = (Subscription.Origin.BOUGHT, Subscription.Origin.IMPORTED)


class NothingPaid(Refusal):
    message = _("There is nothing to change: you have not paid anything here yet.")


class PaidElsewhere(Refusal):
    message = _("This was paid in another Stripe account, to which there is no way from here. Please write to us.")


def customer_of(user: AbstractBaseUser, subscription: Subscription | None, *, gateway: Gateway) -> str:
    """Whose billing data it is about: whoever paid for this subscription; without one, the person in this account.

    Only from their own rows. Raises NothingPaid or PaidElsewhere.
    """
    if subscription is not None:
        if not subscription.customer_id or subscription.origin not in PAID_THEMSELVES:
            raise NothingPaid
        if not subscription.is_of(gateway):
            raise PaidElsewhere
        return subscription.customer_id
    mine = Customer.objects.filter(user_id=user.pk, account=gateway.account_id, livemode=gateway.livemode)
    bought = Subscription.objects.at(gateway).of(user).filter(origin__in=PAID_THEMSELVES).exclude(customer_id="")
    newest = bought.order_by("-started_at", "-pk").values_list("customer_id", flat=True)
    found = mine.values_list("stripe_id", flat=True).first() or newest.first()
    if not found:
        raise NothingPaid
    return found


def open_portal(visit: PortalVisit, *, gateway: Gateway) -> str:
    """The address that lets this customer in, for a few minutes: never to be kept, logged or mailed.

    ``visit`` needs no configuration: ours is named, made or mended if it has to be. Raises what the gateway raises.
    """
    known = portal_settings.ensure(gateway=gateway)
    cards.look_before(visit.customer_id, gateway=gateway)
    try:
        return gateway.open_portal(_at(visit, known))
    except (NotFound, RequestRefused):
        if not _is_broken(known, gateway):
            raise
        return gateway.open_portal(_at(visit, portal_settings.mend(gateway=gateway)))


def look_again(
    user: AbstractBaseUser, customer_id: str, card_before: str | None, *, gateway: Gateway, now: datetime
) -> cards.Followed:
    """Back from the portal: the card is followed, and what was cancelled or changed there is read.

    ``card_before``: which was theirs when they left, if that is known. Stripe's word of another one may have been here
    before the browser: then it is seen already, and new to its person all the same.
    """
    followed = cards.follow(customer_id, gateway=gateway, now=now)
    card = cards.seen_of(customer_id, gateway=gateway)
    is_new = bool(card_before is not None and card) and card != card_before and not followed.kept
    read = followed.subscriptions or _read(
        cards.paid_by(customer_id, gateway=gateway).filter(user_id=user.pk), gateway, now
    )
    return replace(followed, is_new=followed.is_new or is_new, subscriptions=read)


def _read(rows: SubscriptionQuerySet, gateway: Gateway, now: datetime) -> tuple[Subscription, ...]:
    snapshots = (gateway.read_subscription(each.stripe_id) for each in rows)
    found = (lifecycle.reconcile(each, gateway=gateway, now=now) for each in snapshots)
    return tuple(each for each in found if each is not None)


def _at(visit: PortalVisit, configuration_id: str) -> PortalVisit:
    return PortalVisit(**{**vars(visit), "configuration_id": configuration_id})


def _is_broken(portal_id: str, gateway: Gateway) -> bool:
    """Switched off or lost at Stripe, or without what a deep link needs."""
    try:
        found = gateway.read_portal(portal_id)
    except NotFound:
        return True
    needed = portal_settings.wanted(livemode=gateway.livemode)
    return bool(portal_settings.differences(needed, found.settings))
