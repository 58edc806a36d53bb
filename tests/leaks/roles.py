"""Who reads the site? Each kind of person, with what they may find."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, Permission
from django.test import Client
from wagtail.models import GroupPagePermission, Page

from tests.access import school
from tests.factories import UserFactory
from tests.leaks.planting import Garden, unmarked

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Role:
    """A browser, and whether anything marked may come to it."""

    name: str
    browser: Client
    may: bool = False
    crawls_admin: bool = False


def everybody(garden: Garden, now: datetime) -> list[Role]:
    """Those who may not first, then those who may."""
    gold, silver = garden.gold, garden.silver
    return [
        Role("visitor", Client(raise_request_exception=False)),
        Role("student", _signed_in()),
        Role("ex-member", _signed_in(gold, until=now - DAY, status="canceled")),
        Role("member of another", _signed_in(silver, until=now + DAY)),
        Role("overdue", _signed_in(gold, until=now - DAY, status="past_due", period_start=now - 9 * DAY)),
        Role("never paid", _signed_in(gold, until=None, status="incomplete")),
        Role("paused", _signed_in(gold, until=now - DAY, status="paused")),
        Role("editor elsewhere", _editor(unmarked("Elsewhere")), crawls_admin=True),
        Role("member", _signed_in(gold, until=now + DAY), may=True),
        Role("in grace", _signed_in(gold, until=now + DAY, status="past_due", period_start=now - DAY), may=True),
        Role("superuser", _browser(UserFactory(is_superuser=True, is_staff=True)), may=True),
    ]


def editor_of(page: Page) -> Client:
    return _editor(page)


def _signed_in(membership: object = None, **columns: object) -> Client:
    person = UserFactory()
    if membership is not None:
        school.subscribe(person, membership, **columns)
    return _browser(person)


def _editor(page: Page) -> Client:
    group = Group.objects.create(name=f"Editors of {page.title}")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    for right in ("add", "change", "publish"):
        GroupPagePermission.objects.create(group=group, page=page, permission_type=right)
    person = UserFactory()
    person.groups.add(group)
    return _browser(person)


def _browser(person: object) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(person)
    return browser
