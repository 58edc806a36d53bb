"""Is a site told that its search finds what members' pages say, and left alone where it does not? (S31)"""

import pytest
from django.urls import path
from wagtail.models import get_page_models
from wagtail.search import index

from example_site.models import LiveSession
from lms_memberships.access.searches import searches_ask_who_may_see
from lms_memberships.bundles import registry
from lms_memberships.checks import BEFORE_PRODUCTION
from tests.access import searching

UNASKED, ASKED = "tests.access.searching", "tests.access.searching_with_care"


def with_a_body() -> type:
    """A page model that has a long text."""
    return next(model for model in get_page_models() if any(each.name == "body" for each in model._meta.get_fields()))


@pytest.fixture
def indexed_body(monkeypatch) -> str:
    model = with_a_body()
    monkeypatch.setattr(model, "search_fields", [*model.search_fields, index.SearchField("body")])
    return f"{model.__name__}.body"


def warned(settings, urls: str) -> list:
    settings.ROOT_URLCONF = urls
    return list(searches_ask_who_may_see())


def test_a_search_that_asks_nobody_is_named_with_what_it_finds(settings, indexed_body):
    """S31"""
    (found,) = warned(settings, UNASKED)
    assert found.id == "lms_memberships.W042"
    assert "tests.access.searching.search searches pages" in found.msg
    assert indexed_body in found.msg
    assert searches_ask_who_may_see in BEFORE_PRODUCTION


def test_a_search_that_asks_is_left_alone(settings, indexed_body):
    """S31"""
    assert warned(settings, ASKED) == []


def test_where_only_titles_are_found_nothing_is_said(settings):
    """S31: the example school, as it is, with that search added."""
    assert warned(settings, UNASKED) == []


def test_the_example_school_has_no_alarm(settings, indexed_body):
    """S31: and neither the Wagtail admin's own searches nor ours are taken for the site's."""
    assert warned(settings, settings.ROOT_URLCONF) == []


def test_where_no_page_can_be_sold_nothing_is_said(settings, indexed_body, monkeypatch):
    """S31"""
    only = {kind: each for kind, each in registry.item_types().items() if each.model is LiveSession}
    assert len(only) == 1
    monkeypatch.setattr("lms_memberships.access.searches.item_types", lambda: only)
    assert warned(settings, UNASKED) == []


def test_a_search_for_other_things_is_left_alone(settings, indexed_body, monkeypatch):
    """S31: a view named so that knows no pages."""
    monkeypatch.setattr(searching, "urlpatterns", [path("search/", lambda request: None, name="search")])
    assert warned(settings, UNASKED) == []
