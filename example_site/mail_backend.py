"""Where does the demo's mail go? Into a table, shown under ``/demo/mailbox/``."""

from collections.abc import Sequence
from email.utils import getaddresses

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from . import demo_clock
from .models import SentMail


class MailboxBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sent_at = demo_clock.now()
        rows = []
        for message in email_messages:
            if not message.recipients():
                continue
            wire = message.message()  # refuses header injection, as a real backend does
            rows.append(
                SentMail(
                    sent_at=sent_at,
                    sender=message.from_email,
                    recipients=", ".join(address for _, address in getaddresses(message.recipients())),
                    subject=message.subject,
                    headers={name: str(value) for name, value in wire.items()},
                    text=message.body if message.content_subtype == "plain" else "",
                    html=_html_part(message),
                )
            )
        SentMail.objects.bulk_create(rows)
        return len(rows)


def _html_part(message: EmailMessage) -> str:
    if message.content_subtype == "html":
        return str(message.body)
    for content, mimetype in getattr(message, "alternatives", None) or []:
        if mimetype == "text/html":
            return str(content)
    return ""
