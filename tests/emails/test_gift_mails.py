"""Do mails about gifts go to the right person, with a link that is theirs, and only while it opens something? (X15)."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from lms_memberships.emails import drop_reasons, outbox
from lms_memberships.models import Email, Gift
from lms_memberships.subscriptions import gift_links
from tests.emails.conftest import Server

pytestmark = pytest.mark.django_db

NOT_ANY_MORE = {
    "redeemed": lambda gift: {"state": "redeemed", "user": gift.giver},
    "returned": lambda gift: {"state": "refunding"},
    "over": lambda gift: {"redeem_until": timezone.now() - timedelta(seconds=1)},
    "for somebody else now": lambda gift: {"recipient_email": "other@school.test"},
}


def deliver() -> int:
    return outbox.deliver_due(now=timezone.now())


@pytest.mark.parametrize("change", NOT_ANY_MORE)
def test_a_gift_that_opens_nothing_is_not_mailed(change, owe, server):
    """X15, F2, F3"""
    email = owe("gift_received")
    gift = Gift.objects.get()
    Gift.objects.update(**NOT_ANY_MORE[change](gift))
    assert deliver() == 0
    email.refresh_from_db()
    assert (email.state, email.failure) == ("dropped", drop_reasons.GIFT_CLOSED)
    assert Server.accepted == []


def test_the_link_is_in_the_mail_and_in_no_table(owe, server):
    """X15: whoever reads the outbox holds no gift."""
    owe("gift_received")
    assert deliver() == 1
    token = gift_links.token_of(Gift.objects.get())
    assert token in Server.accepted[0].body
    assert token in Server.accepted[0].alternatives[0][0]
    rows = [*Email.objects.values_list(), *Gift.objects.values_list()]
    assert token not in "".join(str(value) for row in rows for value in row)


@pytest.mark.parametrize("kind", ["gift_bought", "gift_returned"])
def test_the_givers_mails_hold_no_link_of_the_gift(kind, owe, server):
    """X15: they sign in, and see it there."""
    owe(kind)
    assert deliver() == 1
    assert gift_links.token_of(Gift.objects.get()) not in Server.accepted[0].body
    assert "/memberships/gifts/" in Server.accepted[0].body


def test_what_a_giver_writes_stays_text(owe, server):
    """S17: no markup of theirs in the HTML, no second header."""
    owe("gift_received")
    Gift.objects.update(message="<a href='https://evil.test'>x</a>", from_name="Eve\r\nBcc: x@evil.test")
    assert deliver() == 1
    html = Server.accepted[0].alternatives[0][0]
    assert "&lt;a href=" in html
    assert not re.search("<a href=.https://evil", html)
    assert "Bcc" not in Server.accepted[0].subject
    assert list(Server.accepted[0].extra_headers) == ["Message-ID", "Auto-Submitted"]
