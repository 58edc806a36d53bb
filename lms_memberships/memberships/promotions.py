"""Which promotion code did somebody type, and may it be used for this price? Stripe is asked; our copy follows."""

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import clock
from ..errors import Refusal
from ..payments.gateway import Gateway, NotFound
from ..payments.lists import Part
from ..payments.promotions import CodeSnapshot
from ..retrying import retried
from .models import Price
from .promotion_models import PromotionCode

#: What Stripe takes as a code. Anything else is nobody's, and is not asked for.
CODE = re.compile(r"[A-Za-z0-9-]{1,500}")


class Reason(StrEnum):
    """Why a code cannot be used. For logs and for creators: whoever guesses hears the same sentence each time (S36)."""

    UNKNOWN = "unknown"
    RETIRED = "retired"
    EXPIRED = "expired"
    USED_UP = "used_up"
    OTHER_MEMBERSHIP = "other_membership"
    OTHER_CURRENCY = "other_currency"
    REFUSED = "refused"


class CodeNotUsable(Refusal):
    """An invalid code never keeps anybody from buying: the same press without it goes on."""

    message = _("This code cannot be used for this membership. You can go on without it.")

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__()


def resolve(text: str, price: Price, *, gateway: Gateway, now: datetime) -> PromotionCode:
    """The code that these letters stand for, if it may be used for this price. Raises CodeNotUsable.

    Each question costs one look at Stripe, whatever is typed, so that the time it takes says nothing (S36).
    """
    code = look_up(text.strip(), gateway=gateway)
    if code is None:
        raise CodeNotUsable(Reason.UNKNOWN)
    reason = why_not(code, price, now=now)
    if reason is not None:
        raise CodeNotUsable(reason)
    return code


def why_not(code: PromotionCode, price: Price, *, now: datetime) -> Reason | None:
    """What speaks against it, as far as our copy knows. How many others hold it is another question."""
    if code.expires_at is not None and code.expires_at <= now:
        return Reason.EXPIRED
    if code.max_redemptions is not None and code.times_redeemed >= code.max_redemptions:
        return Reason.USED_UP
    if not code.is_active:
        return Reason.RETIRED
    if code.products and price.product_id not in code.products:
        return Reason.OTHER_MEMBERSHIP
    # A coupon may have other currencies beside its own: what it is in those, only Stripe knows, and refuses.
    if code.amount_off is not None and code.currency != price.currency:
        return Reason.OTHER_CURRENCY
    return None


def look_up(text: str, *, gateway: Gateway) -> PromotionCode | None:
    """Made in Stripe a second ago, it is found (V20)."""
    if not CODE.fullmatch(text):
        return None
    snapshot = gateway.find_code(text)
    return record(snapshot, gateway=gateway) if snapshot is not None else None


def follow(code_id: str, *, gateway: Gateway) -> PromotionCode | None:
    """Read it again: the webhook only said that something happened. None: it is gone, here as well."""
    try:
        return record(gateway.read_code(code_id), gateway=gateway)
    except NotFound:
        PromotionCode.objects.at(gateway).filter(stripe_id=code_id).update(is_active=False)
        return None


def follow_coupon(coupon_id: str, *, gateway: Gateway) -> int:
    """Changed or deleted: read again each code that stood for it. Returns how many there are."""
    codes = list(PromotionCode.objects.at(gateway).filter(coupon_id=coupon_id).values_list("stripe_id", flat=True))
    for code_id in codes:
        follow(code_id, gateway=gateway)
    return len(codes)


def sweep(*, gateway: Gateway) -> int:
    """All codes of the account: those as well whose event got lost, or that are older than this site."""
    count, part = 0, Part()
    while True:
        page = gateway.list_codes(part)
        for snapshot in page.items:
            record(snapshot, gateway=gateway)
        count += len(page.items)
        if not page.last_id:
            return count
        part = Part(after=page.last_id)


@retried
def record(snapshot: CodeSnapshot, *, gateway: Gateway) -> PromotionCode:
    """Write what was read, unless what stands here was read later (the fence, B2)."""
    values = _columns(snapshot)
    with transaction.atomic():
        code, is_new = PromotionCode.objects.select_for_update().get_or_create(
            account=gateway.account_id, livemode=gateway.livemode, stripe_id=snapshot.id, defaults=values
        )
        if not is_new and code.read_started_at <= snapshot.read_started_at:
            for name, value in values.items():
                setattr(code, name, value)
            code.save(update_fields=list(values))
    return code


def note_use(code_id: int | None) -> None:
    """A purchase with it is complete: counted here before it stops being counted as one under way (J4).

    A read that began before may not have seen it, so none of those is written any more. One that began later has.
    """
    if code_id is not None:
        PromotionCode.objects.filter(pk=code_id).update(
            times_redeemed=F("times_redeemed") + 1, read_started_at=clock.wall_time()
        )


#: Typed for "no end"; the day after it has to be one as well, in every zone.
LAST_DAY = date(9998, 12, 30)


def end_of(last_day: date) -> datetime:
    """The moment from which a code cannot be used whose last day this is: the site's next midnight (I5)."""
    midnight = datetime.combine(min(last_day, LAST_DAY) + timedelta(days=1), time())
    return timezone.make_aware(midnight, timezone.get_default_timezone())


def last_day_of(expires_at: datetime) -> date:
    """The last day on which it can be used, in the site's zone."""
    return timezone.localtime(expires_at - timedelta(seconds=1), timezone.get_default_timezone()).date()


def _columns(snapshot: CodeSnapshot) -> dict[str, object]:
    return {
        "coupon_id": snapshot.coupon_id,
        "code": snapshot.code,
        "name": snapshot.name,
        "percent_off": snapshot.percent_off,
        "amount_off": snapshot.amount_off.minor if snapshot.amount_off else None,
        "currency": snapshot.amount_off.currency if snapshot.amount_off else "",
        "duration": snapshot.duration,
        "months": snapshot.months,
        "products": list(snapshot.products),
        "is_active": snapshot.is_active,
        "first_time_only": snapshot.first_time_only,
        "max_redemptions": snapshot.max_redemptions,
        "times_redeemed": snapshot.times_redeemed,
        "expires_at": snapshot.expires_at,
        "created_at": snapshot.created_at,
        "read_started_at": snapshot.read_started_at,
    }
