"""What came of the writes whose answer never arrived? Looked up by what the row says, and never made again."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import lms_memberships
from lms_memberships import clock as our_clock
from lms_memberships.health import repairs
from lms_memberships.management.resolving import FINDERS, resolve_open
from lms_memberships.memberships import publishing, stripe_catalogue
from lms_memberships.models import Intent, Subscription
from lms_memberships.payments import customers
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.payments.intents import LOOK_AFTER, OPEN
from lms_memberships.payments.resolving import NOTHING, PAUSES
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import (
    changes,
    checkout,
    closing,
    collecting,
    duplicates,
    freed_credit,
    gift_buying,
    gift_refunding,
    giving_back,
    guest_returns,
    guests,
    instalment_ends,
    letting_go,
    linking,
    merged_names,
    pausing,
    paying_back,
    price_moving,
    refunds,
    revoking,
    taking_credit,
    tier_writes,
    trial_extending,
)
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into

pytestmark = pytest.mark.django_db

URLS = ("https://school.test/done?session_id={CHECKOUT_SESSION_ID}", "https://school.test/")


def age(**by: float) -> None:
    """Everything open was sent that long ago, and is due."""
    for intent in Intent.objects.filter(state__in=OPEN):
        Intent.objects.filter(pk=intent.pk).update(
            sent_at=intent.sent_at - timedelta(**by), next_look_at=our_clock.wall_time()
        )


def resolve() -> int:
    return resolve_open(our_clock.now())


def open_intent() -> Intent:
    return Intent.objects.get(state__in=OPEN)


def writes(sandbox) -> int:
    return sum(each["method"] != "GET" for each in sandbox.requests.all())


def bought(membership, student, gateway) -> Subscription:
    url = checkout.start(
        student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=our_clock.now()
    )
    hosted.pay(url)
    session_id = re.search(r"/c/pay/(cs_\w+)", url)[1]
    return checkout.finish(student, session_id, gateway=gateway, now=our_clock.now()).subscription


# Each write of ours: how it is made ready, and then made. The patterns name the request whose answer is lost.
def _customer(gateway, live_session) -> Callable[[], object]:
    student = UserFactory()
    return lambda: customers.customer_for(student, gateway=gateway, language="en")


def _product(gateway, live_session) -> Callable[[], object]:
    membership = put_into(MembershipFactory(), live_session)
    return lambda: publishing.prepare(membership, gateway=gateway, now=our_clock.now())


def _texts(gateway, live_session) -> Callable[[], object]:
    membership = put_into(MembershipFactory(), live_session)
    publish(membership, gateway=gateway)
    membership.title = "Another title"
    return lambda: stripe_catalogue.update_product(membership, gateway=gateway)


def _session(gateway, live_session) -> Callable[[], object]:
    membership, student = put_into(MembershipFactory(), live_session), UserFactory()
    publish(membership, gateway=gateway)
    customers.customer_for(student, gateway=gateway, language="en")
    return lambda: checkout.start(
        student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=our_clock.now()
    )


def _expire(gateway, live_session) -> Callable[[], object]:
    url = _session(gateway, live_session)()
    session_id = re.search(r"/c/pay/(cs_\w+)", url)[1]
    return lambda: closing.expire(session_id, gateway=gateway)


def _cancel(gateway, live_session) -> Callable[[], object]:
    membership = put_into(MembershipFactory(), live_session)
    publish(membership, gateway=gateway)
    subscription = bought(membership, UserFactory(), gateway)
    return lambda: changes.cancel(subscription, gateway=gateway, now=our_clock.now())


def _resume(gateway, live_session) -> Callable[[], object]:
    membership = put_into(MembershipFactory(), live_session)
    publish(membership, gateway=gateway)
    subscription = bought(membership, UserFactory(), gateway)
    changes.cancel(subscription, gateway=gateway, now=our_clock.now())
    subscription.refresh_from_db()
    return lambda: changes.resume(subscription, gateway=gateway, now=our_clock.now())


def _undo(gateway, live_session) -> Callable[[], object]:
    membership = put_into(MembershipFactory(), live_session)
    publish(membership, gateway=gateway)
    subscription = bought(membership, UserFactory(), gateway)
    invoice = gateway.read_subscription(subscription.stripe_id).latest_invoice
    return lambda: duplicates.undo(subscription, invoice, gateway=gateway, now=our_clock.now())


WRITES = [
    ("customer", _customer, "POST /v1/customers"),
    ("product", _product, "POST /v1/products"),
    ("price", _product, "POST /v1/prices"),
    ("product_texts", _texts, "POST /v1/products/*"),
    ("checkout", _session, "POST /v1/checkout/sessions"),
    (closing.PURPOSE, _expire, "POST /v1/checkout/sessions/*/expire"),
    ("cancel", _cancel, "POST /v1/subscriptions/*"),
    ("resume", _resume, "POST /v1/subscriptions/*"),
    ("refund_second_purchase", _undo, "POST /v1/refunds"),
    ("cancel_second_purchase", _undo, "DELETE /v1/subscriptions/*"),
]


@pytest.mark.parametrize(("purpose", "ready", "path"), WRITES, ids=[each[0] for each in WRITES])
def test_what_was_made_without_an_answer_is_found_and_not_made_again(
    purpose, ready, path, gateway, sandbox, live_session
):
    """D1: each kind of write, carried out at Stripe and never answered."""
    write = ready(gateway, live_session)
    sandbox.faults.plan(Fault("commit_then_drop", path, count=2))
    with pytest.raises(GatewayUnreachable):
        write()
    assert (open_intent().purpose, open_intent().state) == (purpose, Intent.State.UNKNOWN)
    asked = writes(sandbox)
    assert resolve() == 0, "not before a call could be over"
    age(minutes=6)
    assert resolve() == 1
    settled = Intent.objects.filter(purpose=purpose).latest("pk")
    assert settled.state == Intent.State.CONFIRMED
    assert settled.result_id
    assert settled.next_look_at is None
    assert writes(sandbox) == asked
    assert resolve() == 0


@pytest.mark.parametrize(("purpose", "ready", "path"), WRITES[:7], ids=[each[0] for each in WRITES[:7]])
def test_control_what_never_arrived_is_not_taken_for_made(purpose, ready, path, gateway, sandbox, live_session):
    """D1, D4, negative control: the same look says no where nothing was made; after a day it is said for good."""
    write = ready(gateway, live_session)
    sandbox.faults.plan(Fault("hang", path, count=2))
    with pytest.raises(GatewayUnreachable):
        write()
    asked = writes(sandbox)
    age(minutes=6)
    assert resolve() == 0
    assert open_intent().looks == 1
    age(hours=24)
    assert resolve() == 1
    settled = Intent.objects.filter(purpose=purpose).latest("pk")
    assert (settled.state, settled.failure, settled.result_id) == (Intent.State.REFUSED, NOTHING, "")
    assert writes(sandbox) == asked, "looked up, never made"
    write()
    assert Intent.objects.filter(purpose=purpose).latest("pk").state == Intent.State.CONFIRMED


def test_a_remembered_error_leaves_the_write_unknown_until_it_is_looked_up(gateway, sandbox, live_session):
    """D3: the same 500 comes again under the key for a day; it is looked up, and a new key is used only after that."""
    write = _customer(gateway, live_session)
    sandbox.faults.plan(Fault("status", "POST /v1/customers", status=500))
    with pytest.raises(GatewayUnreachable):
        write()
    assert open_intent().state == Intent.State.UNKNOWN
    first = open_intent().idempotency_key
    lists = [each for each in sandbox.requests.all() if (each["method"], each["path"]) == ("GET", "/v1/customers")]
    write()
    looked = [each for each in sandbox.requests.all() if (each["method"], each["path"]) == ("GET", "/v1/customers")]
    assert len(looked) == len(lists) + 1
    posts = [each for each in sandbox.requests.all() if (each["method"], each["path"]) == ("POST", "/v1/customers")]
    assert posts[-1]["idempotency_key"] != first
    assert len(gateway.client.v1.customers.list().data) == 1


def test_looks_come_less_and_less_often(gateway, sandbox, live_session):
    write = _customer(gateway, live_session)
    sandbox.faults.plan(Fault("hang", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        write()
    assert LOOK_AFTER.total_seconds() >= 300
    for pause in (*PAUSES, PAUSES[-1]):
        Intent.objects.update(next_look_at=our_clock.wall_time())
        assert resolve() == 0
        wait = open_intent().next_look_at - our_clock.wall_time()
        assert pause - timedelta(seconds=30) < wait <= pause


def test_a_stripe_that_does_not_answer_stops_the_looking_and_nothing_is_concluded(gateway, sandbox, live_session):
    """D7: an outage settles nothing."""
    for _ in range(3):
        write = _customer(gateway, live_session)
        sandbox.faults.plan(Fault("hang", "POST /v1/customers", count=2))
        with pytest.raises(GatewayUnreachable):
            write()
    age(hours=30)
    sandbox.faults.plan(Fault("status", "GET *", status=503, count=0))
    before = len(sandbox.requests.all())
    assert resolve() == 0
    assert len(sandbox.requests.all()) - before == 2, "one call and its second try"
    assert Intent.objects.filter(state__in=OPEN).count() == 3


def test_every_purpose_in_the_package_has_somebody_who_looks():
    """D1: a new kind of write comes with its finder."""
    root = Path(lms_memberships.__file__).parent
    written = set()
    for path in root.rglob("*.py"):
        if "sandbox" not in path.parts:
            written |= set(re.findall(r'purpose="(\w+)"', path.read_text()))
    # Given as arguments, or by a name.
    named = {"cancel", "cancel_now", "resume", closing.PURPOSE, instalment_ends.PURPOSE, price_moving.PURPOSE}
    named |= {tier_writes.CHANGE, tier_writes.PLAN, tier_writes.LET_GO, tier_writes.NAME}
    named |= {gift_buying.PURPOSE, gift_refunding.PURPOSE, customers.EMAIL_PURPOSE}
    named |= {pausing.PAUSE, pausing.GO_ON, paying_back.REFUND, paying_back.END, letting_go.LET_GO}
    named |= {guests.PURPOSE, guest_returns.REFUND, guest_returns.END, guest_returns.STOP}
    named |= {linking.PURPOSE, merged_names.PURPOSE, revoking.PURPOSE, trial_extending.PURPOSE}
    named |= {giving_back.PURPOSE, refunds.END, collecting.PURPOSE, taking_credit.PURPOSE}
    named |= {freed_credit.PURPOSE, letting_go.WRITE_OFF}
    assert (written | named) - {repairs.PURPOSE} == set(FINDERS)


def test_every_call_that_writes_stands_behind_an_intent():
    """D1: nobody but an intent's ``call`` hands a key to the gateway."""
    root = Path(lms_memberships.__file__).parent
    calls = re.compile(
        r"gateway\.(create_\w+|update_product|expire_checkout|cancel_at_period_end|cancel_now|resume|refund_payment"
        r"|begin_schedule|end_after|release_schedule|move_price|update_customer_email|change_item|plan_change|name_tier|update_portal|use_card"
        r"|pause|unpause|move_trial_end|void_invoice|name_subscription|name_customer|set_credit|add_credit|write_off_invoice)\("
    )
    allowed = {
        "subscriptions/changes.py",
        "subscriptions/pausing.py",
        "subscriptions/letting_go.py",
        "subscriptions/paying_back.py",
        "subscriptions/duplicates.py",
        "subscriptions/ending_at_stripe.py",
        "subscriptions/closing.py",
        "subscriptions/instalment_ends.py",
        "subscriptions/checkout.py",
        "subscriptions/tier_writes.py",
        "subscriptions/gift_buying.py",
        "subscriptions/guests.py",
        "subscriptions/guest_returns.py",
        "subscriptions/price_moving.py",
        "subscriptions/gift_refunding.py",
        "memberships/portal_settings.py",
        "subscriptions/linking.py",
        "subscriptions/merged_names.py",
        "subscriptions/revoking.py",
        "subscriptions/taking_credit.py",
        "subscriptions/freed_credit.py",
        "subscriptions/trial_extending.py",
        "memberships/promotion_making.py",
        "subscriptions/cards.py",
        "memberships/stripe_catalogue.py",
        "payments/customers.py",
        "health/repairs.py",
    }
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "sandbox" not in path.parts and calls.search(path.read_text())
    }
    assert found - allowed == set(), "a write at Stripe without an intent"
    for name in allowed:
        assert "carry_out(" in (root / name).read_text()


def test_texts_that_come_back_after_others_reach_stripe_again(gateway, live_session):
    """D2: the key of the first time would only bring back the answer of the first time."""
    membership = put_into(MembershipFactory(), live_session)
    publish(membership, gateway=gateway)
    first = membership.title
    for title in (first, "Second", first):
        membership.title = title
        stripe_catalogue.update_product(membership, gateway=gateway)
        product = gateway.client.v1.products.retrieve(stripe_catalogue.product_id_of(membership))
        assert product.name == title
