"""Who may do what? Checked at every step and at the last POST, whatever a request pretends."""

import pytest
from django.contrib.auth.models import Permission
from wagtail.models import ModelLogEntry

from lms_memberships.models import Membership
from tests.factories import MembershipFactory, UserFactory, allow

from .conftest import version_of

STEPS = ("information", "bundle", "publish")


@pytest.mark.parametrize("slug", STEPS)
@pytest.mark.parametrize("codenames", [(), ("view_membership",), ("add_membership",)])
def test_every_step_asks_for_the_right_to_change(client_for, draft, gateway, wizard, slug, codenames):
    """S24, X24"""
    browser = client_for(allow(UserFactory(username="nobody"), *codenames))
    before = draft.latest_revision_id
    assert browser.get(wizard.step(draft, slug)).status_code == 302
    assert browser.post(wizard.step(draft, slug), wizard.press("next") | wizard.finish()).status_code == 302
    draft.refresh_from_db()
    assert draft.latest_revision_id == before


def test_creating_asks_for_the_right_to_add(client_for, gateway, wizard, db):
    """S24, X24"""
    browser = client_for(allow(UserFactory(username="changer"), "change_membership"))
    assert browser.get(wizard.add).status_code == 302
    browser.post(wizard.add, wizard.press("next"))
    assert not Membership.objects.exists()


def test_without_the_right_to_publish_there_is_no_button_and_a_forged_one_saves_a_draft(
    client_for, editor, gateway, draft, wizard
):
    """S24, X24, U28"""
    browser = client_for(editor)
    page = browser.get(wizard.step(draft, "publish")).content.decode()
    assert 'name="action-publish"' not in page
    assert "Somebody with the right to publish" in page
    browser.post(wizard.step(draft, "publish"), wizard.finish())
    draft.refresh_from_db()
    assert not draft.live


def test_without_the_right_to_set_prices_the_fields_are_fixed(client_for, editor, gateway, draft, wizard):
    """X24, S24"""
    form = client_for(editor).get(wizard.step(draft, "information")).context["form"]
    fixed = {name for name, field in form.fields.items() if field.disabled}
    assert fixed == {
        "price_amount",
        "old_price_amount",
        "setup_fee_amount",
        "further_prices",
        "instalments",
        "currency",
        "interval",
        "trial_days",
        "trial_requires_card",
        # A discount gives as much away as a lower price.
        "stay_code",
    }


def test_a_forged_price_changes_nothing(client_for, editor, gateway, draft, wizard):
    """X24, S24, H8"""
    forged = wizard.press("next", title="Mine", price_amount="0.01", currency="jpy", interval="year", trial_days="700")
    answer = client_for(editor).post(wizard.step(draft, "information"), forged)
    assert answer.status_code == 302
    version = version_of(draft)
    assert version.title == "Mine"
    assert (version.price_amount, version.currency, version.interval) == (1900, "eur", "month")
    assert version.trial_days == 0


def test_an_old_price_cannot_be_brought_back_by_reverting(client_for, editor, gateway, draft, wizard):
    """X24, S24"""
    old = draft.latest_revision
    draft.price_amount = 4900
    draft.save_revision()
    whole = wizard.information | wizard.schedule | {"title": "Reverted", "bundle": [draft.bundle_items.first().item_id]}
    client_for(editor).post(wizard.url("revisions_revert", draft.pk, old.pk), whole)
    version = version_of(draft)
    assert version.title == "Reverted"
    assert version.price_amount == 4900


def test_previews_ask_for_the_right_to_change(client_for, gateway, draft, wizard):
    """S24, S26"""
    browser = client_for(allow(UserFactory(username="viewer"), "view_membership"))
    for slug in STEPS:
        answer = browser.get(wizard.url("preview_on_step", draft.pk, slug))
        assert answer.status_code in (302, 403)


def test_a_draft_shows_nothing_to_those_outside(client, draft, wizard):
    """S26"""
    for url in (wizard.step(draft, "information"), wizard.list, wizard.url("history", draft.pk)):
        answer = client.get(url)
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]


def test_the_permissions_can_be_given_in_wagtails_groups(admin, client_for, gateway):
    """X24"""
    from wagtail import hooks

    offered = {permission.pk for hook in hooks.get_hooks("register_permissions") for permission in hook()}
    for codename in ("add_membership", "change_membership", "publish_membership", "set_price_membership"):
        assert Permission.objects.get(codename=codename).pk in offered


def test_each_change_leaves_a_line_in_the_history(browser, creator, wizard, sessions):
    """X24"""
    browser.post(wizard.add, wizard.press("next"))
    membership = Membership.objects.get()
    browser.post(wizard.step(membership, "bundle"), {"bundle": [sessions[0].pk], "action-next": "1"})
    browser.post(wizard.step(membership, "publish"), wizard.finish())
    entries = ModelLogEntry.objects.filter(object_id=str(membership.pk), user=creator)
    assert {"wagtail.create", "wagtail.edit", "wagtail.publish"} <= set(entries.values_list("action", flat=True))
    assert browser.get(wizard.url("history", membership.pk)).status_code == 200


def test_somebody_with_only_publishing_rights_cannot_open_another_model(db, client_for, wizard):
    """S24"""
    MembershipFactory()
    browser = client_for(allow(UserFactory(username="publisher"), "publish_membership"))
    assert browser.get(wizard.list).status_code == 302
