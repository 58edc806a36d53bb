"""Does the portal's light turn red on its own fault, name what differs, and mend it? (P15–P17, P20, N3, N7)"""

import pytest
from django.urls import reverse

from lms_memberships.health import repairs
from lms_memberships.memberships import portal_settings
from lms_memberships.models import Account, Subscription
from lms_memberships.wizard import checklist
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

PAGE, MEND = "lms_memberships_portal_settings", "lms_memberships_portal_mend"


@pytest.fixture
def kept(well, gateway) -> str:
    """The configuration, made and seen."""
    portal_id = portal_settings.ensure(gateway=gateway)
    well.look()
    return portal_id


@pytest.fixture
def change(gateway, kept):
    """Somebody changes it at Stripe, and Stripe is asked again."""

    def do(well, **params: object) -> None:
        gateway.client.v1.billing_portal.configurations.update(kept, params)
        well.look()

    return do


@pytest.fixture
def page(admin, client_for):
    def read() -> str:
        return text(client_for(admin).get(reverse(PAGE)).content.decode())

    return read


def check_of(membership) -> checklist.Check:
    return next(each for each in checklist.checks(membership) if "portal" in each.label)


def test_before_anybody_needs_it_it_is_in_order_and_stripe_is_not_asked(well, sandbox):
    """P14."""
    assert "as soon as the first student needs it" in well.sentence("portal")
    assert not [each for each in sandbox.requests.all() if "billing_portal" in each["path"]]


def test_kept_as_it_has_to_be(well, kept):
    well.judge()
    assert (well["portal"].state, well.red) == ("ok", set())


def test_before_stripe_is_asked_nothing_is_claimed(well, gateway):
    portal_settings.ensure(gateway=gateway)
    well.judge()
    assert well["portal"].state == "unknown"


def test_what_differs_is_named_and_mended(well, change):
    """P15, N7: one fault, one light, one repair."""
    change(well, features={"invoice_history": {"enabled": False}})
    assert (well.red, well.consequences) == ({"portal"}, {})
    assert "People see their invoices" in well.sentence("portal")
    assert well.offered("portal") == {"mend-portal"}
    repairs.repair("mend-portal")
    well.judge()
    assert well.red == set()


def test_switching_prices_is_an_alarm_of_its_own(well, kept, sandbox, membership):
    """P16, P17, N3."""
    sandbox.actions.portal.let_people_switch(kept)
    well.look()
    assert well.red == {"portal"}
    assert "“Update subscriptions” was switched on" in well.sentence("portal")
    repairs.repair("mend-portal")
    well.judge()
    assert well.red == set()


def test_switched_off_or_gone(well, change):
    change(well, active=False)
    assert well.red == {"portal"}
    assert "is gone" in well.sentence("portal")


def test_another_configuration_that_switches_prices_is_a_warning(well, kept, sandbox, membership):
    """P17: nobody is sent there by us."""
    other = _copy_of(sandbox, kept)
    sandbox.actions.portal.let_people_switch(other)
    well.look()
    assert (well.red, "portal" in well.warnings) == (set(), True)
    assert other in well.sentence("portal")


def test_with_a_key_that_does_not_work_the_key_is_the_cause(well, kept, settings):
    """N7: red only as a consequence, and says of what."""
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:9"
    well.look()
    assert well.red == {"stripe"}
    assert well.consequences["portal"] == "stripe"


@pytest.mark.parametrize("has_sold", [True, False])
def test_real_money_without_terms(well, settings, membership, student, client_for, has_sold):
    """P20: an alarm for whoever sells, a warning for whoever will."""
    if has_sold:
        buy(client_for(student), membership)
        Subscription.objects.update(livemode=True)
    Account.objects.update(livemode=True)
    settings.LMS_MEMBERSHIPS_TERMS_URL = ""
    well.judge()
    assert "LMS_MEMBERSHIPS_TERMS_URL" in well.sentence("portal")
    assert ("portal" in well.red, "portal" in well.warnings) == (has_sold, not has_sold)


# ---------------------------------------------------------------- the page
def test_the_page_shows_should_be_and_is_and_one_button_mends_it(well, change, page, admin, client_for, gateway, kept):
    """P15, P17: asked of Stripe now."""
    assert "The portal is set up as it has to be." in page()
    change(well, features={"customer_update": {"allowed_updates": ["email"]}}, business_profile={"headline": "Hi"})
    shown = page()
    assert "Headline Manage your membership Hi differs" in shown
    assert "People may change address, e-mail, name, tax id e-mail differs" in shown
    assert "At Stripe something is not as it has to be." in shown
    window = client_for(admin)
    assert window.get(reverse(MEND)).status_code == 405
    answer = window.post(reverse(MEND), follow=True)
    assert "The portal is set up as it has to be." in text(answer.content.decode())
    assert gateway.read_portal(kept).settings == portal_settings.wanted(livemode=False)


def test_the_page_warns_of_wrong_terms_and_leads_to_the_branding(well, page, settings, admin, client_for):
    """P19, P20, P21, P22."""
    settings.LMS_MEMBERSHIPS_TERMS_URL = "http://school.example/terms/"
    shown = page()
    assert "LMS_MEMBERSHIPS_TERMS_URL http://school.example/terms/: It has to begin with https." in shown
    assert "They have to be your own" in shown
    assert "can lead Stripe to restrict your account" in shown
    raw = client_for(admin).get(reverse(PAGE)).content.decode()
    assert "https://dashboard.stripe.com/settings/branding" in raw
    assert "set up by itself as soon as the first student needs it" in shown


def test_with_real_money_and_no_terms_there_is_no_button(well, page, settings, admin, client_for):
    """P20."""
    settings.LMS_MEMBERSHIPS_TERMS_URL = ""
    Account.objects.update(livemode=True)
    assert "Without them it cannot be set up" in page()
    assert reverse(MEND) not in client_for(admin).get(reverse(PAGE)).content.decode()


def test_while_stripe_does_not_answer_the_page_says_so(well, page, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:9"
    assert "Should be" in page()


def test_the_stripe_settings_lead_there(well, admin, client_for):
    """P14, X18."""
    page = client_for(admin).get(reverse("lms_memberships_stripe_settings")).content.decode()
    assert reverse(PAGE) in page


# ---------------------------------------------------------------- the checklist
def test_the_checklist_has_the_portal_and_what_mends_it(well, membership, change):
    """X18: met before anybody needs it, and while it is as it has to be."""
    assert check_of(membership).is_met
    change(well, features={"payment_method_update": {"enabled": False}})
    found = check_of(membership)
    assert (found.is_met, found.url) == (False, reverse(PAGE))
    repairs.repair("mend-portal")
    assert check_of(membership).is_met


def test_the_checklist_asks_for_terms_with_real_money(well, membership, settings):
    """X18, P20."""
    Account.objects.update(livemode=True)
    settings.LMS_MEMBERSHIPS_TERMS_URL = ""
    assert "terms" in check_of(membership).explanation


def _copy_of(sandbox, portal_id: str) -> str:
    found = sandbox.store.one("billing_portal.configuration", portal_id, account=sandbox.account_id)
    copy = found | {"id": "bpc_other", "metadata": {}}
    sandbox.store.commit({(sandbox.account_id, copy["object"], copy["id"]): copy})
    return copy["id"]
