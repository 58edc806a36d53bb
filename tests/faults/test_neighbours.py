"""Stripe hangs and the mail server refuses: is the webhook still taken, by asking neither? What is late, is it believed?"""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from lms_memberships import clock as our_clock
from lms_memberships.emails import outbox, owed, switches
from lms_memberships.events import SubscriptionStarted
from lms_memberships.models import Email, Subscription, WebhookEvent
from lms_memberships.payments.stripe_gateway import line
from lms_memberships.webhooks import inbox
from lms_memberships.webhooks.handlers import HANDLERS
from tests import hosted
from tests.faults.neighbours import Neighbour
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db(transaction=True)

QUEUES = {
    "a queue that does nothing": "django_tasks.backends.dummy.DummyBackend",
    "a queue in the database": "django_tasks_db.DatabaseBackend",
}


@pytest.fixture
def bought(membership, student, client_for, postman) -> Subscription:
    """Bought, and known to us; mails are on, and one of them waits."""
    browser = client_for(student)
    location = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))["Location"]
    browser.get(hosted.path_of(hosted.pay(location)[1]))
    postman.deliver()
    row = Subscription.objects.get()
    switches.switch_all_on()
    owed.about_subscription(SubscriptionStarted(subscription_id=row.pk, turn=99))
    return row


@pytest.fixture
def stripe_hangs(settings, bought) -> Iterator[Neighbour]:
    with Neighbour(hangs=True) as neighbour:
        settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = neighbour.url
        yield neighbour


@pytest.fixture
def mail_refuses(settings, bought) -> Iterator[Neighbour]:
    with Neighbour(hangs=False) as neighbour:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", neighbour.port
        yield neighbour


def events_of_every_kind(subscription: Subscription) -> list[dict]:
    return [
        {
            "id": f"evt_while_down_{number}",
            "object": "event",
            "type": kind,
            "created": int(our_clock.wall_time().timestamp()),
            "livemode": False,
            "data": {"object": {"id": subscription.stripe_id, "object": "subscription"}},
        }
        for number, kind in enumerate(HANDLERS)
    ]


@pytest.mark.parametrize("queue", QUEUES)
def test_the_webhook_is_taken_while_stripe_hangs_and_the_mail_server_refuses(
    queue, settings, bought, stripe_hangs, mail_refuses
):
    """A6, F12: 200 for every kind, every one of them a row, and nobody was called in the request."""
    settings.TASKS = {"default": {"BACKEND": QUEUES[queue]}}
    before = WebhookEvent.objects.count()
    for event in events_of_every_kind(bought):
        assert post_event(event).status_code == 200
    assert WebhookEvent.objects.count() - before == len(HANDLERS)
    assert (stripe_hangs.calls, mail_refuses.calls) == (0, 0)
    assert WebhookEvent.objects.filter(state="received", attempts=0).count() == len(HANDLERS)
    assert Email.objects.filter(state="owed", attempts=0).count() >= 1
    if "Database" in QUEUES[queue]:
        assert DBTaskResult.objects.exists()


def test_control_the_neighbours_do_count_those_who_call(settings, bought, stripe_hangs, mail_refuses, monkeypatch):
    """A6, F12, negative control: the same work outside the request calls both of them."""
    for manner in (line.INTERACTIVE, line.BACKGROUND):
        monkeypatch.setattr(manner, "read_seconds", 0.2)
    settings.TASKS = {"default": {"BACKEND": QUEUES["a queue that does nothing"]}}
    post_event(events_of_every_kind(bought)[5])
    inbox.work_off(now=our_clock.now())
    assert outbox.deliver_due(now=our_clock.now()) == 0
    assert stripe_hangs.calls > 0
    assert mail_refuses.calls > 0
    (event,) = WebhookEvent.objects.filter(attempts=1)
    assert event.state == "received"
    assert "Unreachable" in event.error or "Timeout" in event.error or "failure" in event.error.lower()


def test_without_a_worker_the_webhook_is_taken_all_the_same(settings, bought, stripe_hangs, monkeypatch):
    """A6: a site without a worker does the work after commit, in the request: slower, and the answer is 200 still."""
    for manner in (line.INTERACTIVE, line.BACKGROUND):
        monkeypatch.setattr(manner, "read_seconds", 0.2)
    assert post_event(events_of_every_kind(bought)[5]).status_code == 200
    assert stripe_hangs.calls > 0
    (event,) = WebhookEvent.objects.filter(attempts=1)
    assert event.state == "received"
    assert event.next_try_at > our_clock.wall_time()


def test_a_payload_is_never_believed(membership, student, client_for, postman, gateway, clock, sandbox):
    """A3: held back for 72 hours, its payload says "active" for somebody who has cancelled meanwhile."""
    browser = client_for(student)
    location = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))["Location"]
    browser.get(hosted.path_of(hosted.pay(location)[1]))
    late = [event for event in postman.waiting() if event["type"].startswith("customer.subscription.")]
    postman.delivered.update(event["id"] for event in late)
    postman.deliver()
    row = Subscription.objects.get()
    gateway.cancel_now(row.stripe_id)
    clock.advance(hours=72)
    postman.deliver()
    assert "active" in {event["data"]["object"]["status"] for event in late}, "or this test could not fail"
    sandbox.requests.clear()
    for event in late:
        assert post_event(event).status_code == 200
    inbox.work_off(now=clock.now)
    reads = [each["path"] for each in sandbox.requests.all() if each["method"] == "GET"]
    assert f"/v1/subscriptions/{row.stripe_id}" in reads, "it is a reason to look again"
    row.refresh_from_db()
    assert row.status == "canceled"
    assert not row.is_live(clock.now)


def test_a_payload_of_pure_invention_is_only_a_hint(membership, student, client_for, postman, clock):
    """A3: rightly signed, its fields say anything; nothing but the id is used."""
    browser = client_for(student)
    location = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))["Location"]
    browser.get(hosted.path_of(hosted.pay(location)[1]))
    postman.deliver()
    row = Subscription.objects.get()
    truth = (row.status, row.access_until, row.amount, row.cancel_at)
    invented = {
        "id": row.stripe_id,
        "object": "subscription",
        "status": "canceled",
        "cancel_at": 1,
        "ended_at": 1,
        "items": {"data": [{"price": {"unit_amount": 1}, "current_period_end": 4_000_000_000}]},
    }
    event = {**events_of_every_kind(row)[0], "type": "customer.subscription.updated", "data": {"object": invented}}
    assert post_event(event).status_code == 200
    inbox.work_off(now=clock.now)
    row.refresh_from_db()
    assert (row.status, row.access_until, row.amount, row.cancel_at) == truth
    assert WebhookEvent.objects.get(event_id=event["id"]).state == "done"
