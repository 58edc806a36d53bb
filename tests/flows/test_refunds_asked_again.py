"""A refund whose answer is lost, whose worker dies, or that two processes make at once: is it one, as it was wanted (X13)?

The controls decide anew on each try how the money goes back: after its own credit note the invoice looks credited.
"""

from contextlib import suppress

import pytest

from lms_memberships.errors import OutsideFailure
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Intent, Refund
from lms_memberships.payments.refunds import BackRequest
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import giving_back, refunds
from tests.factories import UserFactory, allow
from tests.flows.backwards import bought
from tests.flows.refunding import at_stripe, form, page_of, press

pytestmark = pytest.mark.django_db

NOTES = "POST /v1/credit_notes"


@pytest.fixture
def held(client_for, student, membership, postman):
    return bought(client_for(student), membership, postman)


@pytest.fixture
def desk(client_for):
    return client_for(allow(UserFactory(username="refunder"), "refund_invoice"))


def press_unheard(desk, held, sandbox, **fields: str) -> None:
    """Stripe has made it, and neither of the two answers arrived."""
    url = page_of(held)
    typed = form(desk, url, **fields)
    sandbox.faults.plan(Fault("commit_then_drop", NOTES, count=2))
    press(desk, url, typed)
    sandbox.faults.clear()


def press_while_stripe_is_down(desk, held, sandbox, **fields: str) -> None:
    url = page_of(held)
    typed = form(desk, url, **fields)
    sandbox.faults.plan(Fault("status", NOTES, count=2, status=503))
    press(desk, url, typed)
    sandbox.faults.clear()


def ask_again(clock, postman) -> None:
    # Of the controls: it will be asked again.
    with suppress(OutsideFailure):
        JOBS["money_back"].do(clock.now)
    postman.deliver()


def rows() -> list[tuple[str, int, str]]:
    return [(row.state, row.amount, row.effect) for row in Refund.objects.order_by("pk")]


def assert_closed_once(held, sandbox, clock) -> None:
    assert rows() == [("succeeded", 1900, "close")]
    assert at_stripe(sandbox) == [1900]
    held.refresh_from_db()
    assert (held.is_live(clock.now), held.status) == (False, "canceled")


def decide_anew_on_each_try(monkeypatch, gateway) -> None:
    def anew(refund: Refund) -> BackRequest:
        invoice_id = giving_back._invoice_id(refund.invoice, refund.money, gateway)
        return BackRequest(refund.payment_intent_id, invoice_id, refund.money, {refunds.REFUND_KEY: str(refund.token)})

    monkeypatch.setattr(giving_back, "_asked_of_stripe", anew)
    monkeypatch.setattr(refunds, "sought", anew)


def die_once_made(monkeypatch, desk, held) -> None:
    def die(point: str) -> None:
        if point == "give_back.made":
            raise SystemExit

    url = page_of(held)
    typed = form(desk, url, effect="close")
    with monkeypatch.context() as patch:
        patch.setattr(giving_back.killpoints, "reach", die)
        with pytest.raises(SystemExit):
            desk.post(url, typed | {"press": "1"})


def test_all_of_it_unheard_is_found_and_closes(desk, held, sandbox, clock, postman):
    """X13, D1: €19 of €19, and both answers are lost."""
    press_unheard(desk, held, sandbox, effect="close")
    ask_again(clock, postman)
    assert_closed_once(held, sandbox, clock)


def test_what_its_event_tells_first_closes_too(desk, held, sandbox, clock, postman):
    """X13, D1, G9: the event of a credit note's refund does not say which form it was; the credit note does."""
    press_unheard(desk, held, sandbox, effect="close")
    postman.deliver()
    assert_closed_once(held, sandbox, clock)
    ask_again(clock, postman)
    assert_closed_once(held, sandbox, clock)


def test_control_decided_anew_all_of_it_unheard_is_refused(desk, held, sandbox, clock, postman, gateway, monkeypatch):
    """X13, negative control: Stripe has given all of it back, and it stands as refused and closes nothing."""
    decide_anew_on_each_try(monkeypatch, gateway)
    press_unheard(desk, held, sandbox, effect="close")
    ask_again(clock, postman)
    held.refresh_from_db()
    assert ("refused", 1900, "close") in rows()
    assert held.is_live(clock.now)


def test_who_dies_once_it_is_made_has_it_closed_by_the_job(desk, held, sandbox, clock, postman, monkeypatch):
    """X13, E1: between Stripe's answer and our row."""
    die_once_made(monkeypatch, desk, held)
    ask_again(clock, postman)
    assert_closed_once(held, sandbox, clock)


def test_pressed_again_while_the_first_press_is_at_work(desk, held, sandbox, clock, postman, monkeypatch):
    """X13: the same form, between Stripe's answer and our row; both are told the same."""
    url = page_of(held)
    typed = form(desk, url, effect="close")
    said: list[str] = []

    def press_again(point: str) -> None:
        if point == "give_back.made" and not said:
            said.append("")
            said.append(press(desk, url, typed))

    monkeypatch.setattr(giving_back.killpoints, "reach", press_again)
    said.append(press(desk, url, typed))
    postman.deliver()
    assert_closed_once(held, sandbox, clock)
    assert all("on its way back" in each for each in said[1:])


@pytest.mark.parametrize("minor", [1000, 500])
def test_after_a_credit_note_whose_refund_failed_nothing_goes_out_twice(desk, held, sandbox, clock, postman, minor):
    """X13, G9, D1: €10 were credited and came back; the next refund's answer is lost."""
    _fail_a_credit_note(desk, held, sandbox, postman)
    url = page_of(held)
    typed = form(desk, url, amount=str(minor // 100))
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/*", count=2))
    press(desk, url, typed)
    sandbox.faults.clear()
    ask_again(clock, postman)
    assert rows() == [("failed", 1000, "keep"), ("succeeded", minor, "keep")]
    assert at_stripe(sandbox) == sorted([1000, minor])


def test_control_decided_anew_the_money_goes_out_twice(desk, held, sandbox, clock, postman, gateway, monkeypatch):
    """X13, negative control: its own credit note leaves no room for another, so that it is refunded without one too."""
    decide_anew_on_each_try(monkeypatch, gateway)
    _fail_a_credit_note(desk, held, sandbox, postman)
    press_unheard(desk, held, sandbox, amount="5")
    ask_again(clock, postman)
    assert at_stripe(sandbox) == [500, 500, 1000]


def test_two_of_one_amount_are_two(desk, held, sandbox, clock, postman):
    """X13: €5 waits for Stripe, and another €5 are given back before it is asked again."""
    press_while_stripe_is_down(desk, held, sandbox, amount="5")
    url = page_of(held)
    press(desk, url, form(desk, url, amount="5", reason="the second"))
    assert list(Refund.objects.order_by("pk").values_list("state", "reason")) == [
        ("asked", ""),
        ("succeeded", "the second"),
    ]
    ask_again(clock, postman)
    assert rows() == [("succeeded", 500, "keep")] * 2
    assert at_stripe(sandbox) == [500, 500]
    assert Intent.objects.filter(purpose=giving_back.PURPOSE, state="confirmed").count() == 2


def test_heard_of_before_its_credit_note_is_found_it_is_one_row_all_the_same(
    desk, held, sandbox, clock, postman, gateway, monkeypatch
):
    """X13, G9: whoever heard of it first took it for one of the dashboard's."""
    press_unheard(desk, held, sandbox, effect="close")
    with monkeypatch.context() as patch:
        patch.setattr(refunds, "_asked_for", lambda snapshot, gateway: None)
        for snapshot in gateway.refunds_of(held.invoices.get().payment_intent_id):
            refunds.record(snapshot, gateway=gateway, now=clock.now)
    assert rows() == [("asked", 1900, "close"), ("succeeded", 1900, "")]
    ask_again(clock, postman)
    assert_closed_once(held, sandbox, clock)


def test_a_refusal_is_looked_into_before_it_is_believed(desk, held, sandbox, clock, postman, monkeypatch):
    """X13: another process made it after this one had looked."""
    press_unheard(desk, held, sandbox, effect="close")
    find, looks = giving_back.intents.carry_out, []

    def look_too_early(**write):
        def nothing_yet() -> None:
            looks.append(1)

        Intent.objects.update(sent_at="2020-01-01T00:00Z")
        return find(**write | {"find": nothing_yet})

    monkeypatch.setattr(giving_back.intents, "carry_out", look_too_early)
    ask_again(clock, postman)
    assert looks
    assert_closed_once(held, sandbox, clock)


def _fail_a_credit_note(desk, held, sandbox, postman) -> None:
    url = page_of(held)
    press(desk, url, form(desk, url, amount="10"))
    postman.deliver()
    sandbox.actions.fail_refund(Refund.objects.get().stripe_id)
    postman.deliver()
