"""Whose trial ends soon? Told once, reckoned by us and not by Stripe's event (G6)."""

from datetime import datetime, timedelta

from django.db import transaction

from .. import events
from ..payments.gateway import SubscriptionStatus
from ..retrying import retried
from .models import Subscription
from .told import save_and_tell

#: Stripe tells three days before; the hour is for clocks that differ.
SOON = timedelta(days=3, hours=1)


@retried
def remind_of_trial_end(subscription_id: int, *, now: datetime) -> bool:
    """Tell once that a trial ends soon; again only if its end was moved. Not when it was cancelled anyway."""
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        is_due = (
            subscription.status == SubscriptionStatus.TRIALING
            and subscription.cancel_at is None
            and subscription.is_live(now)
            and subscription.trial_end is not None
            and now < subscription.trial_end <= now + SOON
            and subscription.trial_end != subscription.trial_reminded_for
        )
        if is_due:
            subscription.trial_reminded_for = subscription.trial_end
            save_and_tell(subscription, [events.TrialEndsSoon])
    return is_due
