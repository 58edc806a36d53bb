"""Is a name only ever a name, in pages and in mails? Names that are code to a browser or to a template (S14, S15, T18)."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import engines
from django.urls import reverse
from django.utils import timezone

from lms_memberships.emails import rendering
from lms_memberships.emails.catalogue import CATALOGUE, EmailKind
from lms_memberships.emails.models import Email
from lms_memberships.models import GuestPurchase, Membership
from tests.emails.conftest import (  # noqa: F401 - fixtures
    DISPUTES,
    REFUNDS,
    give,
    invoice,
    park,
    said_of,
    subscription,
    take_back,
    told_of_another_price,
    withdrawn_from,
)
from tests.faults.sizes import pick
from tests.test_safe_html import PAYLOADS as ATTACKS

pytestmark = pytest.mark.django_db

FILE = Path(__file__).resolve().parents[1] / "payloads" / "templates.txt"
TEMPLATES = FILE.read_text(encoding="utf-8").splitlines()
#: In e-mails: all that are code to a template, and of those for browsers so many.
NAMES = (
    TEMPLATES + [one for one in ATTACKS if "".join(one.split()) and one.isprintable()][:: pick(test=6, ci=1, soak=1)]
)
WITH_INVOICE = {EmailKind.PAYMENT_SUCCEEDED, EmailKind.PAYMENT_FAILED}


class Read(HTMLParser):
    """A page as its reader has it: the elements, and the words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(" ".join([tag, *sorted(name for name, _value in attrs)]))

    def handle_data(self, data: str) -> None:
        self.words += data


def built(kind: EmailKind, held, bill):
    now = timezone.now()
    if kind.startswith("gift_"):
        gift = give(held, is_returned=False)
        type(gift).objects.update(from_name=held.user.first_name[:100])
    if kind.startswith("guest_") and not GuestPurchase.objects.exists():
        park(held.membership)
    if kind is EmailKind.PRICE_CHANGE:
        told_of_another_price(held, now)
    if kind in (*REFUNDS, *DISPUTES):
        take_back(held, kind)
    if kind is EmailKind.WITHDRAWN:
        withdrawn_from(held)
    email = Email(
        pk=1,
        key=kind.value,
        kind=kind.value,
        recipient="a@school.test",
        language="en",
        user=held.user,
        membership=held.membership,
        subscription=held,
        owed_at=now,
        next_try_at=now,
        invoice=bill if kind in WITH_INVOICE else None,
        context={"title": held.membership.title, **said_of(kind)},
    )
    return rendering.message_for(email, now=now)


def spoilt(held, bill, names: list[str], *, kinds: int = len(CATALOGUE)) -> list[str]:
    """The e-mails in which a name is not a name: changed in the text, or more than text in the HTML."""
    found, usual = [], {}
    held.membership.title, held.user.first_name, held.user.last_name = "Plain", "Plain", ""
    for kind in CATALOGUE:
        usual[kind] = Read(built(kind, held, bill).alternatives[0][0]).elements
    for turn, name in enumerate(names):
        held.membership.title = held.user.first_name = name
        for kind in [*CATALOGUE, *CATALOGUE][turn % len(CATALOGUE) :][:kinds]:
            message = built(kind, held, bill)
            html = Read(message.alternatives[0][0])
            if name not in f"{message.subject}\n{message.body}":
                found.append(f"{kind.value}, text: {name!r}")
            if html.elements != usual[kind] or " ".join(name.split()) not in " ".join(html.words.split()):
                found.append(f"{kind.value}, HTML: {name!r}")
    return found


def test_the_corpus_is_large_and_without_doubles():
    """T18"""
    assert len(TEMPLATES) == len(set(TEMPLATES)) >= 50
    assert len(NAMES) >= len(TEMPLATES) + 40


def test_a_name_is_raw_in_the_text_and_escaped_in_the_html_of_every_email(subscription, invoice):  # noqa: F811
    """S14, S15, T18: nothing evaluated, nothing escaped twice, no element more."""
    assert spoilt(subscription, invoice, NAMES, kinds=pick(test=1, ci=len(CATALOGUE), soak=len(CATALOGUE))) == []


def test_a_name_that_is_read_as_a_template_is_noticed(subscription, invoice, monkeypatch):  # noqa: F811
    """S14, S15, negative control: e-mails that are rendered a second time, and e-mails that do not escape."""
    original = rendering.render_to_string

    def twice(name: str, context: dict) -> str:
        return engines["django"].from_string(original(name, context)).render({"x": "!", "title": "!"})

    monkeypatch.setattr(rendering, "render_to_string", twice)
    assert spoilt(subscription, invoice, ["{{ title }}"])
    monkeypatch.setattr(rendering, "render_to_string", lambda name, context: unescaped(original(name, context)))
    assert spoilt(subscription, invoice, ["<img src=x onerror=alert(1)>"])


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">")


def test_a_title_is_shown_as_it_was_typed_on_the_site(membership, client):
    """S15, T18: the page of the membership, and the list."""
    for title in TEMPLATES:
        Membership.objects.filter(pk=membership.pk).update(title=title)
        for address in (reverse("lms_memberships:detail", args=[membership.slug]), reverse("lms_memberships:list")):
            answer = client.get(address)
            assert answer.status_code == 200, title
            assert title in Read(answer.content.decode()).words, (title, address)
