"""How trials begin and end, with a card and without."""

import pytest
import stripe

from tests.sandbox.shop import DAY, FAILS_LATER, HOUR, Shop, period

WITHOUT_CARD = {"payment_method_collection": "if_required"}


def trial(days: int, *, then: str | None = None) -> dict:
    data: dict = {"trial_period_days": days}
    if then:
        data["trial_settings"] = {"end_behavior": {"missing_payment_method": then}}
    return {"subscription_data": data}


def start_without_card(shop: Shop, *, days: int = 14, then: str) -> stripe.Subscription:
    session = shop.session(shop.price(), **WITHOUT_CARD, **trial(days, then=then))
    view = shop.sandbox.actions.open_checkout(session.id)
    assert (view["today"], view["card_required"], view["trial_days"]) == (0, False, days)
    outcome = shop.sandbox.actions.start_trial_without_card(session.id, email="ada@school.test", name="Ada")
    assert outcome.kind == "started"
    return shop.read(shop.api.checkout.sessions.retrieve(session.id).subscription)


def test_a_trial_with_a_card_turns_into_a_paid_period(shop: Shop):
    subscription = shop.buy(shop.price(1900), **trial(14))
    assert (subscription.status, subscription.latest_invoice.total) == ("trialing", 0)
    assert subscription.latest_invoice.status == "paid"
    assert subscription.trial_end == period(subscription)[1]
    shop.advance(days=14)
    assert shop.read(subscription).status == "active"
    assert shop.read(subscription).latest_invoice.status == "draft"
    shop.advance(hours=1)
    renewed = shop.read(subscription)
    assert (renewed.status, renewed.latest_invoice.status, renewed.latest_invoice.amount_paid) == (
        "active",
        "paid",
        1900,
    )
    assert renewed.latest_invoice.billing_reason == "subscription_cycle"
    assert period(renewed)[0] == subscription.trial_end


def test_a_warning_comes_three_days_before_the_end(shop: Shop):
    subscription = shop.buy(shop.price(), **trial(14))
    shop.advance(days=14, hours=2)
    warnings = shop.events("customer.subscription.trial_will_end")
    assert [event.created for event in warnings] == [subscription.trial_end - 3 * DAY]


def test_a_short_trial_is_warned_of_at_once(shop: Shop):
    shop.buy(shop.price(), **trial(2))
    assert len(shop.events("customer.subscription.trial_will_end")) == 1


def test_a_trial_without_a_card_is_cancelled(shop: Shop):
    subscription = start_without_card(shop, then="cancel")
    shop.advance(days=14)
    ended = shop.read(subscription)
    assert (ended.status, ended.ended_at) == ("canceled", subscription.trial_end)
    assert [event.created for event in shop.events("customer.subscription.deleted")] == [subscription.trial_end]


def test_a_trial_without_a_card_is_paused_and_resumed(shop: Shop):
    subscription = start_without_card(shop, then="pause")
    shop.advance(days=14)
    paused = shop.read(subscription)
    assert paused.status == "paused"
    assert paused.status_details.paused.subscription.type == "trial_end_without_payment_method"
    assert "customer.subscription.paused" in shop.told()
    method = shop.api.payment_methods.attach("pm_card_visa", {"customer": paused.customer})
    shop.api.customers.update(paused.customer, {"invoice_settings": {"default_payment_method": method.id}})
    shop.api.subscriptions.resume(paused.id, {"billing_cycle_anchor": {"type": "now"}})
    resumed = shop.read(subscription)
    assert (resumed.status, resumed.latest_invoice.amount_paid) == ("active", 1900)


def test_a_trial_without_a_card_gets_an_invoice_that_fails(shop: Shop):
    subscription = start_without_card(shop, then="create_invoice")
    shop.advance(days=14, hours=1)
    assert shop.read(subscription).status == "past_due"


def test_a_card_that_fails_later_starts_a_trial_and_fails_at_its_end(shop: Shop):
    subscription = shop.buy(shop.price(), card=FAILS_LATER, **trial(7))
    assert subscription.status == "trialing"
    shop.advance(days=7, hours=1)
    assert shop.read(subscription).status == "past_due"


def test_the_dashboard_advances_to_the_end_of_the_trial(shop: Shop):
    subscription = shop.buy(shop.price(), **trial(14))
    now = shop.sandbox.actions.advance_to_trial_end()
    assert now == pytest.approx(subscription.trial_end + HOUR, abs=2)
    assert shop.read(subscription).latest_invoice.status == "paid"


def test_a_trial_ended_by_request_is_paid_at_once(shop: Shop):
    subscription = shop.buy(shop.price(1900), **trial(14))
    shop.api.subscriptions.update(subscription.id, {"trial_end": "now"})
    paid = shop.read(subscription)
    assert (paid.status, paid.latest_invoice.status, paid.latest_invoice.total) == ("active", "paid", 1900)


def test_a_trial_can_be_made_longer(shop: Shop):
    subscription = shop.buy(shop.price(), **trial(14))
    later = subscription.trial_end + 10 * DAY
    moved = shop.api.subscriptions.update(subscription.id, {"trial_end": later, "proration_behavior": "none"})
    assert (moved.status, moved.trial_end, period(moved)[1]) == ("trialing", later, later)
    shop.advance(days=23)
    assert shop.read(subscription).status == "trialing"
