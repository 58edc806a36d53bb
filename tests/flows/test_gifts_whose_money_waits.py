"""A gift's money is to go back, and cannot just now: how often is Stripe asked, and when does it stop (X15, G7)?"""

from datetime import timedelta

import pytest

from lms_memberships.errors import OutsideFailure
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Gift, Intent, Withdrawal
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import disputes, gift_refunding, withdrawing
from tests.flows.giving import at_desk, mails_to, pay, refunds
from tests.flows.test_disputed_gifts import decide_it, dispute

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_is_on")]


@pytest.fixture
def promised(client_for, student, offered, gift_desk, sandbox, postman) -> Gift:
    """Somebody said that its money goes back, and Stripe did not answer."""
    gift = pay(client_for(student), offered)
    postman.deliver()
    sandbox.faults.plan(Fault("hang", "POST /v1/refunds", count=2))
    at_desk(gift_desk, "refund", gift)
    gift.refresh_from_db()
    assert (gift.state, refunds(sandbox)) == (Gift.State.REFUNDING, [])
    return gift


def asked(sandbox) -> int:
    return sum((each["method"], each["path"]) == ("POST", "/v1/refunds") for each in sandbox.requests.all())


def disputed(sandbox, gift: Gift, gateway, clock) -> str:
    """Read before the job has come round again."""
    number = dispute(sandbox, gift.payment_intent_id)
    disputes.record(gateway.read_dispute(number), gateway=gateway, now=clock.now)
    return number


def rest_is_over() -> None:
    for intent in Intent.objects.filter(state=Intent.State.REFUSED):
        Intent.objects.filter(pk=intent.pk).update(settled_at=intent.settled_at - timedelta(hours=7))


def work(clock) -> int:
    return JOBS["gift_refunds"].do(clock.now)


@pytest.mark.parametrize(("decided", "given"), [("won", [4900]), ("lost", [])])
def test_disputed_meanwhile_it_waits_for_the_bank(promised, student, sandbox, gateway, postman, clock, decided, given):
    """X15, G7: the job asks nothing and does not fail. Won, it goes back from here; lost, the giver has it from the bank."""
    number = disputed(sandbox, promised, gateway, clock)
    before = asked(sandbox)
    assert [work(clock) for _ in range(3)] == [0, 0, 0]
    assert asked(sandbox) == before
    decide_it(sandbox, number, decided, postman)
    work(clock)
    promised.refresh_from_db()
    assert (promised.state, refunds(sandbox)) == (Gift.State.REFUNDED, given)
    assert mails_to(student.email)[-1] == "The payment for your gift is returned: Studio pass"
    assert work(clock) == 0
    assert asked(sandbox) == before + len(given)


def test_what_is_refused_is_asked_for_ever_more_rarely(promised, gift_desk, sandbox, clock, postman):
    """X15, D3: the dispute is not known here yet. The run says so once, and not one row more each minute."""
    dispute(sandbox, promised.payment_intent_id)
    with pytest.raises(OutsideFailure):
        work(clock)
    before = asked(sandbox)
    assert [work(clock) for _ in range(3)] == [0, 0, 0]
    assert "has just refused" in at_desk(gift_desk, "refund", promised)
    assert asked(sandbox) == before
    assert Intent.objects.filter(purpose=gift_refunding.PURPOSE).count() == 1
    rest_is_over()
    with pytest.raises(OutsideFailure):
        work(clock)
    assert asked(sandbox) == before + 1, "the control: it is asked again, later"


def test_given_back_elsewhere_meanwhile_it_is_seen_at_once(promised, gateway, sandbox, clock):
    """X15: a refusal keeps nobody waiting for what has come about by itself."""
    sandbox.faults.plan(Fault("status", "POST /v1/refunds", status=400, code="x"))
    with pytest.raises(OutsideFailure):
        work(clock)
    gateway.client.v1.refunds.create({"payment_intent": promised.payment_intent_id})
    assert work(clock) == 1
    promised.refresh_from_db()
    assert (promised.state, refunds(sandbox)) == (Gift.State.REFUNDED, [4900])


def test_a_withdrawal_from_a_disputed_gift_is_done_when_the_bank_has_decided(
    client_for, student, offered, sandbox, gateway, postman, clock, settings
):
    """X14, G7"""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    gift = pay(client_for(student), offered)
    sandbox.faults.plan(Fault("hang", "POST /v1/refunds", count=2))
    withdrawing.withdraw_gift(gift, gateway=gateway, now=clock.now)
    number = disputed(sandbox, gift, gateway, clock)
    assert JOBS["withdrawals"].do(clock.now) == 0
    assert Withdrawal.objects.get().done_at is None
    decide_it(sandbox, number, "won", postman)
    JOBS["withdrawals"].do(clock.now)
    assert Withdrawal.objects.get().done_at is not None
    assert refunds(sandbox) == [4900]


def test_of_another_account_nothing_is_asked_or_closed(client_for, student, offered, gift_desk, sandbox, clock):
    """E9: the site's key was changed. Nobody asks an account for what it does not know; connected again, it goes on."""
    gift = pay(client_for(student), offered)
    here = gift.account
    Gift.objects.update(account="acct_other")
    assert "another Stripe account" in at_desk(gift_desk, "refund", gift)
    gift.refresh_from_db()
    assert gift.state == Gift.State.DELIVERED
    Gift.objects.update(state=Gift.State.REFUNDING, refunding_at=clock.now)
    before = len(sandbox.requests.all())
    assert work(clock) == 0
    assert len(sandbox.requests.all()) == before
    Gift.objects.update(account=here)
    assert work(clock) == 1
    assert refunds(sandbox) == [4900]
