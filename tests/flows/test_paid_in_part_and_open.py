"""Whoever withdraws while an invoice is open and paid in part: is all of it finished, and what is a person told (X14)?"""

import pytest
from django.urls import reverse

from lms_memberships.models import Intent, Refund, Subscription, Withdrawal
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import attention
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.backwards import bought, compared, paid_in_part
from tests.flows.steps import text
from tests.flows.test_pausing import CARD
from tests.flows.test_withdrawing_money import drain, refunds, rest_is_over, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]

WRITE_OFF = "POST /v1/invoices/*/mark_uncollectible"


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def desk(client_for):
    return client_for(allow(UserFactory(username="refunder"), "refund_invoice", "view_invoice"))


@pytest.fixture
def held(browser, gateway, live_session, sandbox, clock, postman) -> Subscription:
    """By the week: the first was paid, the second is open."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    row = bought(browser, weekly, postman)
    sandbox.actions.change_default_card(row.customer_id, card_number="4000000000000341", **CARD)
    clock.advance(days=8)
    postman.deliver()
    assert [each["status"] for each in invoices(sandbox)] == ["open", "paid"]
    return row


def invoices(sandbox) -> list[dict]:
    return sandbox.store.all("invoice", account=sandbox.account_id)


def listed(desk) -> str:
    return text(desk.get(reverse("lms_memberships_attention"), {"kind": "refunds"}).content.decode())


def is_done() -> bool:
    return Withdrawal.objects.get().done_at is not None


def test_one_payment_goes_back_and_the_rest_is_written_off(browser, held, clock, sandbox, postman):
    """X14: Stripe voids nothing that is paid in part. All goes back, once, however often it is asked."""
    paid_in_part(sandbox, 200)
    compared()
    assert "all that you paid goes back to where you paid from" in withdraw(browser, held)
    for _ in range(3):
        drain()
    postman.deliver()
    assert is_done()
    assert Withdrawal.objects.get().amount == 700
    assert sorted(refunds(sandbox)) == [200, 500]
    assert [each["status"] for each in invoices(sandbox)] == ["uncollectible", "paid"]
    held.refresh_from_db()
    assert held.status == "canceled"
    assert attention.counts(now=clock.now)["refunds"] == 0


def test_several_payments_are_given_back_by_a_person_who_is_told(browser, held, desk, clock, sandbox, postman):
    """X14: it finishes, and stands under "Needs attention" until Stripe's refunds make up all of it."""
    charges = paid_in_part(sandbox, 200, 100)
    assert "is given back by hand" in withdraw(browser, held)
    for _ in range(3):
        drain()
    assert is_done()
    assert refunds(sandbox) == [500]
    assert invoices(sandbox)[0]["status"] == "uncollectible"
    noted = Refund.objects.get(failure="paid_in_parts")
    assert (noted.subscription, noted.amount) == (held, 300)
    assert "give each back in Stripe's dashboard" in listed(desk)
    postman.deliver()
    for charge, left in zip(charges, (1, 0), strict=True):
        sandbox.actions.refund_charge(charge)
        postman.deliver()
        assert attention.counts(now=clock.now)["refunds"] == left


def test_what_stripe_closes_in_no_way_is_told_and_does_not_wait(browser, held, desk, sandbox):
    """X14: the money goes back all the same, and a person is told of the invoice. It waited until a light went red."""
    paid_in_part(sandbox, 200)
    sandbox.faults.plan(Fault("status", WRITE_OFF, status=400, count=9))
    withdraw(browser, held)
    drain()
    assert is_done()
    assert sorted(refunds(sandbox)) == [200, 500]
    noted = Refund.objects.get(failure="still_open")
    assert (noted.subscription, noted.amount) == (held, 300)
    shown = listed(desk)
    assert "Close it in Stripe's dashboard" in shown
    assert "Give it back again" not in shown
    withdraw(browser, held)
    drain()
    assert Refund.objects.filter(failure="still_open").count() == 1


def test_what_is_being_paid_is_waited_for(browser, held, sandbox):
    """X14: negative control: the rest is on its way by a debit. It goes back when it has come, and nothing is lost."""
    paid_in_part(sandbox, 200)
    [invoice, _] = invoices(sandbox)
    intent = sandbox.store.one("payment_intent", invoice["_payment_intent"], account=sandbox.account_id)
    under_way = intent | {"status": "processing", "_answered_at": sandbox.now() + 864000}
    sandbox.store.commit({(sandbox.account_id, "payment_intent", intent["id"]): under_way})
    withdraw(browser, held)
    drain()
    assert not is_done()
    assert refunds(sandbox) == [500]
    assert not Refund.objects.filter(failure="still_open").exists()
    sandbox.store.commit({(sandbox.account_id, "payment_intent", intent["id"]): intent})
    rest_is_over()
    drain()
    assert is_done()
    assert sorted(refunds(sandbox)) == [200, 500]


def test_an_answer_that_got_lost_gives_nothing_back_twice(browser, held, sandbox):
    """X14, D1: negative control: written off and refunded, and nobody heard it."""
    paid_in_part(sandbox, 200)
    sandbox.faults.plan(Fault("commit_then_drop", WRITE_OFF, count=2))
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/refunds", count=2))
    withdraw(browser, held)
    sandbox.faults.clear()
    drain()
    drain()
    assert is_done()
    assert sorted(refunds(sandbox)) == [200, 500]


def test_an_open_one_without_money_is_voided_as_ever(browser, held, sandbox):
    """X14: negative control: nothing is written off where nothing was paid."""
    withdraw(browser, held)
    drain()
    assert is_done()
    assert (refunds(sandbox), invoices(sandbox)[0]["status"]) == ([500], "void")
    assert not Intent.objects.filter(purpose="write_off_invoice").exists()
