"""How a person buys on the hosted page, and what is there afterwards."""

from tests.sandbox.shop import (
    DECLINED,
    GOOD,
    NEEDS_PERSON_ALWAYS,
    NEEDS_PERSON_ONCE,
    Shop,
)


def test_a_paid_checkout_leaves_an_active_subscription_and_a_paid_invoice(shop: Shop):
    customer = shop.customer()
    session = shop.session(
        shop.price(1900),
        customer=customer.id,
        client_reference_id="attempt-1",
        metadata={"attempt": "1"},
        subscription_data={"metadata": {"membership": "gold"}},
    )
    assert session.subscription is None
    assert shop.api.subscriptions.list({"status": "all"}).data == []
    outcome = shop.pay(session)
    assert outcome.redirect_url == f"https://school.test/done?session={session.id}"
    done = shop.api.checkout.sessions.retrieve(
        session.id, {"expand": ["subscription.latest_invoice.payments", "line_items", "customer"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.customer.id == customer.id
    subscription = done.subscription
    assert subscription.status == "active"
    assert subscription.metadata["membership"] == "gold"
    invoice = subscription.latest_invoice
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 1900, "subscription_create")
    assert invoice.parent.subscription_details.metadata["membership"] == "gold"
    intent = shop.api.payment_intents.retrieve(invoice.payments.data[0].payment.payment_intent)
    assert (intent.status, intent.amount_received) == ("succeeded", 1900)
    assert done.line_items.data[0].amount_total == 1900


def test_what_happened_is_told_in_events(shop: Shop):
    shop.buy(shop.price())
    told = set(shop.told())
    assert told >= {
        "product.created",
        "price.created",
        "customer.created",
        "payment_method.attached",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice_payment.paid",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    }
    assert "customer.subscription.updated" not in told


def test_a_declined_card_leaves_the_page_open_for_another(shop: Shop):
    session = shop.session(shop.price())
    refused = shop.pay(session, DECLINED)
    assert (refused.kind, refused.message) == ("declined", "Your card was declined.")
    assert shop.api.checkout.sessions.retrieve(session.id).status == "open"
    assert "payment_intent.payment_failed" in shop.told()
    assert shop.pay(session, GOOD).kind == "paid"
    assert len(shop.api.payment_intents.list().data) == 1


def test_each_declining_card_says_why(shop: Shop):
    said = {}
    for card in ("4000000000009995", "4000000000000069", "4000000000000127", "4242424242424241"):
        said[card] = shop.pay(shop.session(shop.price()), card).message
    assert said == {
        "4000000000009995": "Your card has insufficient funds.",
        "4000000000000069": "Your card has expired.",
        "4000000000000127": "Your card's security code is incorrect.",
        "4242424242424241": "Your card number is incorrect.",
    }


def test_three_d_secure_approved_pays(shop: Shop):
    session = shop.session(shop.price())
    asked = shop.pay(session, NEEDS_PERSON_ONCE)
    assert asked.kind == "authentication_required"
    assert shop.api.subscriptions.list().data == []
    outcome = shop.sandbox.actions.approve_authentication(asked.authentication_id)
    assert outcome.kind == "paid"
    assert [each.status for each in shop.api.subscriptions.list().data] == ["active"]


def test_three_d_secure_declined_returns_to_the_page(shop: Shop):
    session = shop.session(shop.price())
    asked = shop.pay(session, NEEDS_PERSON_ALWAYS)
    outcome = shop.sandbox.actions.decline_authentication(asked.authentication_id)
    assert outcome.kind == "declined"
    assert outcome.redirect_url == session.url
    assert shop.pay(session, GOOD).kind == "paid"


def test_the_second_click_of_two_pays_nothing(shop: Shop):
    session = shop.session(shop.price())
    assert shop.pay(session).kind == "paid"
    assert shop.pay(session).kind == "declined"
    assert len(shop.api.charges.list().data) == 1


def test_a_one_time_purchase_with_an_invoice(shop: Shop):
    session = shop.session(
        shop.price(9900, interval=None),
        customer_email="ada@school.test",
        customer_creation="always",
        invoice_creation={"enabled": True, "invoice_data": {"metadata": {"membership": "gold"}}},
        payment_intent_data={"metadata": {"attempt": "1"}},
    )
    assert shop.pay(session).kind == "paid"
    done = shop.api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "invoice.payments"]})
    assert done.subscription is None
    assert done.payment_intent.metadata["attempt"] == "1"
    assert (done.invoice.status, done.invoice.total) == ("paid", 9900)
    assert done.invoice.metadata["membership"] == "gold"
    assert done.invoice.payments.data[0].payment.payment_intent == done.payment_intent.id


def test_an_abandoned_page_expires_by_the_clock(shop: Shop):
    session = shop.session(shop.price())
    shop.advance(days=1, hours=1)
    gone = shop.api.checkout.sessions.retrieve(session.id)
    assert (gone.status, gone.url) == ("expired", None)
    expired = shop.events("checkout.session.expired")
    assert [event.created for event in expired] == [session.expires_at]
    assert shop.pay(session).kind == "declined"


def test_a_promotion_code_is_taken_off_at_checkout(shop: Shop):
    coupon = shop.api.coupons.create({"percent_off": 25, "duration": "once"})
    shop.api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING25"})
    session = shop.session(shop.price(1900), allow_promotion_codes=True)
    assert shop.sandbox.actions.apply_promotion_code(session.id, "nonsense").kind == "declined"
    assert shop.sandbox.actions.apply_promotion_code(session.id, "spring25").kind == "started"
    view = shop.sandbox.actions.open_checkout(session.id)
    assert (view["today"], view["discount"], view["next_amount"]) == (1425, 475, 1900)
    assert shop.pay(session).kind == "paid"
    invoice = shop.api.invoices.list().data[0]
    assert (invoice.total, invoice.amount_paid) == (1425, 1425)
    assert invoice.total_discount_amounts[0].amount == 475
    assert shop.api.checkout.sessions.retrieve(session.id).total_details.amount_discount == 475
    assert shop.api.subscriptions.list().data[0].discounts == []
