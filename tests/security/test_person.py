"""May somebody do something for a person who may only see them, or only do it? Both rights are needed (X24, S46)."""

import pytest
from django.contrib.auth.models import Permission

from .asking import DONE, REFUSED, UNKNOWN, ask, outcome
from .matrix import MATRIX
from .test_matrix import address, differences

pytestmark = pytest.mark.django_db

NAMES = [name for name in MATRIX if name.startswith("lms_memberships_person")]
#: The right that each needs beside seeing people.
NEEDS = {
    "give": "give_access",
    "take_back": "give_access",
    "trial": "extend_trial",
    "cancel": "end_subscription",
    "keep": "end_subscription",
    "end": "end_subscription",
    "revoke": "end_subscription",
    "link": "link_subscription",
    "merge": "merge_accounts",
    "part": "merge_accounts",
    "invoice": "view_invoice",
    "invoice_pdf": "view_invoice",
}
SOME = ("anonymous", "member", "editor", "only view_subscription", "only give_access", "creator", "superuser")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_table_holds_for_those_who_come_near_it(stage, method):
    """S46: strangers, members, each half of the right, creators."""
    assert len(NAMES) == 15
    assert "\n".join(differences(stage, method, NAMES, roles=SOME)) == ""


@pytest.mark.parametrize("what", NEEDS)
def test_the_two_rights_together_are_enough_and_no_others(stage, what):
    """X24: seeing people and every other right of a person's page but this one; then with it."""
    who = stage.people["only view_subscription"]
    others = Permission.objects.filter(codename__in=set(NEEDS.values()) - {NEEDS[what]})
    who.user_permissions.add(*others)
    name = f"lms_memberships_person_{what}"
    url = address(name, MATRIX[name], stage)
    window = stage.window("only view_subscription")
    assert outcome(ask(window, "GET", url)) == REFUSED
    who.user_permissions.add(Permission.objects.get(codename=NEEDS[what]))
    assert outcome(ask(window, "GET", url)) == DONE


@pytest.mark.parametrize("what", ["trial", "take_back", "cancel", "keep", "end", "revoke"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_anothers_subscription_is_as_unknown_as_none(stage, what, method):
    """S19: A×B, whoever asks."""
    window = stage.window("superuser")
    name = f"lms_memberships_person_{what}"
    own = address(name, MATRIX[name], stage)
    foreign = own.replace(f"/subscriptions/{stage.subscription.pk}/", f"/subscriptions/{stage.past.pk}/")
    unknown = own.replace(f"/subscriptions/{stage.subscription.pk}/", "/subscriptions/987654/")
    assert foreign != own
    answers = [ask(window, method, each) for each in (foreign, unknown)]
    assert [outcome(each) for each in answers] == [UNKNOWN, UNKNOWN]
    assert outcome(ask(window, "GET", own)) == DONE
