"""Forty want a code that three may use: are there three, and do the abandoned come back (J4, T10)? With its control."""

import pytest
from django.db import connection

from lms_memberships import clock as our_clock
from lms_memberships.memberships.promotions import CodeNotUsable
from lms_memberships.models import Checkout, PromotionCode
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout, settling
from tests import hosted
from tests.factories import UserFactory
from tests.faults.processes import Meeting, at_once, meet_before, nobody_locks, values
from tests.faults.sizes import pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
LIMIT = 3
BUYERS = 40
#: Each process has several buyers, one after the other: forty processes on two cores would mostly wait for each other.
PROCESSES = 10
#: So many stand between check and write at the same moment.
CROWD = 8


@pytest.fixture
def make_code(gateway):
    def make(code: str, limit: int = LIMIT) -> None:
        coupon = gateway.client.v1.coupons.create({"percent_off": 20, "duration": "once"})
        promotion = {"type": "coupon", "coupon": coupon.id}
        gateway.client.v1.promotion_codes.create({"promotion": promotion, "code": code, "max_redemptions": limit})

    return make


def buy(user, membership, code: str) -> bool:
    """Whether they came to Stripe's page with the code."""
    wish, now = checkout.Wish(membership, code=code), our_clock.now()
    try:
        checkout.start(user, wish, gateway=connect.get_gateway(), language="en", urls=URLS, now=now)
    except CodeNotUsable:
        return False
    return True


def rush(buyers: list, membership, code: str) -> int:
    """All of them at once: how many got it?"""

    def job(some: list):
        return lambda: sum(buy(user, membership, code) for user in some)

    return sum(values(at_once(*(job(buyers[number::PROCESSES]) for number in range(PROCESSES)))))


def meet(buyers: list, membership, code: str, meeting: Meeting, *, locks: bool = True) -> int:
    """All of them are let go when each has checked and none has written: how many got it?"""

    def job(user):
        def press() -> bool:
            if not locks:
                nobody_locks()
            meet_before(Checkout, "save", meeting)
            return buy(user, membership, code)

        return press

    return sum(values(at_once(*(job(user) for user in buyers), meeting=meeting)))


def held(code: str) -> list[Checkout]:
    return list(Checkout.objects.running().filter(promotion_code__code=code).order_by("pk"))


def test_of_forty_buyers_three_get_it_each_time(membership, make_code, no_worker, report):
    """J4, T10: each time the same three at Stripe, as many as the limit; nobody else was sent there with it."""
    rounds = pick(test=3, ci=10, soak=100)
    for number in range(rounds):
        make_code(f"ROUND-{number}")
        buyers = UserFactory.create_batch(BUYERS)
        assert rush(buyers, membership, f"ROUND-{number}") == LIMIT
        assert len(held(f"ROUND-{number}")) == LIMIT
    report("T10 promotion codes", rounds=rounds, buyers=rounds * BUYERS, oversold=0)


def test_between_check_and_write_a_lock_keeps_the_others_out(membership, make_code, no_worker):
    """J4"""
    make_code("SPRING")
    meeting = Meeting(CROWD)
    assert meet(UserFactory.create_batch(CROWD), membership, "SPRING", meeting) == LIMIT
    assert meeting.kept_out >= 1
    assert len(held("SPRING")) == LIMIT


def test_control_without_the_lock_it_is_oversold(membership, make_code, no_worker):
    """J4, negative control: all of them hold one of three uses."""
    make_code("SPRING")
    meeting = Meeting(CROWD)
    assert meet(UserFactory.create_batch(CROWD), membership, "SPRING", meeting, locks=False) == CROWD
    assert meeting.kept_out == 0
    assert len(held("SPRING")) > LIMIT


def test_what_is_abandoned_comes_back_and_what_is_paid_does_not(membership, make_code, gateway, no_worker):
    """J4: two of three pay, one leaves; of forty others exactly one gets what is left."""
    make_code("SPRING")
    assert rush(UserFactory.create_batch(LIMIT), membership, "SPRING") == LIMIT
    *paying, leaving = held("SPRING")
    for attempt in paying:
        hosted.pay(attempt.url)
    gateway.expire_checkout(leaving.session_id)
    for attempt in (*paying, leaving):
        settling.settle(gateway.read_checkout(attempt.session_id), gateway=gateway, now=our_clock.now())
    assert rush(UserFactory.create_batch(BUYERS), membership, "SPRING") == 1
    hosted.pay(held("SPRING")[0].url)
    code = PromotionCode.objects.get()
    assert gateway.read_code(code.stripe_id).times_redeemed == LIMIT


def test_buyers_who_pay_at_once_meet_those_who_come(membership, make_code, gateway, no_worker):
    """J4: paid, settled and asked for in the same moments, the code is never used more often than it may be."""
    make_code("SPRING", limit=5)
    buyers = UserFactory.create_batch(BUYERS)

    def job(some: list):
        def buy_and_pay() -> int:
            bought = 0
            for user in some:
                if not buy(user, membership, "SPRING"):
                    continue
                attempt = Checkout.objects.running().get(user=user)
                status, _location, _body = hosted.pay(attempt.url)
                mine = connect.get_gateway()
                settling.settle(mine.read_checkout(attempt.session_id), gateway=mine, now=our_clock.now())
                bought += status == 303
            return bought

        return buy_and_pay

    assert sum(values(at_once(*(job(buyers[number::PROCESSES]) for number in range(PROCESSES))))) <= 5
    code = PromotionCode.objects.get()
    # Whoever was refused in the moment in which a purchase was counted on both sides can try again.
    while buy(UserFactory(), membership, "SPRING"):
        attempt = held("SPRING")[0]
        assert hosted.pay(attempt.url)[0] == 303
        settling.settle(gateway.read_checkout(attempt.session_id), gateway=gateway, now=our_clock.now())
    assert gateway.read_code(code.stripe_id).times_redeemed == 5
    assert Checkout.objects.filter(state=Checkout.State.COMPLETE).count() == 5
