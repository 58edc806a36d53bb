"""What does a higher tier open, and what does a lower one leave closed?"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import translation
from wagtail_lms.models import CourseEnrollment

from lms_memberships.access import decide, deliveries, facts, items_open_to, spreading, visible_to
from lms_memberships.access.policy import holders_of
from lms_memberships.access.reasons import Reason
from lms_memberships.memberships import ladder_making
from lms_memberships.models import BundleItem, Item, Ladder, Membership, Subscription
from tests.access import school
from tests.factories import UserFactory

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


class Tiers:
    """Bronze, silver and gold with a course each, in this order, on a ladder that is on."""

    def __init__(self, now) -> None:
        self.now = now
        names = ("Bronze", "Silver", "Gold")
        self.courses = {name: school.course(f"Course of {name}") for name in names}
        self.memberships = {name: school.sold(self.courses[name], title=name, now=now) for name in names}
        self.ladder = ladder_making.save(Ladder(title="Studio"), list(self.memberships.values()), now=now)
        # Nobody is owed anything yet: what was published and put in order is done with.
        spreading.spread_due(now=now)

    def holder_of(self, name: str, **columns: object):
        person = UserFactory()
        until = columns.pop("until", self.now + DAY)
        school.subscribe(person, self.memberships[name], until=until, **columns)
        return person

    def open_to(self, person) -> list[str]:
        """By every door that answers: they must agree."""
        person = type(person)._default_manager.get(pk=person.pk)
        found = [name for name, course in self.courses.items() if decide(person, course, now=self.now).allowed]
        listed = items_open_to(person, self.courses.values(), now=self.now)
        assert found == [name for name, course in self.courses.items() if course in listed]
        pages = visible_to(type(self.courses["Gold"]).objects.all(), person, now=self.now)
        assert found == [name for name, course in self.courses.items() if course in pages]
        rows = Item.objects.filter(page__in=[course.pk for course in self.courses.values()]).select_related("page")
        assert {item.page_id for item in items_open_to(person, rows, now=self.now)} == {
            self.courses[name].pk for name in found
        }
        return found


@pytest.fixture
def tiers(now):
    return Tiers(now)


@pytest.mark.parametrize(
    ("held", "opened"),
    [("Bronze", ["Bronze"]), ("Silver", ["Bronze", "Silver"]), ("Gold", ["Bronze", "Silver", "Gold"])],
)
def test_a_higher_tier_opens_what_the_lower_ones_contain_and_never_the_other_way_round(tiers, held, opened):
    """V28, X2, X4"""
    assert tiers.open_to(tiers.holder_of(held)) == opened


def test_a_ladder_that_is_off_contains_nothing(tiers, now):
    """V49: its memberships stand alone; switched on again, they do not. At once, also for who asks in this request."""
    person = tiers.holder_of("Gold")
    assert decide(person, tiers.courses["Bronze"], now=now).allowed
    ladder_making.switch(tiers.ladder, on=False, now=now)
    assert not decide(person, tiers.courses["Bronze"], now=now).allowed
    assert tiers.open_to(person) == ["Gold"]
    ladder_making.switch(tiers.ladder, on=True, now=now)
    assert tiers.open_to(person) == ["Bronze", "Silver", "Gold"]


def test_another_order_opens_something_else_at_once(tiers, now):
    """V28"""
    bronze, silver, gold = tiers.memberships.values()
    person = tiers.holder_of("Silver")
    ladder_making.save(tiers.ladder, [silver, gold, bronze], now=now)
    assert tiers.open_to(person) == ["Silver"]
    ladder_making.save(tiers.ladder, [gold, silver], now=now)
    assert tiers.open_to(person) == ["Silver", "Gold"]
    ladder_making.delete(tiers.ladder, now=now)
    assert tiers.open_to(person) == ["Silver"]


def test_tiers_of_two_ladders_have_nothing_to_do_with_each_other(tiers, now):
    """X4: nor does a membership that is on none."""
    low, high = (school.sold(school.course(f"{name} of clay"), title=name, now=now) for name in ("Low", "High"))
    ladder_making.save(Ladder(title="Clay"), [low, high], now=now)
    person = UserFactory()
    school.subscribe(person, high, until=now + DAY)
    assert tiers.open_to(person) == []
    assert decide(person, school.sold(school.course("X"), now=now).bundle_items.get().item, now=now).allowed is False


def test_two_tiers_of_one_height_do_not_contain_each_other(tiers):
    """X4: unknown means closed."""
    tiers.ladder.tiers.model.objects.update(sort_order=1)
    assert tiers.open_to(tiers.holder_of("Gold")) == ["Gold"]
    tiers.ladder.tiers.model.objects.update(sort_order=None)
    assert tiers.open_to(tiers.holder_of("Gold")) == ["Gold"]


def test_a_tier_that_was_never_published_closes_nothing_and_is_offered_to_nobody(tiers, student, now):
    """S26"""
    Membership.objects.filter(title="Gold").update(first_published_at=None, live=False)
    decision = decide(student, tiers.courses["Bronze"], now=now)
    assert [one.title for one in decision.memberships] == ["Bronze", "Silver"]


def test_an_ended_higher_tier_opens_nothing(tiers):
    """X2"""
    assert tiers.open_to(tiers.holder_of("Gold", until=tiers.now - DAY, status="canceled")) == []


def test_who_is_behind_with_gold_reads_of_gold_at_bronzes_door(tiers, now):
    """X1"""
    person = tiers.holder_of("Gold", until=now - DAY, status="past_due", period_start=now - 8 * DAY)
    decision = decide(person, tiers.courses["Bronze"], now=now)
    assert (decision.reason, decision.holding.title) == (Reason.PAYMENT_FAILED, "Gold")


def test_who_holds_a_lower_tier_is_told_to_change_to_a_higher_one(tiers, now):
    """X1, V31: the lower of those that would help first."""
    person = tiers.holder_of("Bronze")
    decision = decide(person, tiers.courses["Silver"], now=now)
    assert (decision.allowed, decision.reason, decision.holding.title) == (False, Reason.UPGRADE, "Bronze")
    assert [one.title for one in decision.memberships] == ["Silver", "Gold"]
    with translation.override("en"):
        assert decision.sentence.startswith("Your membership “Bronze” does not contain this")
    ladder_making.switch(tiers.ladder, on=False, now=now)
    assert decide(person, tiers.courses["Silver"], now=now).reason is Reason.JOIN


def test_a_lower_tier_that_has_ended_is_no_ground_for_an_upgrade(tiers, now):
    """X1"""
    person = tiers.holder_of("Bronze", until=now - DAY, status="canceled")
    assert decide(person, tiers.courses["Silver"], now=now).reason is Reason.JOIN
    assert decide(AnonymousUser(), tiers.courses["Silver"], now=now).reason is Reason.SIGN_IN
    assert {one.title for one in decide(AnonymousUser(), tiers.courses["Silver"], now=now).memberships} == {
        "Silver",
        "Gold",
    }


@pytest.mark.parametrize("held", ["Bronze", "Gold", None])
def test_tiers_cost_no_query_more(tiers, student, now, held, django_assert_num_queries):
    """The budgets of design §8, with a ladder around."""
    person = tiers.holder_of(held) if held else student
    lesson = school.lesson(tiers.courses["Silver"])
    with django_assert_num_queries(1):
        decide(person, lesson, now=now)
    with django_assert_num_queries(0):
        decide(person, lesson, now=now)
    with django_assert_num_queries(1):
        items_open_to(person, [lesson, *tiers.courses.values()], now=now)
    with django_assert_num_queries(1):
        decide(AnonymousUser(), lesson, now=now)


@pytest.mark.parametrize("held", ["Bronze", "Gold", None])
def test_another_process_hears_of_the_first_ladder_by_itself(tiers, now, held, monkeypatch, django_assert_num_queries):
    """V28: it has never asked for tiers before, and its first answer is right already."""
    person = tiers.holder_of(held) if held else AnonymousUser()
    monkeypatch.setattr(facts._ladders, "are_known", False)
    with django_assert_num_queries(2):
        decision = decide(person, tiers.courses["Bronze"], now=now)
    assert decision.allowed == bool(held)
    assert decision.has_tiers
    with django_assert_num_queries(1):
        decide(person, tiers.courses["Silver"], now=now)


def test_a_site_without_ladders_is_not_asked_for_tiers(tiers, student, now, monkeypatch, django_assert_num_queries):
    """The budget of design §8. One that is off is none."""
    ladder_making.switch(tiers.ladder, on=False, now=now)
    monkeypatch.setattr(facts._ladders, "are_known", False)
    with django_assert_num_queries(1) as captured:
        assert not decide(student, tiers.courses["Bronze"], now=now).allowed
    assert "memberships_tier" not in captured[0]["sql"]
    assert not facts._ladders.are_known


def test_an_item_of_no_page_is_opened_by_a_higher_tier_too(tiers, now):
    """X3"""
    session = school.session("Glazing", now)
    bronze, item = tiers.memberships["Bronze"], Item.objects.get(title="Glazing")
    BundleItem.objects.create(membership=bronze, item=item, sort_order=5)
    assert decide(tiers.holder_of("Silver"), session, now=now).allowed
    assert decide(tiers.holder_of("Bronze"), session, now=now).allowed
    assert not decide(UserFactory(), session, now=now).allowed


def enrolled() -> set[tuple[str, str]]:
    rows = CourseEnrollment.objects.values_list("user__username", "course__title")
    return {(user, title.removeprefix("Course of ")) for user, title in rows}


def test_who_joins_gold_is_enrolled_in_bronzes_courses(tiers, now):
    """V28, W19"""
    silver = tiers.holder_of("Silver")
    deliveries.owe(Subscription.objects.get(user=silver).pk, now=now)
    deliveries.deliver_due(now=now)
    assert enrolled() == {(silver.username, "Bronze"), (silver.username, "Silver")}


def test_what_bronze_gains_is_owed_to_who_holds_gold(tiers, now):
    """V3, V28"""
    bronze, silver, former = (
        tiers.holder_of("Bronze"),
        tiers.holder_of("Silver"),
        tiers.holder_of("Gold", until=now - DAY),
    )
    assert set(holders_of(tiers.memberships["Bronze"].pk, now=now).values_list("user", flat=True)) == {
        bronze.pk,
        silver.pk,
    }
    spreading.ask(tiers.memberships["Bronze"].pk)
    deliveries.deliver_due(now=now)
    assert enrolled() == {(bronze.username, "Bronze"), (silver.username, "Bronze")}
    assert former.username not in {user for user, _title in enrolled()}


def test_what_another_order_opens_is_owed(tiers, now):
    """V28: and what it closes is not taken back, as progress never is."""
    person = tiers.holder_of("Bronze")
    bronze, silver, gold = tiers.memberships.values()
    ladder_making.switch(tiers.ladder, on=False, now=now)
    deliveries.deliver_due(now=now)
    assert enrolled() == set()
    ladder_making.save(tiers.ladder, [gold, silver, bronze], now=now)
    assert enrolled() == set(), "it is off"
    ladder_making.switch(tiers.ladder, on=True, now=now)
    deliveries.deliver_due(now=now)
    assert enrolled() == {(person.username, name) for name in ("Bronze", "Silver", "Gold")}
    ladder_making.save(tiers.ladder, [bronze, silver, gold], now=now)
    deliveries.deliver_due(now=now)
    assert len(enrolled()) == 3
