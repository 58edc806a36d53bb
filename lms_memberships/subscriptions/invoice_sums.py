"""What do these invoices add up to, in each currency? Stripe's own amounts, added by the database (H11)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import BigIntegerField, Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Greatest

from ..money import Money
from .billing import DRAFT, OPEN, VOID
from .models import Invoice
from .money_back_models import Refund

#: A draft is not billed yet, and what is void never was.
BILLED = ~Q(status__in=[DRAFT, VOID])
#: What is summed of them, as ``Totals`` names it.
SUMS = ("billed", "paid", "due", "credited", "tax")


def given_back() -> Case:
    """Of an invoice. It may have a credit note or not; each of the two says how much, and neither is added to the other."""
    # What the bank did not take, or was called back, of what credit notes say: the notes stand at Stripe all the same.
    never = Refund.objects.of_notes_without_money().filter(invoice=OuterRef("pk")).order_by()
    never_went = Subquery(never.values("invoice").annotate(sum=Sum("amount")).values("sum"))
    return Case(
        # Most invoices have no note: of those the database asks for no refunds.
        When(credited=0, then=F("refunded")),
        default=Greatest(F("credited") - Coalesce(never_went, 0), F("refunded")),
        output_field=BigIntegerField(),
    )


def _sums() -> dict[str, Sum]:
    return {
        "billed": Sum("total", filter=BILLED),
        "paid": Sum("amount_paid"),
        # An open invoice keeps what was due when it was made, also when a part of it was paid.
        "due": Sum(F("amount_due") - F("amount_paid"), filter=Q(status=OPEN)),
        "credited": Sum(given_back()),
        "tax": Sum(F("tax_added") + F("tax_included"), filter=BILLED),
    }


@dataclass(frozen=True)
class Totals:
    """Of one currency."""

    count: int
    billed: Money
    paid: Money
    due: Money
    credited: Money
    tax: Money

    @property
    def currency(self) -> str:
        return self.billed.currency


def per_currency(invoices: QuerySet[Invoice]) -> list[Totals]:
    """One query, of however many invoices."""
    sums = {name: Coalesce(each, 0, output_field=BigIntegerField()) for name, each in _sums().items()}
    added = invoices.order_by().values("currency").annotate(count=Count("pk"), **sums)
    rows = cast("Iterable[dict[str, Any]]", added)
    return [
        Totals(row["count"], **{name: Money(int(row[name]), row["currency"]) for name in SUMS})
        for row in sorted(rows, key=lambda row: row["currency"])
    ]


def with_what_went_back(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each with ``given_back``, in minor units. Part of the same query."""
    return invoices.annotate(given_back=given_back())


def newest_first(invoices: QuerySet[Invoice], *, size: int = 1000) -> Iterator[Invoice]:
    """All of them, so many at a time. Each part begins where the last one ended, and none is skipped or told twice."""
    part = list(invoices.order_by("-created_at", "-pk")[:size])
    while part:
        yield from part
        last = part[-1]
        after = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
        part = list(invoices.filter(after).order_by("-created_at", "-pk")[:size]) if len(part) == size else []
