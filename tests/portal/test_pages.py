"""Do the public pages hold up: many memberships, two languages, nothing inline, constant queries?"""

import json
import re

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import MembershipFactory, publish, put_into

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(gateway, live_session):
    return [
        publish(put_into(MembershipFactory(title=f"Pass {number:02}"), live_session), gateway=gateway)
        for number in range(14)
    ]


def test_the_list_is_paged_and_searched_in_the_database(many):
    page = Client().get(reverse("lms_memberships:list"))
    assert len(page.context["object_list"]) == 12
    found = Client().get(reverse("lms_memberships:list"), {"q": "Pass 13"})
    assert [membership.title for membership in found.context["object_list"]] == ["Pass 13"]
    nothing = Client().get(reverse("lms_memberships:list"), {"q": "nothing like it"})
    assert "No membership matches" in nothing.content.decode()


def test_the_list_costs_the_same_with_one_and_with_twelve(membership, gateway, live_session):
    Client().get(reverse("lms_memberships:list"))
    with CaptureQueriesContext(database) as one:
        Client().get(reverse("lms_memberships:list"))
    for number in range(11):
        publish(put_into(MembershipFactory(title=f"Pass {number}"), live_session), gateway=gateway)
    with CaptureQueriesContext(database) as twelve:
        Client().get(reverse("lms_memberships:list"))
    assert len(twelve) == len(one)


def test_whether_they_had_a_trial_costs_a_reader_the_same_with_one_and_with_twelve(
    gateway, live_session, student, client_for, django_assert_num_queries
):
    """X12, X25: and a stranger nothing."""

    def add(number: int) -> None:
        made = put_into(MembershipFactory(title=f"Pass {number}", trial_days=7), live_session)
        publish(made, gateway=gateway)

    add(0)
    readers = (client_for(student), Client())
    costs = []
    for reader in readers:
        reader.get(reverse("lms_memberships:list"))
        with CaptureQueriesContext(database) as one:
            reader.get(reverse("lms_memberships:list"))
        costs.append(len(one))
    assert not [query for query in one if "trialtaken" in query["sql"]]
    for number in range(1, 12):
        add(number)
    for reader, cost in zip(readers, costs, strict=True):
        with django_assert_num_queries(cost):
            reader.get(reverse("lms_memberships:list"))


def test_the_pages_are_french_for_a_french_reader(membership):
    """X26: words, price and language attribute."""
    page = Client().get(membership.get_absolute_url(), headers={"accept-language": "fr"}).content.decode()
    assert re.search("19,00\\s€ par mois", page)
    assert '<html lang="fr"' in page


def test_the_old_price_is_struck_through_and_named(membership, gateway):
    """U14: seen and heard."""
    membership.old_price_amount = 2900
    publish(membership, gateway=gateway)
    page = Client().get(membership.get_absolute_url()).content.decode()
    assert re.search(r"<s[^>]*>.*Before:.*€29\.00.*</s>", page, re.S)


def test_a_description_cannot_break_out_of_the_page(membership, gateway):
    """S11: neither in the text nor in the data for other sites."""
    evil = "</script><script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    membership.description = membership.title = evil[:100]
    membership.description = evil
    publish(membership, gateway=gateway)
    page = Client().get(membership.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert not re.search(r"<img[^>]*onerror", page)
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S).group(1)
    assert json.loads(data)["name"] == evil[:100]
    assert 'href="javascript' not in page


def test_no_page_asks_a_third_party(membership):
    for address in (reverse("lms_memberships:list"), membership.get_absolute_url()):
        page = Client().get(address).content.decode()
        loaded = re.findall(r'(?:src|href)="(https?://[^"]+)"', page)
        assert not [link for link in loaded if not link.startswith("http://testserver")], loaded


def test_the_help_contact_is_on_every_page(membership, student, client_for):
    """U41."""
    browser = client_for(student)
    for address in (
        reverse("lms_memberships:list"),
        membership.get_absolute_url(),
        reverse("lms_memberships:account"),
        reverse("lms_memberships:invoices"),
    ):
        assert "mailto:help@school.test" in browser.get(address).content.decode()


def test_the_account_asks_for_a_sign_in(membership):
    for name in ("account", "invoices", "done"):
        answer = Client().get(reverse(f"lms_memberships:{name}"))
        assert answer.status_code == 302
        assert "login" in answer["Location"]
