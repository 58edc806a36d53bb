"""What is taken off a subscription for good? Discounts that end are not among it (H10)."""

import stripe

from ...money import from_stripe_amount
from ..gateway import LastingDiscount

FOREVER = "forever"


def of_subscription(found: stripe.Subscription) -> tuple[LastingDiscount, ...]:
    """In the order in which Stripe takes them off. One that came without its coupon says nothing."""
    read = (_read(each) for each in getattr(found, "discounts", None) or ())
    return tuple(each for each in read if each is not None)


def _read(found: "str | stripe.Discount") -> LastingDiscount | None:
    coupon = None if isinstance(found, str) else found.source.coupon
    if coupon is None or isinstance(coupon, str) or coupon.duration != FOREVER:
        return None
    if coupon.amount_off is not None and coupon.currency:
        return LastingDiscount(amount_off=from_stripe_amount(coupon.amount_off, coupon.currency))
    return LastingDiscount(percent_off=None if coupon.percent_off is None else round(coupon.percent_off * 100))
