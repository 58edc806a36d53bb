"""Which of a membership's prices can be bought now, and which one was asked for? Read from the database alone (H8)."""

from collections.abc import Sequence
from typing import NamedTuple

from ..payments.connect import Connection
from .models import Membership, Price
from .ways import Way, ways


class Sold(NamedTuple):
    """A way to pay with the row that Stripe has confirmed for it."""

    way: Way
    price: Price


def sold(membership: Membership, connection: Connection) -> tuple[Sold, ...]:
    """Every way of this version that Stripe has confirmed, hidden ones too, in their order. One query."""
    rows = Price.objects.in_account(connection).taxed_as_set().filter(membership=membership.pk)
    known = {price.key: price for price in rows}
    found = ((way, known.get(way.key)) for way in ways(membership))
    return tuple(Sold(way, price) for way, price in found if price is not None and price.confirmed_at is not None)


def open_to_all(all_sold: Sequence[Sold]) -> tuple[Sold, ...]:
    """Those that are not hidden."""
    return tuple(each for each in all_sold if not each.way.is_hidden)


def choose(all_sold: Sequence[Sold], price_id: int | None) -> Sold | None:
    """The one that was asked for among these; without a wish the first. None: it is not sold (any more)."""
    if price_id is None:
        return all_sold[0] if all_sold else None
    return next((each for each in all_sold if each.price.pk == price_id), None)
