"""Does no list of the admin take for granted what the site calls its people's names and addresses? (W17)"""

import re
from pathlib import Path

from lms_memberships.creator.desks import names_of

CREATOR = Path(__file__).resolve().parent.parent / "lms_memberships" / "creator"
TAKEN_FOR_GRANTED = re.compile(r"__(?:username|email)[\"']")


def test_searches_ask_the_sites_own_model_for_its_columns(monkeypatch):
    """W17: a model that signs in by its address has no user name; searching for one is a FieldError."""

    class Person:
        USERNAME_FIELD = "address"

        @staticmethod
        def get_email_field_name() -> str:
            return "address"

    assert names_of("user") == ["user__email", "user__username"]
    monkeypatch.setattr("lms_memberships.creator.desks.get_user_model", lambda: Person)
    assert names_of("giver") == ["giver__address"]


def test_no_list_names_them_itself():
    """W17."""
    sources = sorted(CREATOR.rglob("*.py"))
    assert len(sources) > 50
    found = [path.name for path in sources if TAKEN_FOR_GRANTED.search(path.read_text())]
    assert found == []
