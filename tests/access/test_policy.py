"""Who may open what, and why not?"""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.utils import translation
from wagtail.models import GroupPagePermission

from lms_memberships.access import decide, fence, items_open_to
from lms_memberships.access.reasons import OPENING, Reason
from lms_memberships.models import Item, Subscription
from tests.access import school
from tests.factories import UserFactory

DAY = timedelta(days=1)
#: Some moment that has passed: of what is closed by hand only that it is counts.
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def course(db):
    return school.course()


def fresh(user):
    """The same person in the next request."""
    return type(user)._default_manager.get(pk=user.pk)


def test_a_course_in_no_membership_is_open_to_everybody(course, student, now):
    """X4"""
    assert decide(student, course, now=now).reason is Reason.NOT_SOLD
    assert decide(AnonymousUser(), course, now=now).allowed


def test_a_draft_membership_closes_nothing_yet(course, student, now):
    """S26"""
    membership = school.sold(course, now=now)
    type(membership).objects.update(first_published_at=None, live=False)
    fence.refresh()
    assert decide(fresh(student), course, now=now).reason is Reason.NOT_SOLD


def test_a_sold_course_is_closed_to_strangers_and_says_what_would_help(course, student, now):
    """V1, V3, X1"""
    membership = school.sold(course, now=now)
    decision = decide(student, course, now=now)
    assert (decision.allowed, decision.reason) == (False, Reason.JOIN)
    assert [one.pk for one in decision.memberships] == [membership.pk]
    assert decide(AnonymousUser(), course, now=now).reason is Reason.SIGN_IN


def test_a_live_subscription_opens_until_its_very_end(course, student, now):
    """V1, V9"""
    school.subscribe(student, school.sold(course, now=now), until=now + DAY)
    assert decide(student, course, now=now).reason is Reason.MEMBER
    assert decide(fresh(student), course, now=now + DAY - timedelta(seconds=1)).allowed
    assert not decide(fresh(student), course, now=now + DAY).allowed


def test_what_lies_below_a_bundled_page_is_covered(course, student, now):
    """X3"""
    lesson = school.lesson(course)
    membership = school.sold(course, now=now)
    assert not decide(student, lesson, now=now).allowed
    school.subscribe(student, membership, until=now + DAY)
    assert decide(student, lesson, now=now).allowed


def test_a_neighbour_whose_path_begins_alike_is_not_covered(course, student, now):
    """X3"""
    school.sold(course, now=now)
    assert decide(student, school.course("Neighbour"), now=now).reason is Reason.NOT_SOLD
    assert decide(student, school.front_page(), now=now).reason is Reason.NOT_SOLD


def test_unpublishing_closes_the_sale_and_never_the_access(course, student, now):
    """S26"""
    membership = school.sold(course, now=now, live=False)
    other = UserFactory()
    school.subscribe(student, membership, until=now + DAY)
    assert decide(student, course, now=now).allowed
    assert not decide(other, course, now=now).allowed


def test_one_subscription_of_another_person_opens_nothing(course, student, now):
    """S19"""
    school.subscribe(UserFactory(), school.sold(course, now=now), until=now + DAY)
    assert not decide(student, course, now=now).allowed


def test_ending_one_way_in_never_ends_another(course, student, now):
    """X2"""
    gold, silver = school.sold(course, title="Gold", now=now), school.sold(course, title="Silver", now=now)
    school.subscribe(student, gold, until=now - DAY, status="canceled")
    school.subscribe(student, silver, until=now + DAY, origin="given")
    assert decide(student, course, now=now).holding.title == "Silver"


@pytest.mark.parametrize(
    ("columns", "until", "reason"),
    [
        ({"status": "past_due"}, timedelta(days=-1), Reason.PAYMENT_FAILED),
        ({"status": "past_due"}, timedelta(days=1), Reason.IN_GRACE),
        ({"status": "unpaid"}, None, Reason.PAYMENT_FAILED),
        ({"status": "incomplete", "opened_at": None}, None, Reason.WAITING_FOR_PAYMENT),
        ({"status": "active", "opened_at": None}, None, Reason.WAITING_FOR_PAYMENT),
        ({"status": "incomplete_expired", "opened_at": None}, None, Reason.JOIN),
        ({"status": "paused"}, None, Reason.PAUSED),
        ({"status": "canceled"}, timedelta(days=-1), Reason.ENDED),
        # The worker was away, the status is old: the column alone decides.
        ({"status": "active"}, timedelta(days=-1), Reason.ENDED),
        ({"status": "canceled"}, timedelta(days=1), Reason.MEMBER),
        ({"status": "active", "suspended_at": NOW - DAY}, timedelta(days=-1), Reason.DISPUTED),
        ({"status": "past_due", "suspended_at": NOW - DAY}, timedelta(days=-1), Reason.DISPUTED),
        ({"status": "canceled", "suspended_at": NOW - DAY}, timedelta(days=-1), Reason.DISPUTED),
        # Closed by staff, and being ended at Stripe: no payment opens it again.
        ({"status": "past_due", "revoked_at": NOW - DAY}, timedelta(days=-1), Reason.ENDED),
        ({"status": "active", "revoked_at": NOW - DAY, "opened_at": None}, None, Reason.JOIN),
    ],
)
def test_the_reason_names_what_stands_in_the_way(course, student, now, columns, until, reason):
    """X1"""
    end = now + until if until else None
    school.subscribe(student, school.sold(course, now=now), until=end, period_start=now - 3 * DAY, **columns)
    decision = decide(student, course, now=now)
    assert decision.reason is reason
    assert decision.allowed == (reason in OPENING)
    assert decision.sentence


def test_a_trial_that_ran_out_is_called_that(course, student, now):
    """X1"""
    end = now - DAY
    school.subscribe(student, school.sold(course, now=now), until=end, status="canceled", trial_end=end)
    decision = decide(student, course, now=now)
    assert decision.reason is Reason.TRIAL_ENDED
    with translation.override("en"):
        assert decision.sentence.startswith("Your trial of “Gold” ended on ")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        # It runs at Stripe, and is closed for another reason: nothing has ended but access.
        ({"status": "active"}, "Your access through “Gold” ended on Jan. 3, 2026."),
        # Not paid for days, and ended later: the day that the account page says.
        ({"status": "canceled", "ended_at": NOW + 9 * DAY}, "Your membership “Gold” ended on Jan. 10, 2026."),
        (
            {"status": "active", "suspended_at": NOW + 2 * DAY},
            "“Gold” has been closed since Jan. 3, 2026, because its payment was disputed at a bank. Your account says more.",
        ),
    ],
)
def test_no_end_is_said_that_did_not_come(course, student, now, columns, words):
    """X1, G7: the paywall and the account page do not contradict each other."""
    school.subscribe(student, school.sold(course, now=now), until=NOW + 2 * DAY, **columns)
    with translation.override("en"):
        assert decide(student, course, now=NOW + 20 * DAY).sentence == words


@pytest.mark.parametrize(("is_over", "reason"), [(False, Reason.DISPUTED), (True, Reason.ENDED)])
def test_a_dispute_that_is_long_over_does_not_hide_what_came_later(course, student, now, is_over, reason):
    """X1, G7"""
    gold = school.sold(course, now=now)
    status = "canceled" if is_over else "active"
    school.subscribe(student, gold, until=now - 90 * DAY, suspended_at=now - 90 * DAY, status=status)
    school.subscribe(student, gold, until=now - DAY, ended_at=now - DAY, status="canceled")
    assert decide(student, course, now=now).reason is reason


def test_every_reason_has_a_sentence(course, student, now):
    """X1"""
    from lms_memberships.access.reasons import sentence

    assert all(sentence(reason, None, []) and sentence(reason, None, ["Gold", "Silver"]) for reason in Reason)


def test_what_nobody_knows_is_closed(student, now):
    """X4"""
    assert decide(student, None, now=now).reason is Reason.UNKNOWN
    assert decide(student, Group(name="x"), now=now).reason is Reason.UNKNOWN
    assert decide(student, Group.objects.create(name="y"), now=now).reason is Reason.UNKNOWN


def test_a_thing_that_is_no_page_and_its_catalogue_row_get_one_answer(student, now):
    """X3"""
    session = school.session("Glazing", now)
    membership = school.sold(session, now=now)
    row = Item.objects.get(title="Glazing")
    assert not decide(student, session, now=now).allowed
    assert not decide(student, row, now=now).allowed
    school.subscribe(student, membership, until=now + DAY)
    assert decide(student, session, now=now).allowed
    assert decide(student, row, now=now).allowed


def test_a_course_and_its_catalogue_row_get_one_answer(course, student, now):
    """X3"""
    school.subscribe(student, school.sold(course, now=now), until=now + DAY)
    assert decide(student, Item.objects.get(page=course), now=now).allowed
    assert not decide(UserFactory(), Item.objects.get(page=course), now=now).allowed


def test_superusers_cost_nothing(course, admin, now, django_assert_num_queries):
    """The budget of design §8."""
    school.sold(course, now=now)
    with django_assert_num_queries(0):
        assert decide(admin, course, now=now).reason is Reason.SUPERUSER


@pytest.mark.parametrize("until", [DAY, -DAY, None])
def test_a_student_costs_one_query_and_none_the_second_time(course, student, now, until, django_assert_num_queries):
    """The budget of design §8."""
    membership = school.sold(course, now=now)
    lesson = school.lesson(course)
    if until:
        school.subscribe(student, membership, until=now + until)
    with django_assert_num_queries(1):
        decide(student, lesson, now=now)
    with django_assert_num_queries(0):
        decide(student, lesson, now=now + timedelta(milliseconds=5))


def test_what_is_remembered_is_dropped_when_something_is_bought(course, student, now):
    """X1"""
    membership = school.sold(course, now=now)
    assert not decide(student, course, now=now).allowed
    subscription = school.subscribe(student, membership, until=now + DAY)
    assert decide(student, course, now=now).allowed
    subscription.access_until = now
    subscription.save()
    assert not decide(student, course, now=now).allowed


def test_a_long_lived_user_object_does_not_keep_an_old_answer(course, student, now):
    """X1, S47"""
    school.subscribe(student, school.sold(course, now=now), until=now + DAY)
    assert decide(student, course, now=now).allowed
    Subscription.objects.update(access_until=now)
    assert not decide(student, course, now=now + timedelta(minutes=1)).allowed


def editors_of(page):
    group = Group.objects.create(name=f"Editors of {page}")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    GroupPagePermission.objects.create(
        group=group, page=page, permission=Permission.objects.get(codename="change_page")
    )
    return group


def test_who_may_edit_that_very_page_may_open_it_and_no_other(course, now):
    """S48"""
    other = school.course("Glass")
    school.sold(course, other, now=now)
    editor = UserFactory()
    editor.groups.add(editors_of(course))
    assert decide(editor, course, now=now).reason is Reason.EDITOR
    assert decide(editor, school.lesson(course), now=now).reason is Reason.EDITOR
    assert not decide(editor, other, now=now).allowed


def test_the_admin_door_alone_opens_nothing(course, creator, now):
    """S48"""
    school.sold(course, now=now)
    assert not decide(creator, course, now=now).allowed


def test_who_may_change_live_sessions_may_open_them(student, now):
    """S48"""
    session = school.session("Glazing", now)
    school.sold(session, now=now)
    assert not decide(student, session, now=now).allowed
    student.user_permissions.add(Permission.objects.get(codename="change_livesession"))
    assert decide(fresh(student), session, now=now).reason is Reason.EDITOR


def test_an_inactive_superuser_is_nobody(course, admin, now):
    """S48"""
    school.sold(course, now=now)
    admin.is_active = False
    assert not decide(admin, course, now=now).allowed


def test_a_listing_of_things_of_all_kinds_is_one_query(course, student, now, django_assert_num_queries):
    """The budget of design §8."""
    free, locked = school.course("Free"), school.course("Locked")
    mine, theirs = school.session("Mine", now), school.session("Theirs", now)
    school.subscribe(student, school.sold(course, mine, now=now), until=now + DAY)
    school.sold(locked, theirs, title="Silver", now=now)
    lesson = school.lesson(course)
    things = [course, lesson, free, locked, mine, theirs]
    with django_assert_num_queries(1):
        found = items_open_to(student, things, now=now)
    assert found == {course, lesson, free, mine}
    assert items_open_to(AnonymousUser(), things, now=now) == {free}
    for thing in things:
        assert (thing in found) == decide(fresh(student), thing, now=now).allowed


def test_a_listing_of_catalogue_rows_is_one_query(student, now, django_assert_num_queries):
    """The budget of design §8."""
    courses = [school.course(f"Course {number}") for number in range(6)]
    school.subscribe(student, school.sold(*courses[:3], now=now), until=now + DAY)
    school.sold(*courses[3:5], title="Silver", now=now)
    rows = list(Item.objects.select_related("page").order_by("title"))
    with django_assert_num_queries(1):
        found = items_open_to(student, rows, now=now)
    assert [row in found for row in rows] == [True, True, True, False, False, True]


def test_nothing_asked_is_nothing_found(student, now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert items_open_to(student, [], now=now) == set()


def test_a_members_only_site_asks_for_any_live_membership(course, student, now, settings):
    """X4"""
    settings.LMS_MEMBERSHIPS_REQUIRE_MEMBERSHIP = True
    membership = school.sold(school.session("Glazing", now), now=now)
    assert decide(AnonymousUser(), course, now=now).reason is Reason.SIGN_IN
    assert decide(student, course, now=now).reason is Reason.JOIN
    assert items_open_to(student, [course], now=now) == set()
    school.subscribe(student, membership, until=now + DAY)
    assert decide(student, course, now=now).allowed
    assert items_open_to(student, [course], now=now) == {course}
