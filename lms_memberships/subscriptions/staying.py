"""What is whoever wants to leave offered, and what would they pay then? Once for each subscription, never reckoned here."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships import promotions
from ..memberships.promotion_models import PromotionCode
from ..payments.gateway import Gateway, SubscriptionStatus
from ..payments.switching import PreviewSnapshot
from ..retrying import retried
from . import discounts, instalments, people
from .departure_models import StayOffer
from .models import Subscription

#: There is a next payment from which something could be taken off.
PAYING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


class NothingOffered(Refusal):
    message = _("This offer is over.")


def offered(subscription: Subscription, *, now: datetime) -> PromotionCode | None:
    """What its membership offers to this person at this moment, as far as we know without asking Stripe."""
    code, price = subscription.membership.stay_code, subscription.price
    if code is None or price is None or not _is_paying(subscription):
        return None
    is_here = (code.account, code.livemode) == (subscription.account, subscription.livemode)
    if not is_here or code.first_time_only or promotions.why_not(code, price, now=now) is not None:
        return None
    return None if StayOffer.objects.filter(subscription=subscription).exists() else code


def preview(subscription: Subscription, code: PromotionCode, *, gateway: Gateway) -> PreviewSnapshot | None:
    """Their next payment with it, as Stripe reckons it. None: they have a discount already, and keep that one."""
    if gateway.codes_on(subscription.stripe_id):
        return None
    return gateway.preview_with_code(subscription.stripe_id, code.stripe_id)


def take(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    """Put it on, from the next payment. Pressed twice, it is on once. Raises NothingOffered."""
    code = offered(subscription, now=now)
    on = gateway.codes_on(subscription.stripe_id)
    if code is None or (on and code.stripe_id not in on):
        raise NothingOffered
    if code.stripe_id not in on:
        discounts.put_on(subscription, code, gateway=gateway, now=now)
    _answer(subscription, code, is_taken=True, now=now)


def decline(subscription: Subscription, shown: str, *, now: datetime) -> None:
    """They left all the same: it is not offered again. ``shown`` is the key of the code that their page offered, if any:
    what they never saw (Stripe did not answer, or there is a discount already) they did not decline.
    """
    code = offered(subscription, now=now)
    if code is not None and shown == str(code.pk):
        _answer(subscription, code, is_taken=False, now=now)


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
