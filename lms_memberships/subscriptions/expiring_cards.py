"""Whose card expires soon? Asked of Stripe a few at a time, and asked again before anybody is told (X17)."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from .. import events
from ..memberships.models import Membership
from ..payments.gateway import Gateway, NotFound, PermissionMissing, SubscriptionStatus
from ..retrying import retried
from .models import Subscription
from .told import take_turns

logger = logging.getLogger(__name__)

#: So long before the card's last day its owner is told.
SOON = timedelta(days=30)
#: A card may have been changed without a word to us: so often is each one asked for.
ASK_AGAIN = timedelta(days=60)
#: So many are asked for in one run; the next goes on where this one ended. The background's pace spares Stripe.
AT_ONCE = 2000
CHARGED = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING)


def to_ask(memberships: "QuerySet[Membership]", *, now: datetime) -> "QuerySet[Subscription]":
    """Of these memberships, those whose card nobody has asked for lately: never, first."""
    stale = Q(card_seen_at=None) | Q(card_seen_at__lte=now - ASK_AGAIN)
    return _charged(memberships).filter(stale).order_by(F("card_seen_at").asc(nulls_first=True), "pk")


def to_tell(memberships: "QuerySet[Membership]", *, now: datetime) -> "QuerySet[Subscription]":
    """Of these memberships, those whose card, as far as we know, expires soon, and whose owner was not told of that day."""
    untold = Q(card_reminded_for=None) | ~Q(card_reminded_for=F("card_expires_at"))
    return _charged(memberships).filter(untold, card_expires_at__lte=now + SOON).order_by("user_id", "period_end", "pk")


def ask(subscriptions: Iterable[Subscription], *, gateway: Gateway, now: datetime) -> int:
    """Note until when each card is good. A key without that permission asks for none: nobody is told then."""
    asked = 0
    for subscription in subscriptions:
        try:
            _ask(subscription, gateway=gateway, now=now)
        except PermissionMissing as missing:
            logger.warning("Nobody is reminded of cards that expire: %s", missing)
            break
        asked += 1
    return asked


def tell(
    subscriptions: Iterable[Subscription], *, memberships: "QuerySet[Membership]", gateway: Gateway, now: datetime
) -> int:
    """Ask once more, then tell. Somebody with several memberships on a card that expires that day hears of it once.

    ``memberships`` are those that tell of it: of another one nobody has heard.
    """
    told = 0
    heard: set[tuple[int, datetime]] = set()
    for subscription in subscriptions:
        try:
            expires_at = _ask(subscription, gateway=gateway, now=now)
        except PermissionMissing as missing:
            logger.warning("Nobody is reminded of cards that expire: %s", missing)
            break
        if expires_at is None or expires_at > now + SOON:
            continue
        who = (subscription.user_id, expires_at)
        is_first = who not in heard and not _has_heard(*who, memberships)
        told += _tell(subscription.pk, expires_at, is_first=is_first)
        heard.add(who)
    return told


def _has_heard(user_id: int, expires_at: datetime, memberships: "QuerySet[Membership]") -> bool:
    """On another night, of another membership."""
    told = Subscription.objects.filter(user_id=user_id, card_reminded_for=expires_at)
    return told.filter(membership__in=memberships).exists()


def _charged(memberships: "QuerySet[Membership]") -> "QuerySet[Subscription]":
    rows = Subscription.objects.filter(
        membership__in=memberships, is_recurring=True, status__in=CHARGED, has_card=True, cancel_at=None
    )
    return rows.filter(opened_at__isnull=False, paid_up_at=None, duplicate_of=None).exclude(stripe_id="")


def _ask(subscription: Subscription, *, gateway: Gateway, now: datetime) -> datetime | None:
    """Until when its card is good, noted on its row; None: it has none that expires, or is of another account."""
    expires_at = None
    if subscription.is_at(gateway, subscription.stripe_id):
        try:
            card = gateway.read_card(subscription.stripe_id)
        except NotFound:
            card = None
        expires_at = None if card is None else card.expires_at
    Subscription.objects.filter(pk=subscription.pk).update(card_expires_at=expires_at, card_seen_at=now)
    return expires_at


@retried
def _tell(subscription_id: int, expires_at: datetime, *, is_first: bool) -> bool:
    with transaction.atomic():
        row = Subscription.objects.select_for_update().get(pk=subscription_id)
        if row.cancel_at is not None or row.status not in CHARGED or row.card_reminded_for == expires_at:
            return False
        row.card_reminded_for = expires_at
        turn = take_turns(row, [events.CardExpiresSoon] if is_first else [])
        row.save(update_fields=["card_reminded_for", "turn", "cancel_turn"])
        if is_first:
            events.publish(events.CardExpiresSoon(subscription_id=row.pk, turn=turn))
    return is_first
