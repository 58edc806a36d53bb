"""What does a subscription become whose price is changed in Stripe's dashboard, and what is promised meanwhile? (G12, G14)"""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import IntegrityError, transaction

from lms_memberships.memberships.ladder_models import When
from lms_memberships.models import Price, Subscription, TierChange
from lms_memberships.money import Money
from lms_memberships.subscriptions import lifecycle, places, tier_changes
from lms_memberships.subscriptions.liveness import Standing
from tests.factories import MembershipFactory, UserFactory
from tests.subscriptions import said

pytestmark = pytest.mark.django_db

UNKNOWN = {"price_id": "price_of_nobody", "money": Money(100, "eur")}
HOUR = timedelta(hours=1)


@pytest.fixture
def gold(student):
    """Another membership with a price that Stripe has confirmed."""
    made = MembershipFactory(title="Gold", live=True, price_amount=4900)
    Price.objects.create(
        membership=made,
        account=said.ACCOUNT,
        amount=4900,
        currency="eur",
        interval="month",
        stripe_id="price_gold",
        confirmed_at=said.NOW,
        created_at=said.NOW,
    )
    return made


@pytest.fixture
def reconcile(nobody_answers):
    """Each read begins after the one before."""
    reads = iter(said.NOW + number * HOUR for number in range(1, 99))

    def run(checkout, stripe_id="sub_1", *, now=said.NOW, **changes) -> Subscription:
        snapshot = said.subscription(checkout, stripe_id, read_started_at=next(reads), **changes)
        return lifecycle.reconcile(snapshot, gateway=nobody_answers, now=now)

    return run


AT_GOLD = {"price_id": "price_gold", "money": Money(4900, "eur")}


def test_another_memberships_price_makes_it_that_membership(checkout, reconcile, gold, names):
    """G12: one fact; neither bought nor cancelled, and access is neither lost nor gained."""
    before = reconcile(checkout)
    names()
    row = reconcile(checkout, **AT_GOLD)
    assert (row.pk, row.membership, row.price.stripe_id, row.amount) == (before.pk, gold, "price_gold", 4900)
    assert (row.flag, row.access_until) == ("", before.access_until)
    assert names() == ["MembershipChanged"]
    reconcile(checkout, **AT_GOLD)
    assert names() == []
    assert reconcile(checkout).membership == checkout.membership
    assert names() == ["MembershipChanged"]


def test_what_never_opened_is_not_moved(checkout, reconcile, gold):
    """S9, G12: only what is held follows its price."""
    row = reconcile(checkout, **AT_GOLD)
    assert (row.flag, row.membership, row.access_until) == ("unknown_price", checkout.membership, None)


def test_an_unknown_price_keeps_what_was_promised_and_no_more(checkout, reconcile, names):
    """G12: two renewals at a price of nobody's do not open another day; a known one does at once."""
    before = reconcile(checkout)
    for number in (0, 1, 2):
        start = said.NOW + number * said.MONTH
        period = {"current_period_start": start, "current_period_end": start + said.MONTH}
        row = reconcile(checkout, now=start, **UNKNOWN, **period)
        assert (row.flag, row.access_until) == ("unknown_price", before.access_until)
        assert row.membership == checkout.membership
    assert not row.is_live(said.NOW + 2 * said.MONTH)
    mended = reconcile(checkout, now=start, **period)
    assert (mended.flag, mended.is_live(start)) == ("", True)
    assert mended.access_until > period["current_period_end"]


def test_control_without_the_freeze_each_renewal_would_open_a_month(checkout, reconcile, monkeypatch):
    """G12, negative control."""
    before = reconcile(checkout)
    plain = Standing.__init__

    def always_known(self, **values):
        plain(self, **{**values, "is_price_known": True})

    monkeypatch.setattr(Standing, "__init__", always_known)
    start = said.NOW + said.MONTH
    row = reconcile(checkout, now=start, **UNKNOWN, current_period_start=start, current_period_end=start + said.MONTH)
    assert row.access_until > before.access_until


def test_three_of_it_are_one_membership(checkout, reconcile, names):
    """G12: quantity 3 is what is charged, and nothing more is granted."""
    before = reconcile(checkout)
    names()
    row = reconcile(checkout, quantity=3, money=Money(5700, "eur"))
    assert (row.membership, row.amount, row.flag) == (before.membership, 5700, "")
    assert row.access_until == before.access_until
    assert names() == []
    assert Subscription.objects.count() == 1


def test_several_are_added_up(student, pass_, reconcile, gold, names):
    """G14: Silver, Gold, and one of somebody else's making; ended in each order, the rest stays open."""
    rows = {}
    for number, membership in enumerate((pass_, gold, MembershipFactory(title="Bronze", live=True)), start=1):
        attempt = said.attempt(student, membership, state="open")
        rows[f"sub_{number}"] = attempt
    foreign = said.subscription(None, "sub_foreign")
    for order in permutations(rows):
        for name, attempt in rows.items():
            reconcile(attempt, name)
        assert lifecycle.reconcile(foreign, gateway=said.unreachable_gateway(), now=said.NOW) is None
        left = set(rows)
        for name in order:
            reconcile(rows[name], name, status="canceled", ended_at=said.NOW)
            left.discard(name)
            live = Subscription.objects.giving_access(said.NOW + HOUR).values_list("stripe_id", flat=True)
            assert set(live) == left
        Subscription.objects.all().delete()
        type(attempt).objects.update(state="open", subscription=None)


def test_moved_into_a_membership_that_is_held_already(student, pass_, reconcile, gold):
    """G14: the union of both; nothing is refunded by itself, since both were paid for on purpose."""
    one, other = said.attempt(student, pass_), said.attempt(student, gold)
    reconcile(one)
    reconcile(other, "sub_2")
    moved = reconcile(one, price_id=other.price.stripe_id, money=Money(4900, "eur"))
    assert (moved.membership, moved.duplicate_of, moved.is_live(said.NOW)) == (gold, None, True)


def test_moved_into_a_full_one_it_is_open_and_noted(checkout, reconcile, gold, names):
    """J5, G12: it is paid for; nobody is sent away, and the creator reads why there are more members than places."""
    type(gold).objects.filter(pk=gold.pk).update(max_members=0)
    reconcile(checkout)
    names()
    assert reconcile(checkout, **AT_GOLD).is_live(said.NOW)
    assert names() == ["MembershipChanged", "Overbooked"]


@pytest.fixture
def change(checkout, reconcile, gold):
    """Asked for, and not answered yet."""

    def make(**values) -> TierChange:
        row = reconcile(checkout)
        fields = {"when": When.NOW, "state": "begun", "created_at": said.NOW, **values}
        return TierChange.objects.create(
            subscription=row, user_id=row.user_id, membership=gold, price=gold.prices.get(), **fields
        )

    return make


LATER = said.NOW + timedelta(hours=23)


@pytest.mark.parametrize(
    ("values", "says", "state"),
    [
        ({}, {}, "begun"),
        ({}, AT_GOLD, "done"),
        ({}, {"pending_until": LATER}, "waiting"),
        ({"state": "waiting", "due_at": LATER}, {"pending_until": LATER}, "waiting"),
        ({"state": "waiting", "due_at": LATER}, {}, "dropped"),
        ({"state": "waiting", "due_at": LATER}, AT_GOLD, "done"),
        ({"when": When.PERIOD_END}, {"schedule_id": "sub_sched_1"}, "begun"),
        ({"when": When.PERIOD_END, "state": "planned"}, {"schedule_id": "sub_sched_1"}, "planned"),
        ({"when": When.PERIOD_END, "state": "planned"}, {}, "dropped"),
        ({"when": When.PERIOD_END, "state": "planned"}, {**AT_GOLD, "schedule_id": "sub_sched_1"}, "done"),
        ({"state": "waiting", "due_at": LATER}, {"status": "canceled", "ended_at": said.NOW}, "dropped"),
    ],
)
def test_a_change_is_what_stripe_says_of_it(change, checkout, reconcile, values, says, state):
    """G15: one table of what a snapshot makes of it."""
    made = change(**values)
    row = reconcile(checkout, **says)
    made.refresh_from_db()
    assert made.state == state
    assert (made.settled_at is None) == (state in TierChange.RUNNING)
    assert (row.membership == made.membership) == (state == "done")


def test_an_older_read_drops_nothing(change, checkout, nobody_answers):
    """B2, G15: read before the change was planned, and written after it."""
    made = change(when=When.PERIOD_END, state="planned")
    old = said.subscription(checkout, read_started_at=said.NOW)
    lifecycle.reconcile(old, gateway=nobody_answers, now=said.NOW)
    made.refresh_from_db()
    assert made.state == "planned"


@pytest.mark.parametrize(
    ("values", "is_taken"),
    [
        ({}, True),
        ({"created_at": said.NOW - timedelta(hours=1)}, False),
        ({"state": "waiting", "due_at": LATER}, True),
        ({"state": "waiting", "due_at": said.NOW - HOUR}, False),
        ({"state": "planned", "due_at": LATER}, True),
        ({"state": "done"}, False),
        ({"state": "dropped"}, False),
    ],
)
def test_a_change_keeps_its_place_while_it_may_come_true(change, gold, values, is_taken):
    """W17, J9"""
    change(**values)
    type(gold).objects.filter(pk=gold.pk).update(max_members=1)
    gold.refresh_from_db()
    assert places.places_of(gold, now=said.NOW).are_sold_out is is_taken


def test_one_running_change_for_a_subscription(change):
    """V29: held by the database."""
    made = change()
    with pytest.raises(IntegrityError), transaction.atomic():
        TierChange.objects.create(
            subscription=made.subscription,
            user_id=made.user_id,
            membership=made.membership,
            price=made.price,
            when=When.NOW,
            created_at=said.NOW,
        )
    tier_changes.note(made, "dropped", now=said.NOW)
    assert TierChange.objects.running().count() == 0


def test_the_same_price_is_looked_up_in_this_account_only(checkout, reconcile, gold):
    """A12: a price of that id in another account is none of this subscription's."""
    reconcile(checkout)
    Price.objects.filter(stripe_id="price_gold").update(account="acct_other")
    row = reconcile(checkout, **AT_GOLD)
    assert (row.flag, row.membership) == ("unknown_price", checkout.membership)


def test_nobody_else_is_moved(checkout, reconcile, gold):
    """G12: one subscription, one row."""
    other = said.attempt(UserFactory(), checkout.membership)
    reconcile(other, "sub_other")
    reconcile(checkout)
    reconcile(checkout, **AT_GOLD)
    assert Subscription.objects.get(stripe_id="sub_other").membership == checkout.membership
