"""What became of a mail after the service had taken it? Bounces and complaints, told by anymail, where it is installed.

The one module that may import anymail. What it tells changes what an admin sees, and never anybody's access (F9).
"""

import hashlib
import logging
from typing import Any

from django.db import transaction

from .. import clock
from .models import Email, MailNews

try:
    from anymail.exceptions import AnymailRecipientsRefused
    from anymail.signals import tracking
except ImportError:
    tracking = None
    #: The service took the mail and threw it away: trying again cannot help.
    REFUSED: tuple[type[Exception], ...] = ()
else:
    REFUSED = (AnymailRecipientsRefused,)

logger = logging.getLogger(__name__)

#: The mail did not arrive, and will not.
FAILED = frozenset({"bounced", "rejected", "failed"})
#: Good or bad, an admin wants to see it. Opens and clicks are none of our business.
NOTED = FAILED | {"complained", "unsubscribed", "deferred", "delivered"}


def connect() -> None:
    """Listen, where anymail is installed."""
    if tracking is not None:
        tracking.connect(_heard, dispatch_uid="lms_memberships.emails.tracking")


def _heard(sender: object, event: Any, **kwargs: object) -> None:
    try:
        hear(event)
    except Exception:
        # A receiver that raised would have the service tell all of it again, to every receiver (F10).
        logger.exception("News of a mail could not be noted")


def hear(event: Any) -> bool:
    """Note what the service tells. False: told before, or about a mail that is not ours."""
    if not event.message_id or event.event_type not in NOTED:
        return False
    # A savepoint: with ATOMIC_REQUESTS, a failure here must not spoil what others write in the same request.
    with transaction.atomic():
        email = Email.objects.select_for_update().filter(service_id=event.message_id).order_by("pk").first()
        if email is None or not _is_new(event, email):
            return False
        _write(event, email)
    return True


def _is_new(event: Any, email: Email) -> bool:
    """Services repeat themselves; some give their events no id."""
    news = MailNews(event_id=_id_of(event), type=event.event_type[:30], email=email, received_at=clock.wall_time())
    _known, is_new = MailNews.objects.get_or_create(
        event_id=news.event_id, defaults={"type": news.type, "email": email, "received_at": news.received_at}
    )
    return is_new


def _id_of(event: Any) -> str:
    parts = (event.event_type, event.message_id, event.recipient, event.timestamp)
    made = hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()
    return str(event.event_id or made)[:255]


def _write(event: Any, email: Email) -> None:
    if email.outcome in FAILED:
        # The worst is known already; a late "deferred" changes nothing.
        return
    email.outcome, email.outcome_at = event.event_type, clock.wall_time()
    if event.event_type in FAILED:
        email.state = Email.State.FAILED
        email.failure = str(event.description or event.mta_response or event.reject_reason or event.event_type)[:2000]
    email.save(update_fields=["outcome", "outcome_at", "state", "failure"])
