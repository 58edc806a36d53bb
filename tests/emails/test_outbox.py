"""Does an owed e-mail leave once, whatever the mail server does?"""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from lms_memberships import events
from lms_memberships.emails import outbox, owed
from lms_memberships.emails.models import Email

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed_email(subscription, all_on):
    with transaction.atomic():
        owed.about_subscription(events.AccessGained(subscription.pk, 1))
    return Email.objects.get()


def now_in(**span):
    return timezone.now() + timedelta(**span)


def test_a_fact_told_twice_owes_its_mail_once(subscription, all_on):
    """F4: two code paths, one mail; another turn is another fact."""
    for turn in (1, 1, 2):
        owed.about_subscription(events.AccessGained(subscription.pk, turn))
    assert Email.objects.count() == 2


def test_a_refused_connection_is_tried_again(owed_email, server, monkeypatch):
    """F12: nothing was handed over, so nothing can be doubled."""
    server.error = ConnectionRefusedError()
    assert outbox.deliver_due(now=timezone.now()) == 0
    owed_email.refresh_from_db()
    assert owed_email.state == Email.State.OWED
    assert owed_email.next_try_at > timezone.now()
    server.error = None
    assert outbox.deliver_due(now=timezone.now()) == 0, "not before its time"
    Email.objects.update(next_try_at=timezone.now())
    assert outbox.deliver_due(now=timezone.now()) == 1
    assert len(server.accepted) == 1


@pytest.mark.parametrize("error", [TimeoutError(), smtplib.SMTPServerDisconnected("lost"), RuntimeError("?")])
def test_a_lost_answer_is_never_followed_by_a_second_mail(owed_email, server, error):
    """F4: accepted or not, nobody knows: the mail stays uncertain."""
    server.error = error
    outbox.deliver_due(now=timezone.now())
    server.error = None
    Email.objects.update(next_try_at=timezone.now())
    assert outbox.deliver_due(now=timezone.now()) == 0
    owed_email.refresh_from_db()
    assert owed_email.state == Email.State.UNKNOWN
    assert type(error).__name__ in owed_email.failure


def test_a_worker_killed_before_it_hands_over_loses_nothing(owed_email, server):
    """E3, F1: leased is not marked; when the lease has run out, the next worker sends it."""
    outbox._claim()
    assert outbox.deliver_due(now=timezone.now()) == 0
    Email.objects.update(leased_until=now_in(seconds=-1))
    assert outbox.deliver_due(now=timezone.now()) == 1


def test_a_worker_killed_while_sending_leaves_the_mail_uncertain(owed_email, server):
    """F1: marked, and never settled: not sent again, whatever becomes of the lease."""
    lease = outbox._claim()
    assert outbox._mark(lease.rows[0], lease)
    Email.objects.update(leased_until=now_in(seconds=-1), next_try_at=now_in(seconds=-1))
    assert outbox.deliver_due(now=timezone.now()) == 0
    owed_email.refresh_from_db()
    assert owed_email.state == Email.State.UNKNOWN


def test_a_refused_recipient_is_final(owed_email, server):
    server.error = smtplib.SMTPRecipientsRefused({})
    outbox.deliver_due(now=timezone.now())
    owed_email.refresh_from_db()
    assert owed_email.state == Email.State.FAILED


def test_it_is_given_up_after_the_last_try(owed_email, server):
    server.error = ConnectionRefusedError()
    for _try in range(len(outbox.BACK_OFF) + 1):
        Email.objects.update(next_try_at=timezone.now())
        outbox.deliver_due(now=timezone.now())
    owed_email.refresh_from_db()
    assert owed_email.state == Email.State.FAILED


def test_the_deliveries_of_many_take_few_queries(subscription, all_on, django_assert_max_num_queries):
    for turn in range(20):
        owed.about_subscription(events.AccessGained(subscription.pk, turn))
    with django_assert_max_num_queries(90):
        assert outbox.deliver_due(now=timezone.now()) == 20
    assert len(mail.outbox) == 20
