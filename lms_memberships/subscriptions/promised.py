"""What was somebody promised that Stripe has not confirmed yet? Counted in one query, for whoever watches over the site."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import CharField, Count, Min, QuerySet, Value
from django.db.models.functions import Coalesce

from . import departures, withdrawing
from .deed_models import Deed
from .gift_models import Gift
from .money_back_models import Refund


class Promise(StrEnum):
    """What a person, or one of the staff for them, has asked for and was told would come."""

    CANCELLATION = "cancellation"
    WITHDRAWAL = "withdrawal"
    REVOCATION = "revocation"
    REFUND = "refund"
    GIFT = "gift"


@dataclass(frozen=True)
class Waiting:
    """So many of a kind, and since when the oldest was promised."""

    count: int
    oldest_at: datetime


def unconfirmed() -> dict[Promise, Waiting]:
    """Of each kind that has any. In whichever account: what is billed elsewhere is ended by nobody here (E9)."""
    first, *others = (
        _counted(Promise.CANCELLATION, departures.under_way(), "asked_at"),
        _counted(Promise.WITHDRAWAL, withdrawing.unfinished(), "declared_at"),
        _counted(Promise.REVOCATION, Deed.objects.filter(kind=Deed.Kind.REVOKED, settled_at=None), "done_at"),
        _counted(Promise.REFUND, Refund.objects.unanswered(), "created_at"),
        _counted(Promise.GIFT, _gifts(), Coalesce("refunding_at", "paid_at", "created_at")),
    )
    # Django 6.1 orders a union as its model says, by columns that are not selected here.
    found = first.union(*others, all=True).order_by()
    return {Promise(kind): Waiting(count, oldest) for kind, count, oldest in found if count}


def _gifts() -> QuerySet:
    """Whose money goes back. Of those that somebody has withdrawn from, the withdrawal is what is owed."""
    return Gift.objects.filter(state=Gift.State.REFUNDING, withdrawal=None)


def _counted(kind: Promise, rows: QuerySet, moment: str | Coalesce) -> QuerySet:
    named = rows.select_related(None).order_by().annotate(kind_of=Value(kind.value, output_field=CharField()))
    counted = named.values("kind_of").annotate(number=Count("pk"), oldest=Min(moment))
    return counted.values_list("kind_of", "number", "oldest")
