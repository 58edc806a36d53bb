"""What do the reports say of each month? Added by the database, in a fixed number of queries (X21, H10, I7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncMonth

from ..money import Money
from ..payments.refunds import DisputeStatus
from . import spans
from .invoice_sums import given_back
from .models import Invoice, Subscription
from .money_back_models import Dispute
from .revenue_models import RevenueChange

Kind = RevenueChange.Kind
PAID = "paid"
OPEN = "open"


@dataclass(frozen=True)
class Scope:
    """Of what: which months, and in one membership or currency, where one was chosen."""

    months: list[date]
    account: str
    livemode: bool
    membership_id: int | None = None
    currency: str = ""

    @property
    def begins(self) -> datetime:
        return spans.month_begins(self.months[0])

    @property
    def ends(self) -> datetime:
        return spans.month_ends(self.months[-1])

    def narrow(self, rows: QuerySet, *, owner: str = "") -> QuerySet:
        """Of the connected account; ``owner`` is the way to the row that says which."""
        rows = rows.filter(**{f"{owner}account": self.account, f"{owner}livemode": self.livemode})
        if self.membership_id is not None:
            rows = rows.filter(membership_id=self.membership_id)
        return rows.filter(currency=self.currency) if self.currency else rows


@dataclass
class Recurring:
    """One month in one currency. ``revenue`` and ``members`` are as its last moment left them."""

    month: date
    currency: str
    revenue: Money
    members: int
    new: int = 0
    won_back: int = 0
    lost: int = 0
    new_money: int = 0
    won_back_money: int = 0
    lost_money: int = 0
    changed_money: int = 0

    @property
    def net(self) -> int:
        return self.new + self.won_back - self.lost

    @property
    def changed(self) -> Money:
        return Money(self.changed_money, self.currency)

    @property
    def net_money(self) -> Money:
        return Money(self.new_money + self.won_back_money + self.lost_money + self.changed_money, self.currency)


@dataclass(frozen=True)
class Trials:
    month: date
    ended: int
    converted: int


@dataclass(frozen=True)
class Payments:
    """Of the invoices of one month: what failed at least once, what of it came all the same, and what is still open."""

    month: date
    currency: str
    failed: int
    failed_money: Money
    recovered: int
    recovered_money: Money
    waiting: int


@dataclass(frozen=True)
class Earned:
    """What was paid in one month for one membership, and what of it was given back or taken back by a bank."""

    month: date
    membership: str
    currency: str
    payments: int
    paid: Money
    credited: Money
    disputed: Money

    @property
    def net(self) -> Money:
        return self.paid - self.credited - self.disputed


def recurring(scope: Scope) -> list[Recurring]:
    """Two queries: what stood before the first month, and what changed in each."""
    changes = scope.narrow(RevenueChange.objects.all(), owner="subscription__").order_by()
    stood = changes.filter(at__lt=scope.begins).values("currency").annotate(money=Sum("delta"), people=Sum("members"))
    begun = {row["currency"]: (int(row["money"]), int(row["people"])) for row in stood}
    within = changes.filter(at__gte=scope.begins, at__lt=scope.ends).annotate(month=_month("at"))
    rows = within.values("month", "currency", "kind").annotate(money=Sum("delta"), people=Sum("members"))
    by_month: dict[tuple[date, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_month[row["month"].date(), row["currency"]].append(row)
    told = []
    for currency in sorted(begun.keys() | {currency for _month_of_row, currency in by_month}):
        money, people = begun.get(currency, (0, 0))
        for month in scope.months:
            these = by_month[month, currency]
            money += sum(int(row["money"]) for row in these)
            people += sum(int(row["people"]) for row in these)
            told.append(_month_told(month, Money(money, currency), people, these))
    return told


def _month_told(month: date, revenue: Money, members: int, rows: Iterable[dict[str, Any]]) -> Recurring:
    told = Recurring(month, revenue.currency, revenue, members)
    for row in rows:
        money, people = int(row["money"]), abs(int(row["people"]))
        if row["kind"] == Kind.NEW:
            told.new, told.new_money = people, money
        elif row["kind"] == Kind.WON_BACK:
            told.won_back, told.won_back_money = people, money
        elif row["kind"] == Kind.LOST:
            told.lost, told.lost_money = people, money
        else:
            # Of one membership alone, those who switched into it or out of it are among this.
            told.changed_money += money
    return told


def trials(scope: Scope, *, now: datetime) -> list[Trials]:
    """One query. A trial belongs to the month in which it ended."""
    of_the_time_after = Invoice.objects.filter(
        subscription=OuterRef("pk"), status=PAID, amount_paid__gt=0, period_start__gte=OuterRef("trial_end")
    )
    until = min(scope.ends, now)
    ended = scope.narrow(Subscription.objects.all()).filter(
        trial_end__gte=scope.begins, trial_end__lt=until, opened_at__isnull=False
    )
    rows = ended.order_by().annotate(month=_month("trial_end"), is_paid=Exists(of_the_time_after)).values("month")
    counted = {
        row["month"].date(): row for row in rows.annotate(all=Count("pk"), paid=Count("pk", filter=Q(is_paid=True)))
    }
    return [
        Trials(month, counted[month]["all"], counted[month]["paid"]) if month in counted else Trials(month, 0, 0)
        for month in scope.months
    ]


def payments(scope: Scope) -> list[Payments]:
    """One query. An invoice belongs to the month of its date."""
    failed = scope.narrow(Invoice.objects.filter(failures_told__gt=0)).order_by()
    within = failed.filter(created_at__gte=scope.begins, created_at__lt=scope.ends)
    came, waits = Q(status=PAID), Q(status=OPEN)
    rows = (
        within.annotate(month=_month("created_at"))
        .values("month", "currency")
        .annotate(
            failed=Count("pk"),
            failed_money=_sum("total"),
            recovered=Count("pk", filter=came),
            recovered_money=_sum("amount_paid", filter=came),
            waiting=Count("pk", filter=waits),
        )
    )
    return [
        Payments(
            row["month"].date(),
            row["currency"],
            row["failed"],
            Money(int(row["failed_money"]), row["currency"]),
            row["recovered"],
            Money(int(row["recovered_money"]), row["currency"]),
            row["waiting"],
        )
        for row in sorted(rows, key=lambda row: (row["month"], row["currency"]))
    ]


def earned(scope: Scope) -> list[Earned]:
    """Two queries. Money belongs to the month in which it was paid; what went back, to the same one."""
    paid = scope.narrow(Invoice.objects.filter(status=PAID, amount_paid__gt=0)).order_by()
    within = paid.filter(paid_at__gte=scope.begins, paid_at__lt=scope.ends).annotate(month=_month("paid_at"))
    # By its number as well: two memberships may have one title.
    rows = within.values("month", "currency", "membership_id", title=F("membership__title")).annotate(
        number=Count("pk"), paid=_sum("amount_paid"), back=_sum(given_back())
    )
    lost = _taken_by_banks(scope)
    return [
        Earned(
            row["month"].date(),
            row["title"],
            row["currency"],
            row["number"],
            Money(int(row["paid"]), row["currency"]),
            Money(int(row["back"]), row["currency"]),
            Money(lost.get((row["month"], row["membership_id"], row["currency"]), 0), row["currency"]),
        )
        for row in sorted(rows, key=lambda row: (row["month"], row["title"], row["membership_id"], row["currency"]))
    ]


def _taken_by_banks(scope: Scope) -> dict[tuple[datetime, int, str], int]:
    """By month of the payment, membership and currency: what was lost in disputes (G7). One query."""
    lost = scope.narrow(Dispute.objects.filter(status=DisputeStatus.LOST)).order_by()
    within = lost.filter(
        invoice__status=PAID, invoice__paid_at__gte=scope.begins, invoice__paid_at__lt=scope.ends
    ).annotate(month=_month("invoice__paid_at"))
    rows = within.values_list("month", "invoice__membership_id", "currency").annotate(taken=_sum("amount"))
    return {(month, membership, currency): int(amount) for month, membership, currency, amount in rows}


def _month(column: str) -> TruncMonth:
    return TruncMonth(column, tzinfo=UTC)


def _sum(column: str | Combinable, **more: Any) -> Coalesce:
    return Coalesce(Sum(column, **more), 0, output_field=BigIntegerField())
