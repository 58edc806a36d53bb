"""What happens between two steps of a purchase: a webhook before our save, a trial that runs out?"""

import random

import pytest

from lms_memberships import events, killpoints
from lms_memberships.access import decide
from lms_memberships.models import Checkout, Subscription
from lms_memberships.subscriptions import changes, people
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.faults.sizes import SEED
from tests.flows.steps import buy, press_join

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


@pytest.fixture
def paid_meanwhile(monkeypatch, sandbox, postman):
    """We stop after Stripe made the page and before we note it; there somebody pays, and the webhook comes."""
    seen = []

    def stop(name: str) -> None:
        if name == "buy.opened":
            (session,) = sandbox.store.all("checkout.session", account=sandbox.account_id)
            hosted.pay(session["url"])
            postman.deliver()
            seen.append((Checkout.objects.get().session_id, Subscription.objects.count()))

    monkeypatch.setattr(killpoints, "reach", stop)
    return seen


def test_a_webhook_that_beats_our_own_save_is_one_purchase(
    membership, browser, live_session, student, clock, paid_meanwhile
):
    """B4: the attempt is written first, and its name travels in the metadata."""
    press_join(browser, membership)
    assert paid_meanwhile == [("", 1)]
    attempt = Checkout.objects.get()
    assert (attempt.state, attempt.subscription) == ("complete", Subscription.objects.get())
    assert decide(student, live_session, now=clock.now).allowed


def test_control_without_the_name_in_the_metadata_it_belongs_to_nobody(
    membership, browser, paid_meanwhile, monkeypatch
):
    """B4, negative control"""
    stop = killpoints.reach

    def forget(name: str) -> None:
        if name == "buy.opened":
            monkeypatch.setattr(people, "ATTEMPT_KEY", "lmsm_nothing")
        stop(name)

    monkeypatch.setattr(killpoints, "reach", forget)
    press_join(browser, membership)
    assert paid_meanwhile == [("", 0)]


#: What Stripe makes of a trial that ends without a card, by the wish that we (or the dashboard) wrote on it.
ENDS = {
    "cancel": ("canceled", False, {"AccessLost", "SubscriptionEnded"}),
    "pause": ("paused", False, {"AccessLost"}),
    "create_invoice": ("past_due", True, {"PaymentFailed"}),
}


@pytest.mark.parametrize("wish", ENDS)
def test_each_way_in_which_a_trial_without_a_card_ends(
    wish, browser, student, gateway, live_session, sandbox, clock, postman
):
    """G5: set by us to "cancel"; whatever the dashboard makes of it has its outcome and is told."""
    told: list[events.Fact] = []
    events.connect(told.append)
    try:
        bundle = put_into(MembershipFactory(trial_days=14, trial_requires_card=False), live_session)
        hosted.start_without_card(press_join(browser, publish(bundle, gateway=gateway)))
        postman.deliver()
        row = Subscription.objects.get()
        theirs = gateway.client.v1.subscriptions.retrieve(row.stripe_id)
        assert theirs.trial_settings.end_behavior.missing_payment_method == "cancel"
        params = {"trial_settings": {"end_behavior": {"missing_payment_method": wish}}}
        gateway.client.v1.subscriptions.update(row.stripe_id, params)
        told.clear()
        clock.advance(days=14, hours=2)
        postman.deliver()
        clock.daily()
    finally:
        events.disconnect(told.append)
    row.refresh_from_db()
    status, is_open, facts = ENDS[wish]
    assert (row.status, decide(student, live_session, now=clock.now).allowed) == (status, is_open)
    assert facts <= {type(fact).__name__ for fact in told}


def test_to_and_fro_in_any_order(membership, browser, gateway, clock, postman):
    """G13: cancel, resume or a date of the dashboard's, as the seed has it."""
    buy(browser, membership)
    row = Subscription.objects.get()
    dice = random.Random(SEED)  # noqa: S311 - a game, not a secret
    for turn in range(8):
        step = dice.choice(["cancel", "resume", "date"])
        if step == "date":
            day = int(clock.now.timestamp()) + dice.randint(2, 20) * 86_400
            gateway.client.v1.subscriptions.update(row.stripe_id, {"cancel_at": day})
            postman.deliver()
            row.refresh_from_db()
        elif step == "resume" and row.cancel_at is None:
            with pytest.raises(changes.NothingToResume):
                changes.resume(row, gateway=gateway, now=clock.now)
        else:
            row = getattr(changes, step)(row, gateway=gateway, now=clock.now)
        theirs = gateway.read_subscription(row.stripe_id)
        assert row.cancel_at == theirs.cancel_at, (SEED, turn, step)
        assert (row.cancel_at is None) is (step == "resume"), (SEED, turn, step)
        assert row.cancel_at is None or row.access_until == row.cancel_at
