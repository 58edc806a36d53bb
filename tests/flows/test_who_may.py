"""Which permission opens which step, setting and action? Each alone, and all but one (X24, S24)."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.emails import switches
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.models import Account, EmailSwitch, Item, Membership
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.wizard.conftest import Wizard, make_sessions, version_of

pytestmark = pytest.mark.django_db

PERMISSIONS = (
    "view_membership",
    "add_membership",
    "change_membership",
    "delete_membership",
    "publish_membership",
    "set_price_membership",
    "connect_account",
    "change_emailswitch",
)
WIZARD = Wizard()


class Stage:
    """A complete draft, a live membership, and something to bundle."""

    def __init__(self, draft: Membership, live: Membership, other: Item) -> None:
        self.draft = draft
        self.live = live
        self.other = other


@pytest.fixture
def build(gateway, live_session) -> Callable[[], Stage]:
    """A new stage for each action, so that none sees what another did."""
    (other,) = make_sessions(1)

    def make() -> Stage:
        draft = put_into(MembershipFactory(title="Draft pass"), live_session)
        draft.save_revision()
        live = publish(put_into(MembershipFactory(title="Live pass"), live_session), gateway=gateway)
        EmailSwitch.objects.all().delete()
        return Stage(Membership.objects.get(pk=draft.pk), live, other)

    return make


@pytest.fixture
def stage(build) -> Stage:
    return build()


def starts(browser: Client, stage: Stage) -> bool:
    """Step 1 of a new one."""
    before = Membership.objects.count()
    browser.post(WIZARD.add, WIZARD.press("next", title="Mine"))
    return Membership.objects.count() > before


def renames(browser: Client, stage: Stage) -> bool:
    """Step 1, its title."""
    browser.post(WIZARD.step(stage.draft, "information"), WIZARD.press("next", title="Mine", price_amount="19.00"))
    return version_of(stage.draft).title == "Mine"


def prices(browser: Client, stage: Stage) -> bool:
    """Step 1, every field about money."""
    forged = {
        "price_amount": "1.00",
        "currency": "usd",
        "interval": "year",
        "trial_days": "99",
        "old_price_amount": "5",
    }
    browser.post(WIZARD.step(stage.draft, "information"), WIZARD.press("next", **forged))
    version = version_of(stage.draft)
    now = (version.price_amount, version.currency, version.interval, version.trial_days, version.old_price_amount)
    return now != (1900, "eur", "month", 0, None)


def prices_at_the_last_step(browser: Client, stage: Stage) -> bool:
    """Fields of step 1, smuggled into the last POST."""
    smuggled = {"price_amount": "1.00", "currency": "usd", "interval": "year", "title": "Smuggled"}
    browser.post(WIZARD.step(stage.draft, "publish"), WIZARD.finish(status="draft", **smuggled))
    browser.post(WIZARD.step(stage.draft, "bundle"), {"action-next": "1", "bundle": [stage.other.pk], **smuggled})
    version = version_of(stage.draft)
    return (version.price_amount, version.currency, version.title) != (1900, "eur", "Draft pass")


def bundles(browser: Client, stage: Stage) -> bool:
    """Step 2."""
    browser.post(WIZARD.step(stage.draft, "bundle"), {"action-next": "1", "bundle": [stage.other.pk]})
    return version_of(stage.draft).bundle_items.get().item_id == stage.other.pk


def publishes(browser: Client, stage: Stage) -> bool:
    """Step 3, the button."""
    browser.post(WIZARD.step(stage.draft, "publish"), WIZARD.finish())
    return Membership.objects.get(pk=stage.draft.pk).live


def publishes_from_the_first_step(browser: Client, stage: Stage) -> bool:
    """The button of step 3, pressed in steps 1 and 2 and in a new one."""
    before = Membership.objects.filter(live=True).count()
    fields = WIZARD.press("publish", status="published", bundle=[stage.other.pk])
    for address in (WIZARD.step(stage.draft, "information"), WIZARD.step(stage.draft, "bundle"), WIZARD.add):
        browser.post(address, fields)
    return Membership.objects.filter(live=True).count() > before


def schedules(browser: Client, stage: Stage) -> bool:
    """Step 3, with a date."""
    browser.post(WIZARD.step(stage.draft, "publish"), WIZARD.finish(go_live_at="2099-01-01 10:00"))
    revision = Membership.objects.get(pk=stage.draft.pk).scheduled_revision
    return revision is not None


def takes_from_sale(browser: Client, stage: Stage) -> bool:
    """Step 3 with "Draft" chosen."""
    browser.post(WIZARD.step(stage.live, "publish"), WIZARD.finish(status="draft"))
    return not Membership.objects.get(pk=stage.live.pk).live


def unpublishes(browser: Client, stage: Stage) -> bool:
    """Wagtail's own page for it."""
    browser.post(WIZARD.url("unpublish", stage.live.pk))
    return not Membership.objects.get(pk=stage.live.pk).live


def deletes(browser: Client, stage: Stage) -> bool:
    browser.post(WIZARD.url("delete", stage.draft.pk))
    return not Membership.objects.filter(pk=stage.draft.pk).exists()


def sees_the_list(browser: Client, stage: Stage) -> bool:
    return browser.get(WIZARD.list).status_code == 200


def connects(browser: Client, stage: Stage) -> bool:
    """The Stripe settings: the page, and "check again"."""
    Account.objects.update(charges_enabled=False)
    page = browser.get(reverse("lms_memberships_stripe_settings")).status_code == 200
    browser.post(reverse("lms_memberships_stripe_check"))
    changed = Account.objects.get().charges_enabled
    assert page == changed, "who may look may check, and nobody else"
    return changed


def switches_emails(browser: Client, stage: Stage) -> bool:
    """The e-mail settings: the page, one switch, and all in one click."""
    address = reverse("lms_memberships_email_settings")
    browser.post(address, {EmailKind.BOUGHT: "on"})
    one = switches.is_on(EmailKind.BOUGHT, None)
    browser.post(
        f"{address}?membership={stage.live.pk}", dict.fromkeys(EmailKind, "follow") | {EmailKind.CANCELLED: "on"}
    )
    own = switches.is_on(EmailKind.CANCELLED, stage.live.pk)
    browser.post(reverse("lms_memberships_emails_all_on"))
    every = all(switches.on_for(None).values())
    assert one == own == every == (browser.get(address).status_code == 200)
    return every


Action = Callable[[Client, Stage], bool]
#: What each action needs, all of it; None: nobody can, by any permission.
NEEDS: dict[Action, set[str] | None] = {
    starts: {"add_membership"},
    renames: {"change_membership"},
    prices: {"change_membership", "set_price_membership"},
    prices_at_the_last_step: None,
    bundles: {"change_membership"},
    publishes: {"change_membership", "publish_membership"},
    publishes_from_the_first_step: None,
    schedules: {"change_membership", "publish_membership"},
    takes_from_sale: {"change_membership", "publish_membership"},
    # As everywhere in Wagtail: it changes no word.
    unpublishes: {"publish_membership"},
    deletes: {"delete_membership"},
    connects: {"connect_account"},
    switches_emails: {"change_emailswitch"},
}
EVERYBODY = {
    **{f"only {one}": {one} for one in PERMISSIONS},
    **{f"all but {one}": set(PERMISSIONS) - {one} for one in PERMISSIONS},
    "all": set(PERMISSIONS),
    "none": set(),
}


def done_by(browser: Client, build: Callable[[], Stage]) -> dict[str, bool]:
    """Each action tried for itself, on an untouched stage."""
    return {action.__name__: action(browser, build()) for action in NEEDS}


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_action_has_its_own_permission(who, build, client_for):
    """X24, S24: direct POSTs and tampered fields, whatever the screens show."""
    held = EVERYBODY[who]
    browser = client_for(allow(UserFactory(username="somebody"), *held))
    expected = {action.__name__: needs is not None and needs <= held for action, needs in NEEDS.items()}
    assert done_by(browser, build) == expected


@pytest.mark.parametrize("who", ["a stranger", "a student"])
def test_outside_the_admin_nothing_happens(who, build, client_for, student):
    """X24, S24"""
    browser = Client() if who == "a stranger" else client_for(student)
    assert done_by(browser, build) == {action.__name__: False for action in NEEDS}


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who.startswith("only")])
def test_the_list_is_for_those_who_work_with_memberships(who, stage, client_for):
    """X24, S24"""
    browser = client_for(allow(UserFactory(username="somebody"), *EVERYBODY[who]))
    works_with_them = EVERYBODY[who] & {f"{verb}_membership" for verb in ("view", "add", "change", "delete")}
    assert sees_the_list(browser, stage) == bool(works_with_them)


def test_every_address_of_the_wizard_asks(stage, gateway):
    """S24, S26: whatever the viewset mounts, a stranger is sent to sign in, by GET and by POST."""
    revision = stage.draft.latest_revision_id
    values = {"pk": stage.draft.pk, "step": "publish", "revision_id": revision, "revision_id_a": "earliest"}
    values |= {
        "revision_id_b": "latest",
        "action_name": "approve",
        "task_state_id": 1,
        "workflow_state_id": 1,
        "task_id": 1,
    }
    tried = 0
    for pattern in Membership.snippet_viewset.get_urlpatterns():
        wanted = pattern.pattern.regex.groupindex or pattern.pattern.converters
        address = reverse(
            Membership.snippet_viewset.get_url_name(pattern.name), kwargs={name: values[name] for name in wanted}
        )
        for method in ("get", "post"):
            answer = getattr(Client(), method)(address)
            assert answer.status_code == 302, address
            assert "/login/" in answer["Location"], address
            tried += 1
    assert tried > 40


@pytest.mark.parametrize(
    ("action", "entry"),
    [
        (starts, "wagtail.create"),
        (renames, "wagtail.edit"),
        (bundles, "wagtail.edit"),
        (publishes, "wagtail.publish"),
        (schedules, "wagtail.publish.schedule"),
        (takes_from_sale, "wagtail.unpublish"),
        (deletes, "wagtail.delete"),
    ],
)
def test_each_action_leaves_a_line_in_the_history(action, entry, stage, client_for):
    """X24: with who did it."""
    somebody = allow(UserFactory(username="somebody"), *PERMISSIONS)
    assert action(client_for(somebody), stage)
    assert ModelLogEntry.objects.filter(action=entry, user=somebody).exists(), list(
        ModelLogEntry.objects.values_list("action", flat=True)
    )


def test_each_switch_leaves_a_line_in_the_history(stage, client_for):
    """X24: settings too: which e-mails, by whom, for all and for one membership."""
    somebody = allow(UserFactory(username="somebody"), *PERMISSIONS)
    browser = client_for(somebody)
    address = reverse("lms_memberships_email_settings")
    sent = {EmailKind.BOUGHT: "on", "renewal_year": "7"}
    browser.post(address, sent)
    (line,) = ModelLogEntry.objects.filter(user=somebody)
    assert line.content_type.model_class() is EmailSwitch
    assert line.data == {"emails": ["bought"]}
    browser.post(address, sent)
    assert ModelLogEntry.objects.filter(user=somebody).count() == 1, "nothing changed, nothing to tell"
    follow = dict.fromkeys(EmailKind, "follow")
    browser.post(f"{address}?membership={stage.live.pk}", follow | {EmailKind.BOUGHT: "off"})
    history = browser.get(WIZARD.url("history", stage.live.pk)).content.decode()
    assert somebody.get_full_name() in history
    own = ModelLogEntry.objects.get(user=somebody, object_id=str(stage.live.pk), action="wagtail.edit")
    assert own.data == {"emails": ["bought"]}
    browser.post(reverse("lms_memberships_emails_all_on"))
    lines = ModelLogEntry.objects.filter(user=somebody, content_type=line.content_type)
    assert lines.count() == 1 + len(EmailKind) - 1
