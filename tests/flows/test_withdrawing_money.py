"""Whoever withdraws: what becomes of money that is disputed, on its way, a credit, or was paid past Stripe? (X14)"""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from lms_memberships.memberships.ladder_models import Ladder, Tier
from lms_memberships.models import Intent, Membership, Refund, Subscription, Withdrawal
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import attention, letting_go, paying_back
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.backwards import bought, charge_of, past_stripe
from tests.flows.steps import buy, text
from tests.flows.test_switching import change

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


def withdraw(browser, row: Subscription) -> str:
    return text(browser.post(reverse("lms_memberships:withdraw", args=[row.pk])).content.decode())


def refunds(sandbox) -> list[int]:
    return [each["amount"] for each in sandbox.store.all("refund", account=sandbox.account_id)]


def two_tiers(gateway, live_session) -> list[Membership]:
    """By the year: the dear one and the cheap one."""
    ladder, made = Ladder.objects.create(title="Studio"), []
    for title, amount in (("Bronze", 900), ("Gold", 4900)):
        draft = MembershipFactory(title=title, price_amount=amount, interval="year")
        made.append(publish(put_into(draft, live_session), gateway=gateway))
        Tier.objects.create(ladder=ladder, membership=made[-1], sort_order=len(made))
    return made[::-1]


def drain() -> None:
    call_command("memberships_drain", verbosity=0)


def rest_is_over() -> None:
    """As after some hours: real time, that no test can move."""
    for intent in Intent.objects.filter(state=Intent.State.REFUSED):
        Intent.objects.filter(pk=intent.pk).update(settled_at=intent.settled_at - timedelta(hours=7))


@pytest.mark.parametrize(("decided", "given"), [("won", [1900]), ("lost", [])])
def test_what_is_disputed_waits_for_the_bank(browser, membership, sandbox, postman, decided, given):
    """X14, G7: Stripe refunds nothing that is disputed. No run fails, and nothing goes back twice."""
    row = bought(browser, membership, postman)
    dispute = sandbox.actions.open_dispute(charge_of(sandbox, row))
    postman.deliver()
    assert "disputed at your bank" in withdraw(browser, row)
    for _ in range(3):
        drain()
    row.refresh_from_db()
    assert row.status == "canceled", "ended all the same"
    assert Withdrawal.objects.get().done_at is None
    assert not Intent.objects.filter(purpose=paying_back.REFUND).exists(), "nothing is asked for that is refused"
    sandbox.actions.change_dispute(dispute["id"], decided)
    postman.deliver()
    drain()
    assert Withdrawal.objects.get().done_at is not None
    assert refunds(sandbox) == given


def test_what_is_disputed_keeps_no_other_payment_back(browser, gateway, live_session, sandbox, clock, postman):
    """X14: of two weeks the newer one is disputed."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    row = bought(browser, weekly, postman)
    clock.advance(days=8)
    postman.deliver()
    sandbox.actions.open_dispute(charge_of(sandbox, row))
    postman.deliver()
    withdraw(browser, row)
    assert refunds(sandbox) == [500]
    assert Withdrawal.objects.get().done_at is None


def test_what_stripe_refuses_keeps_no_other_payment_back_and_is_asked_rarely(
    browser, gateway, live_session, sandbox, clock, postman
):
    """X14, D3: the dispute is not known here yet. The run says so once, and not one row more each minute."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    row = bought(browser, weekly, postman)
    clock.advance(days=8)
    postman.deliver()
    sandbox.actions.open_dispute(charge_of(sandbox, row))
    assert "has not confirmed it yet" in withdraw(browser, row)
    assert refunds(sandbox) == [500]
    for _ in range(4):
        drain()
    refused = Intent.objects.filter(purpose=paying_back.REFUND, state=Intent.State.REFUSED)
    assert refused.count() == 1
    rest_is_over()
    with pytest.raises(CommandError):
        drain()
    assert refused.count() == 2


def test_what_was_paid_once_and_is_disputed(browser, gateway, live_session, sandbox, postman):
    """X14, G7: closed, and given back once it is won."""
    once = publish(put_into(MembershipFactory(interval="one_time", title="Book"), live_session), gateway=gateway)
    row = bought(browser, once, postman)
    dispute = sandbox.actions.open_dispute(charge_of(sandbox, row))
    postman.deliver()
    withdraw(browser, row)
    drain()
    row.refresh_from_db()
    assert (row.status, refunds(sandbox)) == ("canceled", [])
    sandbox.actions.change_dispute(dispute["id"], "won")
    postman.deliver()
    drain()
    assert refunds(sandbox) == [1900]
    assert Withdrawal.objects.get().done_at is not None


@pytest.fixture
def unpaid(browser, gateway, live_session, sandbox, clock, postman) -> Subscription:
    """Two weeks: the first is paid, the second was refused by the card, and is open."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    row = bought(browser, weekly, postman)
    card = {"card_number": "4000000000000341", "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    sandbox.actions.change_default_card(row.customer_id, **card)
    clock.advance(days=8)
    postman.deliver()
    return Subscription.objects.get()


def open_invoice(sandbox) -> str:
    invoices = sandbox.store.all("invoice", account=sandbox.account_id)
    return next(each["id"] for each in invoices if each["status"] == "open")


def test_an_invoice_that_somebody_is_paying_is_asked_about_rarely(unpaid, browser, sandbox):
    """X14, D3: what Stripe does not void now, it does not void a minute later."""
    sandbox.faults.plan(Fault("status", "POST /v1/invoices/*/void", status=400, count=0))
    withdraw(browser, unpaid)
    for _ in range(4):
        drain()
    assert Intent.objects.filter(purpose=letting_go.LET_GO).count() == 1
    assert Withdrawal.objects.get().done_at is None
    assert refunds(sandbox) == [500]
    sandbox.faults.clear()
    rest_is_over()
    drain()
    assert Withdrawal.objects.get().done_at is not None


def test_what_was_paid_past_stripe_is_left_to_a_person(browser, membership, sandbox, postman, clock):
    """X14, X13: there is no card that it could go back to. It stands among what needs attention."""
    row = bought(browser, membership, postman)
    past_stripe(sandbox)
    assert "is given back by hand" in withdraw(browser, row)
    drain()
    assert refunds(sandbox) == []
    assert Withdrawal.objects.get().done_at is not None
    noted = Refund.objects.get()
    assert (noted.subscription, noted.amount, noted.state) == (row, 1900, "failed")
    assert noted.invoice is not None
    assert attention.counts(now=clock.now)["refunds"] == 1


@pytest.mark.parametrize(("meanwhile", "left"), [(0, 0), (-2000, -2000), (3000, 0), (9000, 5011)])
def test_the_credit_of_a_downgrade_is_not_had_twice(
    browser, gateway, live_session, sandbox, clock, postman, django_capture_on_commit_callbacks, meanwhile, left
):
    """X14, V33: the payment goes back in full, and the credit with it; what else is on the balance stays."""
    gold, bronze = two_tiers(gateway, live_session)
    with django_capture_on_commit_callbacks(execute=True):
        buy(browser, gold)
    row = Subscription.objects.get()
    clock.advance(days=1)
    with django_capture_on_commit_callbacks(execute=True):
        change(browser, row, bronze, when="now")
    [customer] = sandbox.store.all("customer", account=sandbox.account_id)
    assert customer["balance"] == -3989
    gateway.client.v1.customers.update(customer["id"], {"balance": customer["balance"] + meanwhile})
    sandbox.faults.plan(Fault("commit_then_drop", f"POST /v1/customers/{customer['id']}", count=1))
    withdraw(browser, row)
    for _ in range(2):
        drain()
    assert refunds(sandbox) == [4900]
    [customer] = sandbox.store.all("customer", account=sandbox.account_id)
    assert customer["balance"] == left
    assert Withdrawal.objects.get().done_at is not None
