"""Two presses on "Try the card again" at the same moment: is the bank asked once? With negative controls (X17)."""

import os

import pytest
from django.db import connection

from lms_memberships import clock as our_clock
from lms_memberships.errors import Refusal
from lms_memberships.models import Invoice, Subscription
from lms_memberships.payments import connect, intents
from lms_memberships.payments.gateway import CardDeclined, GatewayUnreachable
from lms_memberships.subscriptions import collecting
from tests import hosted
from tests.faults.processes import Meeting, at_once, meet_before, nobody_locks, values
from tests.flows.steps import buy

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

GOOD = {"card_number": hosted.GOOD_CARD, "exp_month": 12, "exp_year": 2034, "cvc": "123"}


@pytest.fixture
def invoice(membership, student, client_for, clock, postman, no_worker) -> Invoice:
    """Of a renewal that was refused."""
    buy(client_for(student), membership, card=hosted.FAILS_LATER_CARD)
    clock.advance(days=31, hours=3)
    postman.deliver()
    return Invoice.objects.select_related("subscription").get(status="open")


def own_keys() -> None:
    """In this process: idempotency keys are no longer made of what is done, for negative controls.

    And what another process has sent already is not seen, or whoever comes second would go on with its key.
    """
    made = intents._key
    intents._latest = lambda write: None
    intents._key = lambda write, attempt: f"{made(write, attempt)}:{os.getpid()}"


def both_press(invoice: Invoice, *, locks: bool = True, keys: bool = True) -> list[str]:
    """What each was told. Both have read the invoice and stand before the turn is written down."""
    meeting = Meeting()

    def press() -> str:
        if not locks:
            nobody_locks()
        if not keys:
            own_keys()
        meet_before(collecting.clock, "wall_time", meeting)
        try:
            collecting._take_turn(invoice)
            collecting._pay(invoice, connect.get_gateway())
        except (Refusal, CardDeclined, GatewayUnreachable) as no:
            return type(no).__name__
        return "paid"

    return sorted(values(at_once(press, press, meeting=meeting)))


def charges(sandbox, status: str) -> int:
    found = sandbox.store.all("charge", account=sandbox.account_id)
    return sum(each["status"] == status for each in found)


def test_two_presses_ask_the_bank_once(invoice, sandbox):
    """X17: one is tried and refused by the bank, the other is told that it was tried a moment ago."""
    assert both_press(invoice) == ["CardDeclined", "TriedAMomentAgo"]
    assert charges(sandbox, "failed") == 2, "the renewal's own, and one"


def test_control_without_the_lock_both_go_on(invoice, sandbox):
    """X17, negative control: then only the key keeps the bank from being asked twice."""
    assert "TriedAMomentAgo" not in both_press(invoice, locks=False)


def test_control_without_lock_and_key_the_bank_is_asked_twice(invoice, sandbox):
    """X17, negative control"""
    both_press(invoice, locks=False, keys=False)
    assert charges(sandbox, "failed") == 3


def test_a_press_beside_stripes_own_retry_takes_the_money_once(invoice, sandbox, client_for, student):
    """X17: whichever comes first, nobody is charged twice, and the press says that it is paid."""
    sandbox.actions.change_default_card(Subscription.objects.get().customer_id, **GOOD)
    meeting = Meeting()

    def press() -> str:
        meet_before(collecting, "_pay", meeting)
        return collecting.try_again(invoice, gateway=connect.get_gateway(), now=our_clock.now()).status

    def retry() -> str:
        # Beside our call, over HTTP, as anybody's request.
        gateway = connect.get_gateway()
        meeting.wait()
        try:
            return str(gateway.pay_invoice(invoice.stripe_id, key="stripes-own-retry") and "paid")
        except Exception as no:  # noqa: BLE001 - paid by the press
            return getattr(no, "code", "?")

    answers = values(at_once(press, retry, meeting=meeting))
    assert answers[0] == "paid"
    assert answers[1] in {"paid", "invoice_already_paid"}
    assert charges(sandbox, "succeeded") == 2, "the first month, and this one"
