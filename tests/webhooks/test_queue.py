"""What of events that wait, fail, die or lose their worker? Leases, replay, and intake under odd settings."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lms_memberships import clock as our_clock
from lms_memberships import leases
from lms_memberships.emails import switches
from lms_memberships.models import Email, Subscription, WebhookEvent
from lms_memberships.sandbox.faults import Fault
from lms_memberships.webhooks import inbox
from tests.factories import UserFactory
from tests.webhooks.test_inbox import TRANSACTION, post_all, said, work_off
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

SICK = {"id": "sub_gone", "object": "subscription"}


def now_in(**span: float):
    return timezone.now() + timedelta(**span)


@pytest.fixture
def dead(gateway) -> WebhookEvent:
    """Given up: its subscription cannot be read."""
    post_event(said("customer.subscription.updated", SICK, "evt_poison"))
    while work_off():
        WebhookEvent.objects.update(next_try_at=our_clock.wall_time())
    return WebhookEvent.objects.get(state="dead")


# ------------------------------------------------------------------ A7: poison, and again


def test_replay_by_id_and_what_it_refuses(dead):
    """A7: by command."""
    said_out = StringIO()
    with pytest.raises(CommandError, match="webhooks"):
        call_command("memberships_drain", "--replay", dead.event_id, verbosity=0, stderr=said_out)
    assert "1 webhook events begin again" in said_out.getvalue()
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("received", 1)
    with pytest.raises(CommandError, match="evt_unknown"):
        call_command("memberships_drain", "--replay", "evt_unknown")
    with pytest.raises(CommandError, match="--dead"):
        call_command("memberships_drain", "--replay")


def test_who_only_came_along_has_not_used_up_a_try(gateway):
    """A7: a burst of new events for a sick subscription must not have the old ones given up within minutes."""
    post_event(said("customer.subscription.updated", SICK, "evt_old"))
    work_off()
    for number in range(12):
        post_event(said("customer.subscription.updated", SICK, f"evt_new{number}"))
        work_off()
    assert WebhookEvent.objects.get(event_id="evt_old").attempts == 1
    assert not WebhookEvent.objects.filter(state="dead").exists()


# ------------------------------------------------------------------ B11, B13, E4: leases


def claim_and_lose(pay, student, membership, postman) -> tuple[leases.Lease, leases.Lease]:
    """A worker that was silent for too long, and the one who took over."""
    pay(student, membership)
    for event in postman.waiting():
        post_event(event)
    slow = inbox._claim()
    WebhookEvent.objects.update(leased_until=now_in(seconds=-1))
    return slow, inbox._claim()


def test_a_worker_that_comes_back_late_settles_nothing(pay, student, membership, postman):
    """B11: its token is not the row's any more."""
    slow, quick = claim_and_lose(pay, student, membership, postman)
    assert len(quick.rows) == len(slow.rows) > 0
    inbox._settle(slow.rows, slow, inbox.State.DONE)
    inbox._put_back(slow.rows, slow, "late")
    assert set(WebhookEvent.objects.values_list("state", "attempts", "error")) == {("received", 0, "")}
    inbox._settle(quick.rows, quick, inbox.State.DONE)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}


def test_control_without_the_token_the_late_one_settles(pay, student, membership, postman, monkeypatch):
    """B11, negative control"""
    monkeypatch.setattr(leases, "mine", lambda rows, token: rows)
    slow, _quick = claim_and_lose(pay, student, membership, postman)
    inbox._put_back(slow.rows, slow, "late")
    assert set(WebhookEvent.objects.values_list("attempts", "error")) == {(1, "late")}


def test_what_is_busy_stays_received(pay, student, membership, postman):
    """B13, E4: neither done nor dropped; when the holder is dead it comes back by itself, again and again."""
    pay(student, membership)
    post_all(postman)
    for _death in range(3):
        assert inbox._claim()
        assert work_off() == 0
        assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"received"}
        WebhookEvent.objects.update(leased_until=now_in(seconds=-1))
    assert work_off() > 0
    assert Subscription.objects.get().is_live(timezone.now())


def test_a_long_batch_keeps_its_lease(pay, student, membership, postman, settings):
    """E3: a lease is made longer between two pieces of work, once a third of it has gone."""
    pay(student, membership)
    post_all(postman)
    lease = inbox._claim()
    until = WebhookEvent.objects.first().leased_until
    lease.keep()
    assert WebhookEvent.objects.first().leased_until == until
    lease.taken_at -= leases.length() / 2
    lease.keep()
    assert WebhookEvent.objects.first().leased_until > until


def test_without_a_key_nothing_stays_leased(pay, student, membership, postman, settings):
    """E3: the lease is given back at once."""
    pay(student, membership)
    post_all(postman)
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    with pytest.raises(Exception, match=r".*"):
        work_off()
    assert not WebhookEvent.objects.exclude(leased_until=None).exists()


# ------------------------------------------------------------------ A16, E12


def test_a_retry_of_one_event_alone_opens(student, membership, pay, postman, sandbox):
    """A16: the first three get lost; only ``invoice.paid`` comes, and only at the second try."""
    pay(student, membership)
    (paid,) = [event for event in postman.waiting() if event["type"] == "invoice.paid"]
    sandbox.faults.plan(Fault("status", path="GET /v1/subscriptions/*", status=503, count=2))
    post_event(paid)
    work_off()
    assert not Subscription.objects.exists()
    WebhookEvent.objects.update(next_try_at=our_clock.wall_time())
    work_off()
    assert Subscription.objects.get().is_live(timezone.now())


CACHES = {
    "none": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
    "emptied at every turn": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
}


@pytest.mark.parametrize("which", CACHES)
def test_nothing_depends_on_a_cache(which, settings, student, membership, pay, postman):
    """E12"""
    settings.CACHES = CACHES[which]
    pay(student, membership)
    for event in postman.waiting():
        post_event(event)
        cache.clear()
        work_off()
        cache.clear()
    row = Subscription.objects.get()
    assert (row.is_live(timezone.now()), row.turn) == (True, 2)


# ------------------------------------------------------------------ A14: settings


@pytest.mark.django_db(transaction=True)
def test_the_note_of_a_failure_survives_atomic_requests(settings, sandbox):
    """A14: the event is committed before the answer, and what went wrong with it stays noted."""
    from lms_memberships.payments import connect

    connect.get_gateway()
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        # Without a worker the work is done in the request, and fails there.
        assert post_event(said("customer.subscription.updated", SICK, "evt_sick")).status_code == 200
    finally:
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = connection.settings_dict["ATOMIC_REQUESTS"] = False
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts) == ("received", 1)
    assert "Traceback" in row.error


# ------------------------------------------------------------------ the budget, with every mail on


def test_from_event_to_access_in_fifteen_queries_with_every_mail_on(student, membership, pay, postman, settings):
    """Design §8: up to the moment at which access is committed, reactions included."""
    switches.switch_all_on()
    UserFactory(is_superuser=True)
    pay(student, membership)
    post_all(postman)
    with CaptureQueriesContext(connection) as captured:
        work_off()
    statements = [query["sql"] for query in captured.captured_queries if query["sql"].split()[0] not in TRANSACTION]
    # The pace of calls to Stripe is reserved for ten calls at a time: it belongs to none of them.
    statements = [sql for sql in statements if "_throttle" not in sql]
    opened = next(number for number, sql in enumerate(statements, start=1) if "_checkout" in sql and "UPDATE" in sql)
    # SQLite takes the mails in two statements.
    most = 15 if connection.vendor == "postgresql" else 16
    assert opened <= most, "\n".join(f"{n} {sql[:150]}" for n, sql in enumerate(statements[:opened], 1))
    assert set(Email.objects.values_list("kind", flat=True)) == {
        "admin_bought", "bought", "access_gained", "payment_succeeded",
    }  # fmt: skip


def test_one_sick_bundle_does_not_keep_the_batch(gateway, student, membership, pay, postman):
    """A7: inside one transaction of a test, and still each by itself."""
    post_event(said("customer.subscription.updated", SICK, "evt_poison"))
    pay(student, membership)
    for event in postman.waiting():
        post_event(event)
    with transaction.atomic():
        tally = inbox.work_through(now=our_clock.now())
    assert tally.failed == 1
    assert tally.done > 2
