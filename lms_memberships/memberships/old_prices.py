"""May this price be struck through? Only if nothing lower was asked in the thirty days before the reduction (U14).

The rule is the European Union's (directive 98/6/EC, article 6a): a reduction is announced beside the lowest price of
the thirty days before it. What was asked before this site sold it is not known here; there the creator's word stands.
"""

from datetime import datetime, timedelta

from django.db import transaction

from ..money import Money
from .models import Membership, PriceAsked
from .ways import Way, shown, ways

WINDOW = timedelta(days=30)


def shown_old_price(membership: Membership, way: Way, *, now: datetime) -> Money | None:
    """The old price, if it may stand beside this one; None: it may not, or there is none."""
    if way.old is None:
        return None
    lowest = lowest_before(membership, way, now=now)
    return way.old if lowest is None or way.old.minor <= lowest.minor else None


def lowest_before(membership: Membership, way: Way, *, now: datetime) -> Money | None:
    """The lowest that was asked in the thirty days before this price began; None if nothing else was.

    Reads ``prices_asked``: load it beforehand for more than one membership.
    """
    amount, currency, interval, instalments = way.key
    alike = [
        asked
        for asked in membership.prices_asked.all()
        if (asked.currency, asked.interval, asked.instalments) == (currency, interval, instalments)
    ]
    # A draft's price begins when it is published: now, as far as anybody can tell.
    began = next((asked.from_at for asked in alike if asked.amount == amount and asked.until_at is None), now)
    before = [
        asked.amount
        for asked in alike
        if asked.from_at < began and (asked.until_at is None or asked.until_at > began - WINDOW)
    ]
    return Money(min(before), currency) if before else None


def note(membership: Membership, *, now: datetime) -> None:
    """Write down what is asked from now on, and that the rest is not any more. Twice the same is once."""
    asked = {way.key for way in shown(ways(membership))} if membership.live else set()
    with transaction.atomic():
        running = PriceAsked.objects.filter(membership=membership.pk, until_at=None).select_for_update()
        known = {(row.amount, row.currency, row.interval, row.instalments): row for row in running}
        over = [row.pk for key, row in known.items() if key not in asked]
        PriceAsked.objects.filter(pk__in=over).update(until_at=now)
        PriceAsked.objects.bulk_create(
            [
                PriceAsked(
                    membership_id=membership.pk,
                    amount=amount,
                    currency=currency,
                    interval=interval,
                    instalments=instalments,
                    from_at=now,
                )
                for amount, currency, interval, instalments in sorted(asked - known.keys())
            ],
            ignore_conflicts=True,
        )
