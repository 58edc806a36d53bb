"""Two clicks at the same moment that cost money or make things at Stripe: is it one of each? With negative controls."""

import os

import pytest
from django.db import connection
from django.urls import reverse

from lms_memberships import clock as our_clock
from lms_memberships.access import deliveries
from lms_memberships.memberships import stripe_catalogue
from lms_memberships.models import Checkout, Delivery, Membership, Price, Subscription
from lms_memberships.payments import connect, intents
from lms_memberships.payments.stripe_gateway import StripeGateway
from lms_memberships.subscriptions import checkout, lifecycle
from tests import hosted
from tests.faults.processes import (
    Meeting,
    at_once,
    meet_before,
    nobody_asks_whose_it_is,
    nobody_begins_again,
    nobody_locks,
    values,
    without_unique,
)
from tests.subscriptions import said
from tests.wizard.conftest import Wizard

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")


def now():
    return our_clock.now()


def at_stripe(sandbox, kind: str) -> list[dict]:
    return sandbox.store.all(kind, account=sandbox.account_id)


def asked(sandbox, method: str, path: str) -> list[dict]:
    """Requests that did something, without those that Stripe answered from memory."""
    return [
        each
        for each in sandbox.requests.all()
        if (each["method"], each["path"]) == (method, path) and not each["replayed"] and each["status"] < 300
    ]


def own_keys() -> None:
    """In this process: idempotency keys are no longer made of what is done, for negative controls."""
    made = intents._key
    intents._key = lambda write, attempt: f"{made(write, attempt)}:{os.getpid()}"


# ------------------------------------------------------------------ C6: two presses of "join"


def press_twice(browser, membership, meeting, *, locks=True) -> list:
    def press() -> tuple[int, str]:
        if not locks:
            nobody_locks()
            nobody_begins_again()
        meet_before(Checkout, "save", meeting)
        answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))
        return answer.status_code, answer.headers.get("Location", "")

    return at_once(press, press, meeting=meeting)


def test_two_presses_at_the_same_moment_open_one_page(student, membership, client_for, sandbox, no_worker):
    """C6: one row, one session at Stripe, one customer, and both browsers are sent to it."""
    meeting = Meeting()
    (status, one), (_status, two) = values(press_twice(client_for(student), membership, meeting))
    assert status == 303
    assert one == two
    assert meeting.kept_out == 1
    assert Checkout.objects.count() == 1
    assert [session["status"] for session in at_stripe(sandbox, "checkout.session")] == ["open"]
    assert len(at_stripe(sandbox, "customer")) == 1


def test_control_without_locks_the_constraint_makes_an_error_of_it(student, membership, client_for, sandbox, no_worker):
    """C6, negative control"""
    answers = press_twice(client_for(student), membership, Meeting(), locks=False)
    assert sum("IntegrityError" in answer.failure for answer in answers) == 1
    assert Checkout.objects.count() == 1


def test_control_without_locks_and_constraint_there_are_two_pages(student, membership, client_for, sandbox, no_worker):
    """C6, negative control"""
    with without_unique("lms_memberships_checkout", "user_id", "membership_id"):
        (_status, one), (_status, two) = values(press_twice(client_for(student), membership, Meeting(), locks=False))
        assert one != two
        assert len(at_stripe(sandbox, "checkout.session")) == 2


# ------------------------------------------------------------------ C6: two pages are paid all the same


def pay_two_pages(student, membership) -> list[str]:
    """Our own rule is broken by force: two open pages, both paid. Their sessions."""
    gateway = connect.get_gateway()
    for _time in range(2):
        url = checkout.start(student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now())
        Checkout.objects.filter(state=Checkout.State.OPEN).update(state=Checkout.State.EXPIRED)
        hosted.pay(url)
    return list(Checkout.objects.order_by("pk").values_list("session_id", flat=True))


def come_back_twice(student, sessions, meeting, *, locks=True) -> list:
    def come_back(session_id):
        def job() -> int:
            if not locks:
                nobody_locks()
            meet_before(Subscription, "save", meeting)
            return checkout.finish(student, session_id, gateway=connect.get_gateway(), now=now()).pk

        return job

    return at_once(*[come_back(session_id) for session_id in sessions], meeting=meeting)


def test_of_two_paid_at_once_one_lives_and_one_is_given_back(student, membership, sandbox, no_worker):
    """C6, X8"""
    meeting = Meeting()
    values(come_back_twice(student, pay_two_pages(student, membership), meeting))
    assert meeting.kept_out == 1
    live = Subscription.objects.giving_access(now()).get()
    second = Subscription.objects.exclude(pk=live.pk).get()
    assert second.duplicate_of == live
    assert second.undone_at
    assert second.status == "canceled"
    (refund,) = at_stripe(sandbox, "refund")
    assert (refund["amount"], refund["currency"]) == (1900, "eur")
    assert sorted(each["status"] for each in at_stripe(sandbox, "subscription")) == ["active", "canceled"]


def test_control_without_locks_both_live_and_nothing_is_given_back(student, membership, sandbox, no_worker):
    """C6, negative control"""
    values(come_back_twice(student, pay_two_pages(student, membership), Meeting(), locks=False))
    assert Subscription.objects.giving_access(now()).count() == 2
    assert at_stripe(sandbox, "refund") == []


def undo_twice(student, membership, *, keys=True) -> list:
    """The second purchase is noted and not yet given back; two processes hear of it at once."""
    first, second = pay_two_pages(student, membership)
    gateway = connect.get_gateway()
    checkout.finish(student, first, gateway=gateway, now=now())
    stripe_id = gateway.read_checkout(second).subscription_id
    lifecycle._reconcile(gateway.read_subscription(stripe_id), gateway=gateway, now=now())
    planned, meeting = Meeting(), Meeting()

    def undo() -> None:
        if not keys:
            own_keys()
        # Both have looked and found that nobody has asked for it yet.
        meet_before(intents, "_plan", planned)
        meet_before(StripeGateway, "refund_payment", meeting)
        gateway = connect.get_gateway()
        lifecycle.reconcile(gateway.read_subscription(stripe_id), gateway=gateway, now=now())

    answers = at_once(undo, undo, meeting=meeting)
    assert meeting.arrived == 2
    return answers


def test_two_processes_that_give_back_give_back_once(student, membership, sandbox, no_worker):
    """C6"""
    values(undo_twice(student, membership))
    assert len(at_stripe(sandbox, "refund")) == 1
    assert len(asked(sandbox, "POST", "/v1/refunds")) == 1
    second = Subscription.objects.get(duplicate_of__isnull=False)
    assert second.undone_at
    assert not any(each["error"] for each in sandbox.requests.all() if each["path"] == "/v1/refunds")


def test_control_with_keys_of_their_own_stripe_is_asked_for_two_refunds(student, membership, sandbox, no_worker):
    """C6, negative control: only Stripe's own refusal keeps the money together."""
    undo_twice(student, membership, keys=False)
    refunds = [each for each in sandbox.requests.all() if (each["method"], each["path"]) == ("POST", "/v1/refunds")]
    assert len({each["idempotency_key"] for each in refunds}) == 2
    assert any(each["error"] for each in refunds)


# ------------------------------------------------------------------ U28: two presses of "publish"


def publish_twice(browser, draft, *, keys=True) -> list:
    product, price = Meeting(), Meeting()
    looked_for_product, looked_for_price = Meeting(), Meeting()

    def press() -> int:
        if not keys:
            own_keys()
            product_id, lookup_key = stripe_catalogue.product_id_of, stripe_catalogue.lookup_key_of
            stripe_catalogue.product_id_of = lambda row: f"{product_id(row)}_{os.getpid()}"
            stripe_catalogue.lookup_key_of = lambda row, of: f"{lookup_key(row, of)}:{os.getpid()}"
        meet_before(intents, "_plan", looked_for_product, looked_for_price)
        meet_before(StripeGateway, "create_product", product)
        meet_before(StripeGateway, "create_price", price)
        wizard = Wizard()
        return browser.post(wizard.step(draft, "publish"), wizard.finish()).status_code

    answers = at_once(press, press, meeting=product)
    assert (product.arrived, price.arrived) == (2, 2)
    return answers


def test_publish_pressed_twice_at_once_makes_one_product_and_one_price(
    creator, draft, client_for, sandbox, connection, no_worker
):
    """U28"""
    assert values(publish_twice(client_for(creator), draft)) == [302, 302]
    assert len(at_stripe(sandbox, "product")) == len(at_stripe(sandbox, "price")) == 1
    assert Price.objects.get().confirmed_at
    assert Membership.objects.on_sale(connection).get() == draft


def test_control_with_keys_and_names_of_their_own_there_are_two(creator, draft, client_for, sandbox, no_worker):
    """U28, negative control"""
    values(publish_twice(client_for(creator), draft, keys=False))
    assert len(at_stripe(sandbox, "product")) == len(at_stripe(sandbox, "price")) == 2


# ------------------------------------------------------------------ two workers at what is owed to items


def deliver_with_two_workers(student, membership, *, locks: bool) -> int:
    read = said.subscription(said.attempt(student, membership))
    lifecycle.reconcile(read, gateway=said.unreachable_gateway(), now=said.NOW)
    meeting = Meeting()

    def work() -> int:
        if not locks:
            nobody_locks()
            nobody_asks_whose_it_is()
        meet_before(deliveries.Delivery.objects.none().__class__, "update", meeting)
        return deliveries.deliver_due(now=now())

    return sum(values(at_once(work, work, meeting=meeting)))


def test_two_workers_carry_out_each_delivery_once(student, membership, no_worker):
    """C2: what opens is told to the item's own system once."""
    assert deliver_with_two_workers(student, membership, locks=True) == Delivery.objects.count() == 1


def test_control_without_locks_both_carry_it_out(student, membership, no_worker):
    """C2, negative control"""
    assert deliver_with_two_workers(student, membership, locks=False) == 2
