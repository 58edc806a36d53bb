"""How does a test visit the sandbox's pages? Like a browser without scripts: it follows forms as they are written."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from bs4 import BeautifulSoup, Tag


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def html(self) -> BeautifulSoup:
        return BeautifulSoup(self.body, "html.parser")

    @property
    def text(self) -> str:
        """What a person reads, white space made one."""
        main = self.html.find("main")
        return " ".join((main or self.html).get_text(" ").replace("\u00a0", " ").replace("\u202f", " ").split())

    def error_at(self, field: str) -> str:
        """The words that are linked to a field as its error."""
        place = self.html.find(id=field)
        assert isinstance(place, Tag), f"no field {field}"
        assert place.get("aria-invalid") == "true", f"{field} is not marked as wrong"
        described = self.html.find(id=str(place["aria-describedby"]))
        assert isinstance(described, Tag)
        return described.get_text()


class Visitor:
    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self.headers = {"Accept-Language": "en", **(headers or {})}

    def get(self, url: str) -> Page:
        return self._ask("GET", url)

    def press(self, page: Page, button: str, **fields: str) -> Page:
        """Fill in the fields of the form that has this button, and press it."""
        pressed = next(each for each in page.html.find_all("button") if _label(each) == button)
        form = pressed.find_parent("form")
        assert isinstance(form, Tag)
        filled = _values(form)
        assert set(fields) <= set(filled) | {"terms"}, f"the form has only {sorted(filled)}"
        values = filled | fields
        if pressed.get("name"):
            values[str(pressed["name"])] = str(pressed.get("value", ""))
        parts = urlsplit(page.url)
        action = str(form.get("action") or parts.path)
        return self.post(f"{parts.scheme}://{parts.netloc}{action}", values)

    def post(self, url: str, values: dict[str, str]) -> Page:
        return self._ask("POST", url, urlencode(values).encode())

    def follow(self, page: Page) -> Page:
        assert page.status == 303, page.text
        parts = urlsplit(page.url)
        return self.get(page.location if "://" in page.location else f"{parts.scheme}://{parts.netloc}{page.location}")

    def _ask(self, method: str, url: str, body: bytes | None = None) -> Page:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        headers = dict(self.headers)
        if body is not None:
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": headers.get("Origin", f"{parts.scheme}://{parts.netloc}"),
            }
        try:
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Page(url, answer.status, found, answer.read())
        finally:
            connection.close()


def _label(button: Tag) -> str:
    return str(button.get("aria-label") or button.get_text(" ", strip=True)).replace("\u00a0", " ")


def _values(form: Tag) -> dict[str, str]:
    values = {}
    for field in form.find_all("input"):
        if field.get("type") not in ("checkbox", "radio") or field.has_attr("checked"):
            values[str(field["name"])] = str(field.get("value", ""))
    for select in form.find_all("select"):
        options = select.find_all("option")
        chosen = next((each for each in options if each.has_attr("selected")), options[0])
        values[str(select["name"])] = str(chosen.get("value", chosen.get_text()))
    return values
