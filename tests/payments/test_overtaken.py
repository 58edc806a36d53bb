"""What came of a write that a later one has undone, when nothing at Stripe tells it any more?"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from lms_memberships import clock as our_clock
from lms_memberships.management import resolving as job
from lms_memberships.management.resolving import FINDERS, UNDONE_BY
from lms_memberships.models import Intent, Subscription
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.payments.intents import OPEN
from lms_memberships.payments.resolving import OVERTAKEN
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import changes, checkout, lifecycle
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into

pytestmark = pytest.mark.django_db

URLS = ("https://school.test/done?session_id={CHECKOUT_SESSION_ID}", "https://school.test/")
Change = Callable[..., Subscription]


@pytest.fixture
def subscription(gateway, live_session) -> Subscription:
    membership, student = put_into(MembershipFactory(), live_session), UserFactory()
    publish(membership, gateway=gateway)
    url = checkout.start(
        student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=our_clock.now()
    )
    hosted.pay(url)
    session_id = re.search(r"/c/pay/(cs_\w+)", url)[1]
    return checkout.finish(student, session_id, gateway=gateway, now=our_clock.now()).subscription


def look() -> int:
    """Ten minutes after all was sent."""
    for intent in Intent.objects.exclude(sent_at=None):
        Intent.objects.filter(pk=intent.pk).update(sent_at=intent.sent_at - timedelta(minutes=10))
    Intent.objects.filter(state__in=OPEN).update(next_look_at=our_clock.wall_time())
    return job.resolve_open(our_clock.now())


def unanswered(change: Change, subscription: Subscription, gateway, sandbox) -> Subscription:
    """Made at Stripe, which never says so; what its call says is written down."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/subscriptions/*", count=2))
    with pytest.raises(GatewayUnreachable):
        change(subscription, gateway=gateway, now=our_clock.now())
    return read_again(subscription, gateway)


def read_again(subscription: Subscription, gateway) -> Subscription:
    snapshot = gateway.read_subscription(subscription.stripe_id)
    return lifecycle.reconcile(snapshot, gateway=gateway, now=our_clock.now())


def unknown() -> list[str]:
    return list(Intent.objects.filter(state__in=OPEN).values_list("purpose", flat=True))


@pytest.mark.parametrize("first", ["cancel", "resume"])
def test_what_was_taken_back_since_is_not_looked_for_all_day(first, subscription, gateway, sandbox):
    """T8, D1: cancelled without an answer, and kept after all; and the other way round. Nothing is sent again."""
    doing: tuple[Change, Change] = (changes.cancel, changes.resume)
    if first == "resume":
        subscription = changes.cancel(subscription, gateway=gateway, now=our_clock.now())
        doing = (changes.resume, changes.cancel)
    subscription = unanswered(doing[0], subscription, gateway, sandbox)
    doing[1](subscription, gateway=gateway, now=our_clock.now())
    assert unknown() == [first]
    asked = sum(each["method"] != "GET" for each in sandbox.requests.all())
    assert look() == 1
    settled = Intent.objects.filter(purpose=first).latest("pk")
    assert (settled.state, settled.failure, settled.next_look_at) == (Intent.State.REFUSED, OVERTAKEN, None)
    assert sum(each["method"] != "GET" for each in sandbox.requests.all()) == asked
    is_kept = read_again(subscription, gateway).cancel_at is None
    assert is_kept == (first == "cancel"), "the second is what counts"


def test_what_was_taken_back_since_does_not_wait_for_its_next_look(subscription, gateway, sandbox):
    """T8: looked for in vain, so that the next look is hours away; taken back meanwhile, it is settled in the next round."""
    sandbox.faults.plan(Fault("hang", "POST /v1/subscriptions/*", count=2))
    with pytest.raises(GatewayUnreachable):
        changes.cancel(subscription, gateway=gateway, now=our_clock.now())
    for _ in range(3):
        assert look() == 0
    asked = len(sandbox.requests.all())
    assert job.resolve_open(our_clock.now()) == 0
    assert len(sandbox.requests.all()) == asked, "the control: nobody looks before its time"
    changes.cancel(subscription, gateway=gateway, now=our_clock.now())
    Intent.objects.filter(purpose="cancel").update(state=Intent.State.UNKNOWN, looks=3)
    away = {"sent_at": our_clock.wall_time() - timedelta(minutes=20)}
    Intent.objects.filter(purpose="cancel").update(**away, next_look_at=our_clock.wall_time() + timedelta(hours=6))
    subscription.refresh_from_db()
    changes.resume(subscription, gateway=gateway, now=our_clock.now())
    writes = sum(each["method"] != "GET" for each in sandbox.requests.all())
    assert job.resolve_open(our_clock.now()) == 1
    assert unknown() == []
    assert sum(each["method"] != "GET" for each in sandbox.requests.all()) == writes
    assert read_again(subscription, gateway).cancel_at is None


def test_one_that_is_being_made_is_not_looked_for(subscription, gateway, sandbox):
    """D1: its answer may come at any moment."""
    changes.cancel(subscription, gateway=gateway, now=our_clock.now())
    subscription.refresh_from_db()
    changes.resume(subscription, gateway=gateway, now=our_clock.now())
    moments = {"sent_at": our_clock.wall_time(), "next_look_at": our_clock.wall_time() + timedelta(minutes=5)}
    Intent.objects.filter(purpose="cancel").update(state=Intent.State.SENT, **moments)
    Intent.objects.filter(purpose="resume").update(sent_at=our_clock.wall_time() + timedelta(seconds=1))
    asked = len(sandbox.requests.all())
    assert job.resolve_open(our_clock.now()) == 0
    assert len(sandbox.requests.all()) == asked


def test_what_undid_it_must_be_the_later_one_and_of_the_same_object(subscription, gateway, sandbox, monkeypatch):
    """T8, negative controls: one taken back before, one of somebody else's, and no table at all: looked for on."""
    subscription = changes.cancel(subscription, gateway=gateway, now=our_clock.now())
    subscription = changes.resume(subscription, gateway=gateway, now=our_clock.now())
    sandbox.faults.plan(Fault("hang", "POST /v1/subscriptions/*", count=2))
    with pytest.raises(GatewayUnreachable):
        changes.cancel(subscription, gateway=gateway, now=our_clock.now())
    assert look() == 0, "resumed before it was sent"
    resumed = Intent.objects.get(purpose="resume")
    later = Intent.objects.get(state__in=OPEN).sent_at + timedelta(seconds=1)
    others = {"sent_at": later, "subject": "sub_another:1"}
    Intent.objects.filter(pk=resumed.pk).update(**others)
    assert look() == 0, "another subscription"
    Intent.objects.filter(pk=resumed.pk).update(subject=f"{subscription.stripe_id}0:1")
    assert look() == 0, "its id only begins like this one"
    Intent.objects.filter(pk=resumed.pk).update(subject=resumed.subject, state=Intent.State.REFUSED)
    assert look() == 0, "it was not made"
    Intent.objects.filter(pk=resumed.pk).update(state=Intent.State.CONFIRMED)
    with monkeypatch.context() as patched:
        patched.setattr(job, "UNDONE_BY", {})
        assert look() == 0, "this is what the table is for"
    assert look() == 1


def test_each_purpose_that_can_be_undone_has_a_finder():
    """T8: a purpose that was renamed would never be settled early."""
    assert set(UNDONE_BY) | set().union(*UNDONE_BY.values()) <= set(FINDERS)
