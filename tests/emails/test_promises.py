"""What is promised of an e-mail that waited, failed, or got lost? Still true, never twice, once more where it matters."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from lms_memberships import clock, events
from lms_memberships.emails import drop_reasons, outbox
from lms_memberships.emails.catalogue import CRITICAL, EmailKind
from lms_memberships.models import Email, Invoice, Subscription
from lms_memberships.subscriptions import reminders
from tests.emails.conftest import Server, tell
from tests.emails.test_outbox import now_in

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def deliver(**span: float) -> int:
    return outbox.deliver_due(now=timezone.now() + timedelta(**span))


def state_of(email: Email) -> tuple[str, str]:
    email.refresh_from_db()
    return email.state, email.failure


# ------------------------------------------------------------------ F1: nobody knows


@pytest.mark.parametrize("kind", EmailKind)
def test_an_uncertain_mail_is_sent_once_more_if_it_is_critical_and_never_a_third_time(kind, owe, server):
    """F1: after an hour, with the same Message-ID, by which a mailbox knows a repetition."""
    email = owe(kind.value)
    server.error = TimeoutError()
    ids = []
    for _hour in range(5):
        deliver()
        server.error = None
        assert state_of(email)[0] in {"unknown", "sent"}
        assert deliver() == 0, "not before its time"
        Email.objects.update(next_try_at=now_in(seconds=-1))
        ids = [message.extra_headers["Message-ID"] for message in Server.accepted]
    assert len(ids) == (1 if kind in CRITICAL else 0)
    assert set(ids) <= {outbox.message_for(email, now=timezone.now()).extra_headers["Message-ID"]}


def test_when_the_second_is_lost_as_well_it_stays_uncertain(owe, server):
    """F1: at most two, whatever happens."""
    email = owe("bought")
    server.error = TimeoutError()
    for _hour in range(5):
        deliver()
        Email.objects.update(next_try_at=now_in(seconds=-1))
    email.refresh_from_db()
    assert (email.state, email.attempts) == ("unknown", 2)
    assert email.resent_at is not None


def test_control_without_the_note_it_is_sent_each_hour(owe, server):
    """F1, negative control: without ``resent_at`` it would be sent for ever."""
    email = owe("bought")
    server.error = TimeoutError()
    for _hour in range(5):
        deliver()
        Email.objects.update(next_try_at=now_in(seconds=-1), resent_at=None)
    email.refresh_from_db()
    assert email.attempts == 5


# ------------------------------------------------------------------ F2, F3: late


def test_a_server_that_is_down_for_twelve_hours_costs_no_mail(owe, server):
    """F2: tried again for three days in all."""
    owe("payment_succeeded")
    assert timedelta(hours=70) < sum(outbox.BACK_OFF, timedelta()) <= timedelta(hours=72)
    server.error = ConnectionRefusedError()
    waited = timedelta()
    while waited < 12 * HOUR:
        deliver()
        row = Email.objects.get()
        assert row.state == "owed"
        waited += row.next_try_at - clock.wall_time()
        Email.objects.update(next_try_at=now_in(seconds=-1))
    server.error = None
    assert deliver() == 1


GONE_FALSE = {
    "admin_bought": ({"status": "canceled"}, drop_reasons.OVER),
    "bought": ({"status": "canceled"}, drop_reasons.OVER),
    "admin_cancelled": ({"cancel_at": None}, drop_reasons.RESUMED),
    "cancelled": ({"cancel_at": None}, drop_reasons.RESUMED),
    "access_gained": ({"access_until": None}, drop_reasons.CLOSED_AGAIN),
    "access_lost": ({"access_until": timedelta(days=9)}, drop_reasons.OPEN_AGAIN),
    "payment_failed": ({"status": "canceled"}, drop_reasons.OVER),
    "trial_ends_soon": ({"status": "active"}, drop_reasons.NO_TRIAL),
    "payment_missing": ({"access_until": timedelta(days=-1)}, drop_reasons.CLOSED_AGAIN),
    "renewal_soon": ({"cancel_at": timedelta(days=5)}, drop_reasons.NO_RENEWAL),
    "admin_price_unknown": ({"flag": ""}, drop_reasons.PRICE_KNOWN),
    "card_expires": ({"card_expires_at": timedelta(days=900)}, drop_reasons.OTHER_CARD),
}


@pytest.mark.parametrize("kind", GONE_FALSE)
def test_what_is_not_true_any_more_is_dropped_and_says_why(kind, owe, server):
    """F2, F3: queued, overtaken, and never sent."""
    email = owe(kind)
    changes, reason = GONE_FALSE[kind]
    moments = {
        name: now_in(days=value.days) if isinstance(value, timedelta) else value for name, value in changes.items()
    }
    Subscription.objects.update(**moments)
    assert deliver() == 0
    assert state_of(email) == ("dropped", reason)
    assert Server.accepted == []
    assert str(drop_reasons.REASONS[reason])


@pytest.mark.parametrize("kind", EmailKind)
def test_control_what_is_still_true_is_sent(kind, owe, server):
    """F2, F3, negative control: the same mails, with nothing that overtakes them."""
    owe(kind.value)
    assert deliver() == 1


@pytest.mark.parametrize(
    ("kind", "status"), [("payment_failed", "paid"), ("payment_missing", "paid"), ("payment_succeeded", "void")]
)
def test_of_an_invoice_that_changed_nothing_is_said(kind, status, owe, server):
    """F3"""
    email = owe(kind)
    Invoice.objects.update(status=status)
    assert deliver() == 0
    assert state_of(email)[0] == "dropped"


def test_a_reminder_is_not_sent_after_the_trial(owe, server):
    """F2: the outage outlived it."""
    email = owe("trial_ends_soon")
    assert deliver(days=3) == 0
    assert state_of(email) == ("dropped", drop_reasons.NO_TRIAL)


def test_what_waited_for_days_is_dropped(owe, server):
    """F2"""
    email = owe("bought")
    Email.objects.update(owed_at=now_in(hours=-73))
    assert deliver() == 0
    assert state_of(email) == ("dropped", drop_reasons.WAITED_TOO_LONG)


def test_late_news_is_no_news(owe, settings):
    """E7: what happened three days ago and is only learnt now is written down, and not sent; unless somebody says so."""
    long_ago = {events.SubscriptionStarted: now_in(hours=-49)}
    assert (owe("bought", at=long_ago).state, Email.objects.get().failure) == ("dropped", drop_reasons.TOO_OLD)
    Email.objects.all().delete()
    settings.LMS_MEMBERSHIPS_OLDEST_NEWS_HOURS = 24 * 365
    assert owe("bought", at=long_ago).state == "owed"


# ------------------------------------------------------------------ F6: the reminder


@pytest.mark.parametrize("zone", ["Etc/GMT+11", "Etc/GMT-14"])
def test_the_reminder_comes_once_whatever_the_time_zone(zone, owe, settings):
    """F6: the job every hour for ten days."""
    settings.TIME_ZONE = zone
    email = owe("trial_ends_soon")
    email.delete()
    start = timezone.now()
    Subscription.objects.update(trial_reminded_for=None, trial_end=start + timedelta(days=8), access_until=None)
    Subscription.objects.update(access_until=start + timedelta(days=8))
    pk = Subscription.objects.get().pk
    told = [reminders.remind_of_trial_end(pk, now=start + hour * HOUR) for hour in range(240)]
    assert sum(told) == 1
    assert Email.objects.filter(kind="trial_ends_soon").count() == 1


def test_control_without_the_note_the_reminder_comes_each_hour(owe):
    """F6, negative control"""
    owe("trial_ends_soon").delete()
    pk = Subscription.objects.get().pk
    told = 0
    for _hour in range(5):
        Subscription.objects.update(trial_reminded_for=None)
        told += reminders.remind_of_trial_end(pk, now=timezone.now())
    assert told == 5


# ------------------------------------------------------------------ F7: failed payments


def test_eight_failed_tries_in_an_hour_are_one_mail(owe):
    """F7"""
    invoice_id = owe("payment_failed").invoice_id
    for attempt in range(2, 9):
        tell(events.PaymentFailed(invoice_id=invoice_id, attempt=attempt))
    rows = Email.objects.filter(kind="payment_failed")
    assert sorted(rows.values_list("state", flat=True)) == ["dropped"] * 7 + ["owed"]
    rows.update(happened_at=now_in(hours=-25))
    tell(events.PaymentFailed(invoice_id=invoice_id, attempt=9))
    assert rows.filter(state="owed").count() == 2


# ------------------------------------------------------------------ F11: as it was


def test_a_mail_names_what_was_true_when_it_was_owed(owe, server):
    """F11: renamed, made dearer and prolonged while it waited."""
    email = owe("cancelled")
    subscription, membership = email.subscription, email.membership
    was = subscription.access_until
    membership.title = "Gold"
    membership.save()
    Subscription.objects.update(amount=9900, access_until=now_in(days=300))
    assert deliver() == 1
    (message,) = Server.accepted
    assert "Studio pass" in message.subject
    assert "Gold" not in message.subject + message.body
    assert date_format(timezone.localtime(was), "DATE_FORMAT") in message.body
    assert date_format(timezone.localtime(now_in(days=300)), "DATE_FORMAT") not in message.body


def test_control_without_the_snapshot_it_names_what_is_true_now(owe, server):
    """F11, negative control"""
    email = owe("cancelled")
    Email.objects.update(context={})
    email.membership.title = "Gold"
    email.membership.save()
    deliver()
    assert "Gold" in Server.accepted[0].subject


def test_nothing_of_the_person_is_in_the_snapshot(owe, subscription):
    """X29: what has to be forgotten is not copied."""
    said = str(owe("bought").context)
    assert not any(text in said for text in ("Ada", "Lind", subscription.user.email, subscription.user.username))


def test_what_somebody_wants_sent_again_is_sent_again(owe, server):
    """F1: the button. An uncertain one, or one that failed; nothing that was sent."""
    email = owe("access_gained")
    server.error = TimeoutError()
    deliver()
    server.error = None
    assert outbox.send_again(Email.objects.filter(pk=email.pk)) == 1
    assert deliver() == 1
    assert outbox.send_again(Email.objects.filter(pk=email.pk)) == 0
