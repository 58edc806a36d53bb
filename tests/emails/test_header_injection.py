"""Do the services behind anymail get clean headers too? Their path skips Django's own check of headers."""

import re

import pytest
from django.core import mail

from lms_memberships.emails import outbox, rendering
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.emails.models import Email
from tests.emails.conftest import said_of

pytestmark = pytest.mark.django_db

BACKENDS = {
    "as SMTP": "django.core.mail.backends.locmem.EmailBackend",
    "as a service's API": "anymail.backends.test.EmailBackend",
}
EVIL = [
    "a\r\nBcc: eve@evil.test",
    "a\nX: y",
    "a\u2028Bcc: x",
    "a\u2029b",
    "a\x0bb",
    "=?utf-8?q?x?=",
    "x" * 10_000,
]


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_kind_leaves_with_one_clean_subject(backend, evil, settings, subscription, true_for, now):
    """S16: title and name hold the same evil; the mail is sent, to one address, under one line."""
    settings.EMAIL_BACKEND = BACKENDS[backend]
    subscription.membership.title = evil[: subscription.membership._meta.get_field("title").max_length]
    subscription.membership.save(update_fields=["title"])
    subscription.user.first_name = evil[:150]
    subscription.user.save()
    kinds = [kind for kind in EmailKind if not kind.startswith("payment_")]
    sent = 0
    for kind in kinds:
        true_for(kind.value)
        Email.objects.create(
            key=kind.value,
            kind=kind.value,
            recipient=subscription.user.email,
            language="en",
            user=subscription.user,
            membership=subscription.membership,
            subscription=subscription,
            owed_at=now,
            next_try_at=now,
            context=said_of(kind),
        )
        sent += outbox.deliver_due(now=now)
    assert sent == len(kinds)
    assert len(mail.outbox) == len(kinds)
    for message in mail.outbox:
        sent = getattr(message, "anymail_test_params", {"subject": message.subject, "to": message.to})
        assert not re.search(r"[\x00-\x1f\x7f\u0085\u2028\u2029]", sent["subject"])
        assert len(sent["subject"]) <= rendering.LONGEST_SUBJECT
        assert [str(getattr(address, "addr_spec", address)) for address in sent["to"]] == [subscription.user.email]
        assert not message.cc
        assert not message.bcc
        assert not sent.get("cc")
        assert not sent.get("bcc")
