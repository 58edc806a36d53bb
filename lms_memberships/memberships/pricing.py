"""What does a membership cost, in words, and what is paid today and next? From price and trial alone (X9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..money import Money, format_money
from .intervals import Interval, rhythm_of
from .models import Membership

#: How a price is said. Whole sentences: languages differ in where the amount stands.
PRICE_TEXTS = {
    Interval.MONTH: _("%(price)s per month"),
    Interval.QUARTER: _("%(price)s every 3 months"),
    Interval.HALF_YEAR: _("%(price)s every 6 months"),
    Interval.YEAR: _("%(price)s per year"),
    Interval.WEEK: _("%(price)s per week"),
    Interval.ONE_TIME: pgettext_lazy("price", "%(price)s once"),
}

#: The step from one payment to the next, by Stripe's unit.
STEPS = {
    "week": lambda count: relativedelta(weeks=count),
    "month": lambda count: relativedelta(months=count),
    "year": lambda count: relativedelta(years=count),
}


@dataclass(frozen=True)
class FirstPayment:
    """What a purchase asks for: today, and at the next moment that money moves.

    ``next`` and ``next_at`` are None when nothing follows: paid once, or a trial that simply ends.
    """

    today: Money
    next: Money | None
    next_at: datetime | None
    trial_days: int
    trial_ends_at: datetime | None
    needs_card: bool


def price_text(money: Money, interval: str, language: str) -> str:
    """The price in the reader's locale and language: "€19.00 per month"."""
    return str(PRICE_TEXTS[Interval(interval)]) % {"price": format_money(money, language)}


def first_payment(membership: Membership, *, now: datetime, trial_days: int | None = None) -> FirstPayment:
    """What the hosted page will ask for, said before the click. ``trial_days`` overrides the membership's.

    The hosted page is Stripe's; a flow test holds the two equal. Raises ValueError while there is no price.
    """
    price = membership.price
    if price is None:
        msg = "A membership without a price has no first payment"
        raise ValueError(msg)
    days = membership.trial_days if trial_days is None else trial_days
    if days:
        return _trial(membership, price, now, days)
    return FirstPayment(price, *_second(membership, price, now), 0, None, needs_card=True)


def _trial(membership: Membership, price: Money, now: datetime, days: int) -> FirstPayment:
    ends_at = now + timedelta(days=days)
    nothing = Money(0, price.currency)
    if membership.trial_requires_card:
        return FirstPayment(nothing, price, ends_at, days, ends_at, needs_card=True)
    return FirstPayment(nothing, None, None, days, ends_at, needs_card=False)


def _second(membership: Membership, price: Money, now: datetime) -> tuple[Money | None, datetime | None]:
    rhythm = rhythm_of(membership.interval)
    if rhythm.unit is None:
        return None, None
    return price, now + STEPS[rhythm.unit](rhythm.step)
