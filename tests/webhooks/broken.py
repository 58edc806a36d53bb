"""What if the queue or the mail server is down? Stand-ins of theirs that fail, named in settings."""

from django.core.mail.backends.base import BaseEmailBackend
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.exceptions import InvalidTaskError


class BrokenQueue(BaseTaskBackend):
    def enqueue(self, task, args, kwargs):
        msg = "The queue is down"
        raise InvalidTaskError(msg)


class NoMailServer(BaseEmailBackend):
    def send_messages(self, email_messages):
        msg = "The mail server is down"
        raise ConnectionError(msg)
