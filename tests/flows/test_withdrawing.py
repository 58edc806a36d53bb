"""Does a buyer who withdraws in time get all of it back, once, and a receipt that says what was received? (X14)"""

from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Email, Gift, GuestPurchase, Invoice, Subscription, Withdrawal
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import contracts, gift_redeeming, withdrawing
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.giving import offer, pay
from tests.flows.steps import buy, press_join, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def held(browser, membership) -> Subscription:
    buy(browser, membership)
    return Subscription.objects.get()


def address(row, name: str = "withdraw") -> str:
    return reverse(f"lms_memberships:{name}", args=[row.pk])


def account(browser) -> str:
    return browser.get(reverse("lms_memberships:account")).content.decode()


def refunds(sandbox) -> list[dict]:
    return sandbox.store.all("refund", account=sandbox.account_id)


def test_two_steps_end_it_pay_all_back_and_confirm(held, browser, student, sandbox, live_session, clock, mailoutbox):
    """X14: pressed, confirmed; on screen and by mail stands what was received, and when."""
    assert address(held) in account(browser)
    asked = text(browser.get(address(held)).content.decode())
    assert "all that you paid goes back" in asked
    assert "€19.00" in asked
    assert Withdrawal.objects.count() == 0, "looking declares nothing"
    told = text(browser.post(address(held)).content.decode())
    declared = Withdrawal.objects.get()
    for words in ("We received your withdrawal", "Studio pass", "€19.00", str(declared.declared_at.year)):
        assert words in told
    held.refresh_from_db()
    assert held.status == "canceled"
    assert not decide(student, live_session, now=clock.now).allowed
    assert [(each["amount"], each["metadata"]["lmsm_reason"]) for each in refunds(sandbox)] == [(1900, "withdrawn")]
    assert declared.done_at is not None
    call_command("memberships_drain", verbosity=0)
    [mail] = [each for each in mailoutbox if "withdrawal" in each.subject]
    body = " ".join(mail.body.split())
    for words in ("Studio pass", "Date of contract:", "Paid: €19.00", "Received:"):
        assert words in body
    kinds = set(Email.objects.exclude(state="dropped").values_list("kind", flat=True))
    assert not kinds & {"cancelled", "access_lost"}, "one mail says all of it"
    page = account(browser)
    assert "Withdraw from this contract" not in page
    assert "Your withdrawal" in page


@pytest.mark.parametrize(("address_of_theirs", "is_said"), [("ada@school.test", True), ("", False)])
def test_a_mail_is_promised_to_whoever_has_an_address(held, browser, student, mailoutbox, address_of_theirs, is_said):
    """X14: an account need not have one; the confirmation on screen is theirs all the same."""
    type(student).objects.filter(pk=student.pk).update(email=address_of_theirs)
    told = text(browser.post(address(held)).content.decode())
    assert "We received your withdrawal" in told
    assert ("by e-mail too" in told) is is_said
    call_command("memberships_drain", verbosity=0)
    assert any("withdrawal" in each.subject for each in mailoutbox) is is_said


def test_pressed_again_it_is_the_same_declaration(held, browser, sandbox):
    """X14: never refunded twice."""
    for _ in range(3):
        assert "We received your withdrawal" in text(browser.post(address(held)).content.decode())
    assert "We received your withdrawal" in text(browser.get(address(held)).content.decode())
    assert len(refunds(sandbox)) == 1
    assert Withdrawal.objects.count() == 1
    assert Email.objects.filter(kind="withdrawn").count() == 1


@pytest.mark.parametrize(
    ("days", "age", "is_offered"), [(0, 0, False), (14, 13, True), (14, 15, False), (14, 20, False)]
)
def test_only_in_the_days_that_the_site_sets(days, age, is_offered, held, browser, settings, clock):
    """X14: off by default; a purchase from before the setting has its days too."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = days
    Subscription.objects.update(started_at=clock.now - timedelta(days=age, minutes=1))
    assert (address(held) in account(browser)) is is_offered
    assert browser.get(address(held)).status_code == (200 if is_offered else 404)
    assert browser.post(address(held)).status_code == (200 if is_offered else 404)
    assert Withdrawal.objects.exists() is is_offered


def test_the_days_end_with_the_last_of_them(settings):
    """X14: the day of the contract does not count, and the last one counts to its end, where the site is."""
    paris = ZoneInfo(settings.TIME_ZONE)
    for hour in (0, 9, 23):
        bought_at = datetime(2027, 1, 1, hour, 59, tzinfo=paris)
        assert contracts.last_moment(bought_at) == datetime(2027, 1, 16, tzinfo=paris)


def test_what_is_over_within_the_days_can_be_withdrawn_from(browser, gateway, live_session, sandbox, clock, postman):
    """X14: a week, cancelled and gone by; the right to withdraw has not. Given back, there is nothing left."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    buy(browser, weekly)
    row = Subscription.objects.get()
    browser.post(address(row, "cancel"))
    clock.advance(days=8)
    postman.deliver()
    row.refresh_from_db()
    assert row.status == "canceled"
    assert address(row) in account(browser)
    browser.post(address(row))
    assert [each["amount"] for each in refunds(sandbox)] == [500]
    assert Withdrawal.objects.get().done_at is not None
    Withdrawal.objects.all().delete()
    postman.deliver()
    assert browser.get(address(row)).status_code == 404, "all of it is back"


def test_while_the_first_debit_is_on_its_way(browser, membership, sandbox, clock, postman):
    """X14, C7: the bank takes days, and the days to withdraw run; what arrives goes back."""
    _status, location, _body = hosted.pay_by_debit(press_join(browser, membership))
    postman.deliver()
    browser.get(hosted.path_of(location))
    row = Subscription.objects.get()
    assert row.opened_at is None
    assert address(row) in account(browser)
    assert "We received your withdrawal" in text(browser.post(address(row)).content.decode())
    call_command("memberships_drain", verbosity=0)
    assert (Withdrawal.objects.get().done_at, Withdrawal.objects.get().amount) == (None, 1900)
    clock.advance(days=8)
    postman.deliver()
    call_command("memberships_drain", verbosity=0)
    row.refresh_from_db()
    assert (row.status, [each["amount"] for each in refunds(sandbox)]) == ("canceled", [1900])
    assert Withdrawal.objects.get().done_at is not None
    assert not row.is_live(clock.now)


def test_a_guest_has_the_days_from_when_they_paid(browser, gateway, live_session, clock):
    """X14, K2: not from when they came for it."""
    once = publish(put_into(MembershipFactory(interval="one_time", title="Book"), live_session), gateway=gateway)
    buy(browser, once)
    row = Subscription.objects.get()
    assert browser.get(address(row)).status_code == 200
    at = {"account": row.account, "livemode": row.livemode, "stripe_id": row.stripe_id}
    long_ago = clock.now - timedelta(days=40)
    GuestPurchase.objects.create(
        **at, membership=once, price=row.price, state="claimed", created_at=long_ago, paid_at=long_ago
    )
    assert browser.get(address(row)).status_code == 404


@pytest.mark.parametrize("name", ["withdraw", "cancel"])
def test_without_a_key_what_was_said_is_noted(held, browser, settings, sandbox, name):
    """X14, G24: the site's key is being changed; nobody's word is lost for that."""
    key, settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY, ""
    told = text(browser.post(address(held, name), follow=True).content.decode())
    assert {"withdraw": "We received your withdrawal", "cancel": "We received your cancellation"}[name] in told
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert held.cancel_at is not None if name == "cancel" else held.status == "canceled"


def test_with_stripe_down_the_declaration_stands(held, browser, sandbox, mailoutbox):
    """X14, G24: received is received; the money follows without another press."""
    sandbox.faults.plan(Fault("status", "*", status=503, count=0))
    told = text(browser.post(address(held)).content.decode())
    assert "We received your withdrawal" in told
    assert "has not confirmed it yet" in told
    with suppress(CommandError):
        # It says that something waits; the mail left all the same.
        call_command("memberships_drain", verbosity=0)
    assert [each.subject for each in mailoutbox if "withdrawal" in each.subject], "acknowledged without Stripe"
    assert "Withdrawn" in text(account(browser))
    sandbox.faults.clear()
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert held.status == "canceled"
    assert len(refunds(sandbox)) == 1
    assert Withdrawal.objects.get().done_at is not None


@pytest.mark.parametrize("path", ["POST /v1/refunds", "DELETE /v1/subscriptions/*"])
def test_an_answer_that_got_lost_doubles_nothing(path, held, browser, sandbox):
    """D1: looked up, never done again."""
    sandbox.faults.plan(Fault("commit_then_drop", path, count=2))
    browser.post(address(held))
    call_command("memberships_drain", verbosity=0)
    call_command("memberships_drain", verbosity=0)
    assert len(refunds(sandbox)) == 1
    assert Withdrawal.objects.get().done_at is not None
    held.refresh_from_db()
    assert held.status == "canceled"


def test_what_a_creator_gave_back_before_is_taken_into_account(held, browser, gateway, sandbox):
    """X14: a part was refunded in the dashboard: the rest follows; all of it: nothing does."""
    payment = gateway.read_subscription(held.stripe_id).latest_invoice.payment_intent_id
    gateway.client.v1.refunds.create({"payment_intent": payment, "amount": 500})
    browser.post(address(held))
    assert sorted(each["amount"] for each in refunds(sandbox)) == [500, 1400]
    assert Withdrawal.objects.get().done_at is not None


def test_all_was_given_back_before(held, browser, gateway, sandbox):
    payment = gateway.read_subscription(held.stripe_id).latest_invoice.payment_intent_id
    gateway.client.v1.refunds.create({"payment_intent": payment})
    browser.post(address(held))
    assert len(refunds(sandbox)) == 1
    assert Withdrawal.objects.get().done_at is not None


def test_what_is_paid_each_week_goes_back_whole(browser, gateway, live_session, sandbox, clock, postman):
    """X14: two payments within the days are both returned."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    buy(browser, weekly)
    clock.advance(days=8)
    postman.deliver()
    browser.post(address(Subscription.objects.get()))
    assert [each["amount"] for each in refunds(sandbox)] == [500, 500]
    assert Withdrawal.objects.get().amount == 1000


def test_what_is_not_paid_yet_is_let_go_of(browser, gateway, live_session, sandbox, clock, postman):
    """X14: of a week that was refused nobody is asked for money any more; the week that was paid goes back."""
    weekly = publish(put_into(MembershipFactory(interval="week", price_amount=500), live_session), gateway=gateway)
    buy(browser, weekly)
    row = Subscription.objects.get()
    card = {"card_number": "4000000000000341", "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    sandbox.actions.change_default_card(row.customer_id, **card)
    clock.advance(days=8)
    postman.deliver()
    assert "open" in [each["status"] for each in sandbox.store.all("invoice", account=sandbox.account_id)]
    browser.post(address(row))
    statuses = sorted(each["status"] for each in sandbox.store.all("invoice", account=sandbox.account_id))
    assert statuses == ["paid", "void"]
    assert [each["amount"] for each in refunds(sandbox)] == [500]
    assert Withdrawal.objects.get().done_at is not None


def test_what_was_paid_once(browser, student, gateway, live_session, sandbox, clock):
    """X14: closed, and its one payment returned."""
    once = publish(put_into(MembershipFactory(interval="one_time", title="Book"), live_session), gateway=gateway)
    buy(browser, once)
    row = Subscription.objects.get()
    assert decide(student, live_session, now=clock.now).allowed
    assert "all that you paid goes back" in text(browser.post(address(row)).content.decode())
    row.refresh_from_db()
    assert row.status == "canceled"
    assert not decide(student, live_session, now=clock.now).allowed
    assert [each["amount"] for each in refunds(sandbox)] == [1900]
    assert Withdrawal.objects.get().amount == 1900


def test_a_trial_that_cost_nothing(browser, gateway, live_session, sandbox, mailoutbox):
    """X14: ended, and the mail names no amount."""
    trial = publish(put_into(MembershipFactory(trial_days=14), live_session), gateway=gateway)
    buy(browser, trial)
    assert "You had paid nothing" in text(browser.post(address(Subscription.objects.get())).content.decode())
    assert refunds(sandbox) == []
    call_command("memberships_drain", verbosity=0)
    assert "You had paid nothing for it." in next(each.body for each in mailoutbox if "withdrawal" in each.subject)


@pytest.fixture
def gift(browser, membership, gateway) -> Gift:
    switches.switch_all_on()
    return pay(browser, offer(membership, gateway))


def test_a_gift_that_nobody_has_redeemed(gift, browser, sandbox):
    """X14, X15: its money goes back, and its link opens nothing."""
    assert address(gift, "withdraw_gift") in browser.get(address(gift, "given")).content.decode()
    assert "We received your withdrawal" in text(browser.post(address(gift, "withdraw_gift")).content.decode())
    gift.refresh_from_db()
    assert gift.state == Gift.State.REFUNDED
    assert [each["amount"] for each in refunds(sandbox)] == [4900]
    browser.post(address(gift, "withdraw_gift"))
    assert len(refunds(sandbox)) == 1
    assert (Withdrawal.objects.get().gift, Withdrawal.objects.get().amount) == (gift, 4900)


def test_a_gift_that_was_redeemed_is_in_use(gift, browser, sandbox, clock):
    """X14: of the two, the first counts."""
    gift_redeeming.redeem(UserFactory(), gift, now=clock.now)
    assert browser.post(address(gift, "withdraw_gift")).status_code == 404
    assert not Withdrawal.objects.exists()
    assert refunds(sandbox) == []


def test_a_stranger_s_purchase_is_unknown(held, gift, client_for):
    """S19"""
    other = client_for(UserFactory())
    assert other.post(address(held)).status_code == 404
    assert other.post(address(gift, "withdraw_gift")).status_code == 404
    assert not Withdrawal.objects.exists()


def test_what_was_given_is_no_contract(membership, student, clock):
    """X14: only what was bought."""
    row = Subscription.objects.create(
        user=student, membership=membership, origin="given", opened_at=clock.now, started_at=clock.now, status="active"
    )
    assert not withdrawing.can_withdraw(row, now=clock.now)
    with pytest.raises(withdrawing.NothingToWithdrawFrom):
        withdrawing._declare(row, now=clock.now)
    assert not Invoice.objects.exists()
