"""May one more buy with a limited code? Those who have and those who are about to are counted, under its lock (J4).

Lock order: person, Checkout, Subscription, Invoice, and last the limits.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser

from ..memberships import promotions
from ..memberships.models import Price
from ..memberships.promotion_models import PromotionCode
from ..memberships.promotions import CodeNotUsable, Reason
from ..payments.gateway import Gateway
from .guest_models import GuestPurchase
from .models import Checkout
from .queries import CheckoutQuerySet

#: So long is a use of a limited code kept for whoever stands on Stripe's page, which is open as long (at least 30
#: minutes, guide §4). An unlimited one is not worth hurrying anybody.
HELD_FOR = timedelta(hours=1)
#: A payment may land in the last second, and its news a little later.
AFTER_THE_END = timedelta(minutes=5)


def find(text: str, price: Price, *, user: AbstractBaseUser, gateway: Gateway, now: datetime) -> PromotionCode:
    """The code behind these letters, if this person may use it for this price now. Raises CodeNotUsable."""
    code = promotions.resolve(text, price, gateway=gateway, now=now)
    # What this person holds for this very membership is theirs: the attempt goes on, or another takes its place.
    others = holding(code, now=now).exclude(user_id=user.pk, membership_id=price.membership_id)
    _refuse_used_up(code, others.count() + _held_by_guests(code, now=now))
    return code


def reserve(attempt: Checkout | GuestPurchase, *, now: datetime) -> None:
    """Raise CodeNotUsable if others hold the last uses. Inside the transaction that saves the attempt, which is then
    the reservation: it lasts until the attempt is over, and comes back by that alone.
    """
    if attempt.promotion_code_id is None:
        return
    code = PromotionCode.objects.select_for_update().get(pk=attempt.promotion_code_id)
    refuse_used_up(code, now=now)
    if code.is_limited:
        # A limited place may be kept for less long.
        until = (attempt.created_at + HELD_FOR).replace(microsecond=0)
        attempt.expires_at = min(attempt.expires_at or until, until)


def refuse_used_up(code: PromotionCode, *, now: datetime) -> None:
    """Raise CodeNotUsable for one of which nothing is left."""
    _refuse_used_up(code, holding(code, now=now).count() + _held_by_guests(code, now=now))


def holding(code: PromotionCode, *, now: datetime) -> CheckoutQuerySet:
    """Attempts that may still use it. One that is complete at Stripe and not here yet is counted on both sides: for a
    moment it counts twice, and nobody gets in who should not.
    """
    attempts = Checkout.objects.running().filter(promotion_code_id=code.pk)
    return attempts.exclude(expires_at__lt=now - AFTER_THE_END)


def _held_by_guests(code: PromotionCode, *, now: datetime) -> int:
    """The same of those who have no account yet."""
    if not code.is_limited:
        return 0
    running = GuestPurchase.objects.running().filter(promotion_code_id=code.pk)
    return running.exclude(expires_at__lt=now - AFTER_THE_END).count()


def _refuse_used_up(code: PromotionCode, held: int) -> None:
    if code.max_redemptions is not None and code.times_redeemed + held >= code.max_redemptions:
        raise CodeNotUsable(Reason.USED_UP)


def are_asked_for_by_stripe(attempt: Checkout | GuestPurchase) -> bool:
    """Whether Stripe's page asks for a code itself: where there are unlimited ones. Limited ones are reserved here,
    and would be taken away there from whoever holds them.
    """
    codes = PromotionCode.objects.filter(account=attempt.account, livemode=attempt.livemode, max_redemptions=None)
    return codes.running(attempt.created_at).exists()
