"""Does the site's own search find words of members' pages for everybody? For the system checks (S31)."""

import sys
from collections.abc import Iterator

import swapper
from django.core import checks
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from wagtail.fields import StreamField
from wagtail.models import get_page_models
from wagtail.search import index

from ..bundles.registry import item_types
from .policy import decide, items_open_to
from .visible import visible_to

#: As a new Wagtail project calls its own.
NAME = "search"
#: Whoever knows one of these has thought of it.
QUESTIONS = (decide, items_open_to, visible_to)
HINT = (
    "Search visible_to(pages, request.user, now=clock.now()), or take these out of search_fields. "
    "Silence this warning where the view asks by way of another module."
)


def searches_ask_who_may_see() -> Iterator[checks.CheckMessage]:
    """Only where all three are seen: pages can be sold, bodies are in the index, and a view of pages asks nobody."""
    bodies = _bodies()
    if not bodies or not any(_is_page(each.model) for each in item_types().values()):
        return
    for view in _views_that_ask_nobody(get_resolver().url_patterns):
        yield checks.Warning(
            f"{view} searches pages and does not ask what its reader may see; it finds what members' pages say in "
            f"{', '.join(bodies)}.",
            hint=HINT,
            id="lms_memberships.W042",
        )


def _bodies() -> list[str]:
    """Long texts in the index of a page model; titles and the like are there to be found."""
    return sorted(
        f"{model.__name__}.{column.name}"
        for model in get_page_models()
        for column in model._meta.get_fields()
        if column.name in _searched(model) and isinstance(column, models.TextField | StreamField)
    )


def _searched(model: type[index.Indexed]) -> set[str]:
    return {each.field_name for each in model.get_search_fields() if isinstance(each, index.SearchField)}


def _views_that_ask_nobody(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """The project's own; those of apps live in namespaces, as the Wagtail admin's do."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and not pattern.namespace:
            yield from _views_that_ask_nobody(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name == NAME and _asks_nobody(pattern):
            yield pattern.lookup_str


def _asks_nobody(pattern: URLPattern) -> bool:
    """It knows pages, and none of our questions."""
    view = getattr(pattern.callback, "view_class", pattern.callback)
    module = sys.modules.get(view.__module__)
    known = list(vars(module).values()) if module else []
    return any(map(_is_page, known)) and not any(each is question for each in known for question in QUESTIONS)


def _is_page(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, swapper.load_model("wagtailcore", "Page"))
