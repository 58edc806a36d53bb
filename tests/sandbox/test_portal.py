"""How the portal is set up by the API, what its pages let a customer do, and whom they let in."""

import pytest
import stripe

from tests import hosted
from tests.sandbox.shop import DECLINED, FAILS_LATER, NEEDS_PERSON_ONCE, Shop

FEATURES = {
    "customer_update": {"enabled": True, "allowed_updates": ["email", "name", "address", "tax_id"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "mode": "at_period_end",
        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
    },
    "subscription_update": {"enabled": False},
    "subscription_pause": {"enabled": False},
}


def set_up(shop: Shop, **features) -> str:
    made = shop.api.billing_portal.configurations.create(
        {
            "business_profile": {"headline": "Your school", "terms_of_service_url": "https://school.test/terms"},
            "features": FEATURES | features,
            "metadata": {"lmsm": "portal"},
            "login_page": {"enabled": False},
        }
    )
    return made.id


def enter(shop: Shop, customer: str, configuration: str, **more) -> str:
    asked = {"customer": customer, "configuration": configuration, "return_url": "https://school.test/account"}
    return shop.api.billing_portal.sessions.create(asked | more).url


def fill_in(url: str, number: str) -> tuple[int, str, str]:
    return hosted.post(f"{url}/card", {"card_number": number, "expiry": "12 / 34", "cvc": "123", "button": "save"})


def default_of(shop: Shop, customer: str) -> str:
    found = shop.api.customers.retrieve(customer, {"expand": ["invoice_settings.default_payment_method"]})
    method = found.invoice_settings.default_payment_method
    return method.card.last4 if method else ""


def test_a_configuration_is_made_changed_and_listed(shop: Shop):
    configuration = set_up(shop)
    configurations = shop.api.billing_portal.configurations
    found = configurations.retrieve(configuration)
    assert (found.active, found.is_default, found.business_profile.headline) == (True, False, "Your school")
    assert found.features.subscription_cancel.cancellation_reason.options == ["too_expensive", "other"]
    changed = configurations.update(
        configuration, {"features": {"invoice_history": {"enabled": False}}, "metadata": {"a": "b"}}
    )
    # What is not named stays.
    assert changed.features.payment_method_update.enabled
    assert not changed.features.invoice_history.enabled
    assert changed.metadata.to_dict() == {"lmsm": "portal", "a": "b"}
    configurations.update(configuration, {"active": False})
    assert configurations.list({"active": True}).data == []
    assert [each.id for each in configurations.list({"limit": 3}).data] == [configuration]
    assert shop.told()[-2:] == ["billing_portal.configuration.updated"] * 2


@pytest.mark.parametrize(
    ("features", "missing"),
    [
        ({"customer_update": {"enabled": True}}, "allowed_updates"),
        ({"subscription_update": {"enabled": True}}, "default_allowed_updates"),
        ({"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}}, "products"),
    ],
)
def test_a_feature_needs_what_it_is_about(shop: Shop, features, missing: str):
    with pytest.raises(stripe.InvalidRequestError, match=missing):
        set_up(shop, **features)


def test_without_a_configuration_and_a_default_there_is_no_session(shop: Shop):
    with pytest.raises(stripe.InvalidRequestError, match="No configuration provided"):
        shop.api.billing_portal.sessions.create({"customer": shop.customer().id})


def test_a_session_is_for_an_active_configuration_and_a_customer_that_is_there(shop: Shop):
    configuration = set_up(shop)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        enter(shop, "cus_nobody", configuration)
    shop.api.billing_portal.configurations.update(configuration, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        enter(shop, shop.customer().id, configuration)


def test_a_new_card_becomes_the_customers_and_leaves_the_subscriptions_own(shop: Shop):
    """P6: as Stripe's deep link does it; the subscription's own card goes on paying."""
    subscription = shop.buy(shop.price())
    flow = {
        "type": "payment_method_update",
        "after_completion": {"type": "redirect", "redirect": {"return_url": "https://school.test/back"}},
    }
    url = enter(shop, subscription.customer, set_up(shop), flow_data=flow)
    status, location, _ = hosted.post(url, {})
    assert (status, location) == (303, f"{url.removeprefix(shop.sandbox.url)}/card")
    before = len(shop.events())
    status, location, page = fill_in(url, "5555555555554444")
    assert (status, location) == (303, "https://school.test/back"), page
    assert default_of(shop, subscription.customer) == "4444"
    assert shop.told()[before:] == [
        "setup_intent.created",
        "setup_intent.succeeded",
        "payment_method.attached",
        "customer.updated",
    ]
    assert shop.read(subscription).default_payment_method == subscription.default_payment_method


def test_a_card_that_is_refused_changes_nothing(shop: Shop):
    customer = shop.customer().id
    url = enter(shop, customer, set_up(shop))
    status, _, page = fill_in(url, DECLINED)
    assert (status, "declined" in page) == (422, True)
    assert default_of(shop, customer) == ""


def test_a_card_that_the_bank_asks_about_is_saved_after_the_answer(shop: Shop):
    customer = shop.customer().id
    url = enter(shop, customer, set_up(shop))
    status, bank, _ = fill_in(url, NEEDS_PERSON_ONCE)
    assert (status, "/auth/" in bank) == (303, True)
    assert default_of(shop, customer) == ""
    _, back, _ = hosted.post(bank, {"button": "fail"})
    assert "did not confirm" in hosted.get(back)
    _, bank, _ = fill_in(url, NEEDS_PERSON_ONCE)
    status, location, _ = hosted.post(bank, {"button": "complete"})
    assert (status, location) == (303, url)
    assert default_of(shop, customer) == "3155"


def test_a_subscription_is_cancelled_with_a_reason_and_kept_after_all(shop: Shop):
    subscription = shop.buy(shop.price())
    url = enter(shop, subscription.customer, set_up(shop))
    assert "Cancel Gold" in hosted.get(url)
    assert "It costs too much" in hosted.get(f"{url}/cancel/{subscription.id}")
    hosted.post(f"{url}/cancel/{subscription.id}", {"feedback": "too_expensive"})
    ending = shop.read(subscription)
    assert (ending.status, ending.cancel_at_period_end) == ("active", True)
    assert ending.cancellation_details.feedback == "too_expensive"
    assert "Do not cancel Gold" in hosted.get(url)
    hosted.post(f"{url}/keep/{subscription.id}", {})
    assert shop.read(subscription).cancel_at is None


def test_details_are_changed_and_a_tax_id_is_added(shop: Shop):
    """P5, V41."""
    customer = shop.customer().id
    url = enter(shop, customer, set_up(shop), flow_data={"type": "customer_update"})
    form = {"name": "Ada SARL", "email": "ada@work.test", "line1": "1 rue A", "city": "Lyon", "country": "fr"}
    status, _, page = hosted.post(f"{url}/details", form | {"postal_code": "69001", "tax_id": "FR12345678901"})
    assert (status, "has been saved" in page) == (200, True)
    found = shop.api.customers.retrieve(customer)
    assert (found.name, found.email, found.address.country) == ("Ada SARL", "ada@work.test", "FR")
    assert shop.told()[-2:] == ["customer.updated", "customer.tax_id.created"]
    assert "FR12345678901" in hosted.get(f"{url}/details")


def test_only_what_the_configuration_allows_is_shown_and_done(shop: Shop):
    off = {name: {"enabled": False} for name in ("payment_method_update", "customer_update", "invoice_history")}
    closed = set_up(shop, subscription_cancel={"enabled": False}, **off)
    subscription = shop.buy(shop.price())
    url = enter(shop, subscription.customer, closed)
    page = hosted.get(url)
    assert "Gold" in page
    for word in ("Change card", "Billing information", "Invoice history", "Cancel Gold", "Change Gold"):
        assert word not in page
    for path in (
        "card",
        "details",
        f"cancel/{subscription.id}",
        f"keep/{subscription.id}",
        f"change/{subscription.id}",
    ):
        assert hosted.post(f"{url}/{path}", {"price": "p"})[0] == 404
    for kind in ("payment_method_update", "customer_update"):
        with pytest.raises(stripe.InvalidRequestError, match="to be enabled"):
            enter(shop, subscription.customer, closed, flow_data={"type": kind})
    assert hosted.get(enter(shop, subscription.customer, set_up(shop))).count("Invoice history") == 1


def test_a_deep_link_leads_nowhere_else(shop: Shop):
    subscription = shop.buy(shop.price())
    url = enter(shop, subscription.customer, set_up(shop), flow_data={"type": "payment_method_update"})
    assert hosted.post(f"{url}/cancel/{subscription.id}", {})[0] == 404
    assert shop.read(subscription).cancel_at is None


def test_a_deep_link_to_cancel_is_about_ones_own_running_subscription(shop: Shop):
    mine, theirs = shop.buy(shop.price()), shop.buy(shop.price())
    configuration = set_up(shop)
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": theirs.id}}
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        enter(shop, mine.customer, configuration, flow_data=flow)
    url = enter(shop, theirs.customer, configuration, flow_data=flow)
    hosted.post(f"{url}/cancel/{theirs.id}", {})
    assert shop.read(theirs).cancel_at_period_end
    with pytest.raises(stripe.InvalidRequestError, match="already set to be canceled"):
        enter(shop, theirs.customer, configuration, flow_data=flow)


def test_another_customers_subscription_is_not_there(shop: Shop):
    """S21."""
    mine, theirs = shop.buy(shop.price()), shop.buy(shop.price())
    url = enter(shop, mine.customer, set_up(shop))
    for path in ("cancel", "keep", "change"):
        assert hosted.post(f"{url}/{path}/{theirs.id}", {})[0] == 404
    assert shop.read(theirs).cancel_at is None


def test_an_address_expires_and_a_wrong_one_opens_nothing(shop: Shop):
    """S21: it is a login to billing data."""
    customer = shop.customer().id
    unopened, idle = (enter(shop, customer, set_up(shop)) for _ in range(2))
    hosted.get(idle)
    shop.advance(hours=0.2)
    assert hosted.post(unopened, {})[0] == 410
    assert hosted.get(idle)
    shop.advance(hours=1.1)
    assert hosted.post(f"{idle}/details", {"name": "Eve"})[0] == 410
    assert hosted.post(f"{unopened[:-4]}abcd", {})[0] == 404
    assert shop.api.customers.retrieve(customer).name == "Ada"


def test_an_owner_can_let_people_change_the_price(shop: Shop):
    """N3, P17: what an owner does in the dashboard, and what a customer then does in the portal."""
    price, other = shop.price(1900), shop.price(900)
    subscription = shop.buy(price)
    configuration = set_up(shop)
    assert "Change Gold" not in hosted.get(enter(shop, subscription.customer, configuration))
    status, _, _ = hosted.post(f"{shop.sandbox.url}/_sandbox/portal/{configuration}/switching", {})
    assert status == 303
    assert "change the price" in hosted.get(f"{shop.sandbox.url}/_sandbox/portal")
    url = enter(shop, subscription.customer, configuration)
    assert "Change Gold" in hosted.get(url)
    assert "€9.00" in hosted.get(f"{url}/change/{subscription.id}")
    assert hosted.post(f"{url}/change/{subscription.id}", {"price": other.id})[0] == 303
    assert shop.read(subscription)["items"].data[0].price.id == other.id


def test_an_open_invoice_can_be_paid_from_the_history(shop: Shop):
    subscription = shop.buy(shop.price())
    shop.sandbox.actions.change_default_card(
        subscription.customer, card_number=FAILS_LATER, exp_month=12, exp_year=2034, cvc="123"
    )
    shop.advance(days=32)
    page = hosted.get(enter(shop, subscription.customer, set_up(shop)))
    assert page.count("/i/in_") == 2
