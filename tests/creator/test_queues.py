"""What waits and what went wrong: is it shown to whoever may see it, and begun again by whoever may do that? (A7, F1, F9)"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from lms_memberships.emails import drop_reasons
from lms_memberships.models import Delivery, Email, Item, Subscription, WebhookEvent
from tests.factories import UserFactory, allow

pytestmark = pytest.mark.django_db

VIEW = {"webhooks": "view_webhookevent", "emails": "view_email", "deliveries": "view_delivery"}
AGAIN = {"webhooks": "try_again_webhookevent", "emails": "send_again_email", "deliveries": "try_again_delivery"}
STUCK = {"webhooks": "dead", "emails": "unknown", "deliveries": "dead"}
TASK = {
    "webhooks": "lms_memberships.webhooks.tasks.work_off_inbox",
    "emails": "lms_memberships.emails.tasks.deliver",
    "deliveries": "lms_memberships.access.tasks.deliver",
}
WAITING = {"webhooks": "received", "emails": "owed", "deliveries": "owed"}


def url(slug: str, what: str = "list", *args: int) -> str:
    return reverse(f"lms_memberships_{slug}_{what}", args=args)


@pytest.fixture
def subscription(membership, student) -> Subscription:
    now = timezone.now()
    return Subscription.objects.create(
        user=student, membership=membership, status="active", started_at=now, opened_at=now, account="acct_sandbox",
        access_until=now + timedelta(days=9), amount=1900, currency="eur", interval="month", stripe_id="sub_1",
    )  # fmt: skip


@pytest.fixture
def make(subscription):
    """Rows of a queue, in a state."""

    def go(slug: str, state: str, number: int = 0, **more: object):
        now = timezone.now()
        if slug == "webhooks":
            values = {"event_id": f"evt_{number}", "type": "invoice.paid", "created_at": now, "received_at": now}
            return WebhookEvent.objects.create(state=state, next_try_at=now, **values, **more)
        if slug == "emails":
            values = {"key": f"{number}", "kind": "bought", "recipient": f"s{number}@school.test", "language": "en"}
            about = {"user": subscription.user, "membership": subscription.membership, "subscription": subscription}
            return Email.objects.create(state=state, owed_at=now, next_try_at=now, **values, **about, **more)
        item = Item.objects.first() if number == 0 else None
        if item is None:
            first = Item.objects.first()
            item = Item.objects.create(
                content_type=first.content_type, object_id=f"{10_000 + number}", kind=first.kind, title=f"Item {number}"
            )
        return Delivery.objects.create(
            subscription=subscription, item=item, state=state, next_try_at=now, attempts=3, **more
        )

    return go


@pytest.mark.parametrize("slug", VIEW)
def test_only_whoever_may_see_it_sees_it(slug, client_for, make):
    make(slug, STUCK[slug])
    nobody = client_for(allow(UserFactory()))
    assert nobody.get(url(slug)).status_code == 302
    viewer = client_for(allow(UserFactory(), VIEW[slug]))
    page = viewer.get(url(slug)).content.decode()
    assert url(slug) in viewer.get(reverse("wagtailadmin_home")).content.decode()
    assert "Try again" not in page
    assert "Send again" not in page


@pytest.mark.parametrize("slug", VIEW)
def test_trying_again_has_a_permission_of_its_own_and_is_a_post(slug, client_for, make):
    """A7, F1"""
    row = make(slug, STUCK[slug])
    again = url(slug, "again", row.pk)
    viewer = client_for(allow(UserFactory(), VIEW[slug]))
    viewer.post(again)
    row.refresh_from_db()
    assert row.state == STUCK[slug]
    helper = client_for(allow(UserFactory(), VIEW[slug], AGAIN[slug]))
    assert again in helper.get(url(slug)).content.decode()
    assert helper.get(again).status_code == 405
    assert helper.post(again, follow=True).status_code == 200
    row.refresh_from_db()
    assert (row.state, row.attempts) == (WAITING[slug], 0)
    assert helper.post(url(slug, "again", 999_999)).status_code == 404


@pytest.mark.parametrize(("slug", "state"), [("webhooks", "done"), ("emails", "sent"), ("deliveries", "done")])
def test_what_is_done_is_not_begun_again(slug, state, client_for, make):
    row = make(slug, state)
    helper = client_for(allow(UserFactory(), VIEW[slug], AGAIN[slug]))
    assert "nothing left to try again" in helper.post(url(slug, "again", row.pk), follow=True).content.decode()
    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize("slug", VIEW)
def test_by_state_by_search_and_page_by_page(slug, client_for, make, admin):
    browser = client_for(admin)
    for number in range(1, 56):
        make(slug, STUCK[slug], number)
    make(slug, WAITING[slug])
    assert browser.get(url(slug)).content.decode().count('class="lms-queue__state"') == 50
    assert browser.get(url(slug), {"p": 2}).content.decode().count('class="lms-queue__state"') == 6
    assert browser.get(url(slug), {"state": WAITING[slug]}).content.decode().count('class="lms-queue__state"') == 1
    wanted = {"webhooks": "evt_7", "emails": "s7@", "deliveries": "Item 7"}[slug]
    found = browser.get(url(slug, "results"), {"q": wanted}).content.decode()
    assert found.count('class="lms-queue__state"') == 1


@pytest.mark.parametrize("slug", VIEW)
def test_the_queries_do_not_grow_with_the_rows(slug, client_for, make, admin):
    browser = client_for(admin)
    make(slug, STUCK[slug], 1)
    browser.get(url(slug))
    counts = []
    for number in (2, 30):
        for each in range(number):
            make(slug, STUCK[slug], number * 100 + each)
        with CaptureQueriesContext(connection) as captured:
            browser.get(url(slug))
        counts.append(len(captured))
    assert counts[0] == counts[1] < 30


def test_what_went_wrong_is_said(client_for, make, admin):
    """F2, F9: the last line of a traceback; why a mail was dropped, in words; what the service told."""
    browser = client_for(admin)
    make("webhooks", "dead", error="Traceback (most recent call last):\n  …\nNotFound: no such subscription\n")
    make("emails", "dropped", failure=drop_reasons.NO_TRIAL)
    make("emails", "failed", 2, failure="no such user", outcome="bounced")
    assert "NotFound: no such subscription" in browser.get(url("webhooks")).content.decode()
    page = browser.get(url("emails")).content.decode()
    assert str(drop_reasons.REASONS[drop_reasons.NO_TRIAL]) in page
    assert "bounced" in page


@pytest.mark.parametrize("slug", VIEW)
def test_who_presses_wakes_the_worker(slug, client_for, make, settings, django_capture_on_commit_callbacks):
    """A7, F9: what is due again does not wait for the next ``memberships_drain``."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    row = make(slug, STUCK[slug])
    helper = client_for(allow(UserFactory(), VIEW[slug], AGAIN[slug]))
    DBTaskResult.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        helper.post(url(slug, "again", row.pk))
    assert [waiting.task_path for waiting in DBTaskResult.objects.all()] == [TASK[slug]]
    with django_capture_on_commit_callbacks(execute=True):
        helper.post(url(slug, "again", row.pk + 1))
    assert DBTaskResult.objects.count() == 1
