"""Does any cache hand a member's page to somebody else? The member asks first, then the others (S27, S28)."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from tests.access import school
from tests.factories import UserFactory
from tests.faults.sizes import pick
from tests.leaks.crawling import marks_in
from tests.leaks.proxy import SharedCache, forget_to_say_no_store

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asked once, on the database of production"),
]
#: What browsers, players and attackers ask with.
ASKED_WITH = (
    {},
    {"range": "bytes=0-999"},
    {"if-none-match": '"x"'},
    {"if-modified-since": "Sat, 01 Jan 2022 00:00:00 GMT"},
    {"accept-language": "fr"},
)
SUFFIXES = (
    "x.css",
    "/x.css",
    ";x.css",
    "%3bx.css",
    "%2fx.css",
    "/..%2fx.css",
    "%00.css",
    "%0a.css",
    "?x.css",
    "%23x.css",
)


@pytest.fixture
def member(garden, now):
    person = UserFactory()
    school.subscribe(person, garden.gold, until=now + timedelta(days=1))
    browser = Client(raise_request_exception=False)
    browser.force_login(person)
    return browser


@pytest.fixture
def strangers(garden, now):
    """A visitor, and somebody whose access ended and who has the member's ETags."""
    person = UserFactory()
    school.subscribe(person, garden.gold, until=now - timedelta(days=1), status="canceled")
    former = Client(raise_request_exception=False)
    former.force_login(person)
    return Client(raise_request_exception=False), former


def leaks(garden, member, strangers, store: SharedCache) -> dict[str, set[str]]:
    """Address → marks that came to a stranger after the member had been there."""
    found: dict[str, set[str]] = {}
    seen: set[str] = set()
    for name, address in garden.addresses.items():
        first = store.ask(member, address)
        seen |= marks_in(first)
        etag = {"if-none-match": first.headers["ETag"]} if "ETag" in first.headers else {}
        for stranger in strangers:
            for headers in (*ASKED_WITH, *([etag] if etag else [])):
                answer = store.ask(stranger, address, **headers)
                # That it did not change is a yes, too.
                said = {"not modified"} if answer.status_code == 304 else marks_in(answer)
                found.setdefault(name, set()).update(said)
            found[name] |= marks_in(store.ask(stranger, address, method="HEAD"))
    assert seen >= set(garden.addresses)
    return {name: marks for name, marks in found.items() if marks}


@pytest.mark.parametrize("honours_vary", pick(test=[False], ci=[True, False], soak=[True, False]))
def test_no_shared_cache_hands_out_what_a_member_read(garden, member, strangers, honours_vary):
    """S27, S29, S47: also with ETag, Range, HEAD, and by a cache that does not mind Vary."""
    assert leaks(garden, member, strangers, SharedCache(honours_vary=honours_vary)) == {}


def test_a_site_that_does_not_say_no_store_is_caught(garden, member, strangers):
    """S27, negative control: without the header every one of them comes out of the cache."""
    store = SharedCache(rewrite=forget_to_say_no_store)
    garden.addresses = {name: garden.addresses[name] for name in ("body", "linked", "scorm", "product", "join")}
    assert set(leaks(garden, member, strangers[:1], store)) == set(garden.addresses)
    assert store.hits > len(garden.addresses)


def test_djangos_own_cache_keeps_nothing_either(garden, member, strangers, settings):
    """S27: UpdateCacheMiddleware and FetchFromCacheMiddleware around the whole site."""
    own = "django.middleware.cache"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "leaks"}}
    settings.MIDDLEWARE = [f"{own}.UpdateCacheMiddleware", *settings.MIDDLEWARE, f"{own}.FetchFromCacheMiddleware"]
    cache.clear()
    for address in garden.addresses.values():
        assert marks_in(member.get(address))
        for stranger in strangers:
            assert marks_in(stranger.get(address)) == set()
    assert not any("CANARY" in repr(vars(value)) for value in _kept())


def _kept() -> list[object]:
    return [
        value for key in list(cache._cache) if (value := cache.get(key.split(":", 2)[2])) and hasattr(value, "headers")
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_suffix_makes_a_members_page_look_like_a_file(garden, member, strangers, suffix):
    """S28: not found, or not kept."""
    store = SharedCache(honours_vary=False)
    for name in ("body", "intro", "join", "product"):
        address = garden.addresses[name] + suffix
        first = store.ask(member, address)
        assert first.status_code >= 300 or "no-store" in first.headers.get("Cache-Control", ""), address
        assert marks_in(store.ask(strangers[0], address)) == set()


def test_the_moment_access_ends_every_address_is_closed(garden, member):
    """S47, T13: page, lesson, document, picture, calendar, download and API, at the next request."""
    asked = [*garden.addresses.values(), "/api/v2/mine/?type=wagtail_lms.CoursePage&fields=*"]
    assert all(marks_in(member.get(address)) for address in asked)
    subscriptions = garden.gold.subscriptions
    subscriptions.update(status="canceled", access_until=subscriptions.get().started_at - timedelta(days=2))
    assert {address: marks_in(member.get(address)) for address in asked} == {address: set() for address in asked}
