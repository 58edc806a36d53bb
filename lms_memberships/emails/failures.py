"""What does a mail server's no mean? Surely not accepted, refused for good, or nobody knows (F1, F9)."""

import smtplib
import socket

from django.db import DatabaseError, InterfaceError

from .tracking import REFUSED

#: Nothing was handed over: the connection was never made, or the server said no.
CERTAIN = (
    ConnectionRefusedError,
    socket.gaierror,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPRecipientsRefused,
)
#: Trying again cannot help.
FINAL = (ValueError, smtplib.SMTPRecipientsRefused, *REFUSED)
#: No fault of the mail's: the lease runs out, and it is tried again.
NOT_OURS_TO_JUDGE = (DatabaseError, InterfaceError)
#: A gateway in front of the service gave up waiting: the service may well have taken it.
GATEWAY_TIMEOUT = 504
#: SMTP's own: later, perhaps. "Greylisting" answers so to every first try.
NOT_NOW = range(400, 500)


def is_certain(error: Exception) -> bool:
    """Whether the mail was surely not accepted, so that sending it again cannot double it."""
    if isinstance(error, CERTAIN):
        return True
    # anymail's errors carry the service's answer: with one, the service has said no.
    status = getattr(error, "status_code", None)
    return status is not None and status != GATEWAY_TIMEOUT


def is_final(error: Exception) -> bool:
    """Whether there is no hope."""
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        return not all(code in NOT_NOW for code, _text in error.recipients.values())
    return isinstance(error, FINAL)
