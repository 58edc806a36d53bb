"""Does a guest who has no account withdraw in time, by the link in their mail, and get all of it back, once? (X14, K2)"""

import re
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import signing
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from lms_memberships.models import Email, GuestPurchase, Intent, Membership, Subscription, Withdrawal
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import guest_links, guest_returns, guest_withdrawing, withdrawal_links
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.backwards import paid_in_part
from tests.flows.steps import text
from tests.flows.test_guests import (  # noqa: F401 - fixtures
    ADDRESS,
    guests_are_served,
    in_the_middle,
    mails_to,
    newest_link,
    park,
    refunds,
    ten_an_hour,
    ticket,
)
from tests.flows.test_guests import press as press_of_a_guest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]

WAY_OUT = "/memberships/guest/withdraw/"
LINK = re.compile(rf"http://testserver({WAY_OUT}[\w:-]+/)")


def way_out() -> str:
    """What the newest mail to them offers."""
    return LINK.search(mails_to()[-1].body)[1]


def press(address: str, *, browser: Client | None = None) -> str:
    return text((browser or Client()).post(address).content.decode())


def drain() -> None:
    with suppress(CommandError):
        call_command("memberships_drain", verbosity=0)


@pytest.fixture
def weekly(gateway, live_session) -> Membership:
    draft = MembershipFactory(title="Weekly", interval="week", price_amount=500)
    return publish(put_into(draft, live_session), gateway=gateway)


@pytest.mark.parametrize("kind", ["membership", "ticket"])
def test_two_steps_without_an_account_end_it_pay_all_back_and_confirm(
    kind, request, student, client_for, sandbox, gateway, postman
):
    """X14, K2: pressed, confirmed; on screen and by mail stands what was received. Nobody can claim it afterwards."""
    sold = request.getfixturevalue(kind)
    purchase = park(sold)
    claim = newest_link()
    assert WAY_OUT in Client().get(claim).content.decode(), "the page of the link offers it too"
    leave = way_out()
    asked = text(Client().get(leave).content.decode())
    for words in ("Withdraw from this contract?", sold.title, "€19.00", "all that you paid goes back"):
        assert words in asked
    assert ADDRESS not in asked
    Client().head(leave)
    assert not Withdrawal.objects.exists(), "looking declares nothing"
    told = press(leave)
    for words in ("We received your withdrawal", sold.title, "€19.00", "by e-mail too"):
        assert words in told
    declared = Withdrawal.objects.get()
    assert (declared.guest, declared.amount, declared.contract_at) == (purchase, 1900, purchase.paid_at)
    assert declared.done_at is not None
    assert refunds(sandbox) == [1900]
    if kind == "membership":
        assert gateway.read_subscription(purchase.stripe_id).status == "canceled"
    postman.deliver()
    drain()
    theirs = [each.subject for each in mails_to()]
    assert theirs == [f"Open {sold.title}", f"We received your withdrawal from {sold.title}"], "one mail says all of it"
    body = " ".join(mails_to()[-1].body.split())
    for words in ("Hello, We received your declaration", sold.title, "Date of contract:", "Paid: €19.00", "Received:"):
        assert words in body
    browser = client_for(student)
    for answer in (browser.get(claim), browser.post(claim)):
        assert answer.status_code == 410
        assert "You have withdrawn from this contract" in text(answer.content.decode())
    assert not Subscription.objects.exists()
    assert GuestPurchase.objects.get().state == "returned"
    assert refunds(sandbox) == [1900]


def test_pressed_again_it_is_the_same_declaration(membership, sandbox, clock):
    """X14: never refunded twice, whoever presses, and whatever runs afterwards."""
    park(membership)
    leave = way_out()
    for _ in range(3):
        assert "We received your withdrawal" in press(leave)
    drain()
    clock.advance(days=2)
    clock.daily()
    drain()
    assert "We received your withdrawal" in text(Client().get(leave).content.decode())
    assert refunds(sandbox) == [1900]
    assert Withdrawal.objects.count() == 1
    assert Email.objects.filter(kind="withdrawn").count() == 1


@pytest.mark.parametrize(("days", "age", "status"), [(14, 13, 200), (14, 15, 410), (0, 0, 404)])
def test_only_in_the_days_that_the_site_sets(days, age, status, membership, settings, clock, sandbox):
    """X14: counted from when they paid; afterwards neither the page of the link nor a mail offers it."""
    purchase = park(membership)
    leave, claim = way_out(), newest_link()
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = days
    GuestPurchase.objects.update(paid_at=clock.now - timedelta(days=age, minutes=1))
    is_offered = status == 200
    assert (WAY_OUT in Client().get(claim).content.decode()) is is_offered
    guest_links.send_again(purchase.pk, now=clock.now)
    again = mails_to()[-1]
    assert (LINK.search(again.body) is not None) is is_offered
    assert (WAY_OUT in again.alternatives[0][0]) is is_offered
    for answer in (Client().get(leave), Client().post(leave)):
        assert answer.status_code == status
    assert Withdrawal.objects.exists() is is_offered
    assert refunds(sandbox) == ([1900] if is_offered else [])


def test_every_mail_that_leads_a_guest_in_offers_the_way_out(weekly, clock):
    """X14: also the one that says that it is not renewed."""
    park(weekly)
    clock.advance(days=4, hours=1)
    clock.daily()
    kinds = list(Email.objects.filter(recipient=ADDRESS).order_by("pk").values_list("kind", flat=True))
    assert set(kinds) >= {"guest_claim", "guest_not_renewed"}
    assert all(LINK.search(each.body) for each in mails_to())


def test_what_was_claimed_meanwhile_is_withdrawn_from_on_the_account_page(membership, student, client_for, sandbox):
    """X14, K2: the link says so, and does nothing; the account page does it."""
    park(membership)
    leave = way_out()
    browser = client_for(student)
    browser.post(newest_link())
    for answer in (Client().get(leave), Client().post(leave), browser.post(leave)):
        assert answer.status_code == 410
        assert "was added to an account" in text(answer.content.decode())
    assert not Withdrawal.objects.exists()
    row = Subscription.objects.get()
    there = reverse("lms_memberships:withdraw", args=[row.pk])
    assert there in browser.get(reverse("lms_memberships:account")).content.decode()
    assert "We received your withdrawal" in press(there, browser=browser)
    assert refunds(sandbox) == [1900]
    assert Client().get(leave).status_code == 410


def test_withdrawn_from_while_somebody_claims(membership, student, client_for, sandbox, in_the_middle):  # noqa: F811
    """K2, X14: both had looked, and one write finds it parked. The page of the claim says why."""
    park(membership)
    leave = way_out()
    in_the_middle(lambda: press(leave))
    answer = client_for(student).post(newest_link())
    assert answer.status_code == 410
    assert "You have withdrawn from this contract" in text(answer.content.decode())
    assert not Subscription.objects.exists()
    assert refunds(sandbox) == [1900]


def withdrawn_behind_a_claim(membership, student, monkeypatch, *, take) -> str:
    """Claimed between the look of a withdrawal and its write."""
    park(membership)
    leave = way_out()

    def late(pk: int) -> bool:
        GuestPurchase.objects.filter(pk=pk).update(state="claimed", claimed_by=student)
        return take(pk)

    monkeypatch.setattr(guest_withdrawing, "take", late)
    return press(leave)


def test_claimed_while_somebody_withdraws(membership, student, monkeypatch, sandbox):
    """K2, X14: of the two, the first counts; nothing is ended under whoever has it now."""
    told = withdrawn_behind_a_claim(membership, student, monkeypatch, take=guest_withdrawing.take)
    assert "was added to an account" in told
    assert not Withdrawal.objects.exists()
    assert refunds(sandbox) == []


def test_control_a_withdrawal_that_does_not_look_at_what_it_overwrites(membership, student, monkeypatch, sandbox):
    """K2, X14, negative control: what somebody has claimed is paid back under them."""

    def careless(pk: int) -> bool:
        return bool(GuestPurchase.objects.filter(pk=pk).update(return_reason="withdrawn"))

    withdrawn_behind_a_claim(membership, student, monkeypatch, take=careless)
    assert refunds(sandbox) == [1900]
    assert GuestPurchase.objects.get().claimed_by == student


def test_with_stripe_down_the_declaration_stands(membership, sandbox, gateway):
    """X14, G24: received is received, and confirmed by mail; the money follows without another press, once."""
    purchase = park(membership)
    leave = way_out()
    sandbox.faults.plan(Fault("status", "*", status=503, count=0))
    told = press(leave)
    assert "We received your withdrawal" in told
    assert "has not confirmed it yet" in told
    drain()
    assert mails_to()[-1].subject == "We received your withdrawal from Studio pass"
    assert refunds(sandbox) == []
    sandbox.faults.clear()
    for _ in range(2):
        drain()
    assert gateway.read_subscription(purchase.stripe_id).status == "canceled"
    assert refunds(sandbox) == [1900]
    assert Withdrawal.objects.get().done_at is not None
    assert GuestPurchase.objects.get().state == "returned"


def test_without_a_key_what_was_said_is_noted(membership, settings, sandbox):
    """X14, G24: the site's key is being changed."""
    park(membership)
    leave = way_out()
    key, settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY, ""
    assert "We received your withdrawal" in press(leave)
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    drain()
    assert refunds(sandbox) == [1900]


@pytest.mark.parametrize("path", ["POST /v1/refunds", "DELETE /v1/subscriptions/*"])
def test_an_answer_that_got_lost_doubles_nothing(path, membership, sandbox, gateway):
    """D1: looked up, never done again."""
    purchase = park(membership)
    sandbox.faults.plan(Fault("commit_then_drop", path, count=2))
    press(way_out())
    for _ in range(2):
        drain()
    assert refunds(sandbox) == [1900]
    assert Withdrawal.objects.get().done_at is not None
    assert gateway.read_subscription(purchase.stripe_id).status == "canceled"


def keys_of_refunds(membership, sandbox) -> int:
    """How many different requests Stripe gets for the money, where the first answer gets lost."""
    park(membership)
    leave = way_out()
    sandbox.requests.clear()
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/refunds", count=3))
    press(leave)
    for _ in range(3):
        drain()
    asked = [each for each in sandbox.requests.all() if (each["method"], each["path"]) == ("POST", "/v1/refunds")]
    return len({each["idempotency_key"] for each in asked})


def test_one_payment_is_one_request(membership, sandbox):
    """X14, D1: however often it is tried."""
    assert keys_of_refunds(membership, sandbox) == 1
    assert refunds(sandbox) == [1900]


def test_control_without_the_look_the_money_is_asked_for_again(membership, sandbox, monkeypatch):
    """X14, D1, negative control: nobody looks what has gone back, and no intent stands before the write."""

    def at_once(*, call, result_id, **more):
        return call(f"careless-{uuid4()}")

    monkeypatch.setattr(guest_returns, "is_given_back", lambda *about: False)
    monkeypatch.setattr(guest_returns.intents, "carry_out", at_once)
    assert keys_of_refunds(membership, sandbox) > 1


def test_what_is_over_within_the_days_can_be_withdrawn_from(weekly, clock, postman, sandbox):
    """X14: a week, not renewed because nobody came, and gone by; the right to withdraw has not."""
    park(weekly)
    leave = way_out()
    clock.advance(days=4, hours=1)
    clock.daily()
    clock.advance(days=4)
    postman.deliver()
    clock.daily()
    assert GuestPurchase.objects.get().state == "ended"
    shown = Client().get(newest_link())
    assert (shown.status_code, WAY_OUT in shown.content.decode()) == (410, True)
    assert "We received your withdrawal" in press(leave)
    assert refunds(sandbox) == [500]
    assert GuestPurchase.objects.get().state == "returned"
    assert Withdrawal.objects.get().done_at is not None


@pytest.mark.parametrize(("decided", "given"), [("won", [1900]), ("lost", [])])
def test_what_is_disputed_waits_for_the_bank(membership, sandbox, gateway, postman, decided, given):
    """X14, G7: it ends at once; Stripe is asked for nothing that it would refuse, and nothing goes back twice."""
    purchase = park(membership)
    [charge] = sandbox.store.all("charge", account=sandbox.account_id)
    dispute = sandbox.actions.open_dispute(charge["id"])
    postman.deliver()
    assert "has not confirmed it yet" in press(way_out())
    for _ in range(2):
        drain()
    assert gateway.read_subscription(purchase.stripe_id).status == "canceled"
    assert Withdrawal.objects.get().done_at is None
    assert not Intent.objects.filter(purpose=guest_returns.REFUND).exists()
    sandbox.actions.change_dispute(dispute["id"], decided)
    postman.deliver()
    drain()
    assert Withdrawal.objects.get().done_at is not None
    assert refunds(sandbox) == given


def test_what_a_creator_gave_back_before_is_taken_into_account(membership, gateway, sandbox):
    """X14: a part was refunded in the dashboard: the rest follows."""
    purchase = park(membership)
    payment = gateway.list_invoices(subscription_id=purchase.stripe_id)[0].payment_intent_id
    gateway.client.v1.refunds.create({"payment_intent": payment, "amount": 500})
    press(way_out())
    assert sorted(refunds(sandbox)) == [500, 1400]
    assert Withdrawal.objects.get().done_at is not None


def test_what_the_site_has_given_back_says_so(membership, sandbox):
    """X14, K2: decided before they came; it is no withdrawal, and nothing goes back twice."""
    purchase = park(membership)
    leave = way_out()
    assert guest_returns.decide(purchase.pk, GuestPurchase.Reason.STAFF)
    drain()
    answer = Client().post(leave)
    assert answer.status_code == 410
    assert "being returned to you" in text(answer.content.decode())
    assert not Withdrawal.objects.exists()


def test_what_is_paid_in_part_is_written_off(weekly, clock, postman, sandbox, gateway):
    """X14, G9: Stripe does not void it. All goes back, and the return comes to its end."""
    purchase = park(weekly)
    leave = way_out()
    customer = sandbox.store.one("subscription", purchase.stripe_id, account=sandbox.account_id)["customer"]
    failing = {"exp_month": "12", "exp_year": "2034", "cvc": "123", "card_number": "4000000000000341"}
    sandbox.actions.change_default_card(customer, **failing)
    clock.advance(days=8)
    postman.deliver()
    paid_in_part(sandbox, 200)
    press(leave)
    for _ in range(2):
        drain()
    assert sorted(refunds(sandbox)) == [200, 500]
    bills = sandbox.store.all("invoice", account=sandbox.account_id)
    assert [each["status"] for each in bills] == ["uncollectible", "paid"]
    assert Withdrawal.objects.get().done_at is not None
    assert GuestPurchase.objects.get().state == "returned"


def test_money_of_another_account_is_left_alone(membership, sandbox):
    """X14, E9: received all the same; only the account in which it is billed can give it back."""
    park(membership)
    leave = way_out()
    GuestPurchase.objects.update(account="acct_elsewhere")
    assert "We received your withdrawal" in press(leave)
    drain()
    assert refunds(sandbox) == []
    assert Withdrawal.objects.get().done_at is None


# ------------------------------------------------------------------ the link
def test_wrong_links_are_unknown_and_many_are_stopped(membership, ten_an_hour):  # noqa: F811
    """S22: cut off, of another purpose, of nobody; by GET and by POST."""
    purchase = park(membership)
    good = withdrawal_links.token_of(purchase)
    name = str(purchase.uuid)
    wrong = [
        good[:-1],
        newest_link().split("/")[-2],
        signing.dumps(name, salt="lms_memberships.cancel_link"),
        signing.dumps(str(uuid4()), salt=withdrawal_links.SALT),
        signing.dumps([name], salt=withdrawal_links.SALT),
        signing.dumps("nonsense", salt=withdrawal_links.SALT),
    ]
    paths = [reverse("lms_memberships:withdraw_guest", args=[token]) for token in wrong]
    assert [Client().post(path).status_code for path in paths] == [404] * len(wrong)
    assert not Withdrawal.objects.exists()
    assert [Client().get(paths[0]).status_code for _ in range(8)][-1] == 429
    assert Client().get(reverse("lms_memberships:withdraw_guest", args=[good])).status_code == 200, "the control"


def test_a_link_of_long_ago_is_unknown(membership, monkeypatch):
    """S22: nobody finds by it, for ever, what somebody bought."""
    purchase = park(membership)
    token = withdrawal_links.token_of(purchase)
    assert withdrawal_links.find(token) == purchase
    monkeypatch.setattr(withdrawal_links, "SHOWN_FOR", timedelta(days=-15))
    assert withdrawal_links.find(token) is None


def test_the_address_is_kept_secret_and_the_form_needs_its_token(membership):
    """S22: no other site hears of it, no cache keeps it; CSRF."""
    park(membership)
    leave = way_out()
    strict = Client(enforce_csrf_checks=True)
    answer = strict.get(leave)
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert strict.post(leave).status_code == 403
    assert not Withdrawal.objects.exists()


def test_a_debit_that_is_on_its_way_has_no_link_yet(membership, clock, postman, sandbox):
    """C7, X14: it comes with the money, and the days are counted from then."""
    hosted.pay_by_debit(press_of_a_guest(Client(), membership))
    postman.deliver()
    assert mails_to() == []
    clock.advance(days=6)
    postman.deliver()
    assert "We received your withdrawal" in press(way_out())
    assert refunds(sandbox) == [1900]


def test_what_cost_nothing_is_ended_and_the_mail_names_no_amount(membership, sandbox):
    """X14: bought with a coupon for nothing."""
    park(membership)
    GuestPurchase.objects.update(amount=0)
    leave = way_out()
    assert "Paid" not in text(Client().get(leave).content.decode())
    assert "You had paid nothing for it" in press(leave)


def test_a_creator_sees_that_it_was_withdrawn_from(membership, admin, client_for):
    """X14: in the list of what was bought without an account."""
    park(membership)
    press(way_out())
    page = text(client_for(admin).get(reverse("lms_memberships_guests_list")).content.decode())
    assert "Whoever bought it has withdrawn from it." in page
