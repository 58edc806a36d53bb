"""Sixteen first purchases of one person at the same moment: is it one customer at Stripe? With its control (K4)."""

import os

import pytest
from django.db import connection

from lms_memberships.models import Customer, Intent
from lms_memberships.payments import connect, customers, intents
from lms_memberships.payments.stripe_gateway import StripeGateway
from tests.faults.processes import Meeting, at_once, meet_before

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]
MANY = 16


def own_keys() -> None:
    """In this process: an idempotency key is made of the process too, and nobody is looked up, for the control."""
    made = intents._key
    intents._key = lambda write, attempt: f"{made(write, attempt)}:{os.getpid()}"
    StripeGateway.find_customer = lambda self, **how: None


def first_purchase(student, meeting, before):
    def run() -> str:
        for each in before:
            each()
        meet_before(StripeGateway, "create_customer", meeting)
        try:
            return customers.customer_for(student, gateway=connect.get_gateway(), language="en")
        except Exception as failure:  # noqa: BLE001 - a refusal is an answer here: the person presses again
            return type(failure).__name__

    return run


def made_by(student, sandbox, count: int, *before) -> tuple[list[str], int]:
    connect.get_gateway()
    meeting = Meeting(count)
    answers = at_once(*[first_purchase(student, meeting, before)] * count, meeting=meeting)
    assert not [each.failure for each in answers if each.failure]
    return [each.value for each in answers], len(sandbox.store.all("customer", account=sandbox.account_id))


def test_sixteen_at_once_are_one_customer(student, gateway, sandbox, no_worker):
    """K4"""
    answers, at_stripe = made_by(student, sandbox, MANY)
    assert at_stripe == 1
    row = Customer.objects.get()
    assert row.stripe_id in answers
    assert {each for each in answers if each.startswith("cus_")} == {row.stripe_id}
    assert customers.customer_for(student, gateway=gateway, language="en") == row.stripe_id


def two_with_own_keys(student, sandbox) -> int:
    """How many customers come of it; whoever is late finds the other at work, and makes none."""
    Customer.objects.all().delete()
    Intent.objects.all().delete()
    before = len(sandbox.store.all("customer", account=sandbox.account_id))
    _answers, at_stripe = made_by(student, sandbox, 2, own_keys)
    return at_stripe - before


def test_control_with_keys_of_their_own_there_are_several(student, gateway, sandbox, no_worker):
    """K4, negative control: in one of a few rounds both are there in time."""
    assert 2 in (two_with_own_keys(student, sandbox) for _round in range(6))
