"""Does the gateway make, find, retire and give promotion codes as Stripe has them (V20, guide §6)?"""

from datetime import timedelta

import pytest

from lms_memberships.money import Money
from lms_memberships.payments.gateway import RequestRefused
from lms_memberships.payments.lists import Part
from lms_memberships.payments.promotions import CodeRequest, CodeSnapshot, CouponRequest
from tests import hosted
from tests.payments.test_gateway import checkout, customer, gateway, price  # noqa: F401 - fixtures


def coupon(**more: object) -> CouponRequest:
    given = {"id": "lmsm_1", "name": "Spring", "percent_off": 2550, "amount_off": None, "duration": "repeating"}
    return CouponRequest(**{**given, "months": 3, "products": (), "metadata": {"lmsm": "1"}, **more})


def make(gateway, code: str = "SPRING-25", *, of: CouponRequest | None = None, **more: object) -> CodeSnapshot:  # noqa: F811
    asked = of or coupon(id=f"lmsm_{code}")
    gateway.create_coupon(asked, key=f"coupon:{asked.id}")
    given = {"max_redemptions": None, "expires_at": None, "first_time_only": False, "metadata": {"lmsm": "1"}, **more}
    return gateway.create_code(CodeRequest(coupon_id=asked.id, code=code, **given), key=f"code:{code}")


def test_a_code_is_made_and_read_back_as_it_was_asked_for(gateway, price, now):  # noqa: F811
    ends = (now + timedelta(days=3)).replace(microsecond=0)
    made = make(gateway, max_redemptions=50, expires_at=ends, first_time_only=True)
    read = gateway.read_code(made.id)
    assert (read.code, read.name, read.percent_off, read.amount_off) == ("SPRING-25", "Spring", 2550, None)
    assert (read.duration, read.months, read.max_redemptions, read.times_redeemed) == ("repeating", 3, 50, 0)
    assert (read.expires_at, read.first_time_only, read.is_active, read.products) == (ends, True, True, ())
    assert read.metadata == {"lmsm": "1"}


def test_an_amount_for_certain_products(gateway, price):  # noqa: F811
    product = gateway.find_product("lmsm_month_1_eur_1900")
    asked = coupon(percent_off=None, amount_off=Money(500, "eur"), duration="once", months=None, products=(product,))
    made = make(gateway, of=asked)
    assert (made.amount_off, made.duration, made.products) == (Money(500, "eur"), "once", (product,))


def test_a_code_is_found_whatever_the_case_and_the_active_one_first(gateway):  # noqa: F811
    old = make(gateway, "SPRING", of=coupon(id="lmsm_old"))
    gateway.retire_code(old.id, key="retire")
    gateway.create_coupon(coupon(id="lmsm_new"), key="coupon:new")
    new = gateway.create_code(CodeRequest("lmsm_new", "Spring", None, None, False, {}), key="code:new")
    assert gateway.find_code("sPRING").id == new.id
    assert gateway.find_code("unknown") is None
    assert gateway.find_code_of("lmsm_old").id == old.id
    assert gateway.find_coupon("lmsm_old") == "lmsm_old"
    assert gateway.find_coupon("lmsm_none") is None
    assert not gateway.read_code(old.id).is_active


def test_codes_are_listed_a_page_at_a_time(gateway):  # noqa: F811
    made = [make(gateway, f"CODE-{number}").id for number in range(3)]
    first = gateway.list_codes(Part(limit=2))
    rest = gateway.list_codes(Part(limit=2, after=first.last_id))
    assert [each.id for each in (*first.items, *rest.items)] == made[::-1]
    assert rest.last_id == ""


def test_the_session_says_what_is_taken_off(gateway, price, customer):  # noqa: F811
    code = make(gateway)
    session = gateway.create_checkout(checkout(price, customer, promotion_code_id=code.id), key="s")
    assert (session.total, session.discount) == (Money(1415, "eur"), Money(485, "eur"))
    assert session.promotion_code_id == code.id
    assert hosted.pay(session.url)[0] == 303
    assert gateway.read_code(code.id).times_redeemed == 1


def test_the_page_asks_for_a_code_itself_where_it_is_told_to(gateway, price, customer):  # noqa: F811
    make(gateway)
    asks = gateway.create_checkout(checkout(price, customer, allow_promotion_codes=True), key="s1")
    assert 'name="promotion_code"' in hosted.get(asks.url)
    silent = gateway.create_checkout(checkout(price, customer, reference="attempt-2"), key="s2")
    assert 'name="promotion_code"' not in hosted.get(silent.url)


def test_a_code_that_cannot_be_used_is_refused(gateway, price, customer):  # noqa: F811
    code = make(gateway)
    gateway.retire_code(code.id, key="retire")
    with pytest.raises(RequestRefused):
        gateway.create_checkout(checkout(price, customer, promotion_code_id=code.id), key="s")


def test_a_code_is_put_on_a_subscription_and_taken_off_again(gateway, price, customer):  # noqa: F811
    first, second = make(gateway, "FIRST"), make(gateway, "SECOND")
    session = gateway.create_checkout(checkout(price, customer), key="s")
    hosted.pay(session.url)
    subscription = gateway.read_checkout(session.id).subscription_id
    assert gateway.codes_on(subscription) == ()
    gateway.put_code_on(subscription, first.id, key="put1")
    gateway.put_code_on(subscription, second.id, key="put2")
    assert gateway.codes_on(subscription) == (second.id,)
    gateway.take_discounts_off(subscription, key="off")
    assert gateway.codes_on(subscription) == ()


def test_a_coupons_own_limit_and_end_count_for_its_code(gateway, sandbox, now):  # noqa: F811
    ends = int((now + timedelta(days=1)).timestamp())
    own = {"id": "theirs", "percent_off": 10, "duration": "once", "max_redemptions": 2, "redeem_by": ends}
    gateway.client.v1.coupons.create(own)
    gateway.create_code(CodeRequest("theirs", "THEIRS", 5, now + timedelta(days=9), False, {}), key="c")
    read = gateway.find_code("THEIRS")
    assert (read.max_redemptions, int(read.expires_at.timestamp())) == (2, ends)
