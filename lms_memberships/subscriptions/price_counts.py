"""How many people hold which price? Counted for many prices at once (N1)."""

from collections.abc import Collection
from datetime import datetime

from django.db import models

from .models import Subscription


def count(prices: Collection[int], *, now: datetime) -> dict[int, int]:
    """By the price's number: who is billed at it, or has paid it once. One query; prices that nobody holds are left out."""
    held = Subscription.objects.held(now).filter(price__in=prices).order_by()
    return dict(held.values_list("price").annotate(models.Count("pk")))
