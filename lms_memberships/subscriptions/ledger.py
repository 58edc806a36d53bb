"""Do our invoices add up to Stripe's, to the cent? Compared once a day, mended where something was missed, and shown (H11)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .. import clock, signs
from ..memberships.models import Membership
from ..money import Money
from ..payments.gateway import Gateway, InvoiceSnapshot, NotFound
from ..payments.lists import Part
from . import billing
from .models import Invoice, Subscription
from .people import MEMBERSHIP_KEY

SIGN = "invoices.compared"
#: Invoices made in these days are compared; what was paid late follows by its own events, and by the nightly sync.
SPAN = timedelta(days=7)
#: What is younger may still be on its way here.
NEWS_TAKES = timedelta(hours=1)
#: So many are named; all are counted.
NAMED = 20
COLUMNS = ("total", "amount_paid", "amount_due", "credited", "tax_added", "tax_included")


@dataclass(frozen=True)
class Difference:
    """Of one currency: what our rows add up to, and what Stripe's do."""

    currency: str
    ours: Money
    stripes: Money

    @property
    def amount(self) -> Money:
        return self.ours - self.stripes


@dataclass
class Comparison:
    """What one comparison found. ``extra`` are rows of ours that Stripe does not know: a person has to look."""

    since: datetime
    until: datetime
    compared: int = 0
    missing: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    #: Stripe's that could not be read or written here.
    unread: list[str] = field(default_factory=list)
    seen_at: datetime | None = None

    @property
    def made_at(self) -> datetime:
        """By the domain's clock, as the two ends; ``seen_at`` is wall time."""
        return self.until + NEWS_TAKES

    @property
    def agrees(self) -> bool:
        return not self.differences and not self.extra and not self.unread


def compare(*, gateway: Gateway, now: datetime, span: timedelta = SPAN) -> Comparison:
    """Read Stripe's list, add what is missing here, and say what still differs. Raises a ``GatewayFailure``."""
    # Stripe counts whole seconds: both sides begin with the same one.
    found = Comparison(since=(now - span).replace(microsecond=0), until=now - NEWS_TAKES)
    stripes = _listed(found, gateway=gateway)
    known = {row.stripe_id: row for row in _rows(found, gateway)}
    for snapshot in stripes:
        row = known.get(snapshot.id)
        if row is None and not _is_ours(snapshot, gateway=gateway):
            continue
        if row is not None and not _differs(row, snapshot):
            continue
        # None: of a guest who has not come for it yet. It has no row before.
        if billing.record_invoice(snapshot, gateway=gateway, now=now) is not None:
            (found.missing if row is None else found.mended).append(snapshot.id)
    _look_for_strangers(found, {each.id for each in stripes}, gateway=gateway, now=now)
    found.differences = _differences(found, stripes, gateway)
    _keep(found)
    return found


def last() -> Comparison | None:
    """What the last one found. None: none was made yet."""
    sign = signs.seen([SIGN]).get(SIGN)
    if sign is None or "until" not in sign.details:
        return None
    told = sign.details
    return Comparison(
        since=datetime.fromisoformat(told["since"]),
        until=datetime.fromisoformat(told["until"]),
        compared=told["compared"],
        missing=told["missing"],
        mended=told["mended"],
        extra=told["extra"],
        unread=told["unread"],
        differences=[
            Difference(currency, Money(ours, currency), Money(stripes, currency))
            for currency, ours, stripes in told["differences"]
        ],
        seen_at=sign.seen_at,
    )


def _listed(found: Comparison, *, gateway: Gateway) -> list[InvoiceSnapshot]:
    part, listed = Part(since=found.since), []
    while True:
        page = gateway.list_account_invoices(part)
        listed += [each for each in page.items if each.created_at < found.until]
        found.unread += page.unread
        if not page.last_id:
            return listed
        part = Part(since=found.since, after=page.last_id)


def _rows(found: Comparison, gateway: Gateway) -> Iterable[Invoice]:
    rows = Invoice.objects.at(gateway).filter(created_at__gte=found.since, created_at__lt=found.until)
    return rows.order_by("pk").iterator(chunk_size=1000)


def _is_ours(snapshot: InvoiceSnapshot, *, gateway: Gateway) -> bool:
    """Of a subscription of ours, or of something that was paid once in a membership's name."""
    if snapshot.subscription_id:
        return Subscription.objects.at(gateway).filter(stripe_id=snapshot.subscription_id).exists()
    name = snapshot.metadata.get(MEMBERSHIP_KEY, "")
    return bool(name) and Membership.objects.filter(uuid=name).exists()


def _differs(row: Invoice, snapshot: InvoiceSnapshot) -> bool:
    if (row.status, row.payment_intent_id) != (snapshot.status, snapshot.payment_intent_id):
        return True
    return any(getattr(row, column) != _minor(getattr(snapshot, column)) for column in COLUMNS)


def _minor(money: Money | None) -> int:
    return money.minor if money is not None else 0


def _look_for_strangers(found: Comparison, listed: set[str], *, gateway: Gateway, now: datetime) -> None:
    """Rows that the list did not name: read one by one. What Stripe does not know was never billed by it."""
    rows = {row.stripe_id: row.status for row in _rows(found, gateway)}
    found.compared = len(rows)
    for stripe_id in rows.keys() - listed:
        try:
            snapshot = gateway.read_invoice(stripe_id)
        except NotFound:
            # A draft that was thrown away at Stripe is no bill.
            if _is_billed(rows[stripe_id]):
                found.extra.append(stripe_id)
        else:
            billing.record_invoice(snapshot, gateway=gateway, now=now)


def _differences(found: Comparison, stripes: list[InvoiceSnapshot], gateway: Gateway) -> list[Difference]:
    """Sums of what counts as billed, on both sides, read again after what was mended."""
    rows = {row.stripe_id: row for row in _rows(found, gateway)}
    ours = _sums((row.currency, row.total) for row in rows.values() if _is_billed(row.status))
    theirs = _sums(
        (each.total.currency, each.total.minor)
        for each in stripes
        if _is_billed(each.status) and (each.id in rows or each.id in found.missing)
    )
    return [
        Difference(currency, Money(ours.get(currency, 0), currency), Money(theirs.get(currency, 0), currency))
        for currency in sorted(ours.keys() | theirs.keys())
        if ours.get(currency, 0) != theirs.get(currency, 0)
    ]


def _is_billed(status: str) -> bool:
    return status not in (billing.DRAFT, billing.VOID)


def _sums(amounts: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency, minor in amounts:
        sums[currency] = sums.get(currency, 0) + minor
    return sums


def _keep(found: Comparison) -> None:
    details: dict[str, object] = {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "compared": found.compared,
        "missing": found.missing[:NAMED],
        "mended": found.mended[:NAMED],
        "extra": found.extra[:NAMED],
        "unread": found.unread[:NAMED],
        "differences": [[each.currency, each.ours.minor, each.stripes.minor] for each in found.differences],
    }
    signs.note(SIGN, now=clock.wall_time(), every=timedelta(0), details=details)
