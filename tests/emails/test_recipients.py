"""Does one reader get one mail, however often and in whichever spelling their address is noted? (K5)"""

import pytest
from django.contrib.auth.models import Group, Permission

from lms_memberships import events
from lms_memberships.emails import owed, switches
from lms_memberships.models import Email, Subscription
from tests.access import school
from tests.factories import UserFactory, allow

pytestmark = pytest.mark.django_db

SPELLINGS = ["Office@School.test", "office@school.test", " office@school.test ", "ｏｆｆｉｃｅ@school.test"]
OTHER = "kiln@school.test"


@pytest.fixture
def subscription(student, live_session, now) -> Subscription:
    switches.switch_all_on()
    school.subscribe(student, school.sold(live_session, now=now), until=now.replace(year=now.year + 1))
    Email.objects.all().delete()
    return Subscription.objects.get()


def told(subscription) -> list[str]:
    """Who of the site is written to about a purchase."""
    owed.about_subscription(events.SubscriptionStarted(subscription.pk, turn=1))
    to_admins = Email.objects.exclude(recipient=subscription.user.email)
    return sorted(to_admins.values_list("recipient", flat=True))


def test_an_address_in_four_spellings_is_one_reader(subscription, settings):
    """K5: of the setting."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = [*SPELLINGS, OTHER]
    assert told(subscription) == [SPELLINGS[0], OTHER]


def test_four_accounts_with_one_address_are_one_reader(subscription):
    """K5: of those who may publish; an address that differs in more than its spelling is somebody else's."""
    for number, address in enumerate([*SPELLINGS, OTHER]):
        allow(UserFactory(username=f"creator {number}", email=address), "publish_membership")
    assert len(told(subscription)) == 2


def test_only_the_group_that_may_publish_memberships_hears_of_sales(subscription):
    """S51: of two groups of staff one is told; who has left it, or cannot sign in any more, is not."""
    may, may_not = (Group.objects.create(name=name) for name in ("sellers", "editors"))
    may.permissions.add(permission("publish_membership"))
    may_not.permissions.add(permission("view_membership"), permission("change_membership"))
    people = {
        name: UserFactory(username=name, email=f"{name}@school.test", is_active=name != "gone")
        for name in ("seller", "editor", "gone", "former")
    }
    for name, group in {"seller": may, "editor": may_not, "gone": may, "former": may}.items():
        people[name].groups.add(group)
    people["former"].groups.remove(may)
    assert told(subscription) == ["seller@school.test"]


def permission(codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label="lms_memberships", codename=codename)


def test_a_fact_that_is_told_again_in_another_spelling_is_one_mail(subscription, settings):
    """K5, F4: somebody mends the capitals in the setting between the two."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["Office@School.test"]
    assert told(subscription) == ["Office@School.test"]
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    assert told(subscription) == ["Office@School.test"]


def test_control_letter_by_letter_it_is_four_mails(subscription, settings, monkeypatch):
    """K5, negative control"""
    monkeypatch.setattr(owed, "identity_of", str)
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = [*SPELLINGS, OTHER]
    assert len(told(subscription)) == 5
