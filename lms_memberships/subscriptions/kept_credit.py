"""What becomes of the credit of a pause when the paused one is cancelled? It stays theirs, on their balance at Stripe (X14).

A pause puts aside what was paid and is not used, for the next invoice. Ended without one, Stripe would drop it: so the end
makes that invoice, whose negative sum goes to the customer's balance, and is taken off whatever is billed to them next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..money import Money
from ..payments.gateway import (
    Gateway,
    InvoiceSnapshot,
    NotFound,
    RequestRefused,
    SubscriptionSnapshot,
    SubscriptionStatus,
)
from ..payments.models import Intent
from ..payments.switching import PreviewSnapshot
from . import billing
from .models import Subscription

#: Stripe makes the invoice and ends the subscription in one call, and stamps each by itself.
MOMENT = timedelta(minutes=1)
#: Out of a payment that was called off, onto the balance (``freed_credit``); and the end that follows it.
FREED, END = "free_credit", "cancel_now"
#: In wall time, as both are noted: an end that Stripe did not answer at first is asked for again.
AT_ONCE = timedelta(hours=1)


@dataclass(frozen=True)
class Waiting:
    """What is put aside, before tax. ``is_taxed``: Stripe adds the tax that was paid on it."""

    money: Money
    is_taxed: bool


def credit_in(preview: PreviewSnapshot) -> Money | None:
    """What is given back for a part of a period. None: nothing."""
    given = [line.money for line in preview.lines if line.is_share and line.money.minor < 0]
    return Money(-sum(money.minor for money in given), given[0].currency) if given else None


def waiting(subscription: Subscription, *, gateway: Gateway) -> Waiting | None:
    """Of one that rests: what its end would put on their balance. None: nothing, or Stripe has no preview of it.

    Less what is put aside to be paid: whoever leaves is charged nothing more, so only what is left over is theirs.
    """
    if subscription.status != SubscriptionStatus.PAUSED:
        return None
    try:
        preview = gateway.preview_unpause(subscription.stripe_id)
    except (NotFound, RequestRefused):
        return None
    shares = [line.money for line in preview.lines if line.is_share]
    left = -sum(money.minor for money in shares)
    return Waiting(Money(left, shares[0].currency), bool(preview.tax_added.minor)) if left > 0 else None


def resumption(snapshot: SubscriptionSnapshot) -> InvoiceSnapshot | None:
    """Of one that rests: the invoice that going on has made last. None: nobody has asked to go on since it was paused.

    One of before the pause took off something else, that nobody was promised.
    """
    latest, since = snapshot.latest_invoice, snapshot.paused_at
    if snapshot.status != SubscriptionStatus.PAUSED or latest is None or since is None:
        return None
    return latest if latest.created_at >= since else None


def payment_in(snapshot: SubscriptionSnapshot) -> InvoiceSnapshot | None:
    """Going on was pressed, and its payment waits for the person: what was put aside is taken off in that one."""
    invoice = resumption(snapshot)
    return invoice if invoice is not None and invoice.status == billing.OPEN else None


def note(subscription: Subscription, latest: InvoiceSnapshot | None, *, gateway: Gateway, now: datetime) -> None:
    """Before the end is told: whoever is told of it is told what was kept for them."""
    if latest is not None and latest.total.minor < 0:
        snapshot = gateway.read_invoice(latest.id)
        billing.record_invoice_of(billing.Owner.of(subscription), snapshot, gateway=gateway, now=now)


def of(subscription: Subscription) -> Money | None:
    """What its end has put on their balance. None: nothing, as far as is known here."""
    if subscription.ended_at is None:
        return None
    made = subscription.invoices.filter(status=billing.PAID, total__lt=0)
    invoice = made.filter(created_at__gte=subscription.ended_at - MOMENT).order_by("-created_at", "-pk").first()
    return _freed(subscription) if invoice is None else Money(-invoice.total, invoice.currency)


def _freed(subscription: Subscription) -> Money | None:
    """With its end, and not before: what came onto the balance earlier may be used up."""
    noted = Intent.objects.filter(
        account=subscription.account,
        livemode=subscription.livemode,
        parameters__subscription=subscription.stripe_id,
    )
    freed = noted.filter(purpose=FREED, state=Intent.State.CONFIRMED).order_by("-pk").first()
    end = noted.filter(purpose=END).order_by("-pk").first()
    if freed is None or end is None or end.created_at - freed.created_at > AT_ONCE:
        return None
    return Money(int(str(freed.parameters["credit"])), str(freed.parameters["currency"]))
