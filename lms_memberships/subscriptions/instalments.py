"""How many instalments were really paid, and is that all of them? Counted from invoices, never from dates (V10, guide §9)."""

from datetime import datetime, timedelta

from django.db.models import Q

from ..memberships.intervals import rhythm_of
from ..memberships.models import Price
from ..memberships.pricing import STEPS
from ..payments.gateway import Gateway, InvoiceSnapshot, SubscriptionSnapshot
from . import people
from .models import Subscription
from .told import OVER

PAID = "paid"
#: What Stripe bills for a period. Anything else, a difference or a single item, is no instalment.
REASONS = ("subscription_create", "subscription_cycle")
#: The 31st is the 28th in some months: so much earlier may the end lie that Stripe sets.
SHORT_MONTH = timedelta(days=4)


def wanted(subscription: Subscription) -> int:
    """How many make it paid off; 0: it renews until it is cancelled."""
    return 0 if subscription.price is None else subscription.price.instalments


def is_running(subscription: Subscription) -> bool:
    """Paid in instalments, and not all of them are there."""
    return wanted(subscription) > 0 and subscription.paid_up_at is None


def is_instalment(invoice: InvoiceSnapshot, trial_end: datetime | None) -> bool:
    """A period that costs something. That of a trial may cost a fee, and is none all the same."""
    if invoice.billing_reason not in REASONS or invoice.total.minor <= 0:
        return False
    return trial_end is None or invoice.period_start is None or invoice.period_start >= trial_end


def count(subscription: Subscription, latest: InvoiceSnapshot | None = None) -> int:
    """How many are paid, as far as our copies and the one just read say."""
    paid = set()
    if subscription.pk is not None:
        rows = subscription.invoices.filter(status=PAID, billing_reason__in=REASONS, total__gt=0).order_by()
        if subscription.trial_end is not None:
            rows = rows.filter(Q(period_start=None) | Q(period_start__gte=subscription.trial_end))
        paid = set(rows.values_list("stripe_id", flat=True))
    if latest is not None and latest.status == PAID and is_instalment(latest, subscription.trial_end):
        paid.add(latest.id)
    return len(paid)


def note(subscription: Subscription, latest: InvoiceSnapshot | None, *, proven: int | None, now: datetime) -> None:
    """Write the count. Only one that Stripe was asked for, ``proven``, opens it for good."""
    if not is_running(subscription):
        return
    subscription.instalments_paid = count(subscription, latest) if proven is None else proven
    if proven is not None and proven >= wanted(subscription):
        subscription.paid_up_at = now


def must_be_proven(subscription: Subscription) -> bool:
    """Our copies say that all are paid: worth asking whether any was given back."""
    return is_running(subscription) and subscription.instalments_paid >= wanted(subscription)


def prove(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> int | None:
    """How many are paid and were not given back, as Stripe says now. None: not paid in instalments, or paid off."""
    price = _price(snapshot, gateway)
    if price is None:
        return None
    invoices = gateway.list_invoices(subscription_id=snapshot.id)
    paid = [each for each in invoices if each.status == PAID and is_instalment(each, snapshot.trial_end)]
    if len(paid) < price.instalments:
        return len(paid)
    return sum(not _was_given_back(each, gateway) for each in paid)


def cancellation(subscription: Subscription, snapshot: SubscriptionSnapshot) -> datetime | None:
    """The planned end, unless it is only where the instalments are over: that is no cancellation."""
    end = snapshot.cancel_at
    if end is None or not wanted(subscription) or end < due_at(subscription, wanted(subscription)) - SHORT_MONTH:
        return end
    if snapshot.schedule_id:
        return None
    # No schedule has set it, so somebody did: a period that cost nothing has moved the last instalment beyond that day.
    # Of what is over its schedule is gone too: then only what was known as a cancellation is one.
    return end if subscription.cancel_at is not None or snapshot.status not in OVER else None


def cancelled_at(subscription: Subscription, said: datetime | None) -> datetime | None:
    """When somebody cancelled. Stripe notes it too when a schedule has set the end: then nobody had."""
    return said if subscription.cancel_at is not None or not wanted(subscription) else None


def due_at(subscription: Subscription, number: int) -> datetime:
    """When the instalment of that number is billed, counted from 0: the one after the last is the end."""
    rhythm = rhythm_of(subscription.interval)
    begin = subscription.started_at
    if subscription.trial_end is not None:
        begin = max(begin, subscription.trial_end)
    return begin if rhythm.unit is None else begin + STEPS[rhythm.unit](rhythm.step * number)


def _price(snapshot: SubscriptionSnapshot, gateway: Gateway) -> Price | None:
    """Of the row, or of the purchase that led to it: all its webhooks may have been lost."""
    row = Subscription.objects.at(gateway).filter(stripe_id=snapshot.id).select_related("price").first()
    if row is not None:
        return row.price if is_running(row) else None
    attempt = snapshot.metadata.get(people.ATTEMPT_KEY, "")
    bought = people.attempts(attempt, gateway=gateway).filter(price__instalments__gt=0)
    checkout = bought.select_related("price").first()
    return None if checkout is None else checkout.price


def _was_given_back(invoice: InvoiceSnapshot, gateway: Gateway) -> bool:
    """All of it. A part that was given back out of kindness takes nothing away (G9), nor does what no bank took."""
    made = [each for payment_id in invoice.payment_ids for each in gateway.refunds_of(payment_id)]
    if 0 < invoice.amount_paid.minor <= sum(each.money.minor for each in made if each.has_effect):
        return True
    credited = invoice.credited.minor if invoice.credited is not None else 0
    if credited < invoice.total.minor:
        return False
    failed = [each for each in made if not each.has_effect]
    # A credit note stands also where its refund has failed.
    by_notes = gateway.refunds_by_notes(invoice.id) if failed else set()
    return credited - sum(each.money.minor for each in failed if each.id in by_notes) >= invoice.total.minor
