"""Do lists, searches, choices and validation show an editor only what they may see? (S25, S50)"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from wagtail.models import GroupPagePermission, PageViewRestriction

from lms_memberships.bundles import catalogue
from lms_memberships.creator.person import showing, why
from lms_memberships.models import BundleItem, Item, Membership
from lms_memberships.wizard import bundle_form, bundle_panel
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, allow, put_into
from tests.wizard.conftest import Wizard, version_of

pytestmark = pytest.mark.django_db

WIZARD = Wizard()
SECRET = "Secret course in the making"


class Scene:
    """A draft membership with one open session in it, and three things that are nobody's business yet."""

    def __init__(self, session) -> None:
        self.open = catalogue.sync(session)
        hidden = school.course(SECRET)
        hidden.unpublish()
        closed = school.course(f"{SECRET} for the staff")
        PageViewRestriction.objects.create(page=closed, restriction_type="login")
        unpublished = school.session("Rehearsal", session.starts_at)
        row = Item.objects.filter(object_id=str(unpublished.pk), kind="live_session")
        row.update(title=f"{SECRET} live", live=False)
        self.page = closed
        self.secrets = Item.objects.filter(title__startswith=SECRET)
        assert len(self.secrets) == 3
        self.draft = put_into(MembershipFactory(title="Studio pass"), session)
        self.draft.save_revision()


@pytest.fixture
def scene(live_session, gateway) -> Scene:
    return Scene(live_session)


@pytest.fixture
def editor(db):
    """May write memberships, and nothing else of the site."""
    return allow(UserFactory(username="limited"), "view_membership", "add_membership", "change_membership")


def shown(browser, scene: Scene, **query: str) -> int:
    page = browser.get(WIZARD.step(scene.draft, "bundle"), query).content.decode()
    assert scene.open.title in page or query
    return page.count(SECRET)


def smuggled(browser, scene: Scene) -> int:
    """How many of the secrets a forged form puts into the bundle."""
    keys = [scene.open.pk, *scene.secrets.values_list("pk", flat=True)]
    browser.post(WIZARD.step(scene.draft, "bundle"), {"action-next": "1", "bundle": keys})
    keys = set(scene.secrets.values_list("pk", flat=True))
    return len([row for row in version_of(scene.draft).bundle_items.all() if row.item_id in keys])


def test_a_limited_editor_neither_lists_nor_finds_nor_bundles_them(scene, editor, client_for):
    """S25: list, search and validation."""
    browser = client_for(editor)
    assert shown(browser, scene) == 0
    assert shown(browser, scene, bundle_search="in the making") == 0
    assert smuggled(browser, scene) == 0


def test_what_another_has_bundled_stays_and_is_not_named(scene, editor, client_for):
    """S25: "chosen": saved by somebody who may not see it, it is neither shown nor lost."""
    secret = scene.secrets.first()
    rows = [BundleItem(item=item, sort_order=number) for number, item in enumerate((scene.open, secret))]
    scene.draft.bundle_items.set(rows)
    scene.draft.save_revision()
    browser = client_for(editor)
    page = browser.get(WIZARD.step(scene.draft, "bundle")).content.decode()
    assert SECRET not in page
    assert f'name="bundle" value="{secret.pk}"' in page
    browser.post(WIZARD.step(scene.draft, "bundle"), {"action-next": "1", "bundle": [scene.open.pk, secret.pk]})
    assert {row.item_id for row in version_of(scene.draft).bundle_items.all()} == {scene.open.pk, secret.pk}


@pytest.fixture
def clerk(db):
    """May see people, and nothing else of the site."""
    return allow(UserFactory(username="clerk"), "view_subscription")


def told(browser, scene: Scene, student, now) -> int:
    """How often one person's pages name a secret that is in what they hold, whatever they are asked."""
    for number, item in enumerate(scene.secrets):
        BundleItem.objects.get_or_create(membership=scene.draft, item=item, defaults={"sort_order": number})
    if not student.lms_subscriptions.exists():
        school.subscribe(student, scene.draft, until=now + timedelta(days=9))
    asked = [{}, {"q": "in the making"}, *({"item": str(key)} for key in scene.secrets.values_list("pk", flat=True))]
    pages = [browser.get(reverse("lms_memberships_person_why", args=[student.pk]), query) for query in asked]
    pages.append(browser.get(reverse("lms_memberships_person", args=[student.pk])))
    assert {page.status_code for page in pages} == {200}
    assert scene.open.title in pages[0].content.decode()
    return sum(SECRET in page.content.decode() for page in pages)


def test_whoever_sees_people_learns_no_titles_by_it(scene, clerk, admin, client_for, student, now):
    """S25: "why can't they open this?": list, search and the one that is asked about; and the progress of a person."""
    assert told(client_for(clerk), scene, student, now) == 0
    assert told(client_for(admin), scene, student, now) == 6, "the control: who may see everything is asked for it"


def test_without_the_one_queryset_their_pages_name_them(scene, clerk, client_for, student, now, monkeypatch):
    """S25, negative control"""
    for module in (why, showing):
        monkeypatch.setattr(module, "visible_to", lambda person: Item.objects.all())
    assert told(client_for(clerk), scene, student, now) == 6


def test_whoever_may_see_them_in_the_admin_sees_them_here(scene, editor, client_for, admin):
    """S25: rights over the site decide, not a list of ours."""
    group = Group.objects.create(name="Course editors")
    change = Permission.objects.get(codename="change_page")
    GroupPagePermission.objects.create(group=group, page=scene.page.get_parent(), permission=change)
    editor.groups.add(group)
    assert shown(client_for(editor), scene) >= 2
    assert shown(client_for(allow(editor, "view_livesession")), scene) >= 3
    assert smuggled(client_for(admin), scene) == 3


def test_without_the_one_queryset_the_same_questions_find_them(scene, editor, client_for, monkeypatch):
    """S25, negative control"""
    for module in (bundle_form, bundle_panel):
        monkeypatch.setattr(module, "visible_to", lambda person: Item.objects.all())
    browser = client_for(editor)
    assert shown(browser, scene) >= 3
    assert smuggled(browser, scene) == 3


def test_a_draft_membership_is_not_for_every_editor_to_choose(scene, client_for, editor):
    """S25: Wagtail's chooser: list, search, chosen one by one and several at once."""
    names = "wagtailsnippetchoosers_lms_memberships_membership"
    outsider = client_for(allow(UserFactory(username="writer")))
    several = {"id": [scene.draft.pk]}
    for browser, sees in ((outsider, False), (client_for(editor), True)):
        for name, query in (("choose", {}), ("choose_results", {"q": "Studio"}), ("chosen_multiple", several)):
            page = browser.get(reverse(f"{names}:{name}"), query).content.decode()
            assert ("Studio pass" in page) is sees, name
        status = browser.get(reverse(f"{names}:chosen", args=[scene.draft.pk])).status_code
        assert status == (200 if sees else 404)


def test_bulk_actions_ask_for_the_right_to_each(scene, editor, client_for):
    """S50: a crafted POST deletes nothing, and names nothing that is not there."""
    address = reverse("wagtail_bulk_action", args=["lms_memberships", "membership", "delete"])
    for browser in (client_for(editor), client_for(allow(UserFactory(username="writer")))):
        answer = browser.post(f"{address}?id={scene.draft.pk}&id=999999", {"next": "/admin/"})
        assert answer.status_code in (200, 302, 403, 404)
        assert "999999" not in answer.content.decode()
        assert Membership.objects.filter(pk=scene.draft.pk).exists()
    holder = client_for(allow(UserFactory(username="deleter"), "delete_membership", "view_membership"))
    holder.post(f"{address}?id={scene.draft.pk}", {"next": "/admin/"})
    assert not Membership.objects.filter(pk=scene.draft.pk).exists(), "the control: with the right it is deleted"
