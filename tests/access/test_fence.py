"""What keeps members' pages out of sitemap, search and API, and does it follow them everywhere?"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from wagtail.models import Locale, Page, PageViewRestriction

from lms_memberships.access import fence
from lms_memberships.models import Item
from tests.access import school
from tests.factories import put_into

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every_surface")]


def in_public(page) -> bool:
    return Page.objects.public().filter(pk=page.pk).exists()


def shown_by(visitor, page) -> set[str]:
    """The surfaces on which a visitor finds the page."""
    listing = visitor.get("/api/pages/?limit=20").json()
    surfaces = {
        "api list": page.pk in [row["id"] for row in listing["items"]],
        "api detail": visitor.get(f"/api/pages/{page.pk}/").status_code == 200,
        "api find": visitor.get(f"/api/pages/find/?html_path={page.url}").status_code != 404,
        "api search": page.pk in [row["id"] for row in visitor.get(f"/api/pages/?search={page.title}").json()["items"]],
        "sitemap": f"{page.url}</loc>" in visitor.get("/sitemap.xml").content.decode(),
        "public": in_public(page),
        "public search": page.pk in [found.pk for found in Page.objects.live().public().search(page.title)],
    }
    return {surface for surface, is_shown in surfaces.items() if is_shown}


EVERYWHERE = {"api list", "api detail", "api find", "api search", "sitemap", "public", "public search"}


def test_what_is_sold_is_shown_on_no_surface(course, lesson, visitor, now):
    """X4, S32, S33"""
    assert shown_by(visitor, course) == EVERYWHERE
    school.sold(course, now=now)
    assert shown_by(visitor, course) == set()
    assert shown_by(visitor, lesson) == set()


def test_without_the_fence_it_would_be_shown(course, gold, visitor):
    """Negative control."""
    PageViewRestriction.objects.all().delete()
    assert shown_by(visitor, course) == EVERYWHERE


def test_a_member_with_access_does_not_open_the_surfaces_for_others(course, gold, student, client_for, visitor, now):
    """S32"""
    school.subscribe(student, gold, until=now + timedelta(days=1))
    browser = client_for(student)
    assert browser.get(course.url).status_code == 200
    assert browser.get(f"/api/pages/{course.pk}/").status_code == 404
    assert shown_by(visitor, course) == set()


def test_the_group_is_one_and_nobody_can_be_put_into_it(course, gold, student):
    """X4"""
    group = Group.objects.get(name=fence.FENCE)
    student.groups.add(group)
    group.user_set.add(student)
    student.groups.set([group])
    assert not student.groups.exists()
    other = Group.objects.create(name="Teachers")
    student.groups.add(other, group)
    assert list(student.groups.all()) == [other]


def test_fencing_twice_raises_one_fence(course, gold):
    fence.refresh_for(gold)
    fence.refresh()
    assert PageViewRestriction.objects.filter(page=course).count() == 1


def test_unpublishing_leaves_the_fence(course, gold):
    """S26"""
    gold.live = False
    gold.save()
    fence.refresh()
    assert not in_public(course)


def test_taking_it_out_of_one_membership_is_not_enough(course, gold, now):
    """X4"""
    silver = school.sold(course, title="Silver", now=now)
    fence.refresh_for(put_into(silver))
    assert not in_public(course)
    fence.refresh_for(put_into(gold))
    assert in_public(course)


def test_a_deleted_membership_lets_go(course, gold, django_capture_on_commit_callbacks):
    """X4"""
    with django_capture_on_commit_callbacks(execute=True):
        gold.delete()
    assert in_public(course)


def test_the_creators_own_restriction_survives_ours(course, gold):
    """X3"""
    PageViewRestriction.objects.create(page=course, restriction_type="login")
    fence.refresh_for(put_into(gold))
    assert [row.restriction_type for row in course.get_view_restrictions()] == ["login"]


def test_who_removes_the_fence_in_the_privacy_dialog_gets_it_back(course, gold, django_capture_on_commit_callbacks):
    """S34"""
    with django_capture_on_commit_callbacks(execute=True):
        PageViewRestriction.objects.get(page=course).delete()
    assert not in_public(course)
    row = PageViewRestriction.objects.get(page=course)
    with django_capture_on_commit_callbacks(execute=True):
        row.restriction_type = "login"
        row.save()
    assert fence.has_own_fence(course)


def test_a_fenced_page_can_be_deleted(course, gold, now, django_capture_on_commit_callbacks):
    """Its restrictions go first and must not come back."""
    alias = course.create_alias(parent=school.front_page(), update_slug="alias")
    assert fence.has_own_fence(alias)
    with django_capture_on_commit_callbacks(execute=True):
        alias.delete()
    assert not Page.objects.filter(slug="alias").exists()


def test_a_page_written_below_later_is_closed(course, gold, visitor):
    """X3"""
    assert shown_by(visitor, school.lesson(course, "Added later")) == set()


def test_moving_the_course_takes_the_fence_along(course, gold, visitor):
    """S34"""
    course.move(school.course("Section"), pos="last-child")
    moved = Page.objects.get(pk=course.pk)
    assert shown_by(visitor, moved) == set()


def test_a_lesson_that_is_moved_out_stays_closed_until_somebody_opens_it(course, lesson, gold, visitor):
    """S34"""
    lesson.move(school.course("Free"), pos="last-child")
    moved = Page.objects.get(pk=lesson.pk)
    assert shown_by(visitor, moved) == set()
    # As Wagtail's privacy dialog does.
    moved.view_restrictions.all().delete()
    assert "public" in shown_by(visitor, moved)


def test_a_lesson_that_comes_back_is_covered_by_the_course_again(course, lesson, gold):
    """S34"""
    lesson.move(school.course("Free"), pos="last-child")
    Page.objects.get(pk=lesson.pk).move(Page.objects.get(pk=course.pk), pos="last-child")
    back = Page.objects.get(pk=lesson.pk)
    assert not back.view_restrictions.exists()
    assert not in_public(back)


def test_aliases_are_closed_wherever_they_are(course, lesson, gold, visitor):
    """S34"""
    other = school.course("Elsewhere")
    of_course = course.create_alias(parent=school.front_page(), update_slug="alias", recursive=True)
    of_lesson = lesson.create_alias(parent=other, update_slug="alias-of-lesson")
    of_alias = of_lesson.create_alias(parent=other, update_slug="alias-of-alias")
    for alias in (of_course, of_lesson, of_alias, *of_course.get_children()):
        assert shown_by(visitor, Page.objects.get(pk=alias.pk)) == set()


def test_an_alias_made_before_the_sale_is_closed_by_it(course, lesson, visitor, now):
    """S34"""
    alias = lesson.create_alias(parent=school.course("Elsewhere"), update_slug="alias")
    assert in_public(alias)
    school.sold(course, now=now)
    assert shown_by(visitor, alias) == set()


def test_an_alias_that_becomes_a_page_of_its_own_stays_closed(course, lesson, gold, visitor):
    """S34"""
    from wagtail.actions.convert_alias import ConvertAliasPageAction

    alias = lesson.create_alias(parent=school.course("Elsewhere"), update_slug="alias")
    ConvertAliasPageAction(alias).execute(skip_permission_checks=True)
    fence.refresh()
    assert shown_by(visitor, Page.objects.get(pk=alias.pk)) == set()


def test_copies_are_closed(course, lesson, gold, visitor):
    """S34"""
    whole = course.copy(to=school.front_page(), recursive=True, update_attrs={"slug": "copy"}, keep_live=True)
    part = lesson.copy(to=school.course("Free"), update_attrs={"slug": "part"}, keep_live=True)
    fence.refresh()
    for copy in (whole, part, *whole.get_children()):
        assert shown_by(visitor, Page.objects.get(pk=copy.pk)) == set()


def test_a_copy_of_a_free_page_is_free(gold, visitor):
    """X4"""
    copy = school.course("Free").copy(to=school.front_page(), update_attrs={"slug": "copy"}, keep_live=True)
    assert in_public(copy)


def test_translations_are_closed_and_open_for_members(course, lesson, gold, student, client_for, visitor, now):
    """S34"""
    french, _created = Locale.objects.get_or_create(language_code="fr")
    school.front_page().copy_for_translation(french)
    translation = course.copy_for_translation(french)
    translated_lesson = lesson.copy_for_translation(french)
    for page in (translation, translated_lesson):
        page.save_revision().publish()
        assert not in_public(page)
    from lms_memberships.access import decide

    assert not decide(student, translated_lesson, now=now).allowed
    school.subscribe(student, gold, until=now + timedelta(days=1))
    assert decide(student, translated_lesson, now=now).allowed


def test_things_that_are_no_pages_need_no_fence(now):
    """X3"""
    school.sold(school.session("Glazing", now), now=now)
    fence.fence(Item.objects.get(title="Glazing"))
    assert not PageViewRestriction.objects.exists()
