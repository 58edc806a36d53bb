"""Does every page of the school answer, in both languages, at a constant cost, and without third parties?"""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Page

from example_site.models import LiveSession, SchoolCourseEntry, SchoolHomePage

pytestmark = pytest.mark.usefixtures("school")

PAGES = {
    "en": ("/", "/courses/", "/about/", "/contact/", "/terms/", "/privacy/"),
    "fr": ("/fr/", "/fr/cours/", "/fr/a-propos/", "/fr/contact/", "/fr/conditions/", "/fr/confidentialite/"),
}
COURSES = {
    "en": ("first-weeks-at-the-wheel", "glaze-without-guessing", "reading-the-kiln"),
    "fr": ("premieres-semaines-au-tour", "emailler-sans-deviner", "lire-le-four"),
}
VIEWS = (
    "/live/",
    "/live/opening-the-kiln/",
    "/shop/",
    "/shop/glaze-book/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/memberships/",
)
ALL = [
    *[(language, address) for language, addresses in PAGES.items() for address in addresses],
    *[(language, address) for language in PAGES for address in VIEWS],
]
# What makes a browser fetch something by itself.
FETCHED = {"src", "srcset", "poster", "data", "action", "formaction"}
FETCHING_LINKS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "manifest"}


class Fetches(HTMLParser):
    """Collects the addresses that a browser asks for without being told to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.found += [value for name, value in attrs if name in FETCHED and value]
        if tag == "link" and FETCHING_LINKS & set((attributes.get("rel") or "").split()):
            self.found.append(attributes.get("href") or "")


def visitor(language: str) -> Client:
    return Client(headers={"accept-language": language})


def get(address: str, *, language: str = "en") -> str:
    response = visitor(language).get(address)
    assert response.status_code == 200, address
    return response.content.decode()


@pytest.mark.parametrize(("language", "address"), ALL)
def test_a_page_answers_in_its_language(language, address):
    """X26"""
    assert f'<html lang="{language}"' in get(address, language=language)


@pytest.mark.parametrize(("language", "address"), ALL)
def test_no_page_fetches_anything_from_a_third_party(language, address):
    page = get(address, language=language)
    fetches = Fetches()
    fetches.feed(page)
    assert fetches.found
    foreign = [found for found in fetches.found if re.match(r"(https?:)?//", found)]
    assert foreign == []


@pytest.mark.parametrize(("language", "address"), ALL)
def test_no_page_needs_inline_script_or_style(language, address):
    page = get(address, language=language)
    assert "style=" not in page
    assert "<style" not in page
    scripts = re.findall(r"<script\b[^>]*>", page)
    assert [tag for tag in scripts if "src=" not in tag and "application/ld+json" not in tag] == []


def test_the_browser_is_told_to_load_from_nowhere_else():
    policy = visitor("en").get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_style_sheets_fetch_nothing_from_elsewhere():
    for name in ("site.css", "pages.css"):
        text = Path(finders.find(f"example_site/{name}")).read_text()
        assert "@import" not in text
        assert "url(" not in text


def test_each_language_links_to_the_same_page_in_the_other():
    assert 'href="/fr/a-propos/"' in get("/about/")
    assert 'href="/about/"' in get("/fr/a-propos/")


def test_what_has_one_address_follows_the_language_last_chosen():
    """A French page, then a session: still French."""
    browser = visitor("en")
    browser.get("/fr/")
    assert "Ouverture du four" in browser.get("/live/").content.decode()
    browser.post(reverse("set_language"), {"language": "en", "next": "/live/"})
    assert "Opening the kiln" in browser.get("/live/").content.decode()


def test_a_first_visit_follows_the_browser():
    assert "Ouverture du four" in get("/live/", language="fr")


def test_every_page_has_its_translation():
    english = set(
        Page.objects.filter(locale__language_code="en", depth__lt=5, depth__gt=1).values_list("translation_key")
    )
    french = set(Page.objects.filter(locale__language_code="fr", depth__gt=1).values_list("translation_key"))
    assert english
    assert english <= french


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_home_page_shows_courses_sessions_and_an_honest_answer(language):
    page = get(PAGES[language][0])
    for slug in COURSES[language]:
        assert f"/{slug}/" in page
    assert "/live/opening-the-kiln/" in page
    assert page.count("<details>") == 5


def _queries(address: str) -> int:
    browser = visitor("en")
    browser.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        browser.get(address)
    return len(captured)


@pytest.mark.parametrize("address", ["/", "/courses/", "/live/", "/shop/"])
def test_a_page_costs_the_same_however_much_it_lists(address):
    before = _queries(address)
    session = LiveSession.objects.get(slug="opening-the-kiln")
    for number in range(3):
        session.pk, session.slug = None, f"again-{number}"
        session.save(force_insert=True)
    entry = SchoolCourseEntry.objects.filter(page__locale__language_code="en").first()
    for _number in range(3):
        entry.pk = None
        entry.save(force_insert=True)
    assert _queries(address) == before


def test_a_page_for_nobody_in_particular_can_be_cached():
    response = visitor("en").get("/about/")
    assert not response.cookies
    assert "Set-Cookie" not in response.headers


def test_sign_up_asks_for_a_name_and_leads_back(settings):
    browser = visitor("en")
    response = browser.post(
        "/accounts/signup/",
        {"first_name": "Mia", "email": "mia@school.test", "password1": "long enough 7", "next": "/live/"},
    )
    assert response.headers["Location"] == "/live/"
    assert get_user_model().objects.get(email="mia@school.test").first_name == "Mia"


def test_students_land_on_their_account_page():
    response = visitor("en").post("/accounts/login/", {"login": "student", "password": "demo"})
    assert response.headers["Location"] == reverse("lms_memberships:account")


def test_an_address_that_is_not_there_looks_like_the_school():
    response = visitor("en").get("/nothing-here/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_seeding_twice_makes_one_school():
    from example_site.seed.school import seed_school

    assert seed_school(now=timezone.now()) is False
    assert SchoolHomePage.objects.count() == 2


def test_the_sitemap_names_pages_of_both_languages():
    sitemap = visitor("en").get("/sitemap.xml").content.decode()
    assert "/about/" in sitemap
    assert "/fr/a-propos/" in sitemap
