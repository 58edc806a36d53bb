"""Subscriptions made and changed by the API: first payments, prorations, previews, imports."""

import pytest
import stripe

from tests.sandbox.shop import DAY, FAILS_LATER, HOUR, NEEDS_PERSON_ALWAYS, Shop, period, typed


def with_card(shop: Shop, name: str = "pm_card_visa") -> stripe.Customer:
    customer = shop.customer()
    method = shop.api.payment_methods.attach(name, {"customer": customer.id})
    return shop.api.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})


def subscribe(shop: Shop, customer: stripe.Customer, price: stripe.Price, **more) -> stripe.Subscription:
    params = {"customer": customer.id, "items": [{"price": price.id, "quantity": 1}]}
    return shop.read(shop.api.subscriptions.create(params | more))


def change(shop: Shop, subscription: stripe.Subscription, price: stripe.Price, **more) -> stripe.Subscription:
    items = [{"id": subscription["items"].data[0].id, "price": price.id, "quantity": 1}]
    shop.api.subscriptions.update(subscription.id, {"items": items} | more)
    return shop.read(subscription)


def test_the_card_on_file_pays_the_first_period(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    assert (subscription.status, subscription.latest_invoice.status) == ("active", "paid")
    assert subscription.billing_mode.type == "flexible"


def test_nothing_to_pay_with_is_refused(shop: Shop):
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        subscribe(shop, shop.customer(), shop.price())


def test_a_failed_first_payment_expires_after_23_hours(shop: Shop):
    subscription = subscribe(shop, with_card(shop, "pm_card_chargeCustomerFail"), shop.price())
    assert (subscription.status, subscription.latest_invoice.status) == ("incomplete", "open")
    shop.advance(hours=22)
    assert shop.read(subscription).status == "incomplete"
    shop.advance(hours=1.01)
    ended = shop.read(subscription)
    assert (ended.status, ended.latest_invoice.status) == ("incomplete_expired", "void")
    assert shop.events("customer.subscription.updated")[-1].data.previous_attributes["status"] == "incomplete"


def test_an_incomplete_one_is_completed_on_the_invoice_page(shop: Shop):
    subscription = subscribe(shop, with_card(shop, "pm_card_authenticationRequired"), shop.price())
    assert subscription.status == "incomplete"
    asked = shop.sandbox.actions.pay_hosted_invoice(subscription.latest_invoice.id, **typed(NEEDS_PERSON_ALWAYS))
    assert shop.sandbox.actions.approve_authentication(asked.authentication_id).kind == "paid"
    assert shop.read(subscription).status == "active"


def test_an_upgrade_now_is_previewed_and_charged_alike(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(2800))
    dearer = shop.price(5600)
    shop.advance(days=14)
    at = period(subscription)[0] + 14 * DAY
    how = {"proration_behavior": "always_invoice", "proration_date": at}
    items = [{"id": subscription["items"].data[0].id, "price": dearer.id, "quantity": 1}]
    preview = shop.api.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": {"items": items} | how}
    )
    assert [line.amount for line in preview.lines.data] == [-1400, 2800]
    assert preview.amount_due == 1400
    assert all(line.parent.subscription_item_details.proration for line in preview.lines.data)
    assert shop.read(subscription)["items"].data[0].price.unit_amount == 2800
    assert len(shop.api.invoices.list().data) == 1
    changed = change(shop, subscription, dearer, payment_behavior="pending_if_incomplete", **how)
    assert changed.latest_invoice.amount_paid == preview.amount_due
    assert changed["items"].data[0].price.id == dearer.id
    assert period(changed) == period(subscription)


def test_a_downgrade_leaves_a_credit_for_the_next_invoice(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(2800))
    shop.advance(days=14)
    change(shop, subscription, shop.price(1400), proration_date=period(subscription)[0] + 14 * DAY)
    assert sorted(each.amount for each in shop.api.invoice_items.list({"pending": True}).data) == [-1400, 700]
    shop.advance(days=14, hours=2)
    invoice = shop.read(subscription).latest_invoice
    assert (invoice.billing_reason, invoice.total) == ("subscription_cycle", 700)
    assert shop.api.invoice_items.list({"pending": True}).data == []


def test_a_credit_above_the_price_goes_to_the_balance(shop: Shop):
    customer = with_card(shop)
    subscription = subscribe(shop, customer, shop.price(2800))
    shop.advance(days=7)
    at = period(subscription)[0] + 7 * DAY
    changed = change(shop, subscription, shop.price(0), proration_behavior="always_invoice", proration_date=at)
    assert (changed.latest_invoice.total, changed.latest_invoice.status) == (-2100, "paid")
    assert shop.api.customers.retrieve(customer.id).balance == -2100


def test_no_proration_changes_only_the_next_price(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    changed = change(shop, subscription, shop.price(2900), proration_behavior="none")
    assert changed.latest_invoice.id == subscription.latest_invoice.id
    shop.advance(days=28, hours=2)
    assert shop.read(subscription).latest_invoice.total == 2900


def test_another_interval_begins_a_new_period(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(2800))
    shop.advance(days=14)
    yearly = change(shop, subscription, shop.price(20000, interval="year"))
    start, end = period(yearly)
    assert end - start == 365 * DAY
    assert yearly.latest_invoice.total == pytest.approx(20000 - 1400, abs=1)


def test_an_unpaid_upgrade_is_pending_and_expires(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    shop.sandbox.actions.change_default_card(subscription.customer, **typed(FAILS_LATER))
    how = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    waiting = change(shop, subscription, shop.price(5900), **how)
    assert (waiting.status, waiting["items"].data[0].price.unit_amount) == ("active", 1900)
    assert waiting.pending_update.subscription_items[0].price.unit_amount == 5900
    shop.advance(hours=24)
    assert shop.read(subscription).pending_update is None
    assert "customer.subscription.pending_update_expired" in shop.told()


def test_an_unpaid_upgrade_is_given_up_by_voiding_its_invoice(shop: Shop):
    """As Stripe documents it for whoever wants to cancel a pending update."""
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    shop.sandbox.actions.change_default_card(subscription.customer, **typed(FAILS_LATER))
    how = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    waiting = change(shop, subscription, shop.price(5900), **how)
    shop.api.invoices.void_invoice(waiting.latest_invoice.id)
    given_up = shop.read(subscription)
    assert (given_up.pending_update, given_up["items"].data[0].price.unit_amount) == (None, 1900)
    shop.advance(hours=24)
    assert "customer.subscription.pending_update_expired" not in shop.told()


def test_an_unpaid_upgrade_is_applied_once_paid(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    shop.sandbox.actions.change_default_card(subscription.customer, **typed(FAILS_LATER))
    how = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    waiting = change(shop, subscription, shop.price(5900), **how)
    shop.api.invoices.pay(waiting.latest_invoice.id, {"payment_method": "pm_card_visa"})
    applied = shop.read(subscription)
    assert (applied.pending_update, applied["items"].data[0].price.unit_amount) == (None, 5900)
    assert "customer.subscription.pending_update_applied" in shop.told()


def test_the_next_invoice_can_be_previewed(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    preview = shop.api.invoices.create_preview({"subscription": subscription.id})
    assert (preview.amount_due, preview.period_start) == (1900, period(subscription)[1])
    assert period(shop.read(subscription)) == period(subscription)


def test_a_member_paid_elsewhere_is_charged_first_at_the_anchor(shop: Shop):
    anchor = shop.sandbox.now() + 10 * DAY
    moved = subscribe(
        shop,
        with_card(shop),
        shop.price(1900),
        billing_cycle_anchor=anchor,
        proration_behavior="none",
        off_session=True,
    )
    assert (moved.status, period(moved)[1]) == ("active", anchor)
    shop.advance(days=10, hours=2)
    assert shop.read(moved).latest_invoice.amount_paid == 1900


def test_a_sent_invoice_is_a_draft_for_an_hour_and_has_a_due_date(shop: Shop):
    subscription = subscribe(
        shop, shop.customer(), shop.price(42000), collection_method="send_invoice", days_until_due=30
    )
    assert (subscription.status, subscription.latest_invoice.status) == ("active", "draft")
    shop.advance(hours=1, days=0.001)
    invoice = shop.read(subscription).latest_invoice
    assert invoice.status == "open"
    assert invoice.due_date == pytest.approx(shop.sandbox.now() + 30 * DAY, abs=2 * HOUR)
    assert "invoice.sent" in shop.told()


def test_a_paused_one_sends_no_invoices(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(1900))
    paused = shop.api.subscriptions.pause(subscription.id, {"type": "subscription"})
    assert paused.status_details.paused.subscription.type == "pause_requested"
    shop.advance(days=70)
    assert len(shop.api.invoices.list().data) == 1
    shop.api.subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "now"}})
    assert shop.read(subscription).status == "active"
    assert "customer.subscription.resumed" in shop.told()


def test_a_deleted_customer_ends_their_subscriptions(shop: Shop):
    customer = with_card(shop)
    subscription = subscribe(shop, customer, shop.price())
    shop.api.customers.delete(customer.id)
    assert shop.read(subscription).status == "canceled"
    assert shop.api.customers.retrieve(customer.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        shop.session(shop.price(), customer=customer.id)


def test_a_repeating_coupon_runs_out(shop: Shop):
    coupon = shop.api.coupons.create({"percent_off": 50, "duration": "repeating", "duration_in_months": 2})
    subscription = subscribe(shop, with_card(shop), shop.price(2000), discounts=[{"coupon": coupon.id}])
    totals = [shop.read(subscription).latest_invoice.total]
    for _ in range(3):
        shop.sandbox.actions.advance_clock_to(period(shop.read(subscription))[1] + HOUR)
        totals.append(shop.read(subscription).latest_invoice.total)
    assert totals == [1000, 1000, 2000, 2000]
    assert shop.read(subscription).discounts == []


def test_metadata_merges_and_unsets(shop: Shop):
    subscription = subscribe(shop, with_card(shop), shop.price(), metadata={"a": "1", "b": "2"})
    changed = shop.api.subscriptions.update(subscription.id, {"metadata": {"b": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"a": "1", "c": "3"}
    event = shop.events("customer.subscription.updated")[-1]
    assert event.data.previous_attributes.to_dict()["metadata"]["b"] == "2"
