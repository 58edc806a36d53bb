"""At which prices is this version of a membership sold? The one shown first and the further ones, as one list (X10)."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..money import Money
from .intervals import Interval
from .models import Membership, Price

#: What a price is: minor units, currency, interval, instalments. Two ways of one membership never share it.
Key = tuple[int, str, str, int]


@dataclass(frozen=True)
class Way:
    """One way to pay. ``instalments`` 0: it renews until it is cancelled; else it is paid off after so many payments."""

    money: Money
    interval: str
    instalments: int = 0
    old: Money | None = None
    #: Paid once, beside the first payment.
    setup_fee: Money | None = None
    #: Not offered to everybody; who has it goes on paying it.
    is_hidden: bool = False
    #: A price that was made in Stripe (W4); empty: ours.
    stripe_price_id: str = ""

    @property
    def key(self) -> Key:
        return self.money.minor, self.money.currency, self.interval, self.instalments

    @property
    def is_recurring(self) -> bool:
        return self.interval != Interval.ONE_TIME


def first_way(membership: Membership) -> Way | None:
    """The one that is shown first; None while the draft has no price. Reads no further prices."""
    price = membership.price
    if price is None:
        return None
    return Way(
        money=price,
        interval=membership.interval,
        instalments=membership.instalments,
        old=membership.old_price,
        setup_fee=_money(membership.setup_fee_amount, membership.currency),
        stripe_price_id=membership.stripe_price_id,
    )


def ways(membership: Membership) -> tuple[Way, ...]:
    """The first is the one that is shown first; none while the draft has no price. Hidden ones are among them."""
    first = first_way(membership)
    if first is None:
        return ()
    # A further price that is the same as the first is the first.
    return (first, *(way for way in _further(membership) if way.key != first.key))


def shown(all_ways: Iterable[Way]) -> tuple[Way, ...]:
    """Those that everybody may choose from."""
    return tuple(way for way in all_ways if not way.is_hidden)


def way_of(price: Price) -> Way:
    """As it was sold; whether it is offered now is another question."""
    return Way(money=price.money, interval=price.interval, instalments=price.instalments)


def _further(membership: Membership) -> Iterable[Way]:
    for option in membership.price_options.all():
        yield Way(
            money=Money(option.amount, option.currency),
            interval=option.interval,
            instalments=option.instalments,
            old=_money(option.old_amount, option.currency),
            setup_fee=_money(option.setup_fee_amount, option.currency),
            is_hidden=option.is_hidden,
            stripe_price_id=option.stripe_price_id,
        )


def _money(amount: int | None, currency: str) -> Money | None:
    return Money(amount, currency) if amount else None
