"""How do staff shut somebody out? Access closes in our transaction, at once; Stripe is told after, until it has heard (P24).

Nothing waits for a webhook, and an outage of Stripe's opens nothing again. What could still be collected is voided, so
that nobody is dunned for what is closed (G20).
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import killpoints
from ..errors import OutsideFailure, Refusal
from ..payments.gateway import Gateway, NotFound, SubscriptionStatus
from ..retrying import retried
from . import billing, changes, deed_failures, deeds, ending_at_stripe, letting_go, lifecycle, settling
from .deed_models import Deed
from .models import Subscription
from .told import OVER

logger = logging.getLogger(__name__)

PURPOSE = "revoke"


class NothingToRevoke(Refusal):
    message = _("This gives no access, and nothing is charged for it: there is nothing to revoke.")


class WasGiven(Refusal):
    message = _("This was given: end it instead.")


def can_revoke(subscription: Subscription, now: datetime) -> bool:
    """Whether there is something to close, or to end."""
    if subscription.origin == Subscription.Origin.GIVEN or subscription.revoked_at is not None:
        return False
    is_running = subscription.is_recurring and bool(subscription.stripe_id) and subscription.status not in OVER
    # A gift that waits for its turn opens nothing yet, and is moved about until then.
    return is_running or (subscription.is_live(now) and subscription.started_at <= now)


@retried
def revoke(subscription: Subscription, *, wish: deeds.Wish, now: datetime) -> Deed:
    """Close it, and note what is still to be done at Stripe: ``carry_out`` does that, now or later. Asks nobody."""
    with transaction.atomic():
        deed, is_new = deeds.note(Deed.Kind.REVOKED, subscription.user_id, wish, now=now, subscription=subscription)
        if not is_new:
            return deed
        lifecycle.rewrite(subscription.pk, lambda row: _close(row, now), now=now)
    return deed


def _close(row: Subscription, now: datetime) -> None:
    if row.origin == Subscription.Origin.GIVEN:
        raise WasGiven
    if not can_revoke(row, now):
        raise NothingToRevoke
    lifecycle.close(row, now)


def carry_out(deed: Deed, *, gateway: Gateway, now: datetime) -> None:
    """End it at Stripe, and void what could still be collected. Called again, nothing happens twice."""
    deed.refresh_from_db()
    subscription = deed.subscription
    if deed.settled_at is not None or subscription is None:
        return
    killpoints.reach("revoke.closed")
    try:
        found = _end(subscription, gateway=gateway, now=now) if subscription.is_recurring else {}
    except (Refusal, OutsideFailure) as no:
        deed_failures.note(deed, no)
        raise
    deeds.settle(deed, now=now, **found)


def due(gateway: Gateway) -> Iterable[Deed]:
    """Closed here, and not known to be over at Stripe."""
    rows = Deed.objects.filter(kind=Deed.Kind.REVOKED, settled_at=None, subscription__isnull=False)
    rows = rows.filter(subscription__account=gateway.account_id, subscription__livemode=gateway.livemode)
    return rows.select_related("subscription").order_by("pk")


def is_anything_due() -> bool:
    return Deed.objects.filter(kind=Deed.Kind.REVOKED, settled_at=None, subscription__isnull=False).exists()


def carry_out_due(*, gateway: Gateway, now: datetime) -> int:
    """The job: each by itself, so that one that Stripe refuses does not stop the others."""
    done = 0
    for deed in list(due(gateway)):
        try:
            carry_out(deed, gateway=gateway, now=now)
        except (Refusal, OutsideFailure):
            logger.warning("Revocation %s has to wait", deed.pk, exc_info=True)
        else:
            done += 1
    return done


def _end(subscription: Subscription, *, gateway: Gateway, now: datetime) -> dict[str, list[str]]:
    deeds.refuse_elsewhere(subscription, gateway)
    stripe_id = subscription.stripe_id
    try:
        # Ended first: from then on Stripe collects nothing by itself.
        _end_at_stripe(subscription, gateway=gateway, now=now)
        killpoints.reach("revoke.ended")
        voided, left = _void_open(stripe_id, gateway=gateway, now=now)
        settling.follow_subscription(stripe_id, gateway=gateway, now=now)
    except NotFound:
        lifecycle.end_what_is_gone(subscription.pk, now=now)
        return {}
    return {"voided": voided, "left": left}


def _end_at_stripe(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    # As it is now: also what was paused a moment ago, or in Stripe's dashboard.
    subscription = settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now) or subscription
    if subscription.status == SubscriptionStatus.PAUSED:
        # What its pause has put aside is theirs already, and stays so as where staff end it (X14).
        changes.cancel_now(subscription, gateway=gateway, now=now)
    else:
        ending_at_stripe.end_now(subscription.stripe_id, purpose=PURPOSE, gateway=gateway)


def _void_open(stripe_id: str, *, gateway: Gateway, now: datetime) -> tuple[list[str], list[str]]:
    """The invoices that nobody has to pay any more; and those that Stripe keeps: drafts, which it will not finish."""
    voided: list[str] = []
    left: list[str] = []
    for invoice in gateway.list_invoices(subscription_id=stripe_id):
        if invoice.status == billing.DRAFT:
            left.append(invoice.id)
        elif invoice.status == billing.OPEN:
            (voided if letting_go.let_go(invoice, gateway=gateway) else left).append(invoice.id)
            billing.record_invoice(gateway.read_invoice(invoice.id), gateway=gateway, now=now)
    return voided, left
