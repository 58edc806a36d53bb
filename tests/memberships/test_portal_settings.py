"""Is the portal made once, kept as it has to be, and never with somebody else's terms? (P14–P17, P20–P22)"""

from dataclasses import replace

import pytest
from django.utils.translation import override

from lms_memberships.errors import Refusal
from lms_memberships.management.jobs import JOBS
from lms_memberships.memberships import portal_settings
from lms_memberships.models import Intent, PortalConfiguration
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.payments.stripe_gateway import StripeGateway
from lms_memberships.sandbox.faults import Fault
from lms_memberships.sandbox.work import work

pytestmark = pytest.mark.django_db

TERMS, PRIVACY = "https://school.example/terms/", "https://school.example/privacy/"


@pytest.fixture(autouse=True)
def addresses(settings):
    settings.LMS_MEMBERSHIPS_TERMS_URL, settings.LMS_MEMBERSHIPS_PRIVACY_URL = TERMS, PRIVACY
    return settings


def made(sandbox) -> list[dict]:
    return sandbox.store.all("billing_portal.configuration", account=sandbox.account_id)


def test_it_is_made_once_and_has_all_that_is_required(gateway, sandbox):
    """P2, P14, P15, P16, P20: by us, through the API: no owner has to set it up first."""
    first, second = (portal_settings.ensure(gateway=gateway) for _ in range(2))
    (configuration,) = made(sandbox)
    assert first == second == configuration["id"]
    features, profile = configuration["features"], configuration["business_profile"]
    assert profile == {
        "headline": "Manage your membership",
        "terms_of_service_url": TERMS,
        "privacy_policy_url": PRIVACY,
    }
    assert features["customer_update"] == {"enabled": True, "allowed_updates": ["address", "email", "name", "tax_id"]}
    assert features["invoice_history"]["enabled"]
    assert features["payment_method_update"]["enabled"]
    assert features["subscription_cancel"]["mode"] == "at_period_end"
    assert features["subscription_cancel"]["cancellation_reason"]["enabled"]
    assert not features["subscription_update"]["enabled"]
    assert not features["subscription_pause"]["enabled"]
    assert configuration["default_return_url"] == "http://testserver/memberships/account/"
    assert configuration["metadata"]["lmsm_hash"] == PortalConfiguration.objects.get().settings_hash


def test_the_readers_language_changes_nothing(gateway, sandbox, settings):
    """P14, P15: where addresses have a language, whoever came last would decide everybody's way back."""
    settings.ROOT_URLCONF = "tests.payments.urls_in_languages"
    portal_settings.ensure(gateway=gateway)
    with override("fr"):
        portal_settings.ensure(gateway=gateway)
        found = gateway.read_portal(PortalConfiguration.objects.get().stripe_id).settings
        assert portal_settings.differences(portal_settings.wanted(livemode=False), found) == []
    changes = [each for each in sandbox.requests.all() if each["path"].startswith("/v1/billing_portal/configurations/")]
    assert [each["method"] for each in changes if each["method"] == "POST"] == []
    assert made(sandbox)[0]["default_return_url"] == "http://testserver/en/memberships/account/"


def test_among_more_than_a_hundred_ours_is_found(gateway, sandbox):
    """P15, D13: they cannot be deleted at Stripe, and other tools leave theirs."""
    ours = portal_settings.ensure(gateway=gateway)
    (one,) = made(sandbox)
    with work(sandbox) as unit:
        for number in range(120):
            unit.keep({**one, "id": f"bpc_{number}", "metadata": {}})
    found = [each.id for each in gateway.list_portals()]
    assert (len(found), ours in found) == (121, True)


def test_other_settings_change_the_same_one(gateway, sandbox, addresses):
    """P14: in place, and the daily job does it too."""
    before = portal_settings.ensure(gateway=gateway)
    addresses.LMS_MEMBERSHIPS_TERMS_URL = "https://school.example/agb/"
    assert JOBS["portal"].do(None) == 1
    assert JOBS["portal"].do(None) == 0
    (configuration,) = made(sandbox)
    assert (configuration["id"], configuration["business_profile"]["terms_of_service_url"]) == (
        before,
        "https://school.example/agb/",
    )


def test_without_one_the_daily_job_makes_none(gateway, sandbox):
    """P14: at most one call more for a site that needs it."""
    assert JOBS["portal"].do(None) == 0
    assert made(sandbox) == []


def test_one_whose_answer_was_lost_is_found_again(gateway, sandbox):
    """D1, P14."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/billing_portal/configurations", count=2))
    with pytest.raises(GatewayUnreachable):
        portal_settings.ensure(gateway=gateway)
    intent = Intent.objects.get(purpose="portal")
    assert portal_settings.find_made(intent, gateway) == made(sandbox)[0]["id"]
    portal_settings.ensure(gateway=gateway)
    assert len(made(sandbox)) == 1


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"features": {"invoice_history": {"enabled": False}}}, ["invoices"]),
        ({"features": {"payment_method_update": {"enabled": False}}}, ["cards"]),
        ({"features": {"customer_update": {"allowed_updates": ["email"]}}}, ["details"]),
        ({"features": {"customer_update": {"enabled": False}}}, ["details"]),
        ({"features": {"subscription_cancel": {"mode": "immediately"}}}, ["cancel_mode"]),
        ({"features": {"subscription_cancel": {"enabled": False}}}, ["cancels"]),
        ({"features": {"subscription_pause": {"enabled": True}}}, ["pauses"]),
        ({"business_profile": {"headline": "Hello"}}, ["headline"]),
        ({"business_profile": {"terms_of_service_url": "https://other.example/"}}, ["terms_url"]),
        ({"business_profile": {"privacy_policy_url": ""}}, ["privacy_url"]),
        ({"default_return_url": "https://other.example/"}, ["return_url"]),
        ({"login_page": {"enabled": True}}, ["logs_in"]),
        ({"active": False}, ["is_active"]),
    ],
)
def test_whatever_somebody_changes_is_seen_and_changed_back(gateway, sandbox, change, names):
    """P15: field by field; mended twice, since somebody changed it twice."""
    portal_id = portal_settings.ensure(gateway=gateway)
    should_be = portal_settings.wanted(livemode=False)
    for _ in range(2):
        gateway.client.v1.billing_portal.configurations.update(portal_id, change)
        found = gateway.read_portal(portal_id)
        assert [each.name for each in portal_settings.differences(should_be, found.settings)] == names
        portal_settings.mend(gateway=gateway)
        assert gateway.read_portal(portal_id).settings == should_be
    assert len(made(sandbox)) == 1


def test_switching_prices_is_seen_and_switched_off(gateway, sandbox):
    """P16, P17, N3."""
    portal_id = portal_settings.ensure(gateway=gateway)
    product = gateway.client.v1.products.create({"name": "Gold"}).id
    params = {"product": product, "currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    gateway.client.v1.prices.create(params)
    sandbox.actions.portal.let_people_switch(portal_id)
    assert gateway.read_portal(portal_id).settings.switches
    assert portal_settings.others_that_switch(gateway.list_portals(), "bpc_ours") == [portal_id]
    portal_settings.mend(gateway=gateway)
    assert not gateway.read_portal(portal_id).settings.switches


def test_differences_are_in_words(gateway):
    """P15."""
    should_be = portal_settings.wanted(livemode=False)
    found = replace(should_be, switches=True, details=(), terms_url="")
    shown = [(str(each.label), each.wanted, each.found) for each in portal_settings.differences(should_be, found)]
    assert shown == [
        ("Terms of sale", TERMS, "nothing"),
        ("People may change", "address, e-mail, name, tax id", "nothing"),
        ("People may change the price (“update subscriptions”)", "no", "yes"),
    ]


BAD = ["", "http://school.example/terms/", "https://localhost/terms/", "https://127.0.0.1/", "https://intranet/terms/"]
BAD += ["https://nas.local/terms/", "/terms/", "https://10.0.0.8/terms/", "mailto:a@school.example"]


@pytest.mark.parametrize("address", BAD)
def test_an_address_that_is_none_for_the_public(gateway, sandbox, addresses, address):
    """P20, P21: refused with real money; without, it is left out, so that the rest can be tried."""
    addresses.LMS_MEMBERSHIPS_TERMS_URL = address
    (problem,) = portal_settings.address_problems()
    assert (problem.setting, problem.address) == ("LMS_MEMBERSHIPS_TERMS_URL", address)
    portal_settings.ensure(gateway=gateway)
    assert made(sandbox)[0]["business_profile"]["terms_of_service_url"] is None
    live = live_gateway(sandbox)
    before = len(sandbox.requests.all())
    with pytest.raises(portal_settings.PortalNotReady) as refusal:
        portal_settings.ensure(gateway=live)
    assert isinstance(refusal.value, Refusal)
    assert "terms" not in refusal.value.for_buyers
    assert len(sandbox.requests.all()) == before


def test_public_addresses_have_no_problem(addresses):
    """P20, negative control."""
    assert portal_settings.address_problems() == ()


def test_a_portal_that_is_there_goes_on_when_the_addresses_become_wrong(gateway, sandbox, addresses):
    """P20: nobody is kept from giving another card by a setting."""
    live = live_gateway(sandbox)
    PortalConfiguration.objects.create(
        account=live.account_id, livemode=True, stripe_id="bpc_there", settings_hash="old", kept_at="2027-01-01T00:00Z"
    )
    addresses.LMS_MEMBERSHIPS_PRIVACY_URL = ""
    assert portal_settings.ensure(gateway=live) == "bpc_there"


def test_accounts_have_one_each(gateway, sandbox):
    """P14: ids of Stripe's are kept with account and mode."""
    portal_settings.ensure(gateway=gateway)
    PortalConfiguration.objects.create(
        account="acct_other", livemode=False, stripe_id="bpc_o", settings_hash="x", kept_at="2027-01-01T00:00Z"
    )
    assert portal_settings.ensure(gateway=gateway) == made(sandbox)[0]["id"]


def live_gateway(sandbox) -> StripeGateway:
    return StripeGateway("sk_live_x", api_base=sandbox.url, account_id=sandbox.account_id)
