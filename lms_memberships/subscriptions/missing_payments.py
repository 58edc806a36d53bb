"""Whose payment is still missing, and on which days of grace are they reminded? Reckoned by us, told once each (X17, F7)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from .. import events
from ..payments.gateway import SubscriptionStatus
from ..retrying import retried
from . import billing
from .models import Subscription
from .told import save_and_tell

DAY = timedelta(days=1)

#: When a member is reminded: since when it is unpaid, and when access closes, as a moment in between.
REMINDERS: tuple[Callable[[datetime, datetime], datetime], ...] = (
    # Whoever did not read the first mail.
    lambda since, until: since + 3 * DAY,
    # The last day on which nothing is lost yet.
    lambda since, until: until - DAY,
)


def remind_of_missing_payments(*, now: datetime) -> int:
    """Remind each whose days of grace are running, at most once a day."""
    owing = Subscription.objects.filter(
        status=SubscriptionStatus.PAST_DUE,
        access_until__gt=now,
        unpaid_since__lte=now - DAY,
        opened_at__isnull=False,
        cancel_at=None,
    )
    pks = list(owing.order_by("access_until", "pk").values_list("pk", flat=True))
    return sum(_remind(pk, now=now) for pk in pks)


def due_since(subscription: Subscription, *, now: datetime) -> datetime | None:
    """The last of its reminders whose day has come; None: none has, or the grace is over, or too short for one."""
    since, until = subscription.unpaid_since, subscription.access_until
    if since is None or until is None or until <= now:
        return None
    # On the first day the mail about the failure itself was sent.
    moments = (reminder(since, until) for reminder in REMINDERS)
    return max((each for each in moments if since + DAY <= each <= now and each < until), default=None)


@retried
def _remind(subscription_id: int, *, now: datetime) -> bool:
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        moment = due_since(subscription, now=now)
        told = subscription.payment_reminded_for
        is_missing = subscription.status == SubscriptionStatus.PAST_DUE and subscription.cancel_at is None
        is_due = moment is not None and is_missing and (told is None or told < moment)
        if is_due and subscription.invoices.filter(status__in=billing.PAYABLE).exists():
            subscription.payment_reminded_for = moment
            save_and_tell(subscription, [events.PaymentMissing])
            return True
    return False
