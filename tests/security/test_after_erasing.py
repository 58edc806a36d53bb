"""Is anything left of a person who was erased? Every table of the database, ours or not, is searched (T20, K6)."""

import pytest
from django.core.management import call_command
from django.db import connection

from lms_memberships.personal_data import forgetting
from tests.factories import UserFactory
from tests.flows.steps import buy
from tests.personal_data.conftest import every_email_is_on  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

PERSON = {
    "username": "rare_bird",
    "email": "canary.person@school.test",
    "first_name": "Canarina",
    "last_name": "Finch-Ley",
}


def tables_with(*canaries: str) -> dict[str, list[str]]:
    """Table → the canaries in its rows, read as the database has them."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names from the database itself
            dump = repr(cursor.fetchall()).casefold()
            if seen := [canary for canary in canaries if canary.casefold() in dump]:
                found[table] = seen
    return found


@pytest.fixture
def person(db):
    return UserFactory(**PERSON)


@pytest.fixture
def traces(every_email_is_on, person, membership, client_for, postman, clock) -> dict[str, list[str]]:  # noqa: F811
    """They buy, pay twice and are written to. Returns where their name is."""
    buy(client_for(person), membership)
    postman.deliver()
    clock.advance(days=32)
    postman.deliver()
    clock.daily()
    return tables_with(*PERSON.values())


def test_no_table_holds_a_name_or_address_after_erasing(traces, person):
    """T20: the control is the same search before."""
    assert {"auth_user", "lms_memberships_email"} <= traces.keys()
    call_command("memberships_erase", PERSON["email"], "--yes")
    assert tables_with(*PERSON.values()) == {}


def test_without_the_sweep_the_search_finds_what_is_left(traces, person, monkeypatch):
    """T20, negative control: the account goes, and its traces stay."""
    monkeypatch.setattr(forgetting, "_forget_emails", lambda *_args: 0)
    monkeypatch.setattr(forgetting, "FREE_TEXTS", ())
    call_command("memberships_erase", PERSON["email"], "--yes")
    assert "lms_memberships_email" in tables_with(*PERSON.values())
