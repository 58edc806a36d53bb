"""How does an owed e-mail leave? Leased, asked whether it is still true, marked, handed over once, settled (F1-F5)."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, QuerySet

from .. import clock, killpoints, leases, signs
from ..payments import premises
from ..retrying import retried
from . import failures, truth
from .catalogue import CRITICAL
from .models import Email
from .rendering import message_for

logger = logging.getLogger(__name__)

State = Email.State

BATCH = 50
#: How long to wait after the n-th failure; after the last one the mail is given up. Three days in all (F2).
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440, 1440, 180))
#: An uncertain mail of the critical kind is sent a second time after this, and never a third (F1).
UNCERTAIN_FOR = timedelta(hours=1)


def deliver_due(*, now: datetime) -> int:
    """Send every e-mail that is due and still true at that moment of ours. Returns how many were sent."""
    if premises.is_frozen():
        # A copy of the site writes to nobody (E9). What it owes stays owed.
        return 0
    sent = 0
    while lease := _claim():
        killpoints.reach("emails.claimed")
        for email in lease.rows:
            lease.keep()
            sent += _send(email, lease, now)
    return sent


def send_again(emails: "QuerySet[Email]") -> int:
    """What failed, or what nobody knows about, at somebody's wish. What is waiting leaves at once."""
    now = clock.wall_time()
    return emails.filter(state__in=[State.UNKNOWN, State.FAILED, State.OWED]).update(
        state=State.OWED, attempts=0, owed_at=now, next_try_at=now, outcome="", **leases.SETTLED
    )


def repeat(email: Email, *, sent_at: str) -> int:
    """One mail, also one that was sent already: ``sent_at`` is when, as whoever asks has seen it, so that two presses
    repeat it once. What it named must be known still (E11).
    """
    was_sent = email.sent_at.isoformat() if email.sent_at else ""
    rows = Email.objects.filter(pk=email.pk)
    if email.state == State.SENT and email.context and was_sent == sent_at:
        now = clock.wall_time()
        values = {"state": State.OWED, "attempts": 0, "owed_at": now, "next_try_at": now, "outcome": ""}
        return rows.filter(state=State.SENT, sent_at=email.sent_at).update(**values, **leases.SETTLED)
    return send_again(rows)


def _claim() -> leases.Lease:
    """Some mails for this worker alone. When it dies before it has marked one, the lease ends and nothing is lost."""
    now, marked = clock.wall_time(), [State.UNKNOWN]
    lease = leases.take(_in_order(Email.objects.filter(state=State.OWED, next_try_at__lte=now)), most=BATCH)
    if not lease:
        marked = []
        uncertain = Email.objects.filter(state=State.UNKNOWN, resent_at=None, kind__in=CRITICAL, next_try_at__lte=now)
        lease = leases.take(_in_order(uncertain), most=BATCH)
    if lease:
        # One that was owed and has been marked since is in somebody else's hands, whatever the lease says.
        held = lease.held().exclude(state__in=marked)
        lease.rows = list(_in_order(held.select_related("subscription__user", "membership", "invoice")))
    return lease


def _in_order(emails: "QuerySet[Email]") -> "QuerySet[Email]":
    return emails.order_by("next_try_at", "pk")


def _send(email: Email, lease: leases.Lease, now: datetime) -> bool:
    """One mail, by itself: whatever happens to it, the others go on (F5)."""
    try:
        if reason := truth.why_not(email, now=now):
            _settle(email, lease, state=State.DROPPED, failure=reason)
            return False
        message = message_for(email, now=now)
        line = _line()
        line.open()
    except failures.NOT_OURS_TO_JUDGE:
        raise
    except Exception as error:  # noqa: BLE001 - templates and mail backends are the site's, with errors of their own
        email.attempts += 1
        _settle_failure(email, lease, error, is_certain=True)
        return False
    try:
        return _mark(email, lease) and _hand_over(email, lease, message, line)
    finally:
        line.close()


@retried
def _mark(email: Email, lease: leases.Lease) -> bool:
    """From here on nobody knows, until the answer is written down. A worker killed in between leaves it so (F1).

    False: another worker has it, or has sent it. This one comparison is what keeps a mail from going out twice.
    """
    if email.state not in {State.OWED, State.UNKNOWN}:
        # Sent or dropped between the lease and this reading of it.
        return False
    was = {"pk": email.pk, "state": email.state, "resent_at": email.resent_at}
    now = clock.wall_time()
    changes: dict[str, Any] = {"state": State.UNKNOWN, "attempts": F("attempts") + 1}
    if email.state == State.UNKNOWN:
        changes["resent_at"] = now
    rows = leases.mine(Email.objects.filter(**was), lease.token)
    return bool(rows.update(next_try_at=now + UNCERTAIN_FOR, **changes))


def _hand_over(email: Email, lease: leases.Lease, message: EmailMultiAlternatives, line: Any) -> bool:
    killpoints.reach("emails.marked")
    email.attempts += 1
    try:
        line.send_messages([message])
    except Exception as error:  # noqa: BLE001 - any mail backend may be behind this, with errors of its own
        _settle_failure(email, lease, error, is_certain=failures.is_certain(error))
        return False
    killpoints.reach("emails.sent")
    status = getattr(message, "anymail_status", None)
    _settle(
        email,
        lease,
        state=State.SENT,
        sent_at=clock.wall_time(),
        subject=message.subject,
        failure="",
        service_id=str(getattr(status, "message_id", None) or "")[:255],
    )
    killpoints.reach("emails.settled")
    signs.note("mail.sent")
    return True


def _line() -> Any:
    """The site's way out, opened before anything is marked: a server that cannot be reached was surely given nothing."""
    # Of Django 6.1, with either setting; before that the other name is the only one.
    return mail.mailers["default"] if hasattr(mail, "mailers") else mail.get_connection()


def _settle_failure(email: Email, lease: leases.Lease, error: Exception, *, is_certain: bool) -> None:
    logger.warning("E-mail %s could not be sent", email.pk, exc_info=error)
    values: dict[str, Any] = {"failure": f"{type(error).__name__}: {error}"[:2000], "attempts": email.attempts}
    if failures.is_final(error):
        values["state"] = State.FAILED
    elif is_certain:
        values |= _again(email, clock.wall_time())
    _settle(email, lease, **values)
    killpoints.reach("emails.failed")
    if not failures.is_final(error):
        # A wrong address says nothing about the mail service.
        signs.note("mail.failed")


def _again(email: Email, now: datetime) -> dict[str, Any]:
    is_second = email.state == State.UNKNOWN
    if email.attempts > len(BACK_OFF):
        return {} if is_second else {"state": State.FAILED}
    later = now + BACK_OFF[email.attempts - 1]
    if is_second:
        # Of the first nobody knows still; this one was surely not taken.
        return {"state": State.UNKNOWN, "resent_at": None, "next_try_at": later}
    return {"state": State.OWED, "next_try_at": later}


@retried
def _settle(email: Email, lease: leases.Lease, **values: Any) -> None:
    leases.settle(email, lease.token, **values)
