"""Where do the mails of several processes go? Each into a file of its own."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class OneFileEach(BaseEmailBackend):
    """Django's own file backend names files by the second, and appends."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            file = Path(settings.EMAIL_FILE_PATH) / uuid.uuid4().hex
            file.write_text(f"{message.to[0]}: {message.subject}")
        return len(email_messages)


class NobodyThere(BaseEmailBackend):
    """The mail server does not answer: nothing was given to it, for certain."""

    def open(self) -> bool:
        raise ConnectionRefusedError

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError
