"""What becomes of what Stripe says: rows, access, and facts told once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from lms_memberships.models import Checkout, Membership, Subscription
from lms_memberships.payments.gateway import CheckoutSnapshot, SubscriptionStatus
from lms_memberships.subscriptions import lifecycle, reminders
from lms_memberships.subscriptions.models import FOR_GOOD
from tests.factories import MembershipFactory, UserFactory
from tests.subscriptions import said
from tests.subscriptions.said import MONTH, NOTHING, NOW, UNPAID

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
TRIAL_END = NOW + 14 * DAY


@pytest.fixture
def hear(nobody_answers):
    """Reconcile what was said, at the moment at which it was read."""

    def reconcile(snapshot, *, now=None):
        return lifecycle.reconcile(snapshot, gateway=nobody_answers, now=now or snapshot.read_started_at)

    return reconcile


def later(snapshot, span=SECOND, **changes):
    return replace(snapshot, read_started_at=snapshot.read_started_at + span, **changes)


def on_trial(checkout, **changes):
    values = {
        "status": SubscriptionStatus.TRIALING,
        "trial_end": TRIAL_END,
        "current_period_end": TRIAL_END,
        "latest_invoice": said.invoice(**NOTHING),
    }
    return said.subscription(checkout, **{**values, **changes})


def test_a_paid_first_invoice_opens(checkout, hear, names):
    """A16: nothing but the present state is needed."""
    row = hear(said.subscription(checkout))
    assert row.is_live(NOW)
    assert row.access_until == NOW + MONTH + 7 * DAY
    assert (row.user, row.membership, row.price) == (checkout.user, checkout.membership, checkout.price)
    assert (row.amount, row.currency, row.interval) == (1900, "eur", "month")
    assert names() == ["SubscriptionStarted", "AccessGained"]
    checkout.refresh_from_db()
    assert (checkout.state, checkout.subscription) == (Checkout.State.COMPLETE, row)


def test_a_debit_on_its_way_opens_nothing_although_it_is_active(checkout, hear, names):
    """G1"""
    first = said.subscription(checkout, latest_invoice=said.invoice(**UNPAID))
    assert hear(first).access_until is None
    assert names() == []
    assert hear(later(first, latest_invoice=said.invoice())).is_live(NOW)
    assert names() == ["SubscriptionStarted", "AccessGained"]


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "unpaid", "paused", "canceled"])
def test_what_is_first_seen_closed_tells_nothing(checkout, hear, names, status):
    """G1, G3"""
    row = hear(said.subscription(checkout, status=SubscriptionStatus(status)))
    assert not row.is_live(NOW)
    assert names() == []


def test_hearing_the_same_twice_tells_nothing_new(checkout, hear, names):
    """A1, A2"""
    hear(said.subscription(checkout))
    names()
    row = hear(later(said.subscription(checkout)))
    assert names() == []
    assert row.turn == 2
    assert Subscription.objects.count() == 1


def test_an_older_read_cannot_overwrite_a_newer_one(checkout, hear):
    """B2, A3"""
    new = said.subscription(checkout, read_started_at=NOW + 5 * SECOND)
    old = said.subscription(
        checkout, status=SubscriptionStatus.INCOMPLETE, latest_invoice=said.invoice(**UNPAID), read_started_at=NOW
    )
    hear(new)
    assert hear(old).status == "active"
    assert Subscription.objects.get().is_live(NOW)


def test_without_the_fence_the_older_read_would_win(checkout, hear):
    """B2, the negative control: with the moment of reading taken away, the same two leave the member outside."""
    new = said.subscription(checkout, read_started_at=NOW + 5 * SECOND)
    old = said.subscription(
        checkout, status=SubscriptionStatus.INCOMPLETE, latest_invoice=said.invoice(**UNPAID), read_started_at=NOW
    )
    hear(new)
    Subscription.objects.update(read_started_at=None)
    assert hear(old).status == "incomplete"


def test_every_order_of_six_reads_ends_the_same(checkout, hear):
    """B1: all 720 orders, each read a later state of the same purchase."""
    unpaid = said.invoice(**UNPAID)
    states = [
        {"status": SubscriptionStatus.INCOMPLETE, "latest_invoice": unpaid},
        {"status": SubscriptionStatus.INCOMPLETE, "latest_invoice": replace(unpaid, attempts=2)},
        {"status": SubscriptionStatus.ACTIVE, "latest_invoice": unpaid},
        {"status": SubscriptionStatus.ACTIVE},
        {"status": SubscriptionStatus.ACTIVE, "has_card": False},
        {"status": SubscriptionStatus.ACTIVE, "cancel_at": NOW + MONTH, "canceled_at": NOW},
    ]
    reads = [
        said.subscription(checkout, read_started_at=NOW + number * SECOND, **state)
        for number, state in enumerate(states)
    ]
    found = set()

    def hear_all(rest) -> None:
        """Depth first, so that orders which begin alike share their beginning."""
        if not rest:
            row = Subscription.objects.get()
            found.add((row.status, row.access_until, row.cancel_at, row.is_open_told, row.opened_at))
            orders.append(1)
        for read in rest:
            with transaction.atomic():
                hear(read, now=NOW + MONTH / 2)
                hear_all([other for other in rest if other is not read])
                transaction.set_rollback(True)

    orders = []
    hear_all(reads)
    assert len(orders) == 720
    assert found == {("active", NOW + MONTH, NOW + MONTH, True, NOW)}


def test_what_is_not_ours_makes_no_row(checkout, hear, names):
    """L9"""
    assert hear(said.subscription(None)) is None
    foreign = said.subscription(checkout, metadata={"lmsm_attempt": "not-a-uuid", "lmsm_user": "1"})
    assert hear(foreign) is None
    elsewhere = said.unreachable_gateway()
    elsewhere.account_id = "acct_other"
    assert lifecycle.reconcile(said.subscription(checkout), gateway=elsewhere, now=NOW) is None
    assert not Subscription.objects.exists()
    assert names() == []


def test_the_checkout_says_whose_it_is_not_the_metadata(checkout, hear):
    """C5"""
    other = UserFactory()
    metadata = {"lmsm_attempt": str(checkout.uuid), "lmsm_user": str(other.pk)}
    assert hear(said.subscription(checkout, metadata=metadata)).user == checkout.user


def test_a_conflict_does_not_poison_what_is_around_it(checkout, hear):
    """B5: an unrelated conflict rises, and the outer work still commits."""
    row = hear(said.subscription(checkout))
    with transaction.atomic():
        Membership.objects.filter(pk=row.membership_id).update(title="Outer work")
        with pytest.raises(IntegrityError), transaction.atomic():
            Subscription.objects.create(
                user=row.user, membership=row.membership, account=row.account, stripe_id=row.stripe_id, started_at=NOW
            )
        hear(later(said.subscription(checkout)))
    assert Membership.objects.get(pk=row.membership_id).title == "Outer work"


def test_cancelled_then_resumed_then_cancelled_are_three_facts(checkout, hear, told):
    ending = {"cancel_at": NOW + MONTH, "canceled_at": NOW}
    hear(said.subscription(checkout))
    told.clear()
    for number, state in enumerate([ending, {}, ending], start=1):
        hear(said.subscription(checkout, read_started_at=NOW + number * SECOND, **state))
    assert [type(fact).__name__ for fact in told] == [
        "SubscriptionCancelled",
        "SubscriptionResumed",
        "SubscriptionCancelled",
    ]
    assert len({fact.key for fact in told}) == 3


def test_it_ends_at_the_end_of_the_period(checkout, hear, names):
    ending = {"cancel_at": NOW + MONTH, "canceled_at": NOW}
    row = hear(said.subscription(checkout, **ending))
    assert row.access_until == NOW + MONTH
    assert names() == ["SubscriptionStarted", "SubscriptionCancelled", "AccessGained"]
    ended = said.subscription(
        checkout, **ending, status=SubscriptionStatus.CANCELED, ended_at=NOW + MONTH, read_started_at=NOW + MONTH
    )
    row = hear(ended)
    assert not row.is_live(NOW + MONTH)
    assert names() == ["SubscriptionEnded", "AccessLost"]


def test_revoked_at_stripe_is_closed_at_once(checkout, hear, names):
    hear(said.subscription(checkout))
    names()
    ended_at = NOW + DAY
    row = hear(
        said.subscription(checkout, status=SubscriptionStatus.CANCELED, ended_at=ended_at, read_started_at=ended_at)
    )
    assert row.access_until == ended_at
    assert names() == ["SubscriptionCancelled", "SubscriptionEnded", "AccessLost"]


def renewal_failed(checkout, *, number: int = 1, **changes):
    begins = NOW + number * MONTH
    values = {
        "status": SubscriptionStatus.PAST_DUE,
        "current_period_start": begins,
        "current_period_end": begins + MONTH,
        "latest_invoice": said.invoice(f"in_{number + 1}", billing_reason="subscription_cycle", **UNPAID),
        "read_started_at": begins + SECOND,
    }
    return said.subscription(checkout, **{**values, **changes})


def test_grace_runs_from_the_start_of_the_unpaid_period(checkout, hear, names):
    """G2: failed on day 0: open on day 6, closed on day 8."""
    hear(said.subscription(checkout))
    failed = renewal_failed(checkout)
    row = hear(failed)
    start = failed.current_period_start
    assert row.is_live(start + 6 * DAY)
    assert not row.is_live(start + 8 * DAY)
    names()
    assert lifecycle.announce_lapses(now=start + 6 * DAY) == 0
    assert lifecycle.announce_lapses(now=start + 8 * DAY) == 1
    assert names() == ["AccessLost"]


def test_the_memberships_own_days_of_grace_count(checkout, hear, pass_):
    """G2"""
    pass_.grace_days = 2
    pass_.save()
    failed = renewal_failed(checkout)
    hear(said.subscription(checkout))
    assert hear(failed).access_until == failed.current_period_start + 2 * DAY


def test_paid_on_the_fifth_day_goes_on(checkout, hear, names):
    """G2"""
    hear(said.subscription(checkout))
    failed = renewal_failed(checkout)
    hear(failed)
    names()
    paid = replace(
        failed,
        status=SubscriptionStatus.ACTIVE,
        latest_invoice=said.invoice("in_2"),
        read_started_at=failed.current_period_start + 5 * DAY,
    )
    assert hear(paid).access_until == failed.current_period_end + 7 * DAY
    assert names() == []


def test_a_second_unpaid_period_does_not_open_again(checkout, hear):
    """G2: Stripe goes on to the next period, the debt does not."""
    hear(said.subscription(checkout))
    row = hear(renewal_failed(checkout))
    until = row.access_until
    row = hear(renewal_failed(checkout, number=2))
    assert row.access_until == until
    assert not row.is_live(NOW + 2 * MONTH + DAY)


def test_a_debt_after_a_payment_that_nobody_saw_is_a_new_one(checkout, hear, nobody_answers):
    """G2, A16"""
    from lms_memberships.subscriptions import billing

    hear(said.subscription(checkout))
    row = hear(renewal_failed(checkout))
    begun = NOW + MONTH
    paid = said.invoice("in_2", created_at=begun, paid_at=begun + DAY, billing_reason="subscription_cycle")
    billing.record_invoice_of(billing.Owner.of(row), paid, gateway=nobody_answers, now=NOW)
    second = renewal_failed(checkout, number=2)
    assert hear(second).access_until == second.current_period_start + 7 * DAY


def test_cancelling_while_a_payment_is_missing_ends_it_now(checkout, hear, names):
    """G2"""
    hear(said.subscription(checkout))
    failed = renewal_failed(checkout)
    hear(failed)
    names()
    moment = failed.current_period_start + DAY
    row = hear(
        replace(failed, cancel_at=failed.current_period_end, canceled_at=moment, read_started_at=moment), now=moment
    )
    assert row.access_until == moment
    assert names() == ["SubscriptionCancelled", "AccessLost"]


def test_unpaid_is_closed_and_paying_opens_again(checkout, hear, names):
    """G3"""
    hear(said.subscription(checkout))
    unpaid = renewal_failed(checkout, status=SubscriptionStatus.UNPAID)
    names()
    row = hear(unpaid)
    assert not row.is_live(unpaid.read_started_at)
    assert names() == ["AccessLost"]
    paid = later(unpaid, DAY, status=SubscriptionStatus.ACTIVE, latest_invoice=said.invoice("in_2"))
    assert hear(paid).is_live(paid.read_started_at)
    assert names() == ["AccessGained"]


def test_a_trial_without_a_card_closes_to_the_minute(checkout, hear, names):
    """G5"""
    row = hear(on_trial(checkout, has_card=False))
    assert row.access_until == TRIAL_END
    names()
    assert lifecycle.announce_lapses(now=TRIAL_END - SECOND) == 0
    assert lifecycle.announce_lapses(now=TRIAL_END) == 1
    assert lifecycle.announce_lapses(now=TRIAL_END + DAY) == 0
    assert names() == ["AccessLost"]
    ended = on_trial(
        checkout,
        has_card=False,
        status=SubscriptionStatus.CANCELED,
        ended_at=TRIAL_END,
        read_started_at=TRIAL_END + 60 * SECOND,
    )
    assert hear(ended).access_until == TRIAL_END
    assert names() == ["SubscriptionCancelled", "SubscriptionEnded"]


def test_a_trial_that_pauses_without_a_card_is_closed(checkout, hear, names):
    """G5"""
    hear(on_trial(checkout, has_card=False))
    names()
    paused = on_trial(checkout, status=SubscriptionStatus.PAUSED, has_card=False, read_started_at=TRIAL_END)
    assert not hear(paused).is_live(TRIAL_END)
    assert names() == ["AccessLost"]


def test_a_trial_whose_first_payment_fails_has_its_days_of_grace(checkout, hear):
    """G2, G5"""
    hear(on_trial(checkout))
    failed = on_trial(
        checkout,
        status=SubscriptionStatus.PAST_DUE,
        current_period_start=TRIAL_END,
        current_period_end=TRIAL_END + MONTH,
        latest_invoice=said.invoice("in_2", billing_reason="subscription_cycle", **UNPAID),
        read_started_at=TRIAL_END,
    )
    assert hear(failed).access_until == TRIAL_END + 7 * DAY


@pytest.mark.parametrize(("days", "expected"), [(0, 0), (1, 1), (2, 1), (3, 1), (4, 0), (14, 0)])
def test_a_trial_is_announced_to_end_when_it_does_end_soon(checkout, hear, names, days, expected):
    """G6"""
    row = hear(on_trial(checkout, trial_end=NOW + days * DAY, current_period_end=NOW + days * DAY))
    names()
    for _again in range(3):
        reminders.remind_of_trial_end(row.pk, now=NOW)
    assert names() == ["TrialEndsSoon"] * expected


def test_a_trial_that_was_moved_is_announced_again_and_a_cancelled_one_never(checkout, hear, names):
    """G6"""
    row = hear(on_trial(checkout, trial_end=NOW + DAY))
    reminders.remind_of_trial_end(row.pk, now=NOW)
    hear(on_trial(checkout, trial_end=NOW + 2 * DAY, read_started_at=NOW + SECOND))
    names()
    assert reminders.remind_of_trial_end(row.pk, now=NOW)
    hear(on_trial(checkout, trial_end=NOW + 3 * DAY, cancel_at=NOW + 3 * DAY, read_started_at=NOW + 2 * SECOND))
    names()
    assert not reminders.remind_of_trial_end(row.pk, now=NOW)
    assert names() == []


def test_losing_one_of_two_ways_is_losing_nothing(checkout, hear, names):
    """X2"""
    row = hear(said.subscription(checkout))
    Subscription.objects.create(
        user=row.user,
        membership=row.membership,
        origin=Subscription.Origin.GIVEN,
        status="active",
        access_until=FOR_GOOD,
        is_open_told=True,
        started_at=NOW,
    )
    names()
    hear(said.subscription(checkout, status=SubscriptionStatus.CANCELED, ended_at=NOW, read_started_at=NOW + SECOND))
    assert names() == ["SubscriptionCancelled", "SubscriptionEnded"]


def test_another_membership_does_not_hide_the_loss(checkout, hear, names, student):
    """X2, the negative control"""
    hear(said.subscription(said.attempt(student, MembershipFactory(live=True)), "sub_2"))
    hear(said.subscription(checkout))
    names()
    hear(said.subscription(checkout, status=SubscriptionStatus.CANCELED, ended_at=NOW, read_started_at=NOW + SECOND))
    assert names() == ["SubscriptionCancelled", "SubscriptionEnded", "AccessLost"]


def session(checkout, **changes) -> CheckoutSnapshot:
    values = {
        "id": checkout.session_id,
        "url": "",
        "status": "complete",
        "payment_status": "paid",
        "recurring": False,
        "customer_id": "cus_1",
        "subscription_id": "",
        "payment_intent_id": "pi_1",
        "invoice_id": "in_1",
        "reference": str(checkout.uuid),
        "total": None,
        "expires_at": None,
        "read_started_at": NOW,
        "metadata": {"lmsm_attempt": str(checkout.uuid)},
    }
    return CheckoutSnapshot(**{**values, **changes})


def test_paid_once_is_for_good(checkout, nobody_answers, names):
    row = lifecycle.reconcile_purchase(session(checkout), gateway=nobody_answers, now=NOW)
    assert row.access_until == FOR_GOOD
    assert (row.stripe_id, row.is_recurring, row.amount) == ("pi_1", False, 1900)
    again = lifecycle.reconcile_purchase(session(checkout), gateway=nobody_answers, now=NOW + DAY)
    assert (again.pk, again.opened_at) == (row.pk, NOW)
    assert names() == ["SubscriptionStarted", "AccessGained"]


@pytest.mark.parametrize("state", [{"status": "open"}, {"payment_status": "unpaid"}, {"status": "expired"}])
def test_what_is_not_paid_yet_is_nothing_yet(checkout, nobody_answers, state):
    assert lifecycle.reconcile_purchase(session(checkout, **state), gateway=nobody_answers, now=NOW) is None
    assert not Subscription.objects.exists()


def test_what_a_coupon_made_free_is_bought_too(checkout, nobody_answers):
    free = session(checkout, payment_status="no_payment_required", payment_intent_id="")
    assert lifecycle.reconcile_purchase(free, gateway=nobody_answers, now=NOW).access_until == FOR_GOOD
