"""Stripe hangs while four people buy, in a pool of four: does somebody else still get the page they paid for? (D8)"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

from lms_memberships.payments.stripe_gateway import client
from lms_memberships.payments.stripe_gateway.line import INTERACTIVE
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory
from tests.flows.steps import buy

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer: threads would wait for it"),
    pytest.mark.django_db(transaction=True),
]

POOL = 4
#: How long Stripe keeps silent. The bounds of a call are as many times shorter here as they are in earnest.
SILENCE = 6.0


class Pool:
    """Four threads of a web server, all of them taken by people who buy, and a fifth request that waits for one."""

    def __init__(self, client_for, membership, item) -> None:
        self.membership, self.item = membership, item
        self.member: Client = client_for(UserFactory())
        buy(self.member, membership)
        self.buyers: list[Client] = [client_for(UserFactory()) for _ in range(POOL)]

    def press(self, browser: Client) -> int:
        try:
            return browser.post(f"{self.membership.get_absolute_url()}buy/").status_code
        finally:
            connections.close_all()

    def read(self) -> tuple[int, float]:
        try:
            answer = self.member.get(self.item.get_absolute_url())
            return answer.status_code, time.monotonic()
        finally:
            connections.close_all()

    def run(self) -> tuple[list[int], int, float]:
        """What the buyers were answered, what the member was, and how many seconds after the first press."""
        began = time.monotonic()
        with ThreadPoolExecutor(POOL) as threads:
            pressed = [threads.submit(self.press, browser) for browser in self.buyers]
            status, at = threads.submit(self.read).result()
            return [each.result() for each in pressed], status, at - began


@pytest.fixture
def pool(membership, live_session, client_for, sandbox, monkeypatch) -> Pool:
    ready = Pool(client_for, membership, live_session)
    monkeypatch.setattr(client, "_clients", {})
    monkeypatch.setattr(INTERACTIVE, "again_within_seconds", 0.1)
    monkeypatch.setattr(INTERACTIVE, "read_seconds", 0.65)
    sandbox.faults.plan(Fault("hang", seconds=SILENCE, count=0))
    return ready


def test_a_page_is_served_while_stripe_says_nothing(pool):
    """D8: the buyers are told so in time, and the thread is free before Stripe has said a word."""
    pressed, status, after = pool.run()
    assert pressed == [302] * POOL, "back on the membership's page, with a sentence"
    assert status == 200
    assert after < SILENCE


def test_control_without_bounds_the_page_waits_for_stripe(pool, monkeypatch):
    """D8, negative control: as with stripe's own eighty seconds."""
    monkeypatch.setattr(INTERACTIVE, "read_seconds", 80)
    _pressed, status, after = pool.run()
    assert status == 200
    assert after >= SILENCE
