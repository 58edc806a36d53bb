"""How is a door opened or kept shut, and what does each answer say to caches?"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from wagtail import hooks
from wagtail.models import PageViewRestriction

from lms_memberships.access.gate import page_door
from tests.access import school

DAY = timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every_surface")]


def is_private(response) -> bool:
    return response["Cache-Control"] == "private, no-store" and "Cookie" in response["Vary"]


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_stranger_gets_the_offer_and_no_login_loop(course, gold, student, client_for, method):
    """V1, X3"""
    response = getattr(client_for(student), method)(course.url)
    assert response.status_code == 403
    assert is_private(response)
    if method == "get":
        page = response.content.decode()
        assert school.CANARY not in page
        assert "This is for members" in page


def test_a_visitor_is_offered_to_sign_in_and_come_back(course, gold, visitor):
    """X3"""
    response = visitor.get(course.url)
    assert response.status_code == 403
    assert is_private(response)
    assert f"/accounts/login/?next={course.url.replace('/', '%2F')}" in response.content.decode()


def test_a_member_reads_the_course_and_nobody_may_cache_it(course, gold, student, client_for, now):
    """V1, V3, S27"""
    school.subscribe(student, gold, until=now + DAY)
    response = client_for(student).get(course.url)
    assert response.status_code == 200
    assert school.CANARY in response.content.decode()
    assert is_private(response)


def test_the_moment_access_ends_the_page_is_closed(course, gold, student, client_for, now):
    """S47"""
    subscription = school.subscribe(student, gold, until=now + DAY)
    browser = client_for(student)
    assert browser.get(course.url).status_code == 200
    type(subscription).objects.update(access_until=now)
    assert browser.get(course.url).status_code == 403


def test_nothing_is_written_when_a_fence_is_opened(course, gold, student, client_for, now):
    """S47"""
    school.subscribe(student, gold, until=now + DAY)
    assert client_for(student).get(course.url).status_code == 200
    assert student.groups.count() == 0
    assert not Group.objects.filter(user__isnull=False).exists()


def test_a_page_in_no_membership_is_left_alone(student, client_for, gold, visitor):
    """X4"""
    free = school.course("Free")
    response = visitor.get(free.url)
    assert response.status_code == 200
    assert "no-store" not in response.get("Cache-Control", "")


def test_a_page_in_no_membership_costs_one_query_more(gold, visitor, django_assert_num_queries):
    """X4"""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    free = school.course("Free")
    visitor.get(free.url)
    with CaptureQueriesContext(connection) as with_door:
        visitor.get(free.url)
    ours = [query for query in with_door if "lms_memberships_bundleitem" in query["sql"]]
    assert len(ours) == 1


def test_the_editor_of_the_page_sees_it(course, gold, client_for, admin):
    """S48"""
    assert client_for(admin).get(course.url).status_code == 200


def test_draft_view_and_preview_of_editors_go_on_working(course, gold, client_for, admin):
    """S48"""
    browser = client_for(admin)
    assert school.CANARY in browser.get(f"/admin/pages/{course.pk}/view_draft/").content.decode()


def test_a_restriction_of_the_creators_own_still_counts(course, gold, student, client_for, now):
    """X3"""
    own = PageViewRestriction.objects.create(page=course, restriction_type="groups")
    own.groups.add(Group.objects.create(name="Teachers"))
    school.subscribe(student, gold, until=now + DAY)
    assert client_for(student).get(course.url).status_code == 302


def test_without_the_door_members_would_stand_before_a_login_page(course, gold, student, client_for, now, monkeypatch):
    """Negative control: the fence alone lets nobody in."""
    school.subscribe(student, gold, until=now + DAY)
    without = [(fn, order) for fn, order in hooks._hooks["on_serve_page"] if fn is not page_door]
    assert len(without) == len(hooks._hooks["on_serve_page"]) - 1
    monkeypatch.setitem(hooks._hooks, "on_serve_page", without)
    assert client_for(student).get(course.url).status_code == 302


def test_without_fence_and_door_the_course_would_be_open(course, gold, visitor, monkeypatch):
    """Negative control: what keeps the course shut is ours."""
    PageViewRestriction.objects.all().delete()
    without = [(fn, order) for fn, order in hooks._hooks["on_serve_page"] if fn is not page_door]
    monkeypatch.setitem(hooks._hooks, "on_serve_page", without)
    assert school.CANARY in visitor.get(course.url).content.decode()


@pytest.mark.parametrize("address", ["/by-decorator/{}/", "/by-mixin/{}/"])
def test_views_of_the_site_ask_too(student, client_for, visitor, now, address):
    """X3"""
    session = school.session("Glazing", now)
    address = address.format(session.pk)
    free = visitor.get(address)
    assert (free.status_code, free.content) == (200, b"the way in")
    membership = school.sold(session, now=now)
    for closed in (visitor.get(address), client_for(student).get(address)):
        assert closed.status_code == 403
        assert b"the way in" not in closed.content
        assert is_private(closed)
    school.subscribe(student, membership, until=now + DAY)
    opened = client_for(student).get(address)
    assert opened.content == b"the way in"
    assert is_private(opened)


def test_the_paywall_says_that_a_payment_failed_and_where_to_mend_it(course, gold, student, client_for, now):
    """X1"""
    school.subscribe(student, gold, until=now - DAY, status="past_due", period_start=now - 8 * DAY)
    page = client_for(student).get(course.url).content.decode()
    assert "Your payment for “Gold” failed on" in page
    assert "/memberships/account/" in page


def test_an_alias_elsewhere_is_closed_and_opens_for_members(course, gold, lesson, student, visitor, client_for, now):
    """S34, X4"""
    other = school.course("Elsewhere")
    alias = lesson.create_alias(parent=other, update_slug="alias")
    assert visitor.get(alias.url).status_code == 403
    school.subscribe(student, gold, until=now + DAY)
    from wagtail_lms.models import CourseEnrollment

    CourseEnrollment.objects.create(user=student, course=other)
    assert school.CANARY in client_for(student).get(alias.url).content.decode()


def test_a_copy_is_closed_to_members_too_until_somebody_opens_it(course, gold, student, client_for, now):
    """S34"""
    school.subscribe(student, gold, until=now + DAY)
    copy = course.copy(to=school.front_page(), update_attrs={"slug": "copy", "title": "Copy"}, keep_live=True)
    response = client_for(student).get(copy.url)
    assert response.status_code == 403
    assert school.CANARY not in response.content.decode()
    assert "no membership opens it yet" in response.content.decode()


def test_only_who_may_edit_the_page_is_told_and_can_look_as_a_visitor(course, gold, student, admin, client_for, now):
    """S48: a banner in the userbar for those who pass as staff, a look that only ever closes, and nothing for members."""
    school.subscribe(student, gold, until=now + DAY)
    staff, member = client_for(admin), client_for(student)
    assert "memberships-as=visitor" in staff.get(course.url).content.decode()
    assert "memberships-as=visitor" not in member.get(course.url).content.decode()
    looked = staff.get(f"{course.url}?memberships-as=visitor")
    assert looked.status_code == 403
    assert school.CANARY not in looked.content.decode()
    assert member.get(f"{course.url}?memberships-as=visitor").status_code == 200


def test_unpublishing_a_membership_closes_the_sale_and_not_the_access(course, gold, student, visitor, client_for, now):
    """N5: members read on, nobody else gets in, and nobody is offered what is not sold."""
    school.subscribe(student, gold, until=now + DAY)
    type(gold).objects.filter(pk=gold.pk).update(live=False)
    assert client_for(student).get(course.url).status_code == 200
    closed = visitor.get(course.url)
    assert closed.status_code == 403
    assert "Gold" not in closed.content.decode()
