"""Does what somebody bought stay, whichever way a person tries to delete it? (G16)"""

from importlib.util import find_spec

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.db import transaction
from django.db.models import ProtectedError
from django.urls import reverse
from wagtail import hooks
from wagtail.models import Page

from example_site.models import LiveSession
from lms_memberships.creator import deleting_hooks
from lms_memberships.models import Item, Membership, Subscription
from tests.access import school
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin, client_for):
    return client_for(admin)


@pytest.fixture
def course(db):
    return school.course("Clay", parent=school.course("Ceramics"))


@pytest.fixture
def gold(course, student, now):
    """Sold, and held by the student: a course below another page, and a live session."""
    gold = school.sold(course, school.session("Glazing", now), title="Gold <b>", now=now)
    school.subscribe(student, gold, until=now.replace(year=now.year + 1))
    return gold


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def page_address(page) -> str:
    return reverse("wagtailadmin_pages:delete", args=[page.pk])


def bulk(app: str, model: str, *rows) -> str:
    ids = "&".join(f"id={row.pk}" for row in rows)
    return f"{reverse('wagtail_bulk_action', args=[app, model, 'delete'])}?{ids}"


def snippet_address(row) -> str:
    return reverse(row.snippet_viewset.get_url_name("delete"), args=[row.pk])


def tree(gold):
    return Page.objects.get(title="Ceramics")


#: Each way of the admin to delete something of Gold's: the address, and the words that name what stands in its way.
WAYS = {
    "the course itself": lambda gold: (page_address(Page.objects.get(title="Clay")), "'Clay' is part of"),
    "a page above it": lambda gold: (page_address(tree(gold)), "'Ceramics' cannot be deleted: 'Clay' is part of"),
    "pages in bulk": lambda gold: (bulk("wagtailcore", "page", tree(gold)), "'Clay' is part of"),
    "a live session": lambda gold: (snippet_address(LiveSession.objects.get()), "'Glazing' is part of"),
    "live sessions in bulk": lambda gold: (bulk("example_site", "livesession", LiveSession.objects.get()), "part of"),
    "the membership": lambda gold: (snippet_address(gold), "has been on sale"),
    "memberships in bulk": lambda gold: (bulk("lms_memberships", "membership", gold), "has been on sale"),
}


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Page, LiveSession, Membership, Item, Subscription))


@pytest.mark.parametrize("way", WAYS)
def test_what_was_sold_is_not_deleted_and_unpublishing_is_offered(way, gold, browser):
    """G16: by the admin's page, its bulk actions, the tree and the snippets; in a sentence, never an error page."""
    address, words = WAYS[way](gold)
    before = counts()
    answer = browser.post(address)
    assert answer.status_code == 302
    assert words.replace("'", "&#x27;") in said(answer)
    assert "Unpublish it instead" in said(answer)
    assert "<b>" not in said(answer)
    assert browser.get(answer["Location"], follow=True).status_code == 200
    assert counts() == before


@pytest.mark.parametrize("way", ["a page above it", "pages in bulk", "the membership", "memberships in bulk"])
def test_without_our_words_the_database_still_refuses(way, gold, browser, monkeypatch):
    """G16, the control: the sentence is ours, the keeping is the database's; a person would see an error page."""
    real = hooks.get_hooks

    def without_ours(name: str) -> list:
        # Only ours: Wagtail keeps for the whole process what the other hooks register when first asked.
        return [fn for fn in real(name) if fn.__module__ != deleting_hooks.__name__]

    monkeypatch.setattr(hooks, "get_hooks", without_ours)
    address, _words = WAYS[way](gold)
    before = counts()
    browser.raise_request_exception = False
    assert browser.post(address).status_code == 500
    assert counts() == before


@pytest.mark.parametrize("row", [Page, LiveSession, Membership])
def test_code_cannot_delete_it_either(row, gold):
    """G16: ``Model.delete()`` and a whole query."""
    rows = row.objects.filter(title__in=["Clay", "Glazing", "Gold <b>"])
    before = counts()
    for delete in (rows.get().delete, rows.delete):
        with pytest.raises(ProtectedError), transaction.atomic():
            delete()
    assert counts() == before


def in_the_way(thing, request) -> list[str]:
    """What Django's own admin shows as protected, without a button to delete, where a site registers the model there."""
    *_others, protected = ModelAdmin(type(thing), AdminSite()).get_deleted_objects([thing], request)
    return protected


def test_djangos_own_admin_says_itself_what_keeps_a_membership(gold, admin, rf):
    """G16: neither we nor the example school register anything there, so a sentence of ours has no place in it.

    Where a site registers memberships or pages, Django asks the database first and shows its own page of what stands in
    the way. A thing of the site's own that is sold, such as a live session, is kept by its catalogue row, which
    Django's list does not know: the database refuses, and nothing is deleted (the test above).
    """
    assert find_spec("lms_memberships.admin") is None
    request = rf.get("/")
    request.user = admin
    assert in_the_way(gold, request) != []
    assert in_the_way(Page.objects.get(title="Clay"), request) != []
    assert in_the_way(MembershipFactory(), request) == []


def test_what_was_never_sold_goes_as_ever(db, browser, now):
    """The other side: a page, a session and a draft in which nobody has a share."""
    page, session, draft = school.course("Free"), school.session("Free", now), MembershipFactory()
    for address in (page_address(page), snippet_address(session), snippet_address(draft)):
        assert browser.post(address).status_code == 302
    assert not Page.objects.filter(title="Free").exists()
    assert not LiveSession.objects.exists()
    assert not Membership.objects.exists()


@pytest.mark.parametrize("way", ["one", "bulk"])
def test_a_buyer_is_erased_by_the_command_that_stops_the_money(way, gold, browser, student):
    """G16, K6: the Wagtail admin names it."""
    one = reverse("wagtailusers_users:delete", args=[student.pk])
    address = one if way == "one" else bulk("auth", "user", student)
    answer = browser.post(address)
    assert answer.status_code == 302
    assert "memberships_erase student" in said(answer)
    assert browser.get(answer["Location"]).status_code == 200
    student.refresh_from_db()


def test_somebody_who_never_bought_is_deleted_as_ever(gold, browser):
    stranger = UserFactory()
    browser.post(reverse("wagtailusers_users:delete", args=[stranger.pk]))
    assert not get_user_model().objects.filter(pk=stranger.pk).exists()
