"""What happens to one mail: does it touch the others, or anybody's access? Crashes, first payments, refusals (F5, F8, F9)."""

import smtplib

import pytest
from django.db import transaction
from django.utils import timezone

from lms_memberships import events
from lms_memberships.emails import failures, outbox, owed
from lms_memberships.models import Email, Subscription
from tests.emails.conftest import Server, tell
from tests.emails.test_outbox import now_in
from tests.emails.test_promises import deliver, state_of

pytestmark = pytest.mark.django_db

# ------------------------------------------------------------------ F5: each by itself


class BreaksAt37(Server):
    """A server with a bug that kills the process at the 37th mail."""

    def send_messages(self, messages) -> int:
        if len(Server.accepted) == 36 and Server.error is None:
            Server.error = RuntimeError()
            raise KeyboardInterrupt
        Server.accepted.extend(messages)
        return len(messages)


@pytest.fixture
def hundred(subscription, all_on, server, settings) -> None:
    """So many mails are owed, and the server will break in their middle."""
    settings.EMAIL_BACKEND = "tests.emails.test_one_by_one.BreaksAt37"
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    for turn in range(100):
        owed.about_subscription(events.AccessGained(subscription.pk, turn))


def accepted() -> list[str]:
    return [message.extra_headers["Message-ID"] for message in Server.accepted]


def test_a_crash_in_the_middle_of_a_hundred_is_no_reason_to_begin_again(hundred):
    """F5: 99 once, and the one that was just being handed over is uncertain."""
    with pytest.raises(KeyboardInterrupt):
        deliver()
    Email.objects.update(leased_until=now_in(seconds=-1))
    deliver()
    assert (len(accepted()), len(set(accepted()))) == (99, 99)
    assert Email.objects.filter(state="unknown").count() == 1


def test_control_in_one_transaction_the_first_ones_are_mailed_again(hundred):
    """F5, negative control: what was noted of the first 36 is gone with the crash, and the mails are not."""
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        deliver()
    with transaction.atomic():
        deliver()
    assert (len(accepted()), len(set(accepted()))) == (136, 100)


# ------------------------------------------------------------------ F8: nothing has begun


@pytest.fixture
def declined(owe) -> events.PaymentFailed:
    """The first payment was refused, and the buyer is looking at the payment page."""
    email = owe("payment_failed")
    email.delete()
    Subscription.objects.update(opened_at=None, status="incomplete")
    return events.PaymentFailed(invoice_id=email.invoice_id, attempt=2)


def test_of_a_first_payment_that_fails_nothing_is_mailed(declined, server):
    """F8: there they are told anyway."""
    tell(declined)
    assert not Email.objects.exists()
    assert deliver() == 0


def test_control_without_asking_whether_it_began_a_mail_is_sent(declined, server):
    """F8, negative control: what lies behind the question owes the mail, and nothing stops it on its way."""
    subscription = Subscription.objects.get()
    with transaction.atomic():
        owed._owe(declined, subscription, subscription.invoices.get())
    assert deliver() == 1


# ------------------------------------------------------------------ F9: refused


def test_a_refused_address_is_shown_and_closes_nothing(owe, server):
    """F9"""
    email = owe("bought")
    server.error = smtplib.SMTPRecipientsRefused({email.recipient: (550, b"no such user")})
    deliver()
    state, failure = state_of(email)
    assert (state, "550" in failure) == ("failed", True)
    assert Subscription.objects.get().is_live(timezone.now())


def refuse_at_first(owe, server) -> Email:
    """A server that greylists: it refuses every first try, and takes the second."""
    email = owe("bought")
    server.error = smtplib.SMTPRecipientsRefused({email.recipient: (451, b"try again later")})
    deliver()
    server.error = None
    Email.objects.update(next_try_at=now_in(seconds=-1))
    deliver()
    return email


def test_not_now_is_not_never(owe, server):
    """F9: a server that greylists refuses every first try."""
    email = refuse_at_first(owe, server)
    assert (state_of(email)[0], len(Server.accepted)) == ("sent", 1)


def test_control_where_every_refusal_is_final_the_mail_is_lost(owe, server, monkeypatch):
    """F9, negative control: the server would have taken it a minute later."""
    monkeypatch.setattr(failures, "NOT_NOW", range(0))
    email = refuse_at_first(owe, server)
    assert (state_of(email)[0], Server.accepted) == ("failed", [])


def test_control_where_no_refusal_is_final_nobody_is_shown_it(owe, server, monkeypatch):
    """F9, negative control: an address that does not exist is tried for days, and nobody hears of it."""
    monkeypatch.setattr(failures, "is_final", lambda error: False)
    email = owe("bought")
    server.error = smtplib.SMTPRecipientsRefused({email.recipient: (550, b"no such user")})
    for _try in range(len(outbox.BACK_OFF)):
        deliver()
        assert state_of(email)[0] == "owed"
        Email.objects.update(next_try_at=now_in(seconds=-1))
