"""Which addresses are there, and what comes back? From the URL patterns, the page tree, and every link that is found."""

import html
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from urllib.parse import urljoin, urlsplit

from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from lms_memberships.models import Gift
from lms_memberships.subscriptions import gift_links
from tests.faults.sizes import pick
from tests.leaks.planting import MARK, Garden

PLACE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
LINK = re.compile(r"""(?:href|src|action|data-[\w-]*url)=["']([^"'#]+)""")
LOC = re.compile(r"<(?:loc|link)>([^<]+)<")
ADMIN = "/admin/"
#: What ends the crawl's own session, breaks on purpose, or is the negative control.
LEFT_OUT = re.compile(
    r"logout|failwhale|careless-search|/language/|jsi18n|/sprite|openapi|/actions/|(login|signup)/.*next="
)
MOST = pick(test=30, ci=600, soak=3000)
WORDS = ("canary", "Clay", "CANARY-body", "wedging", "can")
NAMED = ("h5p_lesson", "scorm_lesson", "alias", "copy", "translation", "moved")
#: With how many of the planted things is one pattern of addresses asked?
EACH = pick(test=1, ci=8, soak=64)


@dataclass
class Found:
    """What one reader got: how many answers, which marks where, and which addresses broke."""

    asked: int = 0
    followed: int = 0
    marks: dict[str, set[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        return set().union(*self.marks.values()) if self.marks else set()


def marks_in(response: HttpResponseBase) -> set[str]:
    """The marks in body and headers."""
    return set(re.findall(rf"{MARK}-([a-z0-9-]+)", text_of(response)))


def text_of(response: HttpResponseBase) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{dict(response.headers)}\n{body.decode(errors='replace')}"


def crawl(browser: Client, garden: Garden, *, in_admin: bool, by_pattern: bool) -> Found:
    """Ask for everything, follow what links lead to, and note what came back."""
    from_patterns = addresses(garden, in_admin=in_admin) if by_pattern else ()
    return _crawl(browser, dict.fromkeys([*from_patterns, *_by_hand(garden)]), in_admin=in_admin)


def ask_again(browser: Client, addresses: Iterable[str]) -> Found:
    """Ask for what somebody else found marks at, and follow no link."""
    return _crawl(browser, dict.fromkeys(addresses), in_admin=False, most=0)


def _crawl(browser: Client, addresses: Iterable[str], *, in_admin: bool, most: int = MOST) -> Found:
    found = Found()
    waiting = deque(addresses)
    known = set(waiting)
    while waiting:
        address = waiting.popleft()
        response = browser.get(address)
        found.asked += 1
        text = text_of(response)
        if marks := set(re.findall(rf"{MARK}-([a-z0-9-]+)", text)):
            found.marks[address] = marks
        if response.status_code >= 500:
            found.broken.add(address)
        for onward in _links(address, response, text):
            if onward not in known and found.followed < most and (in_admin or ADMIN not in onward):
                known.add(onward)
                found.followed += 1
                waiting.append(onward)
    return found


def addresses(garden: Garden, *, in_admin: bool) -> Iterator[str]:
    """Every address of the site's patterns, with what was planted in its places."""
    for address in _addresses(get_resolver().url_patterns, "/", garden):
        if not LEFT_OUT.search(address) and (in_admin or not address.startswith(ADMIN)):
            yield address


def _addresses(patterns: Iterable, prefix: str, garden: Garden) -> Iterator[str]:
    for pattern in patterns:
        # A regular expression names no place that could be filled; those addresses are named by hand.
        if not isinstance(pattern.pattern, RoutePattern) and str(pattern.pattern):
            route = str(pattern.pattern).lstrip("^").rstrip("$")
            if re.search(r"[\\()\[\]*+?]", route):
                continue
        else:
            route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, prefix + route, garden)
        elif isinstance(pattern, URLPattern):
            yield from _filled(prefix + route, garden)


def _filled(route: str, garden: Garden) -> Iterator[str]:
    places = list(PLACE.finditer(route))
    choices = [_values(route, place["kind"] or "str", place["name"], garden) for place in places]
    for values in islice(product(*choices), EACH):
        address = route
        for place, value in zip(places, values, strict=True):
            address = address.replace(place.group(0), str(value), 1)
        yield address


def _values(route: str, kind: str, name: str, garden: Garden) -> list[object]:
    things = garden.things
    if kind == "path":
        return []
    if kind == "int" or name in {"pk", "object_id"}:
        if "revision" in name or "revision" in route and name != "page_id":
            return [garden.course.latest_revision_id]
        for word in ("document", "image"):
            if word in route:
                return [things["linked" if word == "document" else "picture"].pk]
        if "page" in route or "page" in name:
            return [garden.course.pk, things["h5p_lesson"].pk, things["copy"].pk]
        return sorted({garden.course.pk, *(things[name].pk for name in ("session", "package", "activity"))})
    names = {"slug": [things["session"].slug, things["product"].slug, garden.gold.slug]}
    if name == "token":
        return [gift_links.token_of(gift) for gift in Gift.objects.all()]
    return names.get(name, ["wagtailcore", "x"])


def _by_hand(garden: Garden) -> Iterator[str]:
    yield from garden.addresses.values()
    yield from garden.barred
    yield from in_the_admin(garden)
    named = [garden.course, *(garden.things[name] for name in NAMED)]
    for page in pick(test=named, ci=garden.pages(), soak=garden.pages()):
        yield page.url or "/"
        yield from (f"/api/{version}/{page.pk}/?fields=*" for version in ("v2/pages", "v2/mine", "v3/pages"))
    yield f"/api/v2/pages/find/?html_path={garden.course.url}"
    yield from _in_the_api()
    for words in pick(test=WORDS[:2], ci=WORDS, soak=WORDS):
        yield f"/search/?q={words}"
    for thing in ("linked", "fenced", "picture"):
        number = garden.things[thing].pk
        yield from (f"/api/v2/{kind}/{number}/?fields=*" for kind in ("documents", "images"))


def in_the_admin(garden: Garden) -> Iterator[str]:
    """Where the admin shows the course, its draft included."""
    for view in ("view_draft", "edit", "edit/preview", "history", f"revisions/{garden.course.latest_revision_id}/view"):
        yield f"/admin/pages/{garden.course.pk}/{view}/"
    yield "/admin/api/main/pages/?type=wagtail_lms.CoursePage&fields=*"


def _in_the_api() -> Iterator[str]:
    for kind in ("pages", "documents", "images", "mine"):
        yield f"/api/v2/{kind}/?fields=*&limit=20"
        yield f"/api/v2/{kind}/?search=canary&fields=*"
    for model in ("wagtail_lms.CoursePage", "wagtail_lms.H5PLessonPage", "wagtail_lms.SCORMLessonPage"):
        for base in ("/api/v2/pages/", "/api/v2/mine/", "/admin/api/main/pages/"):
            yield f"{base}?type={model}&fields=*"
        yield f"/api/v3/pages/?type={model}&fields=*"
    yield "/api/v2/pages/?locale=fr&fields=*"
    yield "/api/v3/pages/?fields=*"


def _links(address: str, response: HttpResponseBase, text: str) -> Iterator[str]:
    location = response.headers.get("Location")
    for link in [*LINK.findall(text), *LOC.findall(text), *([location] if location else [])]:
        whole = urlsplit(urljoin(f"http://testserver{address}", html.unescape(link)))
        if whole.netloc not in {"testserver", "localhost"} or whole.path.startswith("/static/"):
            continue
        onward = whole.path + (f"?{whole.query}" if whole.query else "")
        if not LEFT_OUT.search(onward):
            yield onward
