"""Do searches, teasers, cache keys, the API mixin and the report of fences say what ``decide`` says?"""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command
from django.template import engines
from django.test import RequestFactory
from wagtail.models import GroupPagePermission, Page, PageViewRestriction

from example_site.models import LiveSession
from lms_memberships.access import cache_key, decide, fence, items_open_to, teaser, teasers, visible_to
from lms_memberships.access.reasons import Reason
from lms_memberships.models import BundleItem
from tests.access import school
from tests.factories import UserFactory, allow

DAY = timedelta(days=1)
VISITOR = AnonymousUser()
pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(course, now):
    """A section in Gold with a course in it that is in Silver too, a free course, an alias and a copy."""

    class Tree:
        lesson = school.course("Inner", parent=course)
        gold = school.sold(course, now=now)
        silver = school.sold(lesson, title="Silver", now=now)
        other = school.lesson(course, "Other")
        free = school.course("Free")
        alias = lesson.create_alias(parent=free, update_slug="alias")
        copy = course.copy(to=school.front_page(), update_attrs={"slug": "copy"}, keep_live=True)

    Tree.course = course
    return Tree


def fresh(user):
    return type(user)._default_manager.get(pk=user.pk)


def seen(user, now) -> set[int]:
    return set(visible_to(Page.objects.filter(depth__gt=2), user, now=now).values_list("pk", flat=True))


@pytest.mark.parametrize("held", [(), ("gold",), ("silver",), ("gold", "silver")])
def test_what_is_visible_is_exactly_what_decide_opens(tree, student, now, held):
    """S31, S34, X2: pages, aliases, copies, and what two memberships share."""
    for name in held:
        school.subscribe(student, getattr(tree, name), until=now + DAY)
    pages = Page.objects.filter(depth__gt=2)
    for user in (VISITOR, student):
        by_one = {page.pk for page in pages if decide(user if user is VISITOR else fresh(user), page, now=now).allowed}
        assert seen(user, now) == by_one
        assert {page.pk for page in items_open_to(user, pages, now=now)} == by_one
    assert tree.free.pk in seen(student, now)
    assert tree.copy.pk not in seen(student, now)


def test_without_it_a_search_names_what_is_closed(tree, student, now):
    """S31, negative control: the same rows unfiltered hold the canary."""
    rows = Page.objects.filter(title="Clay")
    assert rows.count() == 2
    assert not visible_to(rows, student, now=now).exists()


def test_editors_and_other_privacy_settings_are_minded(tree, student, now, admin):
    """S31, S48"""
    group = Group.objects.create(name="Editors of Clay")
    GroupPagePermission.objects.create(group=group, page=tree.course, permission_type="change")
    editor = UserFactory()
    editor.groups.add(group)
    assert tree.other.pk in seen(fresh(editor), now)
    assert tree.copy.pk not in seen(fresh(editor), now)
    PageViewRestriction.objects.create(page=tree.free, restriction_type="login")
    assert tree.free.pk not in seen(student, now)
    assert tree.copy.pk in seen(admin, now)


def test_things_of_a_registered_kind_are_filtered_too_and_others_refused(student, now):
    """S31"""
    sold, free = school.session("Sold", now), school.session("Free", now)
    gold = school.sold(sold, now=now)
    rows = LiveSession.objects.order_by("pk")
    assert list(visible_to(rows, student, now=now)) == [free]
    school.subscribe(student, gold, until=now + DAY)
    assert list(visible_to(rows, fresh(student), now=now)) == [sold, free]
    assert list(visible_to(rows, allow(UserFactory(), "change_livesession"), now=now)) == [sold, free]
    with pytest.raises(TypeError):
        visible_to(Group.objects.all(), student, now=now)


def test_on_a_members_only_site_strangers_see_nothing(tree, student, now, settings):
    settings.LMS_MEMBERSHIPS_REQUIRE_MEMBERSHIP = True
    assert seen(VISITOR, now) == set()
    school.subscribe(student, tree.silver, until=now + DAY)
    assert seen(student, now) == {tree.free.pk, tree.lesson.pk, tree.alias.pk}


def test_a_copy_of_members_content_is_closed_by_decide_itself(tree, student, now):
    """S34: a view of the site's own that asks ``decide`` is told so, and ``memberships_why`` too."""
    for one in (tree.copy, tree.copy.get_children().get(title="Other") if tree.copy.numchild else tree.copy):
        assert decide(fresh(student), one, now=now).reason is Reason.UNKNOWN
    with pytest.raises(SystemExit):
        call_command("memberships_why", "-", tree.copy.url, stdout=StringIO())
    PageViewRestriction.objects.filter(page=tree.copy).delete()
    assert decide(fresh(student), tree.copy, now=now).reason is Reason.NOT_SOLD


@pytest.mark.parametrize("titles", [True, False])
@pytest.mark.parametrize("descriptions", [True, False])
def test_a_teaser_shows_what_the_settings_allow(tree, student, now, settings, titles, descriptions):
    """S33"""
    settings.LMS_MEMBERSHIPS_SHOW_TITLES, settings.LMS_MEMBERSHIPS_SHOW_DESCRIPTIONS = titles, descriptions
    Page.objects.filter(pk=tree.course.pk).update(search_description="How to centre")
    page = Page.objects.get(pk=tree.course.pk)
    closed = teaser(VISITOR, page, now=now)
    assert closed.title == ("Clay" if titles else "Members only")
    assert closed.text == ("How to centre" if descriptions else "")
    assert not closed.is_open
    school.subscribe(student, tree.gold, until=now + DAY)
    mine, free = teasers(student, [page, tree.free], now=now)
    assert (mine.title, mine.text, mine.is_open) == ("Clay", "How to centre", True)
    assert (free.title, free.is_open) == ("Free", True)


def test_the_paywall_hides_the_title_too(course, gold, visitor, settings):
    """S33"""
    assert "<h1>Clay</h1>" in visitor.get(course.url).content.decode()
    settings.LMS_MEMBERSHIPS_SHOW_TITLES = False
    assert "<h1>Members only</h1>" in visitor.get(course.url).content.decode()


def test_a_cached_piece_of_a_page_ends_with_access(course, gold, student, now):
    """S47, and its control: under a key that does not ask, the piece stays."""
    asked = "{% load cache memberships %}{% membership_cache_key course as key %}{% cache 600 piece key %}{{ piece }}{% endcache %}"
    unasked = "{% load cache %}{% cache 600 unasked %}{{ piece }}{% endcache %}"

    def show(source: str, user: object) -> str:
        request = RequestFactory().get("/")
        request.user = user
        piece = "CANARY" if decide(user, course, now=now).allowed else "join"
        return engines["django"].from_string(source).render({"course": course, "piece": piece}, request)

    subscription = school.subscribe(student, gold, until=now + DAY)
    keys = {cache_key(fresh(student), course, now=now)}
    assert [show(one, fresh(student)) for one in (asked, unasked)] == ["CANARY", "CANARY"]
    type(subscription).objects.update(access_until=now)
    keys.add(cache_key(fresh(student), course, now=now))
    assert len(keys) == 2
    assert [show(one, fresh(student)) for one in (asked, unasked)] == ["join", "CANARY"]


def test_the_report_names_missing_fences_and_closed_copies_and_mends(tree, now):
    """S34"""
    call_command("memberships_fences", stdout=StringIO())
    # What mends a fence that somebody takes down waits for the commit, which never comes here.
    PageViewRestriction.objects.filter(page=tree.course).delete()
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("memberships_fences", stdout=said)
    assert "No fence: " in said.getvalue()
    assert tree.course.url_path in said.getvalue()
    assert f"Closed copy: {tree.copy.url_path}" in said.getvalue()
    call_command("memberships_fences", "--repair", stdout=said)
    assert not fence.missing().exists()
    call_command("memberships_fences", stdout=StringIO())


@pytest.mark.parametrize("first_to_end", ["bought", "given", "imported"])
def test_what_one_subscription_ends_another_keeps_open(course, student, now, first_to_end):
    """X2: bought, given for good and brought in by a bundle of another membership, ended in every order."""
    ways = {
        "bought": school.subscribe(student, school.sold(course, title="Bought", now=now), until=now + DAY),
        "given": school.subscribe(
            student, school.sold(course, title="Given", now=now), until=now + DAY, status="trialing"
        ),
        "imported": school.subscribe(student, school.sold(course, title="Old", now=now), until=now + 40 * DAY),
    }
    order = [first_to_end, *[name for name in ways if name != first_to_end]]
    for number, name in enumerate(order):
        assert decide(fresh(student), course, now=now).allowed, f"closed after {order[:number]}"
        type(ways[name]).objects.filter(pk=ways[name].pk).update(status="canceled", access_until=now - DAY)
    assert decide(fresh(student), course, now=now).reason is Reason.ENDED


def test_taking_it_out_of_one_bundle_closes_nothing_that_another_opens(course, student, now):
    """X2"""
    gold, silver = school.sold(course, now=now), school.sold(course, title="Silver", now=now)
    school.subscribe(student, silver, until=now + DAY)
    BundleItem.objects.filter(membership=gold).delete()
    fence.refresh()
    assert decide(fresh(student), course, now=now).reason is Reason.MEMBER
    assert not decide(VISITOR, course, now=now).allowed
