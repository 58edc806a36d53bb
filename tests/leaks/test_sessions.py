"""What does somebody get whose session ran out, at what members own? The sign-in or the paywall, and the way back."""

from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from lms_memberships.models import Subscription
from tests.access import school
from tests.factories import UserFactory
from tests.leaks.crawling import marks_in

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asked once, on the database of production"),
]
SIGN_IN = "/accounts/login/"


def deleted(browser: Client, person: object) -> None:
    Session.objects.all().delete()


def forged(browser: Client, person: object) -> None:
    browser.cookies["sessionid"] = "'; x\x7f" * 9


def of_a_person_who_is_gone(browser: Client, person: object) -> None:
    # Whoever holds something is never deleted; what they held stays, in another name.
    Subscription.objects.filter(user=person).update(user=UserFactory())
    person.delete()


def of_a_person_who_was_shut_out(browser: Client, person: object) -> None:
    type(person).objects.filter(pk=person.pk).update(is_active=False)


def of_an_old_password(browser: Client, person: object) -> None:
    person.set_password("another")
    person.save()


ENDS = (deleted, forged, of_a_person_who_is_gone, of_a_person_who_was_shut_out, of_an_old_password)


@pytest.fixture
def person():
    person = UserFactory()
    person.set_password("studio")
    person.save()
    return person


@pytest.fixture
def member(person, garden, now):
    browser = Client(raise_request_exception=False)
    browser.force_login(person)
    return browser


@pytest.fixture
def subscription(person, garden, now):
    return school.subscribe(person, garden.gold, until=now + timedelta(days=1))


def account_pages(subscription) -> list[str]:
    ours = "lms_memberships"
    return [
        *(reverse(f"{ours}:{name}") for name in ("account", "invoices", "leave", "done")),
        *(
            reverse(f"{ours}:{name}", args=[subscription.pk])
            for name in ("cancel", "resume", "stay", "withdraw", "pause", "continue", "switch", "keep", "invoice")
        ),
        reverse(f"{ours}:buy", args=[subscription.membership.slug]),
    ]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_session_that_ended_leads_to_the_sign_in_or_the_paywall(end, garden, member, person, subscription):
    """K9: pages, lessons, files, calendar, API and account, read and sent, and nothing breaks."""
    members = list(garden.addresses.values())
    assert all(marks_in(member.get(address)) for address in members)
    account = account_pages(subscription)
    assert member.get(account[0]).status_code == 200
    end(member, person)
    answers = {address: member.get(address) for address in members}
    assert {
        address: answer.status_code for address, answer in answers.items() if answer.status_code not in {302, 403}
    } == {}
    assert {address: marks_in(answer) for address, answer in answers.items() if marks_in(answer)} == {}
    assert all(SIGN_IN in answer["Location"] for answer in answers.values() if answer.status_code == 302)
    for address in account:
        for answer in (member.get(address), member.post(address)):
            assert answer.status_code in {302, 404, 405}, address
            assert SIGN_IN in answer.headers.get("Location", SIGN_IN), address


def test_whoever_signs_in_again_is_back_where_they_were(garden, member, person, subscription):
    """K9: from the paywall of a page and from the account."""
    for address in (garden.addresses["body"], garden.addresses["intro"], reverse("lms_memberships:account")):
        Session.objects.all().delete()
        answer = member.get(address)
        onward = answer.headers.get("Location") or f"{SIGN_IN}?next={quote(address, safe='')}"
        assert answer.status_code == 302 or onward in answer.content.decode()
        assert parse_qs(urlsplit(onward).query)["next"] == [address]
        back = member.post(onward, {"login": person.username, "password": "studio"})
        assert back.headers.get("Location") == address
        assert member.get(address).status_code == 200
