"""Why do people leave, month by month, and what do they say? Added by the database (X14, X21)."""

from dataclasses import dataclass
from datetime import UTC, date

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .departure_models import Departure, Feedback, StayOffer
from .report_sums import Scope

#: So many comments are shown, the newest ones.
MOST_COMMENTS = 50
NOTHING_SAID = _("Nothing said")
TOOK_THE_OFFER = _("Took the offer to stay")


@dataclass(frozen=True)
class Leaving:
    """One reason in one month: how many cancelled for it, and how many of these took it back; and how many cancelled in
    that month for whatever reason. Who stayed with an offer has a row of their own.
    """

    month: date
    reason: str | Promise
    left: int
    left_in_month: int
    taken_back: int = 0
    stayed: int = 0


def leaving(scope: Scope) -> list[Leaving]:
    """Two queries; by month, and in it the reason that most had first, and last who did not leave after all (V53)."""
    rows = _within(scope, _said(), "asked_at").annotate(month=TruncMonth("asked_at", tzinfo=UTC))
    counted = list(
        rows.values("month", "feedback")
        .annotate(number=Count("pk"), taken_back=Count("pk", filter=Q(state=Departure.State.DROPPED)))
        .order_by("month", "-number", "feedback")
    )
    labels = dict(Feedback.choices)
    totals: dict[date, int] = {}
    for row in counted:
        month = row["month"].date()
        totals[month] = totals.get(month, 0) + row["number"]
    told = [
        Leaving(
            row["month"].date(),
            labels.get(row["feedback"], NOTHING_SAID),
            row["number"],
            totals[row["month"].date()],
            row["taken_back"],
        )
        for row in counted
    ]
    told += [Leaving(month, TOOK_THE_OFFER, 0, 0, stayed=number) for month, number in _stayed(scope).items()]
    return sorted(told, key=lambda row: row.month)


def comments(scope: Scope) -> list[Departure]:
    """One query: what was written beside the button, newest first. Without a name: it is about the membership."""
    said = _within(scope, _said().exclude(comment=""), "asked_at").select_related("subscription__membership")
    return list(said.order_by("-asked_at", "-pk")[:MOST_COMMENTS])


def _stayed(scope: Scope) -> dict[date, int]:
    """How many took the offer, in each month in which somebody did."""
    rows = _within(scope, StayOffer.objects.filter(is_taken=True), "answered_at")
    counted = rows.annotate(month=TruncMonth("answered_at", tzinfo=UTC)).values("month").annotate(number=Count("pk"))
    return {row["month"].date(): row["number"] for row in counted.order_by("month")}


def _said() -> "QuerySet[Departure]":
    # Taken back later, it was said all the same. Where there was nothing to end, nobody has left anything.
    return Departure.objects.exclude(state=Departure.State.DROPPED, settled_at=None)


def _within(scope: Scope, rows: QuerySet, at: str) -> QuerySet:
    of_it = {"account": scope.account, "livemode": scope.livemode}
    if scope.membership_id is not None:
        of_it["membership_id"] = scope.membership_id
    if scope.currency:
        of_it["currency"] = scope.currency
    when = {f"{at}__gte": scope.begins, f"{at}__lt": scope.ends}
    return rows.filter(**when, **{f"subscription__{name}": value for name, value in of_it.items()}).order_by()
