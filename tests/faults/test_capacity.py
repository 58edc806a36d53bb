"""Fifty buyers, one seat, several processes: is it ever sold twice? And without the lock? (T9, J1-J3; T10's trials)."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from lms_memberships.models import Checkout, Membership, Price, TrialTaken
from lms_memberships.subscriptions import checkout, places, trials
from tests.faults.processes import Meeting, at_once, meet_before, nobody_locks, values
from tests.faults.sizes import pick
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

ROUNDS = pick(test=3, ci=10, soak=100)
BUYERS = 50
PROCESSES = 5


@pytest.fixture
def seat() -> Membership:
    membership = Membership.objects.create(
        title="Wheel no. 1", price_amount=1900, currency="eur", interval="month", live=True, max_members=1, trial_days=7
    )
    said.attempt(get_user_model().objects.create_user("first"), membership).delete()
    return membership


def draft_of(user_id: int, membership: Membership, **fields: object) -> Checkout:
    price = Price.objects.get(membership=membership)
    person = get_user_model().objects.get(pk=user_id)
    return Checkout(user=person, membership=membership, price=price, account=said.ACCOUNT, created_at=NOW, **fields)


def buy_for(people: list[int], membership: Membership, meeting: Meeting, *, locks: bool):
    """A job: one process serves these people, one after the other. Returns how many got a payment page."""

    def job() -> int:
        if not locks:
            nobody_locks()
        meet_before(Checkout, "save", meeting)
        served = 0
        for person in people:
            try:
                checkout._plan(draft_of(person, membership), now=NOW)
            except places.Full:
                continue
            served += 1
        return served

    return job


def one_round(membership: Membership, *, locks: bool) -> int:
    """How many of fifty have got the one seat."""
    Checkout.objects.all().delete()
    meeting = Meeting(PROCESSES)
    shares = [list(_people()[number::PROCESSES]) for number in range(PROCESSES)]
    jobs = [buy_for(share, membership, meeting, locks=locks) for share in shares]
    served = sum(values(at_once(*jobs, meeting=meeting)))
    assert Checkout.objects.running().count() == served
    return served


def _people() -> list[int]:
    found = get_user_model().objects.filter(username__startswith="buyer").order_by("pk")
    if not found.exists():
        get_user_model().objects.bulk_create(
            get_user_model()(username=f"buyer{n}", email=f"buyer{n}@school.test") for n in range(BUYERS)
        )
    return list(found.values_list("pk", flat=True))


def test_one_seat_is_sold_once_to_fifty_buyers(seat, no_worker, report):
    """T9, J1"""
    sold = [one_round(seat, locks=True) for _round in range(ROUNDS)]
    report("T9", rounds=ROUNDS, buyers=BUYERS, oversold=sum(each - 1 for each in sold))
    assert sold == [1] * ROUNDS


def test_control_without_the_lock_it_is_oversold(seat, no_worker, report):
    """T9, negative control: at least once; here each process finds the seat free."""
    sold = [one_round(seat, locks=False) for _round in range(min(ROUNDS, 3))]
    report("T9 without the lock", rounds=len(sold), oversold=sum(each - 1 for each in sold))
    assert max(sold) > 1


def test_who_waits_at_the_lock_sees_what_was_written_before_it(seat, no_worker):
    """J3, R4: both began when the seat was free; the second reads after the first has committed."""
    one, two = _people()[:2]
    meeting = Meeting()
    jobs = [buy_for([person], seat, meeting, locks=True) for person in (one, two)]
    assert sorted(values(at_once(*jobs, meeting=meeting))) == [0, 1]
    assert meeting.kept_out == 1, "the lock of the membership must have held the other back"


# ------------------------------------------------------------------ T10: one trial, two accounts of one mailbox


def twins_try(membership: Membership, number: int, *, locks: bool) -> int:
    """Two accounts of one mailbox press at once. How many of the two got a page with a trial?"""
    twins = [
        get_user_model().objects.create_user(f"twin{number}{tag}", email=f"twin{number}+{tag}@school.test").pk
        for tag in ("a", "b")
    ]
    meeting = Meeting()

    def press(person: int):
        def job() -> int:
            if not locks:
                nobody_locks()
            meet_before(Checkout, "save", meeting)
            try:
                checkout._plan(draft_of(person, membership, trial_days=7), now=NOW)
            except trials.OfferHasChanged:
                return 0
            return 1

        return job

    return sum(values(at_once(*map(press, twins), meeting=meeting)))


def test_two_accounts_of_one_mailbox_have_one_trial(seat, no_worker, report):
    """T10, J6"""
    Membership.objects.update(max_members=None)
    rounds = pick(test=3, ci=30, soak=300)
    taken = [twins_try(seat, number, locks=True) for number in range(rounds)]
    report("T10 trials", rounds=rounds, twice=sum(each - 1 for each in taken))
    assert taken == [1] * rounds


def test_control_without_the_lock_both_have_one(seat, no_worker):
    """T10, negative control"""
    Membership.objects.update(max_members=None)
    assert twins_try(seat, 0, locks=False) == 2


def test_both_begin_and_one_row_is_left(seat, no_worker):
    """J6: should two trials begin all the same, the constraint leaves one row, and neither purchase fails."""
    from lms_memberships.payments.gateway import SubscriptionStatus
    from lms_memberships.subscriptions import lifecycle

    Membership.objects.update(max_members=None)
    people = [get_user_model().objects.create_user(f"t{tag}", email=f"twin+{tag}@school.test") for tag in ("a", "b")]
    reads = []
    for person in people:
        attempt = said.attempt(person, seat, trial_days=7)
        name = f"sub_{person.pk}"
        reads.append(
            said.subscription(
                attempt,
                name,
                status=SubscriptionStatus.TRIALING,
                trial_end=NOW + timedelta(days=7),
                latest_invoice=said.invoice(subscription_id=name, **said.NOTHING),
            )
        )

    def begin(read):
        return lambda: lifecycle.reconcile(read, gateway=said.unreachable_gateway(), now=NOW).is_live(NOW)

    assert values(at_once(*map(begin, reads))) == [True, True]
    assert TrialTaken.objects.count() == 1
