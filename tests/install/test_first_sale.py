"""Does docs/install.md lead from an empty Wagtail project to the first test sale, by its own lines alone? (X30)"""

import re
from pathlib import Path

import pytest
import requests

from tests import hosted
from tests.install import following

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
LESSON = "/wedging/"


class Browser:
    """A person who fills in what a page shows."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.session = requests.Session()

    def get(self, path: str, *, status: int = 200) -> str:
        answer = self.session.get(f"{self.site}{path}", timeout=30)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.text

    def submit(self, page: str, form: dict[str, object], *, to: str = "") -> requests.Response:
        """The form on a page, sent to where it leads."""
        address = f"{self.site}{page}"
        token = TOKEN.search(self.get(page))
        assert token, f"{page} shows no form"
        return self.session.post(
            f"{self.site}{to or page}",
            data={"csrfmiddlewaretoken": token[1], **form},
            headers={"Referer": address},
            allow_redirects=False,
            timeout=30,
        )

    def sign_in(self, page: str, name: str, password: str) -> None:
        assert self.submit(page, {"username": name, "password": password}).status_code == 302


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = following.new_project(tmp_path_factory.mktemp("install") / "school")
    with made.open():
        yield made


def test_from_the_page_to_the_first_test_sale(project):
    """X30: the settings, addresses, hooks and commands are those of the page; the rest is Wagtail's own start."""
    owner, student = Browser(project.address), Browser(project.address)
    assert "CANARY" in student.get(LESSON), "before it is sold it is open"
    owner.sign_in("/admin/login/", "owner", "secret-1")
    slug = _sell(owner)
    closed = student.get(LESSON, status=403)
    assert "CANARY" not in closed
    assert "Studio pass" in closed
    student.sign_in("/_util/login/", "student", "secret-2")
    to_stripe = student.submit(f"/memberships/{slug}/", {}, to=f"/memberships/{slug}/buy/")
    assert to_stripe.status_code == 303, to_stripe.text[:2000]
    status, back, said = hosted.pay(to_stripe.headers["Location"])
    assert status == 303, said[:2000]
    student.get(hosted.path_of(back))
    assert "CANARY" in student.get(LESSON)


def test_the_page_has_no_other_steps():
    """X30: a heading that is added has to be followed here too."""
    headings = re.findall(r"^#+ (.+)$", following.PAGE, re.M)
    assert headings == [
        "Install",
        "The package",
        "Settings",
        "SQLite",
        "Addresses",
        "The base template",
        "What can be bundled",
        "Tables",
        "The first test sale",
        "Then",
    ]


def _sell(owner: Browser) -> str:
    """The three steps of the wizard, as the page says. Returns the membership's slug."""
    first = {
        "title": "Studio pass",
        "price_amount": "19.00",
        "currency": "eur",
        "interval": "month",
        "trial_days": "0",
        "trial_requires_card": "on",
        "action-next": "action-next",
    }
    bundle = _path(owner.submit("/admin/memberships/add/", first))
    item = re.search(r'name="bundle"\s+value="(\d+)"', owner.get(bundle))
    assert item, "the lesson is not offered"
    last = _path(owner.submit(bundle, {"bundle": item[1], "action-next": "action-next"}))
    publish = {"status": "published", "action-publish": "action-publish", "go_live_at": "", "expire_at": ""}
    owner.submit(last, publish)
    found = re.search(r"/memberships/([a-z-]+)/\"", Browser(owner.site).get("/memberships/"))
    assert found, "it is not on sale"
    return found[1]


def _path(answer: requests.Response) -> str:
    assert answer.status_code == 302, answer.text[:3000]
    return answer.headers["Location"]


def test_a_page_that_forgets_the_urls_does_not_lead_there(tmp_path: Path, monkeypatch):
    """X30, negative control: what is followed is the page, and not what we know."""
    forgetful = following.PAGE.replace('path("memberships/", include("lms_memberships.urls")),', "")
    monkeypatch.setattr(following, "PAGE", forgetful)
    with pytest.raises(ValueError, match="not enough values"):
        following.new_project(tmp_path / "school")
