"""Is an owner who sells nothing yet led to the first sale, and left alone afterwards (V5, V6)?"""

import pytest
from django.urls import reverse

from lms_memberships.emails import switches
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

LIST = reverse("wagtailsnippets_lms_memberships_membership:list")
STRIPE = reverse("lms_memberships_stripe_settings")
EMAILS = reverse("lms_memberships_email_settings")
STEPS = ("Connect Stripe", "Create the first membership", "Switch on the e-mails", "Share the link")


@pytest.fixture
def owner(client_for):
    needed = ("view_membership", "add_membership", "change_membership", "publish_membership", "set_price_membership")
    return client_for(allow(UserFactory(), *needed, "connect_account", "change_emailswitch"))


def steps(browser) -> tuple[str, str]:
    """The panel as a person reads it, and its HTML."""
    page = browser.get(LIST).content.decode()
    panel = page.partition('id="lms-first-steps"')[2].partition("</section>")[0]
    return text(panel.partition(">")[2]), panel


def done(browser) -> list[str]:
    shown, _panel = steps(browser)
    return [step for step in STEPS if f"{step} (done)" in shown]


def test_each_step_leads_to_where_it_is_done_ticks_itself_and_goes(
    owner, client_for, student, settings, sandbox, live_session, db
):
    """V5, V6: from a site without a key to the first student."""
    key = settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    shown, panel = steps(owner)
    assert [step for step in STEPS if step in shown] == list(STEPS)
    assert done(owner) == []
    assert f'href="{STRIPE}"' in panel
    assert reverse("wagtailsnippets_lms_memberships_membership:add") not in panel, "Stripe comes first"

    from lms_memberships.payments import connect

    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    gateway = connect.get_gateway()
    connect.ensure_fresh()
    assert done(owner) == ["Connect Stripe"]
    assert reverse("wagtailsnippets_lms_memberships_membership:add") in steps(owner)[1]

    membership = publish(put_into(MembershipFactory(), live_session), gateway=gateway)
    assert done(owner) == ["Connect Stripe", "Create the first membership"]
    assert reverse("lms_memberships_share", args=[membership.pk]) in steps(owner)[1]
    assert f'href="{EMAILS}"' in steps(owner)[1]

    switches.switch_all_on()
    assert done(owner) == ["Connect Stripe", "Create the first membership", "Switch on the e-mails"]
    buy(client_for(student), membership)
    assert steps(owner) == ("", "")


def test_who_may_not_do_a_step_is_told_whom_to_ask(client_for, gateway):
    browser = client_for(allow(UserFactory(), "view_membership", "add_membership"))
    shown, panel = steps(browser)
    assert "Ask somebody who may change the e-mail settings." in shown
    assert EMAILS not in panel
    assert STRIPE not in panel


def test_who_creates_nothing_is_not_told_to(client_for, gateway):
    assert steps(client_for(allow(UserFactory(), "view_membership"))) == ("", "")
