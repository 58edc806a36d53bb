"""Which steps do the flows share? Pressing, paying and reading, as a person does it."""

import re
from datetime import datetime
from html.parser import HTMLParser

from django.test import Client
from django.urls import reverse

from lms_memberships.models import Subscription
from lms_memberships.payments.customers import customer_for
from lms_memberships.payments.gateway import Gateway
from lms_memberships.subscriptions import people, settling
from tests import hosted
from tests.subscriptions import said


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


def left_unpaid(membership, student, *, gateway: Gateway, now: datetime) -> Subscription:
    """A subscription of theirs whose first payment never came: bought, and left at the bank's question."""
    attempt = said.attempt(student, membership, state="complete", created_at=now)
    made = gateway.client.v1.subscriptions.create(
        {
            "customer": customer_for(student, gateway=gateway, language="en"),
            "items": [{"price": membership.prices.get().stripe_id}],
            "payment_behavior": "default_incomplete",
            "metadata": {people.ATTEMPT_KEY: str(attempt.uuid)},
        }
    )
    return settling.follow_subscription(made.id, gateway=gateway, now=now)


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
