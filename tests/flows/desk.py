"""What do the tests of a person's page share? Somebody who may do everything there, and how they press."""

import re

from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory, allow
from tests.flows.steps import text

ALL = (
    "view_subscription",
    "view_invoice",
    "view_email",
    "send_again_email",
    "give_access",
    "extend_trial",
    "end_subscription",
    "link_subscription",
    "merge_accounts",
)


def helper(*but: str):
    """Somebody of the staff, without these."""
    return allow(UserFactory(), *(set(ALL) - set(but)))


def url(what: str, person, *more: int) -> str:
    name = f"lms_memberships_person_{what}" if what else "lms_memberships_person"
    return reverse(name, args=[person.pk, *more])


def read(desk: Client, what: str, person, *more: int, **query: object) -> str:
    answer = desk.get(url(what, person, *more), query)
    assert answer.status_code == 200, answer
    return text(answer.content.decode())


def press(desk: Client, what: str, person, *more: int, reason: str = "Asked by mail", **fields: object) -> str:
    """Open the page, fill it in, press, and read what is said then."""
    address = url(what, person, *more)
    key = key_on(desk.get(address).content.decode())
    answer = desk.post(address, {"reason": reason, "key": key, **fields}, follow=True)
    assert answer.status_code == 200
    return text(answer.content.decode())


def key_on(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]+)"', page)
    return found[1] if found else ""
