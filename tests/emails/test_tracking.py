"""What does the mail service tell us later, and who may tell it? (F9, F10, S52)"""

import base64
from collections.abc import Iterator
from datetime import timedelta

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.core import checks
from django.db import DatabaseError
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone

from example_site import urls as site
from lms_memberships.emails import tracking as ours
from lms_memberships.models import Email, MailNews, Subscription

pytestmark = pytest.mark.django_db

urlpatterns = [path("anymail/", include("anymail.urls")), *site.urlpatterns]
#: As Postmark says it.
BOUNCE = '{"RecordType": "Bounce", "Type": "HardBounce", "MessageID": "msg-1", "ID": 1, "Email": "student@school.test"}'
MOUNTED = override_settings(ROOT_URLCONF="tests.emails.test_tracking")


@pytest.fixture
def sent(subscription) -> Email:
    now = timezone.now()
    return Email.objects.create(
        key="k", kind="bought", recipient="student@school.test", language="en", user=subscription.user,
        membership=subscription.membership, subscription=subscription, state="sent", owed_at=now, next_try_at=now,
        sent_at=now, service_id="msg-1",
    )  # fmt: skip


def news(kind: str, **more: object) -> AnymailTrackingEvent:
    values = {"event_id": f"evt-{kind}", "message_id": "msg-1", "recipient": "student@school.test", **more}
    return AnymailTrackingEvent(event_type=kind, timestamp=timezone.now(), **values)


def tell(event: AnymailTrackingEvent) -> list[object]:
    """As anymail does; what the receivers answered."""
    return [answer for _receiver, answer in tracking.send(sender=object, event=event, esp_name="Test")]


def test_the_same_batch_five_times_is_noted_once(sent):
    """F10"""
    batch = [news("delivered"), news("bounced", description="no such user")]
    for _time in range(5):
        for event in batch:
            tell(event)
    assert MailNews.objects.count() == 2
    sent.refresh_from_db()
    assert (sent.state, sent.outcome, sent.failure) == ("failed", "bounced", "no such user")


def tell_old_news_again() -> None:
    """Put off, then delivered; and the service repeats what it said first."""
    for kind in ("deferred", "delivered", "deferred"):
        tell(news(kind))


def test_old_news_told_again_change_nothing_back(sent):
    """F10"""
    tell_old_news_again()
    sent.refresh_from_db()
    assert (sent.outcome, MailNews.objects.count()) == ("delivered", 2)


def test_control_without_the_note_old_news_are_the_latest(sent, monkeypatch):
    """F10, negative control: nothing knows what was told before."""
    monkeypatch.setattr(ours, "_is_new", lambda event, email: True)
    tell_old_news_again()
    sent.refresh_from_db()
    assert sent.outcome == "deferred", "although it was delivered"


def test_a_service_without_ids_is_known_by_what_it_says(sent):
    """F10"""
    moment = timezone.now() - timedelta(hours=1)
    for _time in range(3):
        event = news("bounced", event_id=None)
        event.timestamp = moment
        tell(event)
    assert MailNews.objects.count() == 1


def test_a_bounce_closes_nothing(sent):
    """F9"""
    tell(news("bounced"))
    assert Subscription.objects.get().is_live(timezone.now())


def test_a_complaint_is_shown_and_the_mail_stays_sent(sent):
    tell(news("complained"))
    sent.refresh_from_db()
    assert (sent.state, sent.outcome) == ("sent", "complained")


@pytest.mark.parametrize("kind", ["opened", "clicked", "queued"])
def test_who_opens_what_is_none_of_our_business(sent, kind):
    tell(news(kind))
    assert not MailNews.objects.exists()


def test_news_of_other_peoples_mails_are_left_alone(sent):
    tell(news("bounced", message_id="msg-of-somebody-else"))
    assert not MailNews.objects.exists()


def test_the_receiver_never_raises(sent, monkeypatch, caplog):
    """F10: or the service would tell everything again."""

    def breaks(event: object, email: object) -> None:
        raise DatabaseError("down")

    monkeypatch.setattr(ours, "_write", breaks)
    tell(news("bounced"))
    assert "could not be noted" in caplog.text
    assert not MailNews.objects.exists(), "it will be told again, and then be noted"
    monkeypatch.undo()
    tell(news("bounced"))
    assert MailNews.objects.count() == 1


@pytest.fixture
def breaks(monkeypatch) -> None:
    """Our part of the news fails."""

    def fail(event: object, email: object) -> None:
        raise DatabaseError("down")

    monkeypatch.setattr(ours, "_write", fail)


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Another receiver, the site's own."""
    events: list[str] = []

    def hear(sender: object, event: AnymailTrackingEvent, **kwargs: object) -> None:
        events.append(event.event_id)

    tracking.connect(hear, weak=False)
    yield events
    tracking.disconnect(hear)


def call_until_answered() -> int:
    """As a mail service does: again, when it is answered with an error. How often it called, three times at most."""
    credentials = base64.b64encode(b"school:secret").decode()
    browser = Client(raise_request_exception=False, headers={"authorization": f"Basic {credentials}"})
    with MOUNTED, override_settings(ANYMAIL={"WEBHOOK_SECRET": "school:secret"}):
        for call in range(1, 4):
            answer = browser.post("/anymail/postmark/tracking/", BOUNCE, content_type="application/json")
            if answer.status_code == 200:
                return call
    return 3


def test_what_fails_with_us_is_told_to_others_once(sent, breaks, heard):
    """F10: the service is answered, and has no reason to say it again."""
    assert call_until_answered() == 1
    assert len(heard) == 1


def test_control_a_receiver_that_raises_has_it_told_to_all_again(sent, breaks, heard):
    """F10, negative control: the same, connected without the net around it."""
    uid = "lms_memberships.emails.tracking"

    def hear(sender: object, event: AnymailTrackingEvent, **kwargs: object) -> None:
        ours.hear(event)

    tracking.disconnect(dispatch_uid=uid)
    tracking.connect(hear, weak=False)
    try:
        assert call_until_answered() == 3
        assert len(heard) == 3
    finally:
        tracking.disconnect(hear)
        ours.connect()


def found() -> list[str]:
    return [each.id for each in checks.run_checks() if str(each.id).endswith("E015")]


@pytest.mark.parametrize(
    ("said", "is_proven"),
    [
        ({}, False),
        ({"WEBHOOK_SECRET": "a:b"}, True),
        ({"MANDRILL_WEBHOOK_KEY": "k"}, True),
        ({"WEBHOOK_SECRET": ""}, False),
    ],
)
def test_the_server_does_not_start_where_anybody_may_tell_of_bounces(said, is_proven):
    """S52"""
    with MOUNTED, override_settings(ANYMAIL=said):
        assert bool(found()) is not is_proven


def test_without_anymails_addresses_there_is_nothing_to_prove():
    """S52, control"""
    assert found() == []


def test_an_unsigned_call_is_refused(client, sent):
    """S52: anymail itself refuses it, once there is a secret."""
    with MOUNTED, override_settings(ANYMAIL={"WEBHOOK_SECRET": "school:secret"}):
        answer = client.post("/anymail/postmark/tracking/", BOUNCE, content_type="application/json")
    assert answer.status_code == 400
    sent.refresh_from_db()
    assert sent.state == "sent"
