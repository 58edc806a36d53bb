"""One event among a thousand fails for ever: are the others done, is it given up, and done after the repair? (A7)"""

import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from lms_memberships import clock as our_clock
from lms_memberships.models import Subscription, WebhookEvent
from lms_memberships.webhooks import inbox
from tests.faults.crowd import Crowd, gather
from tests.faults.sizes import pick
from tests.webhooks.test_inbox import post_all, work_off

pytestmark = pytest.mark.django_db

TRIES = len(inbox.BACKOFF) + 1
#: Long enough to see that it has no end.
TURNS = 3 * TRIES


@pytest.fixture
def crowd(sandbox, settings, student, membership, pay, postman) -> Crowd:
    """As many members as there are events."""
    settings.LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND = 10_000
    pay(student, membership)
    post_all(postman)
    work_off()
    WebhookEvent.objects.all().delete()
    return gather(sandbox, Subscription.objects.get(), pick(test=100, ci=1000, soak=1000))


def noted(name: str, stripe_id: str) -> WebhookEvent:
    now = our_clock.wall_time()
    return WebhookEvent(
        account="", livemode=False, event_id=name, type="customer.subscription.updated", object_id=stripe_id,
        subscription_id=stripe_id, created_at=now, received_at=now, next_try_at=now,
    )  # fmt: skip


def note(crowd: Crowd, *sick: str) -> None:
    """The sick ones are the oldest: all others stand behind them."""
    events = [noted(f"evt_{stripe_id}", stripe_id) for stripe_id in (*sick, *crowd.ids[len(sick) :])]
    WebhookEvent.objects.bulk_create(events)


def states() -> dict[str, int]:
    found = list(WebhookEvent.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_one_poison_in_a_thousand_dies_alone_and_comes_back_after_the_repair(crowd, sandbox, monkeypatch):
    """A7: the others are done at once, each by a read of its own; replayed after the repair, it is done as well."""
    sick = crowd.ids[0]
    lost = sandbox.store.one("subscription", sick, account=sandbox.account_id)
    crowd.forget(sick)
    note(crowd, sick)
    with monkeypatch.context() as stopped:
        # However slow the machine is: the first pause is not over before the others are done.
        began = our_clock.wall_time()
        stopped.setattr(our_clock, "wall_time", lambda: began)
        assert work_off() == len(crowd.ids)
    assert states() == {"done": len(crowd.ids) - 1, "received": 1}
    poison = WebhookEvent.objects.get(state="received")
    assert (poison.subscription_id, poison.attempts) == (sick, 1)
    sandbox.requests.clear()
    WebhookEvent.objects.filter(pk=poison.pk).update(next_try_at=our_clock.wall_time() + timedelta(minutes=1))
    assert work_off() == 0, "it waits for its time"
    WebhookEvent.objects.update(next_try_at=our_clock.wall_time())
    while work_off():
        WebhookEvent.objects.update(next_try_at=our_clock.wall_time())
    poison.refresh_from_db()
    assert (poison.state, poison.attempts, len(sandbox.requests.all())) == ("dead", TRIES, TRIES - 1)
    assert "Traceback" in poison.error
    assert "NotFound" in poison.error
    crowd.put(lost)
    call_command("memberships_drain", "--replay", "--dead", verbosity=0, stderr=StringIO())
    poison.refresh_from_db()
    assert (poison.attempts, poison.error) == (0, "")
    assert states() == {"done": len(crowd.ids)}


SICK = [f"sub_sick{number}" for number in range(inbox.BATCH)]


def test_a_batch_full_of_poison_keeps_nobody_waiting(crowd, monkeypatch):
    """A7: as many as one worker takes at a time, and all before the others."""
    note(crowd, *SICK)
    began = our_clock.wall_time()
    monkeypatch.setattr(our_clock, "wall_time", lambda: began)
    work_off()
    assert states() == {"done": len(crowd.ids) - len(SICK), "received": len(SICK)}
    assert set(WebhookEvent.objects.filter(state="received").values_list("attempts", flat=True)) == {1}


class NoPause(tuple):
    """Pauses of no length, and no last one."""

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, number: object) -> timedelta:
        return timedelta(0)


class Enough(Exception):
    """Of what would never end."""


@pytest.fixture
def no_pause(monkeypatch) -> None:
    """A failed event is due again at once, for ever; the worker is stopped by hand."""
    turns = []

    def claim():
        turns.append(1)
        if len(turns) > TURNS:
            raise Enough
        return take()

    take = inbox._claim
    monkeypatch.setattr(inbox, "_claim", claim)
    monkeypatch.setattr(inbox, "BACKOFF", NoPause())


def test_control_without_a_pause_and_an_end_one_is_tried_for_ever(crowd, no_pause):
    """A7, negative control: no worker ever comes to its end, and the event is never given up."""
    note(crowd, "sub_sick")
    with pytest.raises(Enough):
        work_off()
    assert WebhookEvent.objects.get(event_id="evt_sub_sick").attempts > 2 * TRIES
    assert "dead" not in states()


def test_control_without_a_pause_a_batch_of_them_keeps_all_others_waiting(crowd, no_pause):
    """A7, negative control: they are the oldest again and again, and nobody else has a turn."""
    note(crowd, *SICK)
    with pytest.raises(Enough):
        work_off()
    assert states() == {"received": len(crowd.ids)}
