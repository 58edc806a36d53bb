"""Does anything that members pay for show anywhere else? Every reader asks for everything (R9, T15)."""

import re

import pytest
from django.db import connection
from django.test import Client
from wagtail import VERSION as WAGTAIL
from wagtail.models import PageViewRestriction

from tests.faults.sizes import pick
from tests.leaks import roles
from tests.leaks.crawling import Found, ask_again, crawl, in_the_admin, marks_in
from tests.leaks.planting import Garden

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="crawled once, on the database of production"),
]
FEW = ("member", "visitor", "editor elsewhere", "student", "ex-member", "member of another", "in grace")
ALL = (*FEW, "overdue", "never paid", "paused", "superuser")
#: These ask for everything and follow links; the others ask for whatever a mark was found at.
CRAWL = pick(test=ALL[:2], ci=ALL[:3], soak=ALL)
#: These also ask for every pattern of addresses that the site has.
BY_PATTERN = pick(test=ALL[1:2], ci=ALL[:3], soak=ALL)
READ = pick(test=FEW, ci=ALL, soak=ALL)
#: Documented: whoever knows the address of a rendition gets it from the web server.
LIMIT = re.compile(r"/media/images/[^/]+")
#: In the admin only, and on pages that no membership opens.
FOR_EDITORS = {"draft", "moved"}


#: Of Wagtail's API; the third came with Wagtail 8.
VERSIONS = ("v2", "v3") if WAGTAIL >= (8,) else ("v2",)


def test_nobody_finds_what_is_not_theirs_and_members_find_all_of_it(garden, now):
    """R9, T15, S29, S30, S31–S34, K9: no mark for those who may not, every mark for those who may, and nothing breaks."""
    people = {role.name: role for role in roles.everybody(garden, now) if role.name in READ}
    found = {name: _crawled(people[name], garden) for name in CRAWL}
    asked = [*(address for name in CRAWL for address in found[name].marks), *garden.barred, *in_the_admin(garden)]
    found |= {name: ask_again(role.browser, asked) for name, role in people.items() if name not in CRAWL}
    strangers = {name: beyond_the_limit(one.marks) for name, one in found.items() if not people[name].may}
    assert {name: marks for name, marks in strangers.items() if marks} == {}
    missed = {name: set(garden.addresses) - one.names for name, one in found.items() if people[name].may}
    assert missed
    assert {name: marks for name, marks in missed.items() if marks} == {}
    # What lies in the media folder has no address of its own, not even for members.
    assert {address for one in found.values() for address in garden.barred if address in one.marks} == set()
    assert found["member"].names & FOR_EDITORS == set()
    assert {name: one.broken for name, one in found.items() if one.broken} == {}
    assert sum(found[name].asked for name in CRAWL) > 200
    assert min(found[name].asked for name in BY_PATTERN) > 100


def _crawled(role: roles.Role, garden: Garden) -> Found:
    return crawl(role.browser, garden, in_admin=role.crawls_admin, by_pattern=role.name in BY_PATTERN)


def beyond_the_limit(marks: dict[str, set[str]]) -> dict[str, set[str]]:
    return {address: names for address, names in marks.items() if not LIMIT.fullmatch(address)}


def test_the_editor_of_that_very_page_sees_it_and_its_draft(garden):
    """S48, and that the crawler would find a draft where there is one to find."""
    editor = roles.editor_of(garden.course)
    assert marks_in(editor.get(garden.course.url)) >= {"body"}
    assert "draft" in marks_in(editor.get(f"/admin/pages/{garden.course.pk}/view_draft/"))


def test_a_site_that_searches_carelessly_is_caught(garden):
    """S31, negative control: the same index, unfiltered."""
    assert "body" in marks_in(Client().get("/careless-search/?q=canary"))


@pytest.mark.parametrize("version", VERSIONS)
def test_without_the_fence_the_api_shows_everything(version, garden):
    """S32, negative control: closed with the fence, the mark comes out without it.

    What of a page version 3 shows is settled when the site starts; the mark there is the search description.
    """
    address = f"/api/{version}/pages/{garden.course.pk}/?fields=*"
    listing = f"/api/{version}/pages/?type=wagtail_lms.CoursePage&fields=*"
    assert Client().get(address).status_code == 404
    assert "Clay" not in Client().get(listing).content.decode()
    PageViewRestriction.objects.all().delete()
    assert marks_in(Client().get(address)) & {"body", "search-description"}
    assert "Clay" in Client().get(listing).content.decode()
