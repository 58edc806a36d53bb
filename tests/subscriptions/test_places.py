"""Is the last place given away once, counted rightly, and offered in order? (W16, W17, J1-J10)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from lms_memberships.emails import outbox, switches
from lms_memberships.models import Checkout, Email, Subscription, WaitingEntry
from lms_memberships.subscriptions import holding, lifecycle, places, waiting
from lms_memberships.subscriptions.models import FOR_GOOD
from tests.factories import MembershipFactory, UserFactory
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def pass_(db):
    return MembershipFactory(title="Studio pass", live=True, max_members=2)


def member(membership, user=None, **fields: object) -> Subscription:
    """Somebody who is in."""
    values = {
        "status": "active",
        "opened_at": NOW,
        "started_at": NOW,
        "access_until": NOW + 30 * DAY,
        "stripe_id": f"sub_m{Subscription.objects.count()}",
        "account": said.ACCOUNT,
    }
    return Subscription.objects.create(user=user or UserFactory(), membership=membership, **{**values, **fields})


def page(membership, user=None, **fields: object) -> Checkout:
    """Somebody before a payment page whose time has not run out."""
    return said.attempt(user or UserFactory(), membership, **{"expires_at": NOW + HOUR / 2, **fields})


def waits(membership, user=None, **fields: object) -> WaitingEntry:
    return WaitingEntry.objects.create(
        membership=membership, user=user or UserFactory(), **{"asked_at": NOW - DAY, **fields}
    )


def is_refused(membership, user=None, now=NOW) -> bool:
    with transaction.atomic():
        try:
            places.reserve((user or UserFactory()).pk, membership, now=now)
        except places.Full:
            return True
    return False


# ------------------------------------------------------------------ who takes a place


TAKING = {
    "a member": lambda membership: member(membership),
    "on trial": lambda membership: member(membership, status="trialing"),
    "payment failed, access closed": lambda membership: member(membership, status="past_due", access_until=NOW - DAY),
    "a debit on its way": lambda membership: member(membership, opened_at=None, access_until=None),
    "ended, and open until the period's end": lambda membership: member(membership, status="canceled"),
    "bought for good": lambda membership: member(membership, is_recurring=False, access_until=FOR_GOOD),
    **{
        f"origin {origin}": lambda membership, origin=origin: member(
            membership, origin=origin, is_recurring=False, stripe_id=""
        )
        for origin in ("gift", "seat", "given", "imported")
    },
    "before the payment page": page,
    "planned, and no answer from Stripe yet": lambda membership: page(membership, state="planned", expires_at=None),
    "a page without our limit": lambda membership: page(membership, expires_at=None),
    "paid by a debit that has not come": lambda membership: page(
        membership, state="complete", expires_at=NOW - DAY, created_at=NOW - 10 * DAY
    ),
    "was offered a free place": lambda membership: waits(membership, told_at=NOW, held_until=NOW + HOUR),
    "waits, and was not told yet": waits,
}
#: The negative controls.
NOT_TAKING = {
    "ended": lambda membership: member(membership, status="canceled", access_until=NOW - DAY),
    "never paid": lambda membership: member(membership, status="incomplete", opened_at=None, access_until=None),
    "bought twice": lambda membership: member(
        membership, duplicate_of=member(MembershipFactory()), opened_at=None, access_until=None
    ),
    "paid without a place": lambda membership: member(membership, flag="no_place", opened_at=None, access_until=None),
    "the page was closed": lambda membership: page(membership, state="expired"),
    "the page ran out, and nobody told us": lambda membership: page(membership, expires_at=NOW - HOUR / 4),
    "planned long ago": lambda membership: page(
        membership, state="planned", expires_at=None, created_at=NOW - timedelta(hours=25)
    ),
    "a debit that never came": lambda membership: page(membership, state="complete", created_at=NOW - 16 * DAY),
    "let the offer pass": lambda membership: waits(membership, told_at=NOW - DAY, held_until=NOW - HOUR),
    "in another membership": lambda membership: member(MembershipFactory()),
}


@pytest.mark.parametrize("one", TAKING)
def test_whoever_is_in_or_about_to_be_takes_one_place(pass_, one):
    """J7, W17: every way in is counted, and refuses the next when it was the last."""
    TAKING[one](pass_)
    assert places.places_of(pass_, now=NOW) == places.Places(limit=2, taken=1)
    assert not is_refused(pass_)
    member(pass_)
    assert is_refused(pass_)


@pytest.mark.parametrize("one", NOT_TAKING)
def test_whoever_is_out_takes_none(pass_, one):
    """J9, and the negative control of the count."""
    NOT_TAKING[one](pass_)
    assert places.places_of(pass_, now=NOW).taken == 0
    member(pass_)
    assert not is_refused(pass_)


def test_a_person_counts_once_however_many_ways_they_hold_it(pass_, student):
    member(pass_, student)
    member(pass_, student, origin="given", stripe_id="")
    page(pass_, student)
    page(pass_, student, state="complete")
    waits(pass_, student)
    assert places.places_of(pass_, now=NOW).taken == 1


@pytest.mark.parametrize("take", [member, page, lambda m, u: waits(m, u, told_at=NOW, held_until=NOW + HOUR)])
def test_who_has_a_place_is_not_refused_it(pass_, student, take):
    """Their own running attempt does not count twice; nor does the place that was offered to them."""
    take(pass_, student)
    member(pass_)
    assert not is_refused(pass_, student)
    assert is_refused(pass_)


def test_without_a_limit_everybody_can_join(pass_):
    type(pass_).objects.update(max_members=None)
    for _one in range(3):
        member(pass_)
    assert not is_refused(pass_)
    pass_.refresh_from_db()
    assert places.places_of(pass_, now=NOW) is None


def test_the_limit_that_counts_is_the_one_in_the_database(pass_):
    """J3: what the caller has read before is not asked."""
    member(pass_)
    member(pass_)
    pass_.max_members = 100
    assert is_refused(pass_)


@pytest.mark.django_db(transaction=True)
def test_a_place_is_reserved_in_the_transaction_that_takes_it(pass_, student):
    """J2"""
    with pytest.raises(RuntimeError, match="outside the transaction"):
        places.reserve(student.pk, pass_, now=NOW)


def test_a_limit_below_the_number_of_members_removes_nobody(pass_, told):
    """J10: ten members, five places."""
    members = [member(pass_) for _one in range(10)]
    type(pass_).objects.update(max_members=5)
    pass_.refresh_from_db()
    found = places.places_of(pass_, now=NOW)
    assert (found.taken, found.left, found.are_sold_out) == (10, 0, True)
    assert is_refused(pass_)
    for row in members:
        row.refresh_from_db()
        assert row.is_live(NOW)
        assert not is_refused(pass_, row.user)
    assert told == []


def test_a_whole_list_is_counted_in_one_query(pass_, django_assert_num_queries):
    others = [MembershipFactory(max_members=3) for _one in range(5)]
    for each in others:
        member(each)
        page(each)
    with django_assert_num_queries(1):
        found = places.places_in([pass_, *others], now=NOW)
    assert [found[each.pk].taken for each in others] == [2] * 5
    with django_assert_num_queries(0):
        assert places.places_in([MembershipFactory.build()], now=NOW) == {}


@pytest.mark.parametrize(("left", "said_"), [(0, "sold out"), (1, "few"), (20, "few"), (21, "")])
def test_few_are_said_and_many_are_not(left, said_):
    found = places.Places(limit=100, taken=100 - left)
    assert ("sold out" if found.are_sold_out else "few" if found.are_few else "") == said_


# ------------------------------------------------------------------ J5: paid when no place is left


def paid_late(pass_, student, gateway, **fields):
    late = page(pass_, student, **{"state": "expired", "expires_at": NOW - HOUR, **fields})
    member(pass_)
    member(pass_)
    read = said.subscription(late, "sub_late")
    return lifecycle._reconcile(read, gateway=gateway, now=NOW)


def test_paid_late_without_a_place_opens_nothing_and_is_to_be_undone(pass_, student, nobody_answers, names):
    """J5"""
    row = paid_late(pass_, student, nobody_answers)
    assert (row.flag, row.opened_at, row.access_until) == ("no_place", None, None)
    assert row.must_be_undone
    assert not row.is_held(NOW)
    assert list(Subscription.objects.to_be_undone()) == [row]
    assert names() == []


def test_paid_late_with_a_place_left_is_a_purchase_like_any_other(pass_, student, nobody_answers, names):
    """J5, negative control"""
    type(pass_).objects.update(max_members=3)
    row = paid_late(pass_, student, nobody_answers)
    assert row.is_live(NOW)
    assert names() == ["SubscriptionStarted", "AccessGained"]


def test_paid_in_time_needs_no_second_place(pass_, student, nobody_answers):
    """J5, negative control: the page was open, and the membership is full with it."""
    mine = page(pass_, student)
    member(pass_)
    member(pass_)
    assert lifecycle._reconcile(said.subscription(mine), gateway=nobody_answers, now=NOW).is_live(NOW)


def test_a_site_may_keep_late_payments_and_is_told(pass_, student, nobody_answers, names, settings):
    """J5: never silent."""
    settings.LMS_MEMBERSHIPS_OVERBOOK_LATE_PAYMENTS = True
    row = paid_late(pass_, student, nobody_answers)
    assert row.is_live(NOW)
    assert names() == ["Overbooked", "SubscriptionStarted", "AccessGained"]


def test_what_is_noted_again_after_a_restore_is_not_given_back(pass_, student, nobody_answers, names):
    """J5, E7: it had a place when it was bought."""
    row = paid_late(pass_, student, nobody_answers, session_id="")
    assert row.is_live(NOW)
    assert "Overbooked" in names()


# ------------------------------------------------------------------ the waiting list


def told_of(membership) -> list:
    return [entry.user for entry in WaitingEntry.objects.filter(membership=membership).exclude(told_at=None)]


def test_one_asks_only_for_what_is_full(pass_, student):
    with pytest.raises(waiting.NobodyWaits):
        waiting.ask(student, pass_, language="en", now=NOW)
    member(pass_, student)
    with pytest.raises(holding.AlreadyMember):
        waiting.ask(student, pass_, language="en", now=NOW)


def test_asking_twice_keeps_the_turn(pass_, student):
    member(pass_)
    member(pass_)
    first = waiting.ask(student, pass_, language="fr", now=NOW)
    assert waiting.ask(student, pass_, language="en", now=NOW + HOUR).asked_at == first.asked_at
    assert first.language == "fr"


def test_free_places_are_offered_in_the_order_of_asking(pass_):
    """W17"""
    leaving = [member(pass_), member(pass_)]
    people = [waits(pass_, asked_at=NOW - (3 - number) * HOUR).user for number in range(3)]
    assert waiting.move_on(now=NOW) == 0
    Subscription.objects.filter(pk=leaving[0].pk).update(status="canceled", access_until=NOW)
    assert waiting.move_on(now=NOW) == 1
    assert told_of(pass_) == people[:1]
    assert waiting.move_on(now=NOW) == 0, "the place is kept for the first"
    assert is_refused(pass_), "and for no newcomer"
    assert is_refused(pass_, people[1])
    assert not is_refused(pass_, people[0])


def test_a_page_that_ran_out_frees_a_place_for_who_waits(pass_):
    """J9, W17"""
    member(pass_)
    page(pass_, expires_at=NOW + HOUR)
    first = waits(pass_)
    assert waiting.move_on(now=NOW) == 0
    assert waiting.move_on(now=NOW + 2 * HOUR) == 1
    assert told_of(pass_) == [first.user]


def test_a_place_that_was_not_taken_goes_to_the_next_and_one_may_ask_again(pass_, settings):
    settings.LMS_MEMBERSHIPS_WAITING_HOLD_HOURS = 48
    member(pass_)
    first, second = waits(pass_, asked_at=NOW - DAY), waits(pass_, asked_at=NOW)
    waits(pass_, asked_at=NOW + HOUR)
    assert waiting.move_on(now=NOW) == 1
    assert waiting.move_on(now=NOW + timedelta(hours=47)) == 0
    assert waiting.move_on(now=NOW + timedelta(hours=49)) == 1
    assert told_of(pass_) == [second.user]
    again = waiting.ask(first.user, pass_, language="en", now=NOW + timedelta(hours=49))
    assert list(WaitingEntry.objects.filter(membership=pass_))[-1] == again


def test_a_higher_limit_is_offered_to_those_who_wait(pass_):
    member(pass_)
    member(pass_)
    entries = [waits(pass_) for _one in range(3)]
    type(pass_).objects.update(max_members=4)
    assert waiting.move_on(now=NOW) == 2
    assert not is_refused(pass_, entries[0].user)
    assert is_refused(pass_, entries[2].user)
    type(pass_).objects.update(max_members=None)
    assert waiting.move_on(now=NOW) == 1, "without a limit nobody waits any more"


def test_nobody_hears_of_a_place_in_what_is_not_sold(pass_):
    waits(pass_)
    type(pass_).objects.update(live=False)
    assert waiting.move_on(now=NOW) == 0


def test_who_joins_waits_no_longer(pass_, student, nobody_answers):
    mine = page(pass_, student)
    waits(pass_, student, told_at=NOW, held_until=NOW + HOUR)
    other = waits(pass_)
    lifecycle._reconcile(said.subscription(mine), gateway=nobody_answers, now=NOW)
    assert list(WaitingEntry.objects.all()) == [other]


@pytest.fixture
def offered(pass_, student, now):
    """A place is offered to the student, really now."""
    switches.switch_all_on()
    waits(pass_, student, asked_at=now - DAY, language="fr")
    return lambda: waiting.move_on(now=now)


def test_each_is_told_once_by_mail_in_their_language(offered, student, pass_, now):
    offered()
    assert outbox.deliver_due(now=now) in {0, 1}
    offered()
    outbox.deliver_due(now=now)
    assert [(message.to, "place" in message.subject) for message in mail.outbox] == [([student.email], True)]
    assert Email.objects.get().language == "fr"
    assert pass_.get_absolute_url() in mail.outbox[0].body


def test_an_offer_that_is_over_is_not_sent(offered, now, settings):
    """F2"""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    offered()
    assert outbox.deliver_due(now=now + timedelta(hours=49)) == 0
    assert Email.objects.get().failure == "place_gone"


def test_off_is_off(offered, now):
    """U31"""
    switches.set_for_all(dict.fromkeys(switches.EmailKind, False))
    offered()
    assert not Email.objects.exists()
