"""Who buys on a site of the rig? Students with a browser, over HTTP, who try again when the site does not answer."""

import http.client
import urllib.parse
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import models

from lms_memberships import clock
from lms_memberships.emails import switches
from lms_memberships.models import Membership
from lms_memberships.payments import connect
from tests import hosted
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.faults.rig.site import Site

TOKEN = "a" * 32


@dataclass(frozen=True)
class Answer:
    """``status`` 0: nobody answered."""

    status: int
    location: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Browser:
    """Signed in as somebody; without a session as nobody."""

    site: Site
    user: AbstractBaseUser | None = None
    session: str = ""

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, form: dict[str, object] | None = None) -> Answer:
        return self._ask("POST", path, urllib.parse.urlencode(form or {}))

    def _ask(self, method: str, path: str, body: str = "") -> Answer:
        signed_in = f"{settings.SESSION_COOKIE_NAME}={self.session}; " if self.session else ""
        headers = {
            "Cookie": f"{signed_in}csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Content-Length": str(len(body)),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        line = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=60)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found.get("location", ""), answer.read().decode("utf-8", "replace"), found)
        except (OSError, http.client.HTTPException):
            return Answer(0)
        finally:
            line.close()


def browser_of(site: Site, user: AbstractBaseUser) -> Browser:
    """Signed in, without the form."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return Browser(site, user, store.session_key)


def things() -> list[models.Model]:
    """A course, in which students are enrolled, and a live session."""
    course = school.course("Clay")
    school.lesson(course)
    return [course, school.session("Glazing", clock.now() + timedelta(days=5))]


def sell(title: str = "Studio pass", *bundled: models.Model, **fields: object) -> Membership:
    """On sale, with every mail on; with ``things`` in it if nothing is named."""
    switches.switch_all_on()
    UserFactory(username=f"owner of {title}", is_staff=True, is_superuser=True)
    draft = put_into(MembershipFactory(title=title, **fields), *(bundled or things()))
    return publish(draft, gateway=connect.get_gateway())


def student(site: Site, number: int) -> Browser:
    """Somebody new."""
    return browser_of(site, UserFactory(username=f"student{number}"))


def press(browser: Browser, membership: Membership) -> Answer:
    """The button: on to Stripe's page."""
    return browser.post(f"/memberships/{membership.slug}/buy/")


def pay(page: str, **how: str) -> str:
    """On Stripe's page; the path of the way back."""
    status, location, body = hosted.pay(page, **how)
    assert status == 303, body[:500]
    return hosted.path_of(location)


def come_back(browser: Browser, path: str) -> Answer:
    return browser.get(path)


def session_of(path: str) -> str:
    """The id of the purchase in the way back."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))["session_id"]
