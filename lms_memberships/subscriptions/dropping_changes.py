"""What becomes of a change that waits for its payment, once its subscription is cancelled? Given up, once (G15, G18).

Stripe drops what waits as soon as the invoice is void that the change has made. Otherwise somebody could pay, for
another day, for a tier of something that was to cost nothing more.
"""

from datetime import datetime

from ..memberships.ladder_models import When
from ..payments.gateway import Gateway
from . import billing, letting_go, lifecycle, tier_changes
from .models import Subscription


def give_up_waiting(subscription: Subscription, *, gateway: Gateway, now: datetime) -> None:
    """Before it is ended. Paid in this very moment, the change stands: what was paid for is theirs until the end.

    What became of it is written with the next read of the subscription, which says the end too: whoever is told of
    another tier is then told that it ends. Without a change of ours nothing is asked of Stripe.
    """
    change = tier_changes.running_of(subscription)
    if change is None or change.when != When.NOW:
        return
    snapshot = gateway.read_subscription(subscription.stripe_id)
    invoice = snapshot.latest_invoice
    if snapshot.pending_until is None or invoice is None or invoice.status != billing.OPEN:
        return
    # One whose answer was lost is known to wait from here on.
    lifecycle.reconcile(snapshot, gateway=gateway, now=now)
    letting_go.let_go(invoice, gateway=gateway)
    billing.record_invoice(gateway.read_invoice(invoice.id), gateway=gateway, now=now)
