"""Sixteen at once: is there one product, one price and one customer? With negative controls."""

import os

import pytest
from django.db import connection

from lms_memberships import clock as our_clock
from lms_memberships.memberships import publishing, stripe_catalogue
from lms_memberships.models import Customer, Price
from lms_memberships.payments import connect, customers, intents
from tests.factories import MembershipFactory, put_into
from tests.faults.processes import Answer, Meeting, at_once, meet_before

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

PROCESSES = 16


def at_stripe(sandbox, kind: str) -> int:
    return len(sandbox.store.all(kind, account=sandbox.account_id))


def own_keys() -> None:
    """In this process: idempotency keys are no longer made of what is done, for negative controls."""
    made = intents._key
    intents._key = lambda write, attempt: f"{made(write, attempt)}:{os.getpid()}"


def results(answers: list[Answer]) -> set[object]:
    """What they returned. Whoever comes while the same request still runs may be told to try again, and nothing else."""
    failed = [each.failure for each in answers if each.failure]
    assert all("GatewayUnreachable" in each for each in failed), failed
    return {each.value for each in answers if not each.failure}


def become_a_customer(student, *, keys: bool = True) -> list[Answer]:
    meeting = Meeting(PROCESSES)

    def first_checkout() -> str:
        if not keys:
            own_keys()
        # All have looked, and none has found a customer.
        meet_before(intents, "_plan", meeting)
        return customers.customer_for(student, gateway=connect.get_gateway(), language="en")

    return at_once(*[first_checkout] * PROCESSES, meeting=meeting)


def test_sixteen_first_checkouts_make_one_customer(student, gateway, sandbox):
    """K4, H9"""
    assert len(results(become_a_customer(student))) == 1
    assert at_stripe(sandbox, "customer") == 1
    assert Customer.objects.count() == 1


def test_control_with_keys_of_their_own_there_are_more_customers(student, gateway, sandbox):
    """K4, H9, negative control"""
    become_a_customer(student, keys=False)
    assert at_stripe(sandbox, "customer") > 1


def save_at_once(membership, *, keys: bool = True) -> list[Answer]:
    meeting = Meeting(PROCESSES)

    def save() -> str:
        if not keys:
            own_keys()
            product_id, lookup_key = stripe_catalogue.product_id_of, stripe_catalogue.lookup_key_of
            stripe_catalogue.product_id_of = lambda row: f"{product_id(row)}_{os.getpid()}"
            stripe_catalogue.lookup_key_of = lambda row, of: f"{lookup_key(row, of)}:{os.getpid()}"
        meet_before(intents, "_plan", meeting)
        gateway = connect.get_gateway()
        return publishing.prepare(membership, gateway=gateway, now=our_clock.now()).stripe_id

    return at_once(*[save] * PROCESSES, meeting=meeting)


def test_sixteen_who_save_one_membership_make_one_product_and_one_price(gateway, sandbox, live_session):
    """H9"""
    membership = put_into(MembershipFactory(), live_session)
    assert len(results(save_at_once(membership))) == 1
    assert (at_stripe(sandbox, "product"), at_stripe(sandbox, "price")) == (1, 1)
    assert Price.objects.get().confirmed_at


def test_control_with_keys_and_names_of_their_own_there_are_more(gateway, sandbox, live_session):
    """H9, negative control"""
    save_at_once(put_into(MembershipFactory(), live_session), keys=False)
    assert at_stripe(sandbox, "product") > 1
