"""Where does the money go, and who handles the card? Straight to the owner's account, and Stripe alone (W22, V44)."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.urls import reverse

from lms_memberships.models import Checkout, Subscription
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, press_join

pytestmark = pytest.mark.django_db

#: Everything that we ever ask Stripe to do in this journey, and nothing else: no charge, transfer or fee is among it.
WRITES = {
    "POST /v1/products",
    "POST /v1/products/*",
    "POST /v1/prices",
    "POST /v1/customers",
    "POST /v1/checkout/sessions",
    "POST /v1/checkout/sessions/*/expire",
    "POST /v1/subscriptions/*",
    "DELETE /v1/subscriptions/*",
    "POST /v1/refunds",
}
#: Parameters with which a platform keeps a part, holds the money, or sends it elsewhere.
DIVERTING = re.compile(
    r"application_fee|transfer|on_behalf_of|destination|payout|capture_method|^amount$|^source$|^charge$"
)
#: Card data, and what would compute or rate a payment in our stead.
CARD = re.compile(r"card|number|cvc|exp_|payment_method(?!_collection|_types)|token|proration|radar|fraud")
ALLOWED = {"missing_payment_method"}
ID = re.compile(r"/(?:lmsm_[0-9a-f]+|(?:sub|cs|pi|in|cus|price|acct|re)_\w+)")


def names(tree: object) -> Iterator[str]:
    """Every parameter name in a request, at every depth."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield str(name)
            yield from names(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from names(value)


@pytest.fixture
def journey(gateway, live_session, student, client_for, sandbox, postman, clock) -> list[dict]:
    """Every way to sell and to end, twice bought included; all requests that we made on the way."""
    monthly = publish(put_into(MembershipFactory(title="Monthly"), live_session), gateway=gateway)
    once = publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)
    trial = publish(put_into(MembershipFactory(title="Trial", trial_days=7), live_session), gateway=gateway)
    browser = client_for(student)
    first = press_join(browser, monthly)
    Checkout.objects.update(state=Checkout.State.EXPIRED)
    second = press_join(browser, monthly)
    for url in (first, second):
        browser.get(hosted.path_of(hosted.pay(url)[1]))
    for membership in (once, trial):
        buy(browser, membership)
    postman.deliver()
    running = Subscription.objects.get(membership=trial)
    browser.post(reverse("lms_memberships:cancel", args=[running.pk]))
    browser.post(reverse("lms_memberships:resume", args=[running.pk]))
    clock.advance(days=40)
    postman.deliver()
    clock.daily()
    return sandbox.requests.all()


def test_the_money_goes_straight_to_the_owners_account(journey, sandbox):
    """W22: in the owner's account and nowhere else; no fee, no transfer, nothing held, in any request."""
    assert len(journey) > 20
    assert {each["account"] for each in journey} == {sandbox.account_id}
    assert [name for each in journey for name in names(each["params"]) if DIVERTING.search(name)] == []
    writes = {f"{each['method']} {ID.sub('/*', each['path'])}" for each in journey if each["method"] != "GET"}
    assert {"POST /v1/checkout/sessions", "POST /v1/refunds", "DELETE /v1/subscriptions/*"} <= writes
    assert writes <= WRITES


def test_what_was_paid_is_the_owners_at_once_and_whole(journey, sandbox):
    """W22: what Stripe took is the price, all of it, in that account."""
    paid = [each for each in sandbox.store.all("payment_intent", account=sandbox.account_id) if each["amount_received"]]
    assert {each["amount_received"] for each in paid} == {1900}
    assert len(paid) >= 5
    for each in paid:
        assert each["application_fee_amount"] is None
        assert each["transfer_data"] is None
        assert each["on_behalf_of"] is None
    assert sandbox.store.accounts() == [sandbox.account_id]


def test_the_control_finds_a_fee():
    """W22, negative control"""
    diverted = {"subscription_data": {"application_fee_percent": 10, "transfer_data": {"destination": "acct_1"}}}
    assert [name for name in names(diverted) if DIVERTING.search(name)] == [
        "application_fee_percent",
        "transfer_data",
        "destination",
    ]


def test_card_proration_and_fraud_are_stripes(journey):
    """V44: no card data and no computation of ours in any request."""
    found = {name for each in journey for name in names(each["params"]) if CARD.search(name)}
    assert found <= ALLOWED
    refund = next(each for each in journey if each["path"] == "/v1/refunds")
    assert "amount" not in refund["params"], "how much is given back is what Stripe took"


def test_no_page_of_ours_asks_for_a_card(membership, student, client_for, clock, postman):
    """V44: the card is typed into Stripe's page."""
    browser = client_for(student)
    addresses = [membership.get_absolute_url(), reverse("lms_memberships:buy", args=[membership.slug])]
    pages = [browser.get(address).content.decode() for address in addresses]
    buy(browser, membership)
    pages += [browser.get(reverse(f"lms_memberships:{name}")).content.decode() for name in ("account", "invoices")]
    for page in pages:
        assert not re.search(r"autocomplete=\"cc-|name=\"(card|number|cvc|expiry)", page)
    assert "card_number" in hosted.get(press_join(browser, _another(membership)))


def test_no_column_of_ours_can_hold_a_card():
    """V44: of a card we keep whether there is one, Stripe's name for it, and from when on it pays nothing."""
    columns = {
        field.name
        for model in apps.get_app_config("lms_memberships").get_models()
        for field in model._meta.get_fields()
        if re.search(r"card|cvc|pan\b|iban|last4|expiry", field.name)
    }
    about_one = {"card_id", "card_expires_at", "card_seen_at", "card_reminded_for"}
    assert columns == {"has_card", "trial_requires_card", *about_one}


def _another(membership):
    from lms_memberships.payments import connect

    item = membership.bundle_items.first().item
    thing = item.content_type.get_object_for_this_type(pk=item.object_id)
    return publish(put_into(MembershipFactory(title="Another"), thing), gateway=connect.get_gateway())
