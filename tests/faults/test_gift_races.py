"""One gift, several hands at the same moment: is it redeemed once, or returned, and never both? With negative controls."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from lms_memberships import events
from lms_memberships.errors import Refusal
from lms_memberships.models import Checkout, Dispute, Gift, Membership, Price, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.refunds import DisputeSnapshot, DisputeStatus
from lms_memberships.subscriptions import checkout, disputes, gift_buying, gift_links, gift_redeeming, gift_refunding
from tests.faults.processes import Meeting, at_once, meet_before, nobody_locks, values
from tests.faults.sizes import pick
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

ROUNDS = pick(test=2, ci=10, soak=100)
PRESSES = 16
DAY = timedelta(days=1)


@pytest.fixture
def seat() -> Membership:
    """One place."""
    membership = Membership.objects.create(
        title="Wheel no. 1", price_amount=1900, currency="eur", interval="month", live=True, max_members=1
    )
    said.attempt(person("first"), membership).delete()
    return membership


def person(name: str):
    found, _made = get_user_model().objects.get_or_create(username=name, email=f"{name}@school.test")
    return found


def gift_of(membership: Membership, **fields: object) -> Gift:
    """Paid and delivered, unless said otherwise; not saved."""
    values = {"state": "delivered", "redeem_until": NOW + 300 * DAY, "paid_at": NOW, **fields}
    gift = Gift(
        giver=person("giver"), membership=membership, price_id="price_gift", months=3, amount=4900, currency="eur",
        deliver_on=NOW.date(), account=said.ACCOUNT, created_at=NOW, **values,
    )  # fmt: skip
    gift_links.give_new(gift)
    return gift


def together(meeting: Meeting, *steps, locks: bool) -> int:
    """How many of these were let through."""

    def job_of(step):
        def job() -> int:
            if not locks:
                nobody_locks()
            meet_before(Gift, "save", meeting)
            meet_before(Checkout, "save", meeting)
            try:
                step()
            except Refusal:
                return 0
            return 1

        return job

    return sum(values(at_once(*map(job_of, steps), meeting=meeting)))


def redeemed_by(name: str, gift: Gift):
    someone = person(name)
    return lambda: gift_redeeming.redeem(someone, gift, now=NOW)


def two_redeem(seat: Membership, *, locks: bool) -> tuple[int, int]:
    """How many were told that it is theirs, and how many subscriptions there are."""
    Gift.objects.all().delete()
    Subscription.objects.all().delete()
    gift = gift_of(seat)
    gift.save()
    steps = (redeemed_by("ada", gift), redeemed_by("kim", gift))
    return together(Meeting(), *steps, locks=locks), Subscription.objects.count()


def test_of_two_who_press_at_once_one_has_it(seat, no_worker):
    """X15"""
    assert [two_redeem(seat, locks=True) for _round in range(ROUNDS)] == [(1, 1)] * ROUNDS


def test_control_without_the_lock_both_are_told_so(seat, no_worker):
    """X15, negative control: the second takes it away from the first."""
    assert 2 in [two_redeem(seat, locks=False)[0] for _round in range(3)]


def redeemed_and_returned(seat: Membership, *, locks: bool) -> int:
    """How many of the two were let through."""
    Gift.objects.all().delete()
    Subscription.objects.all().delete()
    gift = gift_of(seat)
    gift.save()
    returned = lambda: gift_refunding.close(gift.pk, now=NOW)  # noqa: E731
    through = together(Meeting(), redeemed_by("ada", gift), returned, locks=locks)
    gift.refresh_from_db()
    if locks:
        # Whoever came first: what is open is not returned, and what is returned is not open.
        assert (gift.state == "redeemed") is Subscription.objects.exists()
    return through


def test_of_redeeming_and_returning_at_once_one_happens(seat, no_worker):
    """X15"""
    assert [redeemed_and_returned(seat, locks=True) for _round in range(ROUNDS)] == [1] * ROUNDS


def test_control_without_the_lock_it_is_open_and_returned(seat, no_worker):
    """X15, negative control"""
    assert 2 in [redeemed_and_returned(seat, locks=False) for _round in range(3)]


def redeemed_and_disputed(seat: Membership, *, locks: bool) -> bool:
    """Whether it is open for whoever redeemed it at the moment at which the bank took its payment back."""
    for table in (Gift, Subscription, Dispute):
        table.objects.all().delete()
    gift = gift_of(seat, payment_intent_id="pi_gift")
    gift.save()
    read = DisputeSnapshot(
        id="dp_gift", payment_intent_id="pi_gift", charge_id="ch_gift", money=Money(4900, "eur"),
        status=DisputeStatus.OPEN, said="needs_response", reason="fraudulent", created_at=NOW, due_by=None,
        read_started_at=NOW,
    )  # fmt: skip
    meeting = Meeting()

    def redeem() -> None:
        if not locks:
            nobody_locks()
        # All is looked at, and nothing is committed.
        meet_before(events, "publish", meeting)
        redeemed_by("ada", gift)()

    def hear_of_it() -> None:
        if not locks:
            nobody_locks()
        while not meeting.arrived:
            time.sleep(0.01)
        disputes.record(read, gateway=said.unreachable_gateway(), now=NOW)

    values(at_once(redeem, hear_of_it, meeting=meeting))
    assert Dispute.objects.count() == 1
    return any(held.is_live(NOW + DAY) for held in Subscription.objects.all())


def test_of_redeeming_and_a_dispute_at_once_it_ends_closed(seat, no_worker):
    """G7, X15: the dispute waits for the gift's lock, and finds who has redeemed it."""
    assert [redeemed_and_disputed(seat, locks=True) for _round in range(ROUNDS)] == [False] * ROUNDS


def test_control_without_the_lock_it_is_open_and_disputed(seat, no_worker):
    """G7, X15, negative control: the dispute finds nobody who has redeemed it, and whoever does finds no dispute."""
    assert True in [redeemed_and_disputed(seat, locks=False) for _round in range(3)]


def gift_and_purchase(seat: Membership, *, locks: bool) -> int:
    """How many got the one place."""
    Gift.objects.all().delete()
    Checkout.objects.all().delete()
    draft = Checkout(
        user=person("ada"), membership=seat, price=Price.objects.get(membership=seat), account=said.ACCOUNT,
        created_at=NOW,
    )  # fmt: skip
    gift = gift_of(seat, state="planned", redeem_until=None, paid_at=None)
    return together(
        Meeting(),
        lambda: checkout._plan(draft, now=NOW),
        lambda: gift_buying._plan(gift, now=NOW),
        locks=locks,
    )


def test_the_last_place_goes_to_a_gift_or_to_a_buyer(seat, no_worker):
    """X15, J1, J2: a gift asks under the same lock."""
    assert [gift_and_purchase(seat, locks=True) for _round in range(ROUNDS)] == [1] * ROUNDS


def test_control_without_the_lock_it_is_sold_twice(seat, no_worker):
    """J1, negative control"""
    assert 2 in [gift_and_purchase(seat, locks=False) for _round in range(3)]


def pressed_sixteen_times(seat: Membership, *, locks: bool) -> tuple[int, int]:
    """How many of the same person's presses were let through, and how many subscriptions they have."""
    Gift.objects.all().delete()
    Subscription.objects.all().delete()
    gift = gift_of(seat)
    gift.save()
    press = redeemed_by("ada", gift)
    through = together(Meeting(PRESSES), *[press] * PRESSES, locks=locks)
    return through, Subscription.objects.count()


def test_sixteen_presses_of_one_person_are_one_membership(seat, no_worker):
    """J8, X15: one hand, an impatient one."""
    assert pressed_sixteen_times(seat, locks=True) == (1, 1)


def test_control_without_the_lock_it_is_used_up_many_times(seat, no_worker):
    """J8, negative control: each is told that the gift is theirs; only the row that they all write keeps it one."""
    through, _held = pressed_sixteen_times(seat, locks=False)
    assert through > 1
