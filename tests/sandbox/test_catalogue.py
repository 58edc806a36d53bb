"""Products, prices, coupons, refunds, endpoints: what else the API keeps."""

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox.shop import Shop


def test_a_product_can_bring_its_first_price(shop: Shop):
    data = {"currency": "eur", "unit_amount": 1900, "recurring": {"interval": "month", "interval_count": 3}}
    product = shop.api.products.create({"name": "Gold", "default_price_data": data, "expand": ["default_price"]})
    assert product.default_price.unit_amount == 1900
    assert product.default_price.recurring.interval_count == 3
    with pytest.raises(stripe.InvalidRequestError):
        shop.api.products.delete(product.id)
    with pytest.raises(stripe.InvalidRequestError):
        shop.api.prices.update(product.default_price.id, {"active": False})


def test_an_amount_never_changes(shop: Shop, make_client):
    price, unchecked = shop.price(), make_client(shop.sandbox.url, is_checked=False)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        unchecked.raw_request("post", f"/v1/prices/{price.id}", unit_amount=1)
    assert refusal.value.code == "parameter_unknown"


def test_a_lookup_key_belongs_to_one_price(shop: Shop):
    first = shop.price(lookup_key="gold:month")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.price(lookup_key="gold:month")
    assert refusal.value.code == "resource_already_exists"
    second = shop.price(lookup_key="gold:month", transfer_lookup_key=True)
    assert shop.api.prices.retrieve(first.id).lookup_key is None
    assert [each.id for each in shop.api.prices.list({"lookup_keys": ["gold:month"]}).data] == [second.id]


def test_prices_are_listed_by_what_they_are(shop: Shop):
    monthly, once = shop.price(), shop.price(interval=None)
    shop.api.prices.update(monthly.id, {"active": False})
    assert [each.id for each in shop.api.prices.list({"active": False}).data] == [monthly.id]
    assert [each.id for each in shop.api.prices.list({"type": "one_time"}).data] == [once.id]
    assert [each.id for each in shop.api.prices.list({"product": once.product}).data] == [once.id]


def test_further_currencies_are_charged_in_their_own_amount(shop: Shop):
    price = shop.price(1900, currency_options={"usd": {"unit_amount": 2100}})
    subscription = shop.buy(price, currency="usd")
    assert (subscription.currency, subscription.latest_invoice.amount_paid) == ("usd", 2100)
    full = shop.api.prices.retrieve(price.id, {"expand": ["currency_options"]})
    assert full.currency_options["usd"].unit_amount == 2100


@pytest.mark.parametrize(("count", "interval"), [(37, "month"), (4, "year"), (0, "month")])
def test_no_interval_is_longer_than_three_years(sandbox: Sandbox, make_client, count: int, interval: str):
    shop = Shop(sandbox, make_client(sandbox.url, is_checked=False))
    with pytest.raises(stripe.InvalidRequestError):
        shop.price(interval=interval, count=count)


def test_refunds_in_parts_and_no_more_than_was_paid(shop: Shop):
    shop.buy(shop.price(1900))
    charge = shop.api.charges.list().data[0]
    shop.api.refunds.create({"payment_intent": charge.payment_intent, "amount": 500})
    assert shop.api.charges.retrieve(charge.id).refunded is False
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        shop.api.refunds.create({"charge": charge.id, "amount": 1401})
    shop.api.refunds.create({"charge": charge.id})
    back = shop.api.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (back.refunded, back.amount_refunded, len(back.refunds.data)) == (True, 1900, 2)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.api.refunds.create({"charge": charge.id})
    assert refusal.value.code == "charge_already_refunded"
    assert [event.type for event in shop.events("charge.refunded", "refund.created")].count("refund.created") == 2


def test_a_promotion_code_that_is_used_up_is_not_active(shop: Shop):
    coupon = shop.api.coupons.create({"amount_off": 500, "currency": "eur", "duration": "forever"})
    promotion = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "ONCE", "max_redemptions": 1}
    code = shop.api.promotion_codes.create(promotion)
    subscription = shop.buy(shop.price(1900), discounts=[{"promotion_code": code.id}])
    assert subscription.latest_invoice.total == 1400
    used = shop.api.promotion_codes.list({"code": "ONCE", "expand": ["data.promotion.coupon"]}).data[0]
    assert (used.active, used.times_redeemed, used.promotion.coupon.times_redeemed) == (False, 1, 1)
    with pytest.raises(stripe.InvalidRequestError):
        shop.session(shop.price(), discounts=[{"promotion_code": code.id}])
    full = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["discounts"]})
    assert full.discounts[0].source.coupon == coupon.id


def test_a_coupon_for_one_product_leaves_others_alone(shop: Shop):
    gold, silver = shop.price(2000), shop.price(1000)
    coupon = shop.api.coupons.create(
        {"percent_off": 50, "duration": "forever", "applies_to": {"products": [gold.product]}}
    )
    assert shop.session(gold, discounts=[{"coupon": coupon.id}]).amount_total == 1000
    assert shop.session(silver, discounts=[{"coupon": coupon.id}]).amount_total == 1000
    assert shop.api.coupons.retrieve(coupon.id, {"expand": ["applies_to"]}).applies_to.products == [gold.product]


def test_an_endpoint_shows_its_secret_once(shop: Shop):
    made = shop.api.webhook_endpoints.create({"url": "https://school.test/hook", "enabled_events": ["invoice.paid"]})
    assert made.secret.startswith("whsec_")
    assert "secret" not in shop.api.webhook_endpoints.retrieve(made.id)
    off = shop.api.webhook_endpoints.update(made.id, {"disabled": True})
    assert off.status == "disabled"
    shop.api.webhook_endpoints.delete(made.id)
    assert shop.api.webhook_endpoints.list().data == []


def test_events_are_found_by_type_and_time(shop: Shop):
    shop.customer()
    shop.advance(days=1)
    before = shop.sandbox.now()
    shop.advance(days=1)
    shop.price()
    assert [event.type for event in shop.events("customer.created", "price.created")] == [
        "customer.created",
        "price.created",
    ]
    late = shop.api.events.list({"created": {"gte": before}}).data
    assert {event.type for event in late} == {"product.created", "price.created"}
    shop.advance(days=31)
    assert shop.api.events.list().data == []


def test_invoices_are_found_by_what_they_are_of(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    found = shop.api.invoices.list({"subscription": subscription.id, "status": "paid", "expand": ["data.payments"]})
    invoice = found.data[0]
    payment = invoice.payments.data[0].payment
    assert [
        each.invoice
        for each in shop.api.invoice_payments.list(
            {"payment": {"type": "payment_intent", "payment_intent": payment.payment_intent}}
        ).data
    ] == [invoice.id]
    lines = shop.api.invoices.line_items.list(invoice.id).data
    assert [(line.amount, line.pricing.price_details.product) for line in lines] == [
        (1900, subscription["items"].data[0].price.product)
    ]
    assert shop.api.invoices.list({"customer": "cus_other"}).data == []


def make_code(shop: Shop, code: str = "SPRING", *, coupon: dict | None = None, **more) -> stripe.PromotionCode:
    made = shop.api.coupons.create(coupon or {"percent_off": 25, "duration": "once"})
    return shop.api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": made.id}, "code": code, **more})


def test_a_code_in_another_currency_or_below_its_minimum_is_refused(shop: Shop):
    dollars = make_code(shop, "DOLLARS", coupon={"amount_off": 500, "currency": "usd", "duration": "once"})
    restrictions = {"minimum_amount": 5000, "minimum_amount_currency": "eur"}
    large = make_code(shop, "LARGE", restrictions=restrictions)
    for code in (dollars, large):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            shop.session(shop.price(1900), discounts=[{"promotion_code": code.id}])
        assert refusal.value.param.startswith("discounts")


def test_a_code_for_a_first_purchase_is_refused_to_who_has_paid(shop: Shop):
    code = make_code(shop, restrictions={"first_time_transaction": True})
    customer = shop.customer()
    shop.buy(shop.price(), customer=customer.id, discounts=[{"promotion_code": code.id}])
    with pytest.raises(stripe.InvalidRequestError):
        shop.session(shop.price(), customer=customer.id, discounts=[{"promotion_code": code.id}])


def test_a_code_that_expires_is_not_active_from_then_on(shop: Shop):
    code = make_code(shop, expires_at=shop.sandbox.now() + 3600)
    shop.advance(hours=2)
    assert not shop.api.promotion_codes.retrieve(code.id).active
    assert shop.events("promotion_code.updated")[-1].data.object.id == code.id
    with pytest.raises(stripe.InvalidRequestError):
        shop.session(shop.price(), discounts=[{"promotion_code": code.id}])


def test_the_second_of_two_open_pages_cannot_use_up_a_code_twice(shop: Shop):
    code = make_code(shop, max_redemptions=1)
    first, second = (shop.session(shop.price(2000), discounts=[{"promotion_code": code.id}]) for _ in range(2))
    assert shop.api.promotion_codes.retrieve(code.id).times_redeemed == 0
    assert shop.pay(first).kind == "paid"
    assert shop.pay(second).kind == "declined"
    shown = shop.api.checkout.sessions.retrieve(second.id)
    assert (shown.amount_total, shown.total_details.amount_discount, shown.discounts) == (2000, 0, [])
    assert shop.pay(second).kind == "paid"
    told = shop.events("promotion_code.updated")[-1].data.object
    assert (told.active, told.times_redeemed) == (False, 1)


def test_a_code_is_put_on_a_subscription_and_taken_off(shop: Shop):
    code = make_code(shop, coupon={"percent_off": 50, "duration": "forever"})
    subscription = shop.buy(shop.price(2000))
    shop.api.subscriptions.update(subscription.id, {"discounts": [{"promotion_code": code.id}]})
    shop.advance(days=32)
    assert shop.read(subscription).latest_invoice.total == 1000
    shop.api.subscriptions.update(subscription.id, {"discounts": ""})
    shop.advance(days=32)
    assert shop.read(subscription).latest_invoice.total == 2000


def test_deleting_a_coupon_retires_its_codes(shop: Shop):
    code = make_code(shop)
    shop.api.coupons.delete(code.promotion.coupon)
    assert not shop.api.promotion_codes.retrieve(code.id).active
    assert shop.told()[-2:] == ["promotion_code.updated", "coupon.deleted"]
