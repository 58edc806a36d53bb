"""A bundle changes under people who hold it: who has what afterwards, whichever way it was published (G17, X6)?"""

import random
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail_lms.models import CourseEnrollment

from lms_memberships.access import decide, deliveries, items_open_to, spreading
from lms_memberships.access.models import BundleSpread, Delivery
from lms_memberships.access.reasons import Reason
from lms_memberships.bundles import catalogue
from lms_memberships.memberships import bundle_edits
from lms_memberships.models import BundleItem, KeptItem, Membership, Subscription
from lms_memberships.portal.card_words import items_of
from tests.access import school
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

YEARS = timedelta(days=3650)


@pytest.fixture
def things(now):
    """Courses are pages, live sessions are not: two branches of every question."""
    return [school.course("Clay"), school.session("Glaze", now), school.course("Kiln")]


@pytest.fixture
def membership(things, now):
    made = school.sold(things[0], now=now)
    made.save_revision().publish()
    return Membership.objects.get(pk=made.pk)


def edit(membership, *things, keep: bool = False) -> Membership:
    """A new version with these things, published as schedules, workflows and the button do: by its revision."""
    draft = membership.get_latest_revision_as_object()
    rows = {row.item_id: row for row in draft.bundle_items.all()}
    wanted = [catalogue.sync(thing) for thing in things]
    draft.bundle_items.set([rows.get(item.pk) or BundleItem(item=item) for item in wanted])
    if keep:
        bundle_edits.keep(draft)
    draft.save_revision().publish()
    return Membership.objects.get(pk=membership.pk)


def member(membership, *, joined) -> Subscription:
    user = UserFactory()
    return school.subscribe(user, membership, until=joined + YEARS, opened_at=joined, started_at=joined)


def has(subscription, thing, *, now) -> bool:
    """Both ways of asking, which must agree; and the person's own page."""
    user = get_user_model().objects.get(pk=subscription.user_id)
    decision = decide(user, thing, now=now)
    allowed = decision.allowed
    user = get_user_model().objects.get(pk=subscription.user_id)
    assert (thing in items_open_to(user, [thing], now=now)) == allowed
    fresh = Subscription.objects.select_related("membership").get(pk=subscription.pk)
    is_free = decision.reason is Reason.NOT_SOLD
    assert (catalogue.sync(thing) in items_of(fresh)) == (allowed and not is_free)
    return allowed


def test_a_change_reaches_everyone_unless_it_was_chosen_otherwise(membership, things, now):
    """G17, X6: the default; what is added opens, what is taken out closes."""
    early = member(membership, joined=now - timedelta(days=9))
    edit(membership, things[1])
    assert has(early, things[1], now=now)
    # Taken out of the only membership: sold by nobody, it is open to all.
    assert decide(AnonymousUser(), things[0], now=now).reason is Reason.NOT_SOLD
    assert not KeptItem.objects.exists()


def test_members_keep_what_they_had(membership, things, now, clock):
    """G17, X6: what is added is for newcomers, what is taken out stays with those who had it, and closed for the rest."""
    early = member(membership, joined=now - timedelta(days=9))
    edit(membership, *things[1:], keep=True)
    late = member(membership, joined=clock.now + timedelta(minutes=1))
    assert [has(early, thing, now=now) for thing in things] == [True, False, False]
    assert [has(late, thing, now=now) for thing in things] == [False, True, True]
    person = get_user_model().objects.get(pk=early.user_id)
    refused = decide(person, things[1], now=now)
    assert refused.reason is Reason.FOR_NEWCOMERS
    assert "after you had joined" in refused.sentence
    assert refused.membership_ids == frozenset(), "joining again would not help"
    gone = decide(AnonymousUser(), things[0], now=now)
    assert (gone.allowed, gone.membership_ids) == (False, frozenset())


def test_it_ends_with_the_subscription(membership, things, now):
    """X2: what is kept is no grant of its own."""
    early = member(membership, joined=now - timedelta(days=9))
    edit(membership, things[1], keep=True)
    assert has(early, things[0], now=now)
    Subscription.objects.update(access_until=now)
    person = get_user_model().objects.get(pk=early.user_id)
    assert decide(person, things[0], now=now).reason is Reason.ENDED


def test_added_removed_and_added_again(membership, things, now, clock):
    """G17: random edits, and what each member has is what a table of grants would say."""
    chance = random.Random(17)  # noqa: S311 - the same edits each time
    had: dict[int, set[int]] = {}
    members = []
    contents = {0}
    for _step in range(14):
        clock.advance(minutes=1)
        joined = member(membership, joined=clock.now)
        members.append(joined)
        had[joined.pk] = set(contents)
        clock.advance(minutes=1)
        planned = {number for number in range(3) if chance.random() < 0.6} or {0}
        keep = chance.random() < 0.5
        membership = edit(membership, *(things[number] for number in sorted(planned)), keep=keep)
        if not keep:
            for holdings in had.values():
                holdings |= planned - contents
                holdings -= contents - planned
        contents = planned
        chosen = chance.sample(members, min(3, len(members)))
        for one in chosen:
            opened = {number for number in range(3) if has(one, things[number], now=clock.now)}
            free = {
                n
                for n in range(3)
                if n not in contents and not KeptItem.objects.filter(item=catalogue.sync(things[n])).exists()
            }
            assert opened - free == had[one.pk] - free


def test_publishing_the_same_again_changes_nothing(membership, things, now):
    """G17: idempotent, also with the choice that the version carries."""
    early = member(membership, joined=now - timedelta(days=9))
    changed = edit(membership, things[1], keep=True)
    before = list(KeptItem.objects.values()), list(BundleItem.objects.values("item", "since"))
    changed.get_latest_revision().publish()
    assert (list(KeptItem.objects.values()), list(BundleItem.objects.values("item", "since"))) == before
    assert has(early, things[0], now=now)


def test_a_choice_is_for_one_change_alone(membership, things, now):
    """X6: it travels with its version; the next version starts from "at once" again."""
    early = member(membership, joined=now - timedelta(days=9))
    changed = edit(membership, *things[:2], keep=True)
    assert not has(early, things[1], now=now)
    assert changed.get_latest_revision_as_object().kept_for_members_of is not None
    changed = edit(changed, *things)
    assert has(early, things[2], now=now)
    assert not has(early, things[1], now=now), "what was decided before stays decided"


def test_it_is_still_one_query(membership, things, now, django_assert_num_queries):
    """G17, X6: with kept items and later ones, for one thing and for a list."""
    early = member(membership, joined=now - timedelta(days=9))
    edit(membership, *things[1:], keep=True)
    for thing in things:
        person = get_user_model().objects.get(pk=early.user_id)
        decide(person, thing, now=now)
        person = get_user_model().objects.get(pk=early.user_id)
        with django_assert_num_queries(1):
            decide(person, thing, now=now)
    with django_assert_num_queries(1):
        items_open_to(get_user_model()(pk=early.user_id, is_active=True), things, now=now)


# ---------------------------------------------------------------------------------------- enrolments of ten thousand
def crowd(membership, count: int, now) -> None:
    users = get_user_model().objects.bulk_create(get_user_model()(username=f"crowd{count}-{n}") for n in range(count))
    Subscription.objects.bulk_create(
        Subscription(
            user=user,
            membership=membership,
            status="active",
            account="acct_school",
            livemode=False,
            started_at=now - timedelta(days=1),
            opened_at=now - timedelta(days=1),
            access_until=now + YEARS,
        )
        for user in users
    )


def test_the_click_costs_the_same_with_ten_members_and_with_ten_thousand(membership, things, now):
    """G17: publishing only asks for the work; the rows follow, a piece at a time, each once."""
    numbers = []
    evenings = [things[1], *(school.session(f"Evening-{number}", now) for number in range(2))]
    membership = edit(membership, *evenings[:2])
    for count, contents in ((10, evenings[::2]), (9_990, evenings[:2])):
        crowd(membership, count, now)
        with CaptureQueriesContext(connection) as asked:
            membership = edit(membership, *contents)
        numbers.append(len(asked))
    assert numbers[0] == numbers[1]
    assert BundleSpread.objects.count() == 1
    assert not Delivery.objects.exists()
    spreading.spread_due(now=now)
    assert Delivery.objects.count() == 10_000 * 2
    assert not BundleSpread.objects.exists()
    spreading.ask(membership.pk)
    spreading.spread_due(now=now)
    assert Delivery.objects.count() == 10_000 * 2


def test_whoever_dies_in_the_middle_is_followed(membership, things, now, monkeypatch):
    """G17: a piece is owed and noted in one transaction; the next worker goes on behind it."""
    monkeypatch.setattr(spreading, "PIECE", 4)
    crowd(membership, 10, now)
    edit(membership, *things[:2])

    class Died(BaseException):
        pass

    def die(name: str) -> None:
        if name == "spreading.owed" and Delivery.objects.count() == 16:
            raise Died

    monkeypatch.setattr(spreading.killpoints, "reach", die)
    with pytest.raises(Died):
        spreading.spread_due(now=now)
    assert Delivery.objects.count() == 8, "the second piece was taken back"
    monkeypatch.undo()
    spreading.spread_due(now=now)
    assert Delivery.objects.count() == 20
    assert not BundleSpread.objects.exists()


def test_who_does_not_get_it_is_not_enrolled(membership, things, now, clock):
    """G17: enrolments follow access."""
    early = member(membership, joined=now - timedelta(days=9))
    edit(membership, things[0], things[2], keep=True)
    late = member(membership, joined=clock.now + timedelta(minutes=1))
    for one in (early, late):
        deliveries.owe(one.pk, now=now)
    deliveries.deliver_due(now=clock.now + timedelta(minutes=2))
    enrolled = set(CourseEnrollment.objects.values_list("user", "course"))
    assert enrolled == {
        (early.user_id, things[0].pk),
        (late.user_id, things[0].pk),
        (late.user_id, things[2].pk),
    }
