"""How does an owed e-mail leave? Claimed, handed over once, and never twice when the answer is lost."""

import logging
import smtplib
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, QuerySet

from .. import clock
from .models import Email
from .rendering import message_for

logger = logging.getLogger(__name__)

BATCH = 50
#: How long to wait after the n-th failure; after the last one the mail is given up.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))

#: Nothing was handed over: the connection was never made, or the server said no.
CERTAIN_FAILURES = (
    ConnectionRefusedError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
)
#: Trying again cannot help.
FINAL_FAILURES = (ValueError, smtplib.SMTPRecipientsRefused)


def deliver_due(*, now: datetime) -> int:
    """Send every e-mail that is due, and say in it what is true at that moment of ours. Returns how many were sent."""
    sent = 0
    while batch := _claim(clock.wall_time()):
        sent += sum(_send(email, now) for email in batch)
    return sent


def _claim(now: datetime) -> list[Email]:
    """Take some mails for this worker alone.

    They are marked as uncertain *before* they are handed over: a worker killed in between leaves them so, and
    an uncertain mail is never sent again by itself (F1).
    """
    with transaction.atomic():
        due = Email.objects.filter(state=Email.State.OWED, next_try_at__lte=now).order_by("next_try_at", "pk")
        pks = list(_locked(due).values_list("pk", flat=True)[:BATCH])
        Email.objects.filter(pk__in=pks).update(state=Email.State.UNKNOWN, attempts=F("attempts") + 1)
    rows = Email.objects.filter(pk__in=pks).order_by("pk")
    return list(rows.select_related("subscription__user", "membership", "invoice"))


def _locked(due: QuerySet[Email]) -> QuerySet[Email]:
    if connection.features.has_select_for_update_skip_locked:
        return due.select_for_update(skip_locked=True)
    return due


def _send(email: Email, now: datetime) -> bool:
    try:
        message = message_for(email, now=now)
        message.send()
    except Exception as error:  # noqa: BLE001 - any mail backend may be behind this, with errors of its own
        _settle_failure(email, error, clock.wall_time())
        return False
    Email.objects.filter(pk=email.pk).update(
        state=Email.State.SENT, sent_at=clock.wall_time(), subject=message.subject, failure=""
    )
    return True


def _settle_failure(email: Email, error: Exception, now: datetime) -> None:
    logger.warning("E-mail %s could not be sent", email.pk, exc_info=error)
    email.failure = f"{type(error).__name__}: {error}"[:2000]
    email.state = Email.State.UNKNOWN
    if isinstance(error, FINAL_FAILURES):
        email.state = Email.State.FAILED
    elif is_certain(error):
        email.state, email.next_try_at = _again(email, now)
    email.save(update_fields=["state", "failure", "next_try_at"])


def is_certain(error: Exception) -> bool:
    """Whether the mail was surely not accepted, so that sending it again cannot double it."""
    if isinstance(error, CERTAIN_FAILURES):
        return True
    # anymail's errors carry the service's answer: with one, the service has said no.
    return getattr(error, "status_code", None) is not None


def _again(email: Email, now: datetime) -> tuple[str, datetime]:
    if email.attempts > len(BACK_OFF):
        return Email.State.FAILED, email.next_try_at
    return Email.State.OWED, now + BACK_OFF[email.attempts - 1]
