"""How are coupons and promotion codes made, read and given at Stripe (guide §6)?"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast

import stripe

from ...money import from_stripe_amount, to_stripe_amount
from ..gateway import NotFound
from ..lists import Page, Part
from ..promotions import CodeRequest, CodeSnapshot, CouponRequest
from .calls import under
from .failures import translated
from .listing import ListingCalls
from .schedules import ScheduleCalls
from .snapshots import id_of, moment

if TYPE_CHECKING:
    from stripe.params import CouponCreateParams, PromotionCodeCreateParams

#: With the products of the coupon, which Stripe tells only when asked.
EXPAND = ["promotion.coupon.applies_to"]
LIST_EXPAND = [f"data.{path}" for path in EXPAND]


class PromotionCalls(ListingCalls, ScheduleCalls):
    """Coupons and promotion codes."""

    def create_coupon(self, request: CouponRequest, *, key: str) -> str:
        params: CouponCreateParams = {
            "id": request.id,
            "duration": cast('Literal["forever", "once", "repeating"]', request.duration),
            "metadata": request.metadata,
        }
        if request.name:
            params["name"] = request.name
        if request.percent_off is not None:
            # Hundredths of a percent, as the decimal number that Stripe reads; a float would be one that is nearly right.
            params["percent_off"] = cast("float", Decimal(request.percent_off).scaleb(-2))
        if request.amount_off is not None:
            params["amount_off"] = to_stripe_amount(request.amount_off)
            params["currency"] = request.amount_off.currency
        if request.months is not None:
            params["duration_in_months"] = request.months
        if request.products:
            params["applies_to"] = {"products": list(request.products)}
        with translated():
            return self.client.v1.coupons.create(params, under(key)).id

    def find_coupon(self, coupon_id: str) -> str | None:
        try:
            with translated():
                return self.client.v1.coupons.retrieve(coupon_id).id
        except NotFound:
            return None

    def create_code(self, request: CodeRequest, *, key: str) -> CodeSnapshot:
        params: PromotionCodeCreateParams = {
            "promotion": {"type": "coupon", "coupon": request.coupon_id},
            "code": request.code,
            "metadata": request.metadata,
            "expand": EXPAND,
        }
        if request.max_redemptions is not None:
            params["max_redemptions"] = request.max_redemptions
        if request.expires_at is not None:
            params["expires_at"] = int(request.expires_at.timestamp())
        if request.first_time_only:
            params["restrictions"] = {"first_time_transaction": True}
        began = self.began()
        with translated():
            return snapshot(self.client.v1.promotion_codes.create(params, under(key)), read_started_at=began)

    def find_code_of(self, coupon_id: str) -> CodeSnapshot | None:
        """The code that stands for a coupon of ours, of which there is one."""
        began = self.began()
        with translated():
            found = self.client.v1.promotion_codes.list({"coupon": coupon_id, "limit": 1, "expand": LIST_EXPAND}).data
        return snapshot(found[0], read_started_at=began) if found else None

    def find_code(self, code: str) -> CodeSnapshot | None:
        """What stands behind these letters, large or small: an active one, if there is one; else the newest."""
        began = self.began()
        with translated():
            found = self.client.v1.promotion_codes.list({"code": code, "limit": 100, "expand": LIST_EXPAND}).data
        read = [snapshot(each, read_started_at=began) for each in found]
        # Of one that is for everybody and one that is for one customer, the one for everybody.
        read.sort(key=lambda each: (not each.is_active, bool(each.customer_id)))
        return read[0] if read else None

    def read_code(self, code_id: str) -> CodeSnapshot:
        began = self.began()
        with translated():
            found = self.client.v1.promotion_codes.retrieve(code_id, {"expand": EXPAND})
        return snapshot(found, read_started_at=began)

    def list_codes(self, part: Part) -> Page[CodeSnapshot]:
        began = self.began()

        def read(found: stripe.PromotionCode) -> CodeSnapshot:
            return snapshot(found, read_started_at=began)

        return self._page(self.client.v1.promotion_codes, part, read, expand=LIST_EXPAND)

    def retire_code(self, code_id: str, *, key: str) -> CodeSnapshot:
        began = self.began()
        with translated():
            found = self.client.v1.promotion_codes.update(code_id, {"active": False, "expand": EXPAND}, under(key))
        return snapshot(found, read_started_at=began)

    def put_code_on(self, subscription_id: str, code_id: str, *, key: str) -> None:
        """It takes the place of any discount there, also in what is planned."""
        with translated():
            updated = self.client.v1.subscriptions.update(
                subscription_id, {"discounts": [{"promotion_code": code_id}]}, under(key)
            )
            self.lead_on_with(updated, key=f"{key}:phases")

    def take_discounts_off(self, subscription_id: str, *, key: str) -> None:
        with translated():
            # An empty list would not be sent at all (guide §2).
            updated = self.client.v1.subscriptions.update(subscription_id, {"discounts": ""}, under(key))
            self.lead_on_with(updated, key=f"{key}:phases")

    def plan_discounts(self, subscription_id: str, *, key: str) -> None:
        """What is planned says the same discounts as the subscription; nothing is written where it does already."""
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id)
            self.lead_on_with(found, key=f"{key}:phases-again")

    def codes_on(self, subscription_id: str) -> tuple[str, ...]:
        """The codes whose discounts are on it; a discount without a code is ""."""
        with translated():
            found = self.client.v1.subscriptions.retrieve(subscription_id, {"expand": ["discounts"]})
        return tuple(
            "" if isinstance(each, str) else id_of(each.promotion_code)
            for each in getattr(found, "discounts", None) or ()
        )


def snapshot(found: stripe.PromotionCode, *, read_started_at: datetime) -> CodeSnapshot:
    coupon = found.promotion.coupon
    if coupon is None or isinstance(coupon, str):
        msg = f"{found.id} came without its coupon"
        raise TypeError(msg)
    currency = coupon.currency or ""
    return CodeSnapshot(
        id=found.id,
        coupon_id=coupon.id,
        code=found.code,
        name=coupon.name or "",
        percent_off=None if coupon.percent_off is None else round(coupon.percent_off * 100),
        amount_off=None if coupon.amount_off is None else from_stripe_amount(coupon.amount_off, currency),
        duration=coupon.duration,
        months=coupon.duration_in_months,
        products=tuple(getattr(getattr(coupon, "applies_to", None), "products", None) or ()),
        is_active=found.active and coupon.valid,
        first_time_only=found.restrictions.first_time_transaction,
        max_redemptions=_most(found, coupon),
        times_redeemed=found.times_redeemed,
        expires_at=min(filter(None, (moment(found.expires_at), moment(coupon.redeem_by))), default=None),
        created_at=datetime.fromtimestamp(found.created, UTC),
        read_started_at=read_started_at,
        customer_id=id_of(found.customer),
        metadata=dict(found.metadata.to_dict()) if found.metadata else {},
    )


def _most(found: stripe.PromotionCode, coupon: stripe.Coupon) -> int | None:
    """How often this code can be used in all, if no other code of its coupon is used meanwhile."""
    limits = [] if found.max_redemptions is None else [found.max_redemptions]
    if coupon.max_redemptions is not None:
        limits.append(found.times_redeemed + max(0, coupon.max_redemptions - coupon.times_redeemed))
    return min(limits, default=None)
