"""Step 3, when the bundle of a membership with members changes: the choice, the count, and that it is kept (G17, X6)."""

from datetime import timedelta

import pytest

from lms_memberships.access import decide
from lms_memberships.models import BundleItem, KeptItem, Membership
from tests.access import school
from tests.factories import UserFactory, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(draft, gateway) -> Membership:
    return publish(draft, gateway=gateway)


@pytest.fixture
def people(sold, now) -> list:
    joined = now - timedelta(days=3)
    users = [UserFactory() for _number in range(2)]
    for user in users:
        school.subscribe(user, sold, until=now + timedelta(days=30), opened_at=joined, started_at=joined)
    return users


def rebundle(browser, wizard, sold, items) -> None:
    fields = {"bundle": [item.pk for item in items], "action-edit": "action-edit"}
    answer = browser.post(wizard.step(sold, "bundle"), fields)
    assert answer.status_code == 302, answer.content.decode()[:3000]


def test_the_choice_names_how_many_people_it_touches(browser, wizard, sold, people, sessions):
    """X6: before anything is saved, with what comes and what goes."""
    assert 'name="members"' not in browser.get(wizard.step(sold, "publish")).content.decode()
    old, stays, new = sessions
    rebundle(browser, wizard, sold, [stays, new])
    page = browser.get(wizard.step(sold, "publish")).content.decode()
    assert 'name="members"' in page
    assert "2 people are members now." in page
    assert f"Added: {new.title}." in page
    assert f"Taken out: {old.title}." in page


def test_without_members_there_is_nothing_to_choose(browser, wizard, sold, sessions):
    """X6"""
    rebundle(browser, wizard, sold, sessions)
    assert 'name="members"' not in browser.get(wizard.step(sold, "publish")).content.decode()


@pytest.mark.parametrize(("choice", "keeps"), [("everyone", False), ("newcomers", True), (None, False)])
def test_the_button_does_what_was_chosen(browser, wizard, sold, people, sessions, now, choice, keeps):
    """G17, X6: at once is the default."""
    old, stays, new = sessions
    rebundle(browser, wizard, sold, [stays, new])
    chosen = {"members": choice} if choice else {}
    assert browser.post(wizard.step(sold, "publish"), wizard.finish(**chosen)).status_code == 302
    person = type(people[0]).objects.get(pk=people[0].pk)
    assert decide(person, new, now=now).allowed is not keeps
    assert KeptItem.objects.filter(item=old).exists() is keeps
    if keeps:
        assert decide(type(person).objects.get(pk=person.pk), old, now=now).allowed


def test_the_choice_waits_with_the_draft(browser, wizard, sold, people, sessions):
    """X6: saved today, published tomorrow by somebody else."""
    rebundle(browser, wizard, sold, sessions)
    fields = wizard.schedule | {"status": "published", "members": "newcomers", "action-edit": "action-edit"}
    assert browser.post(wizard.step(sold, "publish"), fields).status_code == 302
    page = browser.get(wizard.step(sold, "publish")).content.decode()
    assert page.index("checked", page.index('value="newcomers"')) - page.index('value="newcomers"') < 120
    Membership.objects.get(pk=sold.pk).get_latest_revision().publish()
    assert BundleItem.objects.exclude(since=None).get(membership=sold).item == sessions[2]
