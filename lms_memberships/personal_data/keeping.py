"""What is kept of the forgotten, and when does that go too? Facts of invoices, until nobody asks for them any more (K8)."""

from datetime import datetime

from django.db import transaction

from .. import conf
from ..payments.models import Customer
from ..retrying import retried
from ..subscriptions.gift_models import Gift
from ..subscriptions.models import Checkout, Invoice, Subscription
from .models import Erasure


def purge(*, now: datetime) -> int:
    """Delete what erased people left behind once its years are over. They begin with the end of the invoice's year."""
    last_year = now.year - conf.KEEP_INVOICES_YEARS
    erased = Erasure.objects.filter(state=Erasure.State.DONE, user__isnull=False, finished_at__year__lt=now.year)
    return sum(_purge(user_id, last_year) for user_id in erased.order_by("pk").values_list("user_id", flat=True))


@retried
def _purge(user_id: int, last_year: int) -> int:
    with transaction.atomic():
        invoices = Invoice.objects.filter(user_id=user_id)
        invoices.filter(created_at__year__lt=last_year).update(subscription=None)
        count, _rows = invoices.filter(created_at__year__lt=last_year).delete()
        over = Subscription.objects.filter(user_id=user_id, invoices=None, ended_at__year__lt=last_year)
        Gift.objects.filter(giver_id=user_id, created_at__year__lt=last_year).delete()
        Checkout.objects.filter(user_id=user_id, created_at__year__lt=last_year).delete()
        count += over.delete()[0]
        if not invoices.exists() and not Subscription.objects.filter(user_id=user_id).exists():
            count += Customer.objects.filter(user_id=user_id).delete()[0]
    return count
