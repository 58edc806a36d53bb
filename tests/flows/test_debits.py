"""What does a student meet whose bank debit takes days: clear words, no second payment, and access once it is paid?"""

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse

from lms_memberships import events
from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Checkout, Subscription
from lms_memberships.subscriptions import holding, queries
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import press_join, text
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

DO_NOT_PAY_AGAIN = "Please do not pay again"
DAYS = 6


class Buyer:
    """One student who buys one membership by debit, over HTTP from our button to the bank's answer."""

    def __init__(self, browser, membership, postman, clock) -> None:
        self.browser, self.membership, self.postman, self.clock = browser, membership, postman, clock

    def pay(self, iban: str = hosted.PAYING_ACCOUNT) -> str:
        """The address of the way back. The webhooks of that moment have come."""
        status, location, body = hosted.pay_by_debit(press_join(self.browser, self.membership), iban=iban)
        assert status == 303, body
        self.postman.deliver()
        return hosted.path_of(location)

    def wait(self) -> list[str]:
        """Until the bank has answered, and its answer has come to us."""
        self.clock.advance(days=DAYS)
        return [event["type"] for event in self.postman.deliver()]

    def read(self, address: str) -> str:
        answer = self.browser.get(address)
        assert answer.status_code == 200
        return text(answer.content.decode())

    def press(self) -> str:
        """What the page says after a second press on the button."""
        address = reverse("lms_memberships:buy", args=[self.membership.slug])
        return text(self.browser.post(address, follow=True).content.decode())


@pytest.fixture(params=["month", "one_time"])
def buyer(request, client_for, student, gateway, live_session, postman, clock):
    bundle = put_into(MembershipFactory(title="Book", interval=request.param), live_session)
    return Buyer(client_for(student), publish(bundle, gateway=gateway), postman, clock)


@pytest.fixture
def gained():
    """Each time that access was told to have begun."""
    told: list[events.Fact] = []

    def note(fact: events.Fact) -> None:
        if isinstance(fact, events.AccessGained):
            told.append(fact)

    events.connect(note)
    yield told
    events.disconnect(note)


def theirs(sandbox, kind="checkout.session"):
    return sandbox.store.all(kind, account=sandbox.account_id)


def test_a_debit_on_its_way_says_so_and_blocks_a_second_payment(buyer, student, live_session, sandbox, clock):
    """C7, G10: complete and not paid."""
    back = buyer.pay()
    assert "Your bank is still confirming the payment" in buyer.read(back)
    assert DO_NOT_PAY_AGAIN in buyer.press()
    assert not decide(student, live_session, now=clock.now).allowed
    assert "To pay" not in buyer.read(reverse("lms_memberships:invoices"))
    assert len(theirs(sandbox)) == 1


def test_its_money_opens_access_once(buyer, student, live_session, clock, gained):
    """C7, G10: also when it is told twice."""
    back = buyer.pay()
    assert "checkout.session.async_payment_succeeded" in buyer.wait()
    for event in theirs(clock.sandbox, "event"):
        post_event({**event, "id": f"{event['id']}_again"})
    call_command("memberships_drain", verbosity=0)
    clock.daily()
    assert decide(student, live_session, now=clock.now).allowed
    assert "Welcome to Book" in buyer.read(back)
    assert "You already have" in buyer.press()
    assert (Subscription.objects.count(), len(gained)) == (1, 1)


def test_a_debit_that_fails_charges_nothing_and_the_next_one_is_free(
    buyer, student, live_session, clock, gained, postman
):
    """C7, G10: said in words, nothing opened, and the second try goes its own way."""
    back = buyer.pay(hosted.FAILING_ACCOUNT)
    assert "checkout.session.async_payment_failed" in buyer.wait()
    assert not decide(student, live_session, now=clock.now).allowed
    assert "nothing was charged. You can try again" in buyer.read(back)
    buyer.pay()
    assert DO_NOT_PAY_AGAIN in buyer.press()
    buyer.wait()
    assert decide(student, live_session, now=clock.now).allowed
    assert len(gained) == 1
    assert not Subscription.objects.filter(duplicate_of__isnull=False).exists()


@pytest.mark.parametrize("then", ["past_due", "unpaid"])
def test_a_first_debit_that_failed_is_ended_before_the_next_try(
    then, client_for, student, gateway, live_session, postman, clock, sandbox
):
    """C7, C9: the account keeps it for later, where it could be paid beside the second one."""
    sandbox.actions.set_retries(days=[], then=then)
    bundle = publish(put_into(MembershipFactory(title="Book"), live_session), gateway=gateway)
    buyer = Buyer(client_for(student), bundle, postman, clock)
    buyer.pay(hosted.FAILING_ACCOUNT)
    buyer.wait()
    assert Subscription.objects.get().status == then
    buyer.pay()
    buyer.wait()
    assert sorted(each["status"] for each in theirs(sandbox, "subscription")) == ["active", "canceled"]
    assert decide(student, live_session, now=clock.now).allowed


def test_success_may_be_told_before_the_order(buyer, student, live_session, clock, gained):
    """G10: the order in which the calls come decides nothing."""
    status, _location, body = hosted.pay_by_debit(press_join(buyer.browser, buyer.membership))
    assert status == 303, body
    clock.advance(days=DAYS)
    told = buyer.postman.waiting()
    for event in reversed(told):
        assert post_event(event).status_code == 200
        call_command("memberships_drain", verbosity=0)
    kinds = [event["type"] for event in told]
    assert kinds.index("checkout.session.completed") < kinds.index("checkout.session.async_payment_succeeded")
    assert decide(student, live_session, now=clock.now).allowed
    assert len(gained) == 1


def test_nobody_is_welcomed_by_mail_before_the_money_is_there(buyer, clock):
    """G10"""
    switches.switch_all_on()
    buyer.pay()
    clock.daily()
    assert not [each.subject for each in mail.outbox if "Welcome" in each.subject]
    buyer.wait()
    clock.daily()
    assert len([each for each in mail.outbox if "Welcome" in each.subject]) == 1, [each.subject for each in mail.outbox]


def test_control_without_the_guard_a_second_debit_is_taken(buyer, sandbox, monkeypatch):
    """C7, negative control"""
    monkeypatch.setattr(holding, "refuse_a_second", lambda *anything, **more: None)
    buyer.pay()
    buyer.pay()
    buyer.wait()
    assert len([each for each in theirs(sandbox, "charge") if each["paid"]]) == 2


def test_control_a_debit_that_never_fails_blocks_for_two_weeks(buyer, monkeypatch):
    """C7, negative control: without the webhook of the failure, only the longest debit's time frees."""
    if buyer.membership.interval != "one_time":
        pytest.skip("a subscription says by its status that it failed")
    buyer.pay(hosted.FAILING_ACCOUNT)
    buyer.clock.advance(days=DAYS)
    buyer.postman.delivered |= {event["id"] for event in buyer.postman.waiting()}
    assert DO_NOT_PAY_AGAIN in buyer.press()
    buyer.clock.advance(days=queries.LONGEST_DEBIT.days)
    assert press_join(buyer.browser, buyer.membership)
    assert Checkout.objects.count() == 2


# ------------------------------------------------------------------ cancelled while it is on its way


@pytest.fixture
def waiting(client_for, student, gateway, live_session, postman, clock) -> Buyer:
    """A monthly membership whose first debit the bank has not answered."""
    bundle = put_into(MembershipFactory(title="Book"), live_session)
    buyer = Buyer(client_for(student), publish(bundle, gateway=gateway), postman, clock)
    buyer.browser.get(buyer.pay())
    row = Subscription.objects.get()
    assert (row.status, row.opened_at) == ("active", None)
    return buyer


def test_what_waits_for_its_first_debit_can_be_cancelled(waiting, student, live_session, sandbox):
    """X14, P11: the debit is not called back, buys its period, and no other follows."""
    cancel = reverse("lms_memberships:cancel", args=[Subscription.objects.get().pk])
    assert cancel in waiting.browser.get(reverse("lms_memberships:account")).content.decode()
    asked = waiting.read(cancel)
    assert "Your first payment is on its way, and cancelling does not call it back" in asked
    assert "Nothing more will be charged." in asked
    said = text(waiting.browser.post(cancel, follow=True).content.decode())
    assert "Your payment that is on its way is still taken: once it is confirmed, access opens until" in said
    assert "Your first payment is on its way and is still taken" in said
    assert "It ended on" not in said
    assert "Keep my membership" in said
    waiting.wait()
    assert decide(student, live_session, now=waiting.clock.now).allowed
    assert "You keep access until" in waiting.read(reverse("lms_memberships:account"))
    waiting.clock.advance(days=40)
    waiting.postman.deliver()
    assert not decide(student, live_session, now=waiting.clock.now).allowed
    assert len(theirs(sandbox, "charge")) == 1


def test_a_cancellation_before_the_debit_came_can_be_taken_back(waiting):
    """X14, G18: as any other."""
    row = Subscription.objects.get()
    waiting.browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    waiting.browser.post(reverse("lms_memberships:resume", args=[row.pk]))
    row.refresh_from_db()
    assert row.cancel_at is None
    assert "Access opens as soon as it is." in waiting.read(reverse("lms_memberships:account"))
