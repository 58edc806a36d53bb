"""How does Stripe stop after the last instalment? By a schedule, attached after the purchase (V10, guide §9).

Stripe's page cannot make one. Whatever happens between the purchase and the schedule, a job looks every day for
instalments that nothing stops: they would be charged for ever.
"""

import logging
from datetime import datetime

from django.db.models import Q, QuerySet

from ..errors import OutsideFailure
from ..memberships.intervals import rhythm_of
from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, SubscriptionSnapshot, SubscriptionStatus
from ..payments.models import Intent
from ..payments.schedules import InstalmentsRequest
from . import instalments, lifecycle
from .instalments import REASONS
from .models import Subscription
from .queries import BILLED
from .told import OVER

logger = logging.getLogger(__name__)

PURPOSE = "instalments"
#: Noted on the schedule, for whoever looks at it in Stripe's dashboard.
INSTALMENTS_KEY = "lmsm_instalments"
#: Forgiven, or never asked for: such an invoice is no instalment, and another one follows.
VOID = "void"


def endless() -> "QuerySet[Subscription]":
    """Paid in instalments, not cancelled, and nothing at Stripe is known to stop after the last one.

    Also what is paid off: until Stripe stops, it goes on charging.
    """
    unfinished = Intent.objects.filter(purpose=PURPOSE).exclude(state=Intent.State.CONFIRMED).values("subject")
    running = Subscription.objects.filter(
        price__instalments__gt=0,
        status__in=BILLED,
        origin=Subscription.Origin.BOUGHT,
        cancel_at=None,
        duplicate_of=None,
    )
    # A schedule may be there of which we broke off the second half: it would only let go.
    rows = running.filter(Q(schedule_id="") | Q(stripe_id__in=unfinished))
    return rows.exclude(stripe_id="").select_related("price").order_by("pk")


def attach(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """Have Stripe stop after the last instalment, and read it again. Doing it twice is doing it once."""
    stripe_id = subscription.stripe_id
    snapshot = gateway.read_subscription(stripe_id)
    is_cancelled = instalments.cancellation(subscription, snapshot) is not None
    if snapshot.status in BILLED and not is_cancelled:
        wanted = instalments.wanted(subscription)
        intents.carry_out(
            purpose=PURPOSE,
            subject=stripe_id,
            parameters={"subscription": stripe_id, "instalments": wanted},
            gateway=gateway,
            call=lambda key: _lay_out(subscription, snapshot, key, gateway),
            result_id=str,
            find=lambda: _find(stripe_id, gateway),
        )
        snapshot = gateway.read_subscription(stripe_id)
    return lifecycle.reconcile(snapshot, gateway=gateway, now=now) or subscription


def restore(subscription: Subscription, *, gateway: Gateway, now: datetime) -> Subscription:
    """After a cancellation was taken back: it ends with its last instalment again. If not now, then by the daily job."""
    is_endless = instalments.is_running(subscription) and not (subscription.schedule_id or subscription.cancel_at)
    if not is_endless:
        return subscription
    try:
        return attach(subscription, gateway=gateway, now=now)
    except OutsideFailure:
        logger.warning("%s has no end for now", subscription.stripe_id, exc_info=True)
        return subscription


def find_end(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["subscription"]), gateway)


def _find(stripe_id: str, gateway: Gateway) -> str | None:
    """What stops it: its schedule, or that it is over."""
    snapshot = gateway.read_subscription(stripe_id)
    if snapshot.status in OVER:
        return stripe_id
    if not snapshot.schedule_id:
        return None
    return snapshot.schedule_id if gateway.read_schedule(snapshot.schedule_id).ends_subscription else None


def _lay_out(subscription: Subscription, snapshot: SubscriptionSnapshot, key: str, gateway: Gateway) -> str:
    """Two calls, since Stripe takes no phases in the first; a run that breaks off in between goes on with the second."""
    if snapshot.schedule_id:
        schedule = gateway.read_schedule(snapshot.schedule_id)
    else:
        schedule = gateway.begin_schedule(snapshot.id, key=f"{key}:begin")
    if schedule.ends_subscription:
        # Laid out by another worker, or cancelled in this very moment: both are an end.
        return schedule.id
    left = _left(subscription, snapshot, schedule.phase_started_at, gateway)
    if left <= 0:
        logger.error("%s was charged more often than its %s instalments", snapshot.id, instalments.wanted(subscription))
        gateway.cancel_now(snapshot.id)
        return snapshot.id
    rhythm = rhythm_of(subscription.interval)
    request = InstalmentsRequest(
        interval=rhythm.unit or "month",
        interval_count=rhythm.step,
        left=left,
        metadata={INSTALMENTS_KEY: str(instalments.wanted(subscription))},
    )
    gateway.end_after(schedule.id, request, key=key)
    return schedule.id


def _left(
    subscription: Subscription, snapshot: SubscriptionSnapshot, phase_started_at: datetime | None, gateway: Gateway
) -> int:
    """How many periods are still to be billed, the one that the phase began with among them."""
    began = phase_started_at or snapshot.current_period_start
    invoices = _invoices(snapshot, gateway)
    billed = [each for each in invoices if instalments.is_instalment(each, snapshot.trial_end) and each.status != VOID]
    before = sum(each.period_start is not None and each.period_start < began for each in billed)
    return instalments.wanted(subscription) - before + _is_free(snapshot, invoices, began)


def _is_free(snapshot: SubscriptionSnapshot, invoices: list[InvoiceSnapshot], began: datetime) -> bool:
    """A code took the whole price of this period: like a trial, it is none of those to be paid."""
    if snapshot.status == SubscriptionStatus.TRIALING:
        return False
    this = [each for each in invoices if each.period_start is not None and each.period_start >= began]
    return any(each.billing_reason in REASONS and each.total.minor == 0 for each in this)


def _invoices(snapshot: SubscriptionSnapshot, gateway: Gateway) -> list[InvoiceSnapshot]:
    latest = snapshot.latest_invoice
    if latest is not None and latest.billing_reason == "subscription_create":
        # Straight after the purchase there is no other one.
        return [latest]
    return gateway.list_invoices(subscription_id=snapshot.id)
