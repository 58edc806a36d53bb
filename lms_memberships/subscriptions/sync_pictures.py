"""What stood in our rows before, and what stands there now? The difference is what was repaired, in words."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q

from ..money import Money, to_decimal
from ..payments.gateway import Gateway
from .gift_models import Gift
from .guest_models import GuestPurchase
from .models import Checkout, Invoice, Subscription
from .money_back_models import Dispute, Refund

#: By what a person calls the row: its columns, by what a person calls them.
Picture = dict[str, dict[str, str]]

NOTHING = "–"


@dataclass(frozen=True)
class Names:
    """Which rows: by Stripe's ids, and by our own references of purchases. No person is named but by number (S42)."""

    subscriptions: Collection[str] = ()
    invoices: Collection[str] = ()
    attempts: Collection[str] = ()
    gifts: Collection[int] = ()
    refunds: Collection[str] = ()
    disputes: Collection[str] = ()


def take(names: Names, *, gateway: Gateway) -> Picture:
    """As it is now."""
    picture: Picture = {}
    if names.subscriptions:
        rows = Subscription.objects.at(gateway).filter(stripe_id__in=names.subscriptions).select_related("price")
        picture |= {f"Subscription {row.stripe_id} of user {row.user_id}": _subscription(row) for row in rows}
    if names.invoices:
        at = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
        billed = at.filter(stripe_id__in=names.invoices)
        picture |= {f"Invoice {row.stripe_id} of user {row.user_id}": _invoice(row) for row in billed}
    if names.attempts:
        tried = Checkout.objects.at(gateway).filter(uuid__in=names.attempts)
        picture |= {f"Purchase {row.uuid} of user {row.user_id}": {"state": row.state} for row in tried}
    if names.gifts:
        given = Gift.objects.at(gateway).filter(pk__in=names.gifts)
        picture |= {f"Gift {row.uuid} of user {row.giver_id}": {"state": row.state} for row in given}
    picture |= _money_back(names, gateway)
    guests = GuestPurchase.objects.at(gateway).filter(Q(stripe_id__in=names.subscriptions) | Q(uuid__in=names.attempts))
    if names.subscriptions or names.attempts:
        picture |= {f"Purchase {row.uuid} of a guest": _guest(row) for row in guests}
    return picture


def differences(before: Picture, after: Picture) -> list[str]:
    """A line for each row that is not as it was."""
    return [
        f"{name}: {_change(before.get(name), columns)}"
        for name, columns in after.items()
        if before.get(name) != columns
    ]


def _change(before: dict[str, str] | None, after: dict[str, str]) -> str:
    if before is None:
        return "was missing; " + _list(f"{name} {value}" for name, value in after.items() if value != NOTHING)
    return _list(f"{name} {before[name]} → {value}" for name, value in after.items() if before[name] != value)


def _list(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _subscription(row: Subscription) -> dict[str, str]:
    return {
        "status": row.status,
        "access until": _moment(row.access_until),
        "paid period until": _moment(row.period_end),
        "trial until": _moment(row.trial_end),
        "ends": _moment(row.cancel_at),
        "ended": _moment(row.ended_at),
        "unpaid since": _moment(row.unpaid_since),
        "first paid": _yes(row.opened_at is not None),
        "price": row.price.stripe_id if row.price else NOTHING,
        "amount": _money(row.amount, row.currency),
        "interval": row.interval or NOTHING,
        "card": _yes(row.has_card),
        "schedule": row.schedule_id or NOTHING,
        "instalments paid": str(row.instalments_paid or NOTHING),
        "paid off since": _moment(row.paid_up_at),
        "customer": row.customer_id or NOTHING,
        "second purchase": _yes(row.duplicate_of_id is not None),
        "given back": _yes(row.undone_at is not None),
    }


def _money_back(names: Names, gateway: Gateway) -> Picture:
    picture: Picture = {}
    if names.refunds:
        back = Refund.objects.at(gateway).filter(stripe_id__in=names.refunds)
        picture |= {f"Refund {row.stripe_id}": _back(row, row.state) for row in back}
    if names.disputes:
        taken = Dispute.objects.at(gateway).filter(stripe_id__in=names.disputes)
        picture |= {f"Dispute {row.stripe_id}": _back(row, row.said) for row in taken}
    return picture


def _back(row: Refund | Dispute, state: str) -> dict[str, str]:
    return {"state": state, "amount": _money(row.amount, row.currency), "payment": row.payment_intent_id or NOTHING}


def _guest(row: GuestPurchase) -> dict[str, str]:
    return {
        "state": row.state,
        "paid": row.stripe_id or NOTHING,
        "paid period until": _moment(row.period_end),
        "ends": _moment(row.cancel_at),
    }


def _invoice(row: Invoice) -> dict[str, str]:
    return {
        "status": row.status,
        "number": row.number or NOTHING,
        "total": _money(row.total, row.currency),
        "paid": _money(row.amount_paid, row.currency),
        "due": _money(row.amount_due, row.currency),
        "attempts": str(row.attempts),
        "next attempt": _moment(row.next_attempt_at),
        "paid on": _moment(row.paid_at),
        "subscription": _yes(row.subscription_id is not None),
    }


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else NOTHING


def _yes(answer: bool) -> str:  # noqa: FBT001 - the answer itself, no switch
    return "yes" if answer else "no"


def _money(minor: int, currency: str) -> str:
    return f"{to_decimal(Money(minor, currency))} {currency.upper()}" if currency else NOTHING
