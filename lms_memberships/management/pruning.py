"""What is kept, and for how long? Texts for three months, ids for a year and a bit, so that nothing comes twice (E11)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from .. import clock, conf
from ..announcements.models import Announcement
from ..emails.models import Email
from ..memberships import guesses
from ..payments.models import WebhookEvent
from ..retrying import retried

#: Small, so that no row stays locked for long and a worker beside us hardly notices.
BATCH = 1000

State = WebhookEvent.State
FINISHED = (State.DONE, State.IGNORED, State.DEAD)
#: What is written over the texts. Whom a mail went to stays, for whoever asks "did I get it?".
EMAIL_TEXTS: Mapping[str, Any] = {"context": {}, "failure": "", "subject": ""}


def prune() -> int:
    """Blank, then delete, what is old. Wall time: it is about the database, not about the domain."""
    now = clock.wall_time()
    return sum(
        (
            _each_batch(_old_events(now, conf.KEEP_TEXT_DAYS).exclude(error=""), error=""),
            _each_batch(_old_emails(now, conf.KEEP_TEXT_DAYS).exclude(**EMAIL_TEXTS), **EMAIL_TEXTS),
            _each_batch(_old_announcements(now, conf.KEEP_TEXT_DAYS)),
            _each_batch(_old_events(now, conf.KEEP_IDS_DAYS)),
            _each_batch(_old_emails(now, conf.KEEP_IDS_DAYS)),
            guesses.forget_old(now=now),
        )
    )


def _old_events(now: datetime, days: int) -> QuerySet:
    return WebhookEvent.objects.filter(state__in=FINISHED, received_at__lt=now - timedelta(days=days))


def _old_emails(now: datetime, days: int) -> QuerySet:
    return Email.objects.exclude(state=Email.State.OWED).filter(owed_at__lt=now - timedelta(days=days))


def _old_announcements(now: datetime, days: int) -> QuerySet:
    return Announcement.objects.filter(state=Announcement.State.DONE, owed_at__lt=now - timedelta(days=days))


def _each_batch(rows: QuerySet, **values: Any) -> int:
    """Write the values over these, or delete them where there are none."""
    total = 0
    while count := _batch(rows, values):
        total += count
    return total


@retried
def _batch(rows: QuerySet, values: Mapping[str, Any]) -> int:
    # Oldest first: they lie together at the beginning, and are found without looking at the rest.
    pks = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not pks:
        return 0
    batch = rows.model._default_manager.filter(pk__in=pks)
    if values:
        batch.update(**values)
    else:
        batch.delete()
    return len(pks)
