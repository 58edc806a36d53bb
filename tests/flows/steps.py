"""Which steps do the flows share? Pressing, paying and reading, as a person does it."""

import re
from html.parser import HTMLParser

from django.test import Client
from django.urls import reverse

from tests import hosted


def press_join(browser: Client, membership, **extra: object) -> str:
    """The address of Stripe's page."""
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), **extra)
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return answer["Location"]


def buy(browser: Client, membership, **how: str) -> str:
    """Pay, come back, and return the address of the way back."""
    status, location, body = hosted.pay(press_join(browser, membership), **how)
    assert status == 303, body[:2000]
    back = hosted.path_of(location)
    assert browser.get(back).status_code == 200
    return back


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style", "template"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style", "template"}

    def handle_data(self, data: str) -> None:
        words = re.sub(r"\s+", " ", data).strip()
        if words and self._silent <= 0:
            self.pieces.append(words)


def pieces(page: str) -> list[str]:
    """The pieces of text that a person reads, in order."""
    reader = _Text()
    reader.feed(page)
    return reader.pieces


def text(page: str) -> str:
    """All that a person reads, in one line."""
    return " ".join(pieces(page))
