"""Does any page hold inline code that its own policy forbids? Every page of ours, as it is served (S11, S54)."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from example_site.middleware import content_security_policy

from .asking import ask
from .matrix import MATRIX, WIZARD
from .test_matrix import address

pytestmark = pytest.mark.django_db

ANYTHING = "'unsafe-inline'"
NOT_CODE = {"application/json", "application/ld+json", "text/template", "text/x-template"}


class Inline(HTMLParser):
    """Scripts, handlers and styles that stand in the page itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.styles: list[str] = []
        self._is_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._is_script = tag == "script" and "src" not in values and values.get("type", "") not in NOT_CODE
        self.handlers += [name for name in values if re.match(r"on[a-z]+$", name)]
        self.handlers += [value for value in values.values() if value.strip().lower().startswith("javascript:")]
        if tag == "style" or "style" in values:
            self.styles.append(f"<{tag} style>")

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.scripts.append(data)
            self._is_script = False


def forbidden(answer) -> list[str]:
    """What of this page its browser would refuse."""
    parts = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    policy = {name: value for name, _space, value in parts}
    inline = Inline(answer.content.decode())
    for_scripts, for_styles = (policy.get(name, policy["default-src"]) for name in ("script-src", "style-src"))
    found = [] if ANYTHING in for_styles else inline.styles
    if ANYTHING not in for_scripts:
        found += inline.handlers + [script for script in inline.scripts if _hash(script) not in for_scripts]
    return found


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def test_every_page_keeps_to_its_own_policy(stage):
    """S11, S54: and none of ours allows whatever is inline, in public or in the admin."""
    hashed = set()
    for role in ("member", "superuser"):
        window = stage.window(role)
        for name, row in MATRIX.items():
            answer = ask(window, "GET", address(name, row, stage))
            if answer.streaming or not answer.headers.get("Content-Type", "").startswith("text/html"):
                continue
            assert forbidden(answer) == [], f"{name} as {role}"
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'self'" in policy, name
            assert "object-src 'none'" in policy, name
            if name.startswith(("lms_memberships", WIZARD)):
                assert "unsafe" not in policy, name
            if "'sha256-" in policy:
                hashed.add(name)
    # Wagtail's own fields bring a script each: those of the wizard, and the dates that the list of people is filtered by.
    with_fields = {name for name in MATRIX if name.startswith(WIZARD)} | {"lms_memberships_people_list"}
    assert {f"{WIZARD}:step", f"{WIZARD}:history"} <= hashed <= with_fields


@pytest.mark.parametrize(
    ("script", "is_a_field"),
    [
        ('initDateChooser("id_from", {"format": "Y-m-d"});', True),
        ('new ImageChooser("id_cover", {"modalUrl": "/admin/images/chooser/"});', True),
        ('initDateChooser("id_from", {"format": alert(1)});', False),
        ('initDateChooser("id_from", {});alert(1);({});', False),
        ('initDateChooser("id_from"+alert(1), {"a": 1});', False),
        ('alert(1);initDateChooser("id_from", {"a": 1});', False),
        ('new ImageChooser("x", {"a": 1}, alert(1));', False),
        ("alert(1)", False),
    ],
)
def test_only_wagtails_own_fields_get_a_hash(script, is_a_field):
    """S11: what looks like one and does more does not."""
    answer = content_security_policy(lambda request: HttpResponse(f"<p><script>{script}</script>"))(
        RequestFactory().get("/admin/memberships/add/")
    )
    assert (forbidden(answer) == []) is is_a_field


def test_the_control_finds_each_kind_of_inline_code():
    """S11, negative control"""
    page = '<p style="x" onclick="y"><a href=" JavaScript:z">.</a><script>1</script><script type="application/json">{}</script>'
    found = Inline(page)
    assert found.handlers == ["onclick", " JavaScript:z"]
    assert found.scripts == ["1"]
    assert found.styles == ["<p style>"]
