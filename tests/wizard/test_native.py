"""Do Wagtail's own powers work through the steps? Resume, autosave, preview, compare, revert, lock, workflow."""

import pytest
from django.contrib.contenttypes.models import ContentType
from wagtail.models import GroupApprovalTask, Workflow, WorkflowContentType, WorkflowTask

from lms_memberships.models import Membership
from tests.factories import MembershipFactory, UserFactory, allow

from .conftest import version_of

JSON = {"accept": "application/json"}


def test_work_goes_on_where_it_is_incomplete_also_for_somebody_else(browser, client_for, admin, wizard, sessions):
    """X19"""
    browser.post(wizard.add, wizard.press("next"))
    membership = Membership.objects.get()
    other = client_for(admin)
    assert other.get(wizard.url("edit", membership.pk)).headers["Location"] == wizard.step(membership, "bundle")
    browser.post(wizard.step(membership, "bundle"), {"bundle": [sessions[0].pk], "action-next": "1"})
    assert other.get(wizard.url("edit", membership.pk)).headers["Location"] == wizard.step(membership, "publish")
    browser.post(wizard.step(membership, "publish"), wizard.finish())
    assert other.get(wizard.url("edit", membership.pk)).headers["Location"] == wizard.step(membership, "information")


def test_going_back_saves_and_asks_for_nothing(browser, draft, wizard):
    """X19"""
    answer = browser.post(wizard.step(draft, "bundle"), {"action-back": "action-back"})
    assert answer.headers["Location"] == wizard.step(draft, "information")
    assert not version_of(draft).bundle_items.exists()


def test_autosave_makes_the_row_and_sends_the_navigation_again(browser, wizard):
    """X19"""
    told = browser.post(wizard.add, wizard.information | {"title": "Auto"}, headers=JSON).json()
    membership = Membership.objects.get()
    assert told["success"]
    assert told["url"] == wizard.step(membership, "information")
    parts = browser.get(told["hydrate_url"]).content.decode()
    assert "#lms-step-nav" in parts
    assert wizard.step(membership, "bundle") in parts
    again = browser.post(
        told["url"],
        wizard.information | {"title": "Auto 2", "overwrite_revision_id": told["revision_id"]},
        headers=JSON,
    ).json()
    assert again["revision_id"] == told["revision_id"]
    assert version_of(membership).title == "Auto 2"


def test_autosave_never_publishes(browser, draft, wizard):
    """U28"""
    answer = browser.post(wizard.step(draft, "publish"), wizard.schedule | {"status": "published"}, headers=JSON)
    assert answer.json()["success"]
    draft.refresh_from_db()
    assert not draft.live


def test_autosave_does_not_overwrite_a_newer_version(browser, draft, wizard):
    """X19"""
    answer = browser.post(
        wizard.step(draft, "information"), wizard.information | {"loaded_revision_id": "1234567"}, headers=JSON
    )
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "invalid_revision"


def test_a_preview_of_one_step_shows_the_others_from_the_draft(browser, draft, sessions, wizard):
    """X19, S26"""
    url = wizard.url("preview_on_step", draft.pk, "information")
    assert browser.post(url, wizard.information | {"title": "Previewed", "price_amount": "11"}).json()["is_valid"]
    page = browser.get(url).content.decode()
    assert "Previewed" in page
    assert "Evening 000" in page
    other = wizard.url("preview_on_step", draft.pk, "bundle")
    browser.post(other, {"bundle": [sessions[2].pk]})
    page = browser.get(other).content.decode()
    assert "Previewed" not in page
    assert "Evening 002" in page
    assert version_of(draft).title == "Studio pass"


def test_versions_are_compared_in_words(browser, draft, sessions, wizard):
    """X24"""
    browser.post(wizard.step(draft, "information"), wizard.press("next", price_amount="25"))
    browser.post(wizard.step(draft, "bundle"), {"bundle": [sessions[0].pk, sessions[2].pk]})
    page = browser.get(wizard.url("revisions_compare", draft.pk, "earliest", "latest")).content.decode()
    assert '<span class="deletion">19.00 EUR</span>' in page
    assert '<span class="addition">25.00 EUR</span>' in page
    assert '<span class="deletion">Evening 001</span>' in page
    assert '<span class="addition">Evening 002</span>' in page


def test_an_old_version_can_be_looked_at_and_brought_back(browser, draft, sessions, wizard):
    """X24"""
    first = draft.latest_revision
    browser.post(wizard.step(draft, "information"), wizard.press("next", title="Changed", price_amount="25"))
    url = wizard.url("revisions_revert", draft.pk, first.pk)
    page = browser.get(url)
    assert page.status_code == 200
    assert page.context["form"]["title"].value() == "Studio pass"
    whole = wizard.information | wizard.schedule | {"price_amount": "19", "bundle": [sessions[0].pk]}
    assert browser.post(url, whole).status_code == 302
    assert version_of(draft).title == "Studio pass"
    assert [row.item_id for row in version_of(draft).bundle_items.all()] == [sessions[0].pk]


def test_an_old_version_is_published_only_after_stripe_agreed(browser, draft, break_stripe, wizard, sessions):
    """S26, U28"""
    break_stripe()
    whole = wizard.information | wizard.schedule | {"bundle": [sessions[0].pk], "action-publish": "1"}
    answer = browser.post(wizard.url("revisions_revert", draft.pk, draft.latest_revision_id), whole)
    assert "Nothing was published" in answer.content.decode()
    draft.refresh_from_db()
    assert not draft.live


def test_a_locked_membership_cannot_be_changed_but_its_bundle_can_be_read(admin, browser, client_for, draft, wizard):
    """X24"""
    client_for(admin).post(wizard.url("lock", draft.pk))
    page = browser.get(wizard.step(draft, "information")).content.decode()
    assert 'name="action-next"' not in page
    answer = browser.post(wizard.step(draft, "information"), wizard.press("next", title="Changed"))
    assert "locked" in answer.content.decode()
    assert version_of(draft).title == "Studio pass"
    url = wizard.step(draft, "bundle")
    answer = browser.post(url, {"bundle_search": "Evening 001", "action-browse": "find"})
    assert answer.headers["Location"] == f"{url}?bundle_search=Evening+001#bundle"


@pytest.fixture
def workflow(db):
    workflow = Workflow.objects.create(name="Second pair of eyes")
    task = GroupApprovalTask.objects.create(name="Approve")
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    content_type = ContentType.objects.get_for_model(Membership)
    WorkflowContentType.objects.create(workflow=workflow, content_type=content_type)
    return workflow


def test_an_editor_submits_at_the_last_step_and_approval_publishes(
    client_for, editor, admin, gateway, draft, workflow, wizard
):
    """U28, X24"""
    browser = client_for(editor)
    assert 'name="action-submit"' in browser.get(wizard.step(draft, "publish")).content.decode()
    assert 'name="action-submit"' not in browser.get(wizard.step(draft, "bundle")).content.decode()
    browser.post(wizard.step(draft, "publish"), wizard.schedule | {"action-submit": "action-submit"})
    draft = Membership.objects.get(pk=draft.pk)
    state = draft.current_workflow_task_state
    assert state
    state.approve(user=admin)
    draft.refresh_from_db()
    assert draft.live


def test_an_incomplete_draft_is_not_submitted(client_for, editor, gateway, workflow, wizard):
    """U28"""
    membership = MembershipFactory()
    membership.save_revision()
    answer = client_for(editor).post(
        wizard.step(membership, "publish"), wizard.schedule | {"action-submit": "action-submit"}
    )
    assert "Please complete: Marketing products (1)." in answer.content.decode()
    assert Membership.objects.get(pk=membership.pk).current_workflow_state is None


def test_a_live_one_is_unpublished_and_listed_by_wagtails_own_views_and_kept(browser, client_for, draft, wizard):
    """U25, G16: once it was on sale it stays, in words; a draft that nobody could buy goes."""
    browser.post(wizard.step(draft, "publish"), wizard.finish())
    assert browser.post(wizard.url("unpublish", draft.pk)).status_code == 302
    draft.refresh_from_db()
    assert not draft.live
    remover = client_for(allow(UserFactory(), "change_membership", "delete_membership", "view_membership"))
    assert remover.get(wizard.url("usage", draft.pk)).status_code == 200
    assert "cannot be deleted" in remover.get(wizard.url("delete", draft.pk), follow=True).content.decode()
    never_sold = MembershipFactory()
    assert remover.get(wizard.url("delete", never_sold.pk)).status_code == 200
    assert remover.post(wizard.url("delete", never_sold.pk)).status_code == 302
    assert list(Membership.objects.all()) == [draft]
