"""In which state is a promotion code, for what is it, and how often was it used, in words for a creator?"""

from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ...memberships import promotion_making, promotions
from ...memberships.promotion_models import PromotionCode
from ...payments import connect

ACTIVE, USED_UP, EXPIRED, RETIRED = "active", "used_up", "expired", "retired"
LABELS: dict[str, str | Promise] = {
    ACTIVE: pgettext_lazy("promotion code", "Active"),
    USED_UP: gettext_lazy("Used up"),
    EXPIRED: pgettext_lazy("promotion code", "Expired"),
    RETIRED: gettext_lazy("Retired"),
}


def state_of(code: PromotionCode, *, now: datetime) -> str:
    """One word; Stripe calls the last three "not active" alike."""
    if code.expires_at is not None and code.expires_at <= now:
        return EXPIRED
    if code.max_redemptions is not None and code.times_redeemed >= code.max_redemptions:
        return USED_UP
    return ACTIVE if code.is_active else RETIRED


def in_state(codes: QuerySet, state: str, *, now: datetime) -> QuerySet:
    """The same words, asked of the database."""
    expired = Q(expires_at__isnull=False, expires_at__lte=now)
    used_up = Q(max_redemptions__isnull=False, times_redeemed__gte=F("max_redemptions"))
    conditions = {
        EXPIRED: expired,
        USED_UP: used_up & ~expired,
        ACTIVE: Q(is_active=True) & ~expired & ~used_up,
        RETIRED: Q(is_active=False) & ~expired & ~used_up,
    }
    return codes.filter(conditions[state])


def use_of(code: PromotionCode) -> str:
    """ "3 of 50", or "3"."""
    if code.max_redemptions is None:
        return str(code.times_redeemed)
    return _("%(used)d of %(most)d") % {"used": code.times_redeemed, "most": code.max_redemptions}


def titles_by_product() -> dict[str, str]:
    """What stands behind Stripe's products. One query."""
    connection = connect.current()
    if connection is None:
        return {}
    rows = promotion_making.prices_at(connection).values_list("product_id", "membership__title").distinct()
    return dict(rows.order_by("product_id"))


def memberships_of(code: PromotionCode, titles: dict[str, str]) -> str:
    """The memberships that it is for. Products of something else are named by Stripe's id."""
    if not code.products:
        return _("All memberships")
    return ", ".join(titles.get(product, product) for product in code.products)


def last_day_of(code: PromotionCode) -> object:
    return promotions.last_day_of(code.expires_at) if code.expires_at else None
