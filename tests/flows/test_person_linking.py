"""How does a subscription that runs at Stripe become somebody's here? By its id, with everything shown first (guide §16)."""

import uuid

import pytest
from django.core import mail

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.memberships.ladder_models import Ladder, Tier
from lms_memberships.models import Checkout, Customer, Deed, Intent, Membership, Subscription
from lms_memberships.payments.customers import customer_for
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import linking, settling
from lms_memberships.subscriptions.deeds import Wish
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.desk import helper, key_on, press, read, url
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

CARD = "pm_card_visa"


@pytest.fixture(autouse=True)
def _mail_is_on(db) -> None:
    switches.switch_all_on()


@pytest.fixture
def desk(client_for):
    return client_for(helper())


@pytest.fixture
def foreign(gateway, membership):
    """Made in Stripe's dashboard, for a customer whom nobody here knows."""

    def make(price: str = "", customer: str = "", **more: object) -> object:
        calls = gateway.client.v1
        customer = customer or calls.customers.create({"email": "ada@elsewhere.test", "name": "Ada L"}).id
        method = calls.payment_methods.attach(CARD, {"customer": customer})
        params = {
            "customer": customer,
            "items": [{"price": price or membership.prices.get().stripe_id}],
            "default_payment_method": method.id,
        }
        return calls.subscriptions.create({**params, **more})

    return make


def link(desk, person, stripe_id: str, **fields: object) -> str:
    return press(desk, "link", person, subscription=stripe_id, **fields)


def test_it_is_shown_first_and_then_linked(desk, student, membership, live_session, foreign, gateway, clock, sandbox):
    """X20: named at Stripe, read, and followed like every other."""
    made = foreign()
    shown = read(desk, "link", student, subscription=made.id)
    for words in ("ada@elsewhere.test", "€19.00", "“Studio pass” of this account", "active"):
        assert words in shown
    assert not Checkout.objects.exists(), "looking writes nothing"
    assert "It is theirs now" in link(desk, student, made.id, reason="Came from the old shop")
    row = Subscription.objects.get()
    assert (row.user, row.stripe_id, row.membership) == (student, made.id, membership)
    assert decide(student, live_session, now=clock.now).allowed
    metadata = gateway.read_subscription(made.id).metadata
    assert metadata["lmsm_user"] == str(student.pk)
    assert metadata["lmsm_membership"] == str(membership.uuid)
    assert Customer.objects.get(user=student).stripe_id == row.customer_id
    deed = Deed.objects.get()
    assert (deed.kind, deed.reason, deed.subscription) == ("linked", "Came from the old shop", row)
    clock.advance(days=32)
    settling.follow_subscription(made.id, gateway=gateway, now=clock.now)
    row.refresh_from_db()
    assert row.is_live(clock.now)
    assert sandbox.store.all("refund", account=sandbox.account_id) == []


def test_linked_twice_it_is_linked_once(desk, student, foreign):
    made = foreign()
    page = desk.get(url("link", student), {"subscription": made.id}).content.decode()
    fields = {"subscription": made.id, "reason": "x", "key": key_on(page)}
    for _again in range(2):
        assert desk.post(url("link", student), fields).status_code == 302
    assert (Subscription.objects.count(), Deed.objects.count(), Checkout.objects.count()) == (1, 1, 1)


def test_what_is_somebodys_is_not_linked_to_another(desk, student, membership, client_for, postman):
    """IDOR by an id of Stripe's: also to whom it belongs is not said."""
    buy(client_for(student), membership)
    postman.deliver()
    other = UserFactory()
    stripe_id = Subscription.objects.get().stripe_id
    assert "linked already" in read(desk, "link", other, subscription=stripe_id)
    assert "linked already" in link(desk, other, stripe_id)
    assert Subscription.objects.get().user == student


def test_what_was_bought_here_and_not_heard_of_yet_is_its_buyers(desk, student, membership, client_for, sandbox):
    """Its metadata name an attempt of ours."""
    from tests import hosted
    from tests.flows.steps import press_join

    hosted.pay(press_join(client_for(student), membership))
    [made] = sandbox.store.all("subscription", account=sandbox.account_id)
    assert "linked already" in link(desk, UserFactory(), made["id"])
    assert not Deed.objects.exists()


@pytest.mark.parametrize("stripe_id", ["sub_unknown", "cus_1", "../v1/customers", "sub_1/../x", "", "sub_" + "a" * 300])
def test_what_stripe_does_not_know_is_said(desk, student, gateway, stripe_id):
    said = link(desk, student, stripe_id)
    assert "knows no subscription" in said or "required" in said or "at most" in said
    assert not Deed.objects.exists()


def test_what_is_over_cannot_be_linked(desk, student, foreign, gateway):
    made = foreign()
    gateway.client.v1.subscriptions.cancel(made.id)
    assert "is over at Stripe" in link(desk, student, made.id)


def test_a_price_of_no_membership_is_named(desk, student, foreign, gateway):
    product = gateway.client.v1.products.create({"name": "Elsewhere"})
    price = gateway.client.v1.prices.create(
        {"product": product.id, "currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    )
    assert "no price of any membership" in link(desk, student, foreign(price.id).id)


def test_more_than_one_of_it_is_refused(desk, student, foreign, membership):
    items = [{"price": membership.prices.get().stripe_id, "quantity": 2}]
    assert "more than one" in link(desk, student, foreign(items=items).id)


def test_another_customer_of_theirs_is_refused(desk, student, foreign, gateway):
    """X8: nobody is two customers, and nobody's card is another's."""
    customer_for(student, gateway=gateway, language="en")
    assert "another customer there" in link(desk, student, foreign().id)
    other = UserFactory()
    theirs = customer_for(other, gateway=gateway, language="en")
    assert "not this person" in link(desk, UserFactory(), foreign(customer=theirs).id)


def test_who_holds_it_already_is_not_charged_back(desk, student, membership, foreign, client_for, postman, sandbox):
    """X8: linked all the same, it would be undone as a second purchase."""
    buy(client_for(student), membership)
    postman.deliver()
    made = foreign(customer=Customer.objects.get(user=student).stripe_id)
    assert "They hold this membership already" in link(desk, student, made.id)
    assert sandbox.store.all("refund", account=sandbox.account_id) == []
    assert Subscription.objects.count() == 1


def test_another_tier_of_the_ladder_is_not_paid_beside_it(
    desk, student, membership, foreign, client_for, postman, gateway, live_session
):
    """X8: linked all the same, both would be charged, and nobody told."""
    gold = publish(put_into(MembershipFactory(title="Gold", price_amount=3900), live_session), gateway=gateway)
    ladder = Ladder.objects.create(title="Studio")
    for place, each in enumerate([membership, gold]):
        Tier.objects.create(ladder=ladder, membership=each, sort_order=place)
    buy(client_for(student), membership)
    postman.deliver()
    made = foreign(gold.prices.get().stripe_id, customer=Customer.objects.get(user=student).stripe_id)
    assert "another tier of the same ladder" in link(desk, student, made.id)
    assert Subscription.objects.count() == 1
    Ladder.objects.update(is_on=False)
    assert "It is theirs now" in link(desk, student, made.id)


def test_what_was_bought_since_it_was_shown_is_not_bought_twice(
    desk, student, membership, foreign, client_for, postman, gateway, clock, monkeypatch
):
    """X8: looked at, bought in another window, linked: it would be undone as a second purchase."""
    made = foreign(customer=customer_for(student, gateway=gateway, language="en"))
    look = linking.look

    def slow(*args, **kwargs):
        found = look(*args, **kwargs)
        buy(client_for(student), membership)
        postman.deliver()
        return found

    monkeypatch.setattr(linking, "look", slow)
    with pytest.raises(linking.HeldAlready):
        linking.link(student.pk, made.id, wish=wish(), gateway=gateway, now=clock.now)
    assert Subscription.objects.count() == 1
    assert gateway.read_subscription(made.id).status == "active"


def wish() -> Wish:
    return Wish(by=helper(), reason="Asked by mail", key=uuid.uuid4())


def test_without_a_place_it_is_refused_and_nothing_is_cancelled(desk, student, foreign, gateway, sandbox):
    """J7"""
    Membership.objects.update(max_members=0)
    made = foreign()
    assert "No place is left" in link(desk, student, made.id)
    assert gateway.read_subscription(made.id).status == "active"
    assert not Checkout.objects.exists()
    assert not Customer.objects.exists()


def test_stripe_away_in_the_middle_the_same_press_goes_on(desk, student, foreign, sandbox, gateway):
    """D1: noted, not named; then named, and theirs."""
    made = foreign()
    page = desk.get(url("link", student), {"subscription": made.id}).content.decode()
    fields = {"subscription": made.id, "reason": "x", "key": key_on(page)}
    sandbox.faults.plan(Fault("status", "POST /v1/subscriptions/*", status=503, count=9))
    answer = desk.post(url("link", student), fields)
    assert answer.status_code == 200
    assert not Subscription.objects.exists()
    sandbox.faults.clear()
    assert key_on(answer.content.decode()) == fields["key"]
    assert desk.post(url("link", student), fields).status_code == 302, text(answer.content.decode())
    assert Subscription.objects.get().user == student
    assert Intent.objects.filter(purpose="link_subscription", state="confirmed").count() == 1


def test_nobody_is_written_to_about_what_is_old(desk, student, foreign, clock):
    """E7: begun months ago, it is no news."""
    made = foreign()
    clock.advance(days=40)
    mail.outbox.clear()
    link(desk, student, made.id)
    clock.daily()
    assert [each.subject for each in mail.outbox if each.to == [student.email]] == []


def test_whoever_is_being_deleted_gets_nothing(desk, student, foreign, clock):
    """K6"""
    from lms_memberships.personal_data import erasing

    made = foreign()
    erasing.erase(student, now=clock.now)
    assert "deleted" in link(desk, student, made.id)
    fields = {"subscription": made.id, "reason": "x", "key": uuid.uuid4()}
    desk.post(url("link", student), fields)
    assert not Checkout.objects.exists()
