"""What does a membership cost, in words, and what is paid today and next? From price and trial alone (X9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

from ..money import Money, format_money
from .intervals import Interval, rhythm_of
from .models import Membership
from .ways import Way, first_way

#: How a price is said. Whole sentences: languages differ in where the amount stands.
PRICE_TEXTS = {
    Interval.MONTH: _("%(price)s per month"),
    Interval.QUARTER: _("%(price)s every 3 months"),
    Interval.HALF_YEAR: _("%(price)s every 6 months"),
    Interval.YEAR: _("%(price)s per year"),
    Interval.WEEK: _("%(price)s per week"),
    Interval.ONE_TIME: pgettext_lazy("price", "%(price)s once"),
}
#: Of an interval without a name, by its unit.
EVERY_PRICE_TEXTS = {
    "day": ngettext_lazy("%(price)s every day", "%(price)s every %(step)s days", "step"),
    "week": ngettext_lazy("%(price)s every week", "%(price)s every %(step)s weeks", "step"),
    "month": ngettext_lazy("%(price)s every month", "%(price)s every %(step)s months", "step"),
    "year": ngettext_lazy("%(price)s every year", "%(price)s every %(step)s years", "step"),
}

#: The step from one payment to the next, by Stripe's unit.
STEPS = {
    "day": lambda count: relativedelta(days=count),
    "week": lambda count: relativedelta(weeks=count),
    "month": lambda count: relativedelta(months=count),
    "year": lambda count: relativedelta(years=count),
}


@dataclass(frozen=True)
class FirstPayment:
    """What a purchase asks for: today, and at the next moment that money moves.

    ``next`` and ``next_at`` are None when nothing follows: paid once, or a trial that simply ends. ``setup_fee`` comes
    beside ``today``: the two are never added up here, Stripe's page does that.
    """

    today: Money
    next: Money | None
    next_at: datetime | None
    trial_days: int
    trial_ends_at: datetime | None
    needs_card: bool
    instalments: int = 0
    setup_fee: Money | None = None


def price_text(money: Money, interval: str, language: str) -> str:
    """The price in the reader's locale and language: "€19.00 per month"."""
    price = format_money(money, language)
    if interval in PRICE_TEXTS:
        return str(PRICE_TEXTS[Interval(interval)]) % {"price": price}
    rhythm = rhythm_of(interval)
    return str(EVERY_PRICE_TEXTS[rhythm.unit or "month"] % {"price": price, "step": rhythm.step})


def way_text(way: Way, language: str) -> str:
    """A way to pay in the reader's words: "3 payments of €100.00, one every month", "€19.00 per month"."""
    text = price_text(way.money, way.interval, language)
    if not way.instalments:
        return text
    return str(_("%(price)s, %(count)s times")) % {"price": text, "count": way.instalments}


def first_payment(
    membership: Membership, *, now: datetime, trial_days: int | None = None, way: Way | None = None
) -> FirstPayment:
    """What the hosted page will ask for, said before the click. ``trial_days`` overrides the membership's.

    The hosted page is Stripe's; a flow test holds the two equal. Raises ValueError while there is no price.
    """
    if way is None:
        way = first_way(membership)
        if way is None:
            msg = "A membership without a price has no first payment"
            raise ValueError(msg)
    days = membership.trial_days if trial_days is None else trial_days
    if days and way.is_recurring:
        return _trial(membership, way, now, days)
    following = _second(way, now)
    return FirstPayment(
        way.money, *following, 0, None, needs_card=True, instalments=way.instalments, setup_fee=way.setup_fee
    )


def _trial(membership: Membership, way: Way, now: datetime, days: int) -> FirstPayment:
    ends_at = now + timedelta(days=days)
    nothing = Money(0, way.money.currency)
    # A fee is charged at once, and so needs a card, whatever the trial asks for.
    if membership.trial_requires_card or way.setup_fee:
        return FirstPayment(
            nothing,
            way.money,
            ends_at,
            days,
            ends_at,
            needs_card=True,
            instalments=way.instalments,
            setup_fee=way.setup_fee,
        )
    return FirstPayment(nothing, None, None, days, ends_at, needs_card=False)


def _second(way: Way, now: datetime) -> tuple[Money | None, datetime | None]:
    rhythm = rhythm_of(way.interval)
    if rhythm.unit is None:
        return None, None
    return way.money, now + STEPS[rhythm.unit](rhythm.step)
