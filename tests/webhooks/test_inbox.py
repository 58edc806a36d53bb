"""From Stripe's call to open lessons: the sandbox's own events, posted to the real address and worked off."""

import json
import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from lms_memberships import clock as our_clock
from lms_memberships import events
from lms_memberships.models import Checkout, Invoice, Subscription, WebhookEvent
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import checkout, lifecycle
from lms_memberships.webhooks import inbox
from tests import hosted
from tests.factories import UserFactory, publish
from tests.webhooks.conftest import URLS
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

TRANSACTION = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}


@pytest.fixture
def told():
    facts: list[events.Fact] = []
    events.connect(facts.append)
    yield facts
    events.disconnect(facts.append)


def names(told) -> list[str]:
    return [type(fact).__name__ for fact in told]


def follow(postman) -> Subscription:
    """Stripe calls, a worker comes: what do we know now?"""
    post_all(postman)
    work_off()
    return Subscription.objects.get()


def work_off() -> int:
    return inbox.work_off(now=our_clock.now())


def post_all(postman) -> list[dict]:
    """Deliver what waits, and leave the work to whoever comes."""
    posted = postman.waiting()
    for event in posted:
        assert post_event(event).status_code == 200
        postman.delivered.add(event["id"])
    return posted


def reads(sandbox, path: str) -> list[str]:
    """What was read of Stripe since the log was cleared."""
    return [
        entry["path"] for entry in sandbox.requests.all() if entry["method"] == "GET" and entry["path"].startswith(path)
    ]


def test_the_webhook_alone_is_enough(student, membership, pay, postman, now):
    """C3"""
    attempt = pay(student, membership)
    post_all(postman)
    assert not Subscription.objects.exists()
    work_off()
    row = Subscription.objects.get()
    assert row.is_live(now)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.subscription) == (Checkout.State.COMPLETE, row)
    assert Invoice.objects.get().amount_paid == 1900
    assert not WebhookEvent.objects.filter(state="received").exists()


def test_all_events_of_a_purchase_cost_one_read_of_it(student, membership, pay, postman, sandbox):
    """However many events wait: one read of the subscription says all, its invoice included."""
    pay(student, membership)
    assert len(post_all(postman)) > 3
    sandbox.requests.clear()
    work_off()
    assert len(reads(sandbox, "/v1/subscriptions/")) == 1
    assert reads(sandbox, "/v1/invoices") == reads(sandbox, "/v1/checkout") == []


def test_from_event_to_access_in_at_most_fifteen_queries(student, membership, pay, postman):
    """Design §8: up to the moment at which access is committed, reactions included."""
    pay(student, membership)
    post_all(postman)
    with CaptureQueriesContext(database) as captured:
        work_off()
    statements = [query["sql"] for query in captured.captured_queries if query["sql"].split()[0] not in TRANSACTION]
    # The pace of background calls is reserved for ten of them at once, and belongs to no event.
    statements = [sql for sql in statements if "_throttle" not in sql]
    opened = next(number for number, sql in enumerate(statements, start=1) if "_checkout" in sql and "UPDATE" in sql)
    assert opened <= 15, "\n".join(statements[:opened])


@pytest.mark.parametrize("seed", range(8))
def test_any_order_any_number_ends_the_same(student, membership, pay, postman, seed, told, now):
    """A1, B1: shuffled, each up to three times, worked off in between or not."""
    pay(student, membership)
    chance = random.Random(seed)  # noqa: S311 - a shuffle
    posts = [event for event in postman.waiting() for _time in range(chance.randint(1, 3))]
    chance.shuffle(posts)
    for event in posts:
        assert post_event(event).status_code == 200
        if chance.random() < 0.5:
            work_off()
    work_off()
    assert Subscription.objects.get().is_live(now)
    assert sorted(names(told)) == ["AccessGained", "PaymentSucceeded", "SubscriptionStarted"]


def test_any_single_event_of_a_purchase_is_enough(student, membership, pay, postman, now):
    """A16: the others were lost."""
    pay(student, membership)
    tried = [event for event in postman.waiting() if event["type"] in inbox.HANDLERS]
    assert {"checkout.session.completed", "customer.subscription.created", "invoice.paid"} <= {
        event["type"] for event in tried
    }
    for event in tried:
        with transaction.atomic():
            post_event(event)
            work_off()
            assert Subscription.objects.get().is_live(now), event["type"]
            transaction.set_rollback(True)


def test_two_events_for_one_change_are_one_change(student, membership, pay, postman, told):
    """A2, F4"""
    pay(student, membership)
    post_all(postman)
    work_off()
    told.clear()
    for event in list(postman.sandbox.store.all("event", account=postman.sandbox.account_id)):
        post_event({**event, "id": event["id"] + "_again"})
    assert work_off() > 0
    assert told == []


def test_an_event_that_is_three_days_late_changes_nothing_back(student, membership, pay, postman, gateway, sandbox):
    """A3"""
    pay(student, membership)
    late, *others = [event for event in postman.waiting() if event["type"].startswith("customer.subscription")]
    for event in others or [late]:
        post_event(event)
    work_off()
    row = Subscription.objects.first()
    stripe_id = row.stripe_id if row else late["data"]["object"]["id"]
    gateway.cancel_now(stripe_id)
    post_all(postman)
    work_off()
    post_event({**late, "id": "evt_late"})
    work_off()
    assert Subscription.objects.get().status == "canceled"


def test_webhook_and_way_back_tell_each_thing_once(student, membership, pay, postman, gateway, told, now):
    """C2, F4: either may be first."""
    attempt = pay(student, membership)
    checkout.finish(student, attempt.session_id, gateway=gateway, now=now)
    post_all(postman)
    work_off()
    checkout.finish(student, attempt.session_id, gateway=gateway, now=now)
    assert sorted(names(told)) == ["AccessGained", "PaymentSucceeded", "SubscriptionStarted"]
    assert len({fact.key for fact in told}) == 3


def test_what_others_sell_with_the_same_account_is_not_ours(student, membership, pay, postman, gateway):
    """L9"""
    attempt = pay(student, membership)
    Checkout.objects.all().delete()
    assert attempt.pk
    post_all(postman)
    work_off()
    assert not Subscription.objects.exists()
    assert not Invoice.objects.exists()
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"ignored"}


def test_a_poisoned_event_does_not_hold_up_the_others(student, membership, pay, postman, now):
    """A7"""
    poison = {"id": "sub_gone", "object": "subscription"}
    for number in range(3):
        post_event(said("customer.subscription.updated", poison, f"evt_poison{number}"))
    pay(student, membership)
    post_all(postman)
    work_off()
    assert Subscription.objects.get().is_live(now)
    sick = WebhookEvent.objects.filter(state="received")
    assert {row.event_id for row in sick} == {"evt_poison0", "evt_poison1", "evt_poison2"}
    assert {row.attempts for row in sick} == {1}
    assert all("NotFound" in row.error for row in sick)
    assert work_off() == 0, "they wait for their time"


def test_a_poisoned_event_is_given_up_in_the_end(gateway):
    """A7"""
    post_event(said("customer.subscription.updated", {"id": "sub_gone", "object": "subscription"}, "evt_poison"))
    tries = 0
    while work_off():
        tries += 1
        WebhookEvent.objects.update(next_try_at=our_clock.wall_time())
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, tries) == ("dead", len(inbox.BACKOFF) + 1, len(inbox.BACKOFF) + 1)
    assert "Traceback" in row.error


def test_while_stripe_is_down_events_wait_and_then_go_on(student, membership, pay, postman, sandbox, now):
    """A16, C4"""
    pay(student, membership)
    post_all(postman)
    sandbox.faults.plan(Fault("status", path="GET /v1/subscriptions/*", status=503, count=2))
    work_off()
    assert not Subscription.objects.exists()
    assert WebhookEvent.objects.filter(state="received", next_try_at__gt=our_clock.wall_time()).exists()
    WebhookEvent.objects.update(next_try_at=our_clock.wall_time())
    work_off()
    assert Subscription.objects.get().is_live(now)


def test_what_somebody_holds_is_left_alone_until_they_are_taken_for_dead(gateway):
    post_event(said("customer.subscription.updated", {"id": "sub_gone", "object": "subscription"}))
    WebhookEvent.objects.update(leased_until=our_clock.wall_time() + timedelta(seconds=60))
    assert work_off() == 0
    WebhookEvent.objects.update(leased_until=our_clock.wall_time() - timedelta(seconds=1))
    assert work_off() == 1


def test_a_page_that_expired_is_closed(student, membership, gateway, postman, now):
    checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now)
    gateway.expire_checkout(Checkout.objects.get().session_id)
    post_all(postman)
    work_off()
    assert Checkout.objects.get().state == Checkout.State.EXPIRED


def test_a_trial_is_announced_and_becomes_paid(student, membership, pay, postman, gateway, clock, told):
    """G6, X9"""
    membership.trial_days = 14
    publish(membership, gateway=gateway)
    pay(student, membership)
    follow(postman)
    assert "PaymentSucceeded" not in names(told), "nothing was paid (trap 11)"
    told.clear()
    clock.advance(days=11, hours=1)
    follow(postman)
    clock.daily()
    assert names(told) == ["TrialEndsSoon"]
    clock.advance(days=4)
    row = follow(postman)
    assert row.status == "active"
    assert row.is_live(clock.now)
    assert "PaymentSucceeded" in names(told)
    assert "AccessLost" not in names(told)


def test_a_trial_without_a_card_ends(student, membership, gateway, postman, clock, now, told):
    """G5"""
    membership.trial_days, membership.trial_requires_card = 7, False
    publish(membership, gateway=gateway)
    url = checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now)
    hosted.start_without_card(url)
    follow(postman)
    assert Subscription.objects.get().is_live(clock.now)
    clock.advance(days=7, hours=1)
    assert not Subscription.objects.get().is_live(clock.now), "to the minute, and without any news"
    told.clear()
    lifecycle.announce_lapses(now=clock.now)
    assert names(told) == ["AccessLost"]
    follow(postman)
    assert Subscription.objects.get().status == "canceled"


def test_a_renewal_that_fails_runs_through_the_days_of_grace(student, membership, pay, postman, clock, told):
    """G2"""
    pay(student, membership, card=hosted.FAILS_LATER_CARD)
    follow(postman)
    told.clear()
    clock.advance(days=31, hours=2)
    row = follow(postman)
    assert row.status == "past_due"
    assert row.access_until == row.period_start + timedelta(days=7)
    assert row.is_live(clock.now)
    failed = [fact for fact in told if isinstance(fact, events.PaymentFailed)]
    assert len(failed) == len({fact.attempt for fact in failed}) >= 1
    assert "AccessLost" not in names(told)
    told.clear()
    clock.advance(days=8)
    follow(postman)
    clock.daily()
    assert not Subscription.objects.get().is_live(clock.now)
    assert names(told).count("AccessLost") == 1


def said(kind: str, about: dict, event_id: str = "evt_1") -> dict:
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": int(our_clock.wall_time().timestamp()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": about},
    }


def test_drain_does_it_all_and_says_so(student, membership, pay, postman, now):
    pay(student, membership)
    post_all(postman)
    printed = StringIO()
    call_command("memberships_drain", json=True, stdout=printed)
    result = json.loads(printed.getvalue())
    assert result["ok"]
    assert result["jobs"]["webhooks"]["done"] > 3
    assert Subscription.objects.get().is_live(now)
    assert not WebhookEvent.objects.filter(state="received").exists()


def test_drain_fails_aloud_when_something_failed(gateway):
    post_event(said("customer.subscription.updated", {"id": "sub_gone", "object": "subscription"}))
    printed = StringIO()
    with pytest.raises(CommandError, match="webhooks"):
        call_command("memberships_drain", json=True, stdout=printed)
    assert not json.loads(printed.getvalue())["ok"]


def test_a_site_without_stripe_has_nothing_to_drain(db, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    call_command("memberships_drain", verbosity=0)
    call_command("memberships_daily", verbosity=0)


def test_the_daily_run_closes_what_nobody_paid(student, membership, gateway, clock, now):
    checkout.start(UserFactory(), checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now)
    clock.advance(hours=26)
    printed = StringIO()
    call_command("memberships_daily", json=True, stdout=printed)
    jobs = json.loads(printed.getvalue())["jobs"]
    assert jobs["missed"]["done"] + jobs["old_checkouts"]["done"] == 1
    assert Checkout.objects.get().state == Checkout.State.EXPIRED
