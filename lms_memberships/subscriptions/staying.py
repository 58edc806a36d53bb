"""What is whoever wants to leave offered, and what would they pay then? Once for each subscription, never reckoned here."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ..errors import OutsideFailure, Refusal
from ..memberships import promotions
from ..memberships.pricing import STEPS
from ..memberships.promotion_models import PromotionCode
from ..payments.gateway import Gateway, SubscriptionStatus
from ..payments.switching import PreviewSnapshot
from ..retrying import retried
from . import amounts, discounts, instalments, lifecycle, people, tier_changes
from .departure_models import StayOffer
from .models import Subscription

logger = logging.getLogger(__name__)

#: There is a next payment from which something could be taken off.
PAYING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


class NothingOffered(Refusal):
    message = _("This offer is over.")


@dataclass(frozen=True)
class Offer:
    """Their next payment as it is, and with the code, both as Stripe reckons them."""

    code: PromotionCode
    full: PreviewSnapshot
    reduced: PreviewSnapshot


def offered(subscription: Subscription, *, now: datetime) -> PromotionCode | None:
    """What its membership offers to this person at this moment, as far as we know without asking Stripe."""
    code, price = subscription.membership.stay_code, subscription.price
    if code is None or price is None or not _is_paying(subscription):
        return None
    is_here = (code.account, code.livemode) == (subscription.account, subscription.livemode)
    if not is_here or code.first_time_only or promotions.why_not(code, price, now=now) is not None:
        return None
    if not _reaches_next_payment(code, subscription, now) or _becomes_another(subscription):
        return None
    return None if StayOffer.objects.filter(subscription=subscription).exists() else code


def offer(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Offer | None:
    """What to show. None: nothing is offered, they have a discount already, or their next payment would not be less."""
    code = offered(subscription, now=now)
    if code is None or gateway.codes_on(subscription.stripe_id):
        return None
    return _worked_out(subscription, code, gateway)


def take(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    """Put it on, from the next payment. Pressed twice, it is on once. Raises NothingOffered."""
    code = offered(subscription, now=now)
    on = gateway.codes_on(subscription.stripe_id)
    if code is None or (on and code.stripe_id not in on):
        raise NothingOffered
    if code.stripe_id not in on:
        if _worked_out(subscription, code, gateway) is None:
            raise NothingOffered
        discounts.put_on(subscription, code, gateway=gateway, now=now)
    _answer(subscription, code, is_taken=True, now=now)
    try:
        # So that their account page says at once that their next payment is less.
        lifecycle.reconcile(gateway.read_subscription(subscription.stripe_id), gateway=gateway, now=now)
    except OutsideFailure as failure:
        # It is on, and answered: Stripe's own word of it follows.
        logger.warning("%r has its discount, and could not be read again: %s", subscription, failure)


def decline(subscription: Subscription, shown: str, *, now: datetime) -> None:
    """They left all the same: it is not offered again. ``shown`` is the key of the code that their page offered, if any:
    what they never saw (Stripe did not answer, or there is a discount already) they did not decline.
    """
    code = offered(subscription, now=now)
    if code is not None and shown == str(code.pk):
        _answer(subscription, code, is_taken=False, now=now)


def _worked_out(subscription: Subscription, code: PromotionCode, gateway: Gateway) -> Offer | None:
    snapshot = gateway.read_subscription(subscription.stripe_id)
    if snapshot.schedule_id or snapshot.pending_until is not None:
        # Their next payment is another one than Stripe previews for what they have now.
        return None
    full = gateway.preview_renewal(subscription.stripe_id)
    found = Offer(code, full, gateway.preview_with_code(subscription.stripe_id, code.stripe_id))
    # The totals: what credit pays of them is charged neither with the code nor without.
    return found if 0 <= found.reduced.total.minor < full.total.minor else None


def _reaches_next_payment(code: PromotionCode, subscription: Subscription, now: datetime) -> bool:
    """For some months it counts from today, not from the next payment: a year may be longer."""
    if code.duration != PromotionCode.Duration.REPEATING or subscription.period_end is None:
        return True
    return subscription.period_end < now + STEPS["month"](code.months or 1)


def _becomes_another(subscription: Subscription) -> bool:
    """Another tier, rhythm or price is on its way: then the next payment is not that of what they have now."""
    if tier_changes.running_of(subscription) is not None:
        return True
    return amounts.is_told_another_price(subscription, until=subscription.period_end)


def _is_paying(subscription: Subscription) -> bool:
    is_on = subscription.status in PAYING and subscription.has_card and subscription.opened_at is not None
    return is_on and subscription.cancel_at is None and not instalments.is_running(subscription)


@retried
def _answer(subscription: Subscription, code: PromotionCode, *, is_taken: bool, now: datetime) -> None:
    with transaction.atomic():
        people.lock_person(subscription.user_id)
        StayOffer.objects.get_or_create(
            subscription_id=subscription.pk, defaults={"code": code, "answered_at": now, "is_taken": is_taken}
        )
