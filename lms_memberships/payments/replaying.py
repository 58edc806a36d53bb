"""How does a webhook event begin again? As if it had just come: for what was given up, or done before we knew better."""

from django.db.models import QuerySet

from .. import clock, leases
from .models import WebhookEvent


def replay(events: QuerySet[WebhookEvent]) -> int:
    """These are due at once, with all their tries before them (A7). Returns how many."""
    now = clock.wall_time()
    return events.update(state=WebhookEvent.State.RECEIVED, attempts=0, next_try_at=now, **leases.SETTLED)
