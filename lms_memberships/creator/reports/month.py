"""How is this month going, and what waits for somebody? Numbers for the front page of the admin, one query each."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from ...access.models import Delivery
from ...emails.models import Email
from ...money import Money
from ...payments.connect import Connection
from ...payments.models import WebhookEvent
from ...subscriptions import people_listing, people_states, spans
from ...subscriptions.models import Invoice
from ...subscriptions.people_listing import Wanted
from ...subscriptions.revenue_models import RevenueChange

Kind = RevenueChange.Kind

#: Queue → what in it was given up.
GIVEN_UP: dict[str, Callable[[], QuerySet]] = {
    "webhooks": lambda: WebhookEvent.objects.filter(state="dead"),
    "emails": lambda: Email.objects.filter(state__in=["failed", "unknown"]),
    "deliveries": lambda: Delivery.objects.filter(state="dead"),
}


def members(connection: Connection, *, now: datetime) -> tuple[int, int]:
    """How many came, those who came back included, and how many left."""
    at = {"subscription__account": connection.account_id, "subscription__livemode": connection.livemode}
    begins = spans.month_begins(spans.month_of(now))
    sums = RevenueChange.objects.filter(at__gte=begins, at__lt=spans.month_ends(spans.month_of(now)), **at).aggregate(
        came=Sum("members", filter=Q(kind__in=[Kind.NEW, Kind.WON_BACK]), default=0),
        left=Sum("members", filter=Q(kind=Kind.LOST), default=0),
    )
    return int(sums["came"]), -int(sums["left"])


def paid(connection: Connection, *, now: datetime) -> list[Money]:
    """What Stripe has received, in each currency."""
    month = spans.month_of(now)
    invoices = Invoice.objects.at(connection).filter(status="paid", amount_paid__gt=0)
    within = invoices.filter(paid_at__gte=spans.month_begins(month), paid_at__lt=spans.month_ends(month))
    rows = within.order_by().values_list("currency").annotate(paid=Sum("amount_paid"))
    return sorted((Money(int(minor), currency) for currency, minor in rows), key=lambda money: money.currency)


def failing(*, now: datetime) -> int:
    """People of whom something is not paid: as many as the list of people then shows."""
    return people_listing.count(Wanted(state=people_states.FAILING), now=now)


def given_up(queue: str) -> int:
    """What nobody tries again by itself."""
    return GIVEN_UP[queue]().count()
