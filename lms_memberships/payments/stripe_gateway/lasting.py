"""What is taken off a subscription, for good (H10), or off its next payment (P7)?"""

from datetime import UTC, datetime

import stripe

from ...money import from_stripe_amount
from ..gateway import LastingDiscount
from ..switching import RunningDiscount

FOREVER, ONCE = "forever", "once"


def of_subscription(found: stripe.Subscription) -> tuple[LastingDiscount, ...]:
    """Discounts that end are not among it. In the order in which Stripe takes them off. One that came without its coupon says nothing."""
    read = (_read(each) for each in getattr(found, "discounts", None) or ())
    return tuple(each for each in read if each is not None)


def is_reduced(found: stripe.Subscription, *, next_at: int) -> bool:
    """Whether a discount of the subscription's or its customer's lasts until then, or the customer has a credit."""
    customer = found.customer
    discounts = list(getattr(found, "discounts", None) or ())
    if not isinstance(customer, str):
        discounts.append(getattr(customer, "discount", None))
        if (getattr(customer, "balance", None) or 0) < 0:
            return True
    return any(_lasts(each, next_at) for each in discounts if each is not None)


def running(found: stripe.Invoice) -> RunningDiscount | None:
    """Of a preview with its ``discounts.source.coupon``: what is taken off the invoices after it as well."""
    ends = [each if isinstance(each, str) else each.end for each in _of_more_than_one(found)]
    if not ends:
        return None
    known = [each for each in ends if isinstance(each, int)]
    return RunningDiscount(datetime.fromtimestamp(max(known), UTC) if len(known) == len(ends) else None)


def _of_more_than_one(found: stripe.Invoice) -> "list[str | stripe.Discount]":
    taken = {
        each.discount if isinstance(each.discount, str) else each.discount.id
        for each in getattr(found, "total_discount_amounts", None) or ()
        if each.amount
    }
    applied = (each for each in getattr(found, "discounts", None) or () if not getattr(each, "deleted", False))
    return [
        each
        for each in applied
        if (each if isinstance(each, str) else each.id) in taken and not _is_of_one_payment(each)
    ]


def _is_of_one_payment(found: "str | stripe.Discount") -> bool:
    coupon = None if isinstance(found, str) else found.source.coupon
    return coupon is not None and not isinstance(coupon, str) and coupon.duration == ONCE


def _lasts(found: "str | stripe.Discount", next_at: int) -> bool:
    ends_at = None if isinstance(found, str) else getattr(found, "end", None)
    return ends_at is None or ends_at > next_at


def _read(found: "str | stripe.Discount") -> LastingDiscount | None:
    coupon = None if isinstance(found, str) else found.source.coupon
    if coupon is None or isinstance(coupon, str) or coupon.duration != FOREVER:
        return None
    if coupon.amount_off is not None and coupon.currency:
        return LastingDiscount(amount_off=from_stripe_amount(coupon.amount_off, coupon.currency))
    return LastingDiscount(percent_off=None if coupon.percent_off is None else round(coupon.percent_off * 100))
