"""The site's key was changed: what is said, and what can be done, of rows that another Stripe account or mode made (E9, X8)?"""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships import clock as our_clock
from lms_memberships.history import ATTENTION_SETTLED
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Dispute, GuestPurchase, Invoice, Price, Refund, Stranger, Subscription
from lms_memberships.payments.connect import Connection
from lms_memberships.subscriptions import attention, deeds, merging, settling_attention
from tests.creator.crowds import holds
from tests.emails.conftest import park
from tests.factories import UserFactory, allow, publish, put_into
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

LIST = "lms_memberships_attention"
NOTE = "another Stripe account or mode"
MODELS = (Dispute, GuestPurchase, Invoice, Refund, Stranger, Subscription)
#: Kind → the words of its buttons that Stripe is asked for, and of those that ask nobody.
BUTTONS = {
    "doubles": ({"Cancel and refund the second"}, {"Look at it"}),
    "disputes": ({"Look again"}, {"Answer in Stripe"}),
    "refunds": ({"Give it back again"}, {"Dealt with"}),
    "prices": ({"Choose which membership this is"}, {"Leave it"}),
    "strangers": ({"Link it to an account"}, {"Leave it"}),
    "invoices": ({"Read it again"}, {"Leave it"}),
    "guests": (set(), {"Look at it"}),
}
#: Press that is there where nothing else is → its kind, and what it is about.
LAST = {
    "double_left": ("doubles", lambda: Subscription.objects.get(stripe_id="sub_second")),
    "dispute_left": ("disputes", lambda: Dispute.objects.get()),
}
#: Press → what it is about, and what is posted.
ASKING = {
    "double": lambda: Subscription.objects.get(stripe_id="sub_second"),
    "price": lambda: Subscription.objects.get(flag="unknown_price"),
    "dispute": lambda: Dispute.objects.get(),
    "invoice": lambda: Invoice.objects.get(),
}


@pytest.fixture
def desk(client_for):
    rights = ("refund_invoice", "end_subscription", "link_subscription", "view_subscription", "view_guestpurchase")
    return client_for(allow(UserFactory(username="helper"), *rights))


@pytest.fixture
def here(gateway, student, membership, live_session, clock) -> dict[str, object]:
    """One of each kind, in the account that is connected."""
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    publish(put_into(membership, live_session), gateway=gateway)
    moments = {"created_at": clock.now, "read_started_at": clock.now}
    first = holds(student, membership, stripe_id="sub_first")
    holds(student, membership, stripe_id="sub_second")
    holds(UserFactory(), membership, stripe_id="sub_odd", flag="unknown_price")
    paid = {"membership": membership, "subscription": first, "currency": "eur"}
    billed = Invoice.objects.create(
        **at, **paid, **moments, stripe_id="in_odd", user=student, status="paid", total=1900, amount_paid=1900,
        amount_due=1900, payment_intent_id="pi_1", doubt="sums",
    )  # fmt: skip
    Dispute.objects.create(**at, **paid, **moments, stripe_id="du_1", amount=100, status="open", said="needs_response")
    Refund.objects.create(
        **at, **paid, **moments, stripe_id="re_1", amount=100, state="failed", payment_intent_id="pi_1", invoice=billed
    )
    Stranger.objects.create(
        **at, stripe_id="sub_strange", customer_id="cus_strange", membership=membership, price_id="price_1", amount=100,
        currency="eur", started_at=clock.now, read_started_at=clock.now,
    )  # fmt: skip
    park(membership)
    GuestPurchase.objects.update(**at, paid_at=clock.now - timedelta(days=4))
    return at


@pytest.fixture(params=[{"account": "acct_before"}, {"livemode": True}], ids=["another account", "the other mode"])
def elsewhere(request, here) -> dict[str, object]:
    """The same, made before the key was changed."""
    for model in MODELS:
        model.objects.update(**request.param)
    return request.param


def page(desk, kind: str) -> str:
    return text(desk.get(reverse(LIST), {"kind": kind}).content.decode())


def rows_as_they_are() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (*MODELS, Price)]


@pytest.mark.parametrize("kind", BUTTONS)
def test_control_here_every_button_is_there(kind, here, desk):
    """X8"""
    said = page(desk, kind)
    asking, local = BUTTONS[kind]
    assert NOTE not in said
    assert all(words in said for words in asking | local)


@pytest.mark.parametrize("kind", BUTTONS)
def test_nothing_is_lost_and_no_button_asks_another_account(kind, elsewhere, desk, clock):
    """E9, X8: still listed and counted, with words that say why Stripe is not asked."""
    said = page(desk, kind)
    asking, local = BUTTONS[kind]
    assert NOTE in said
    assert all(words in said for words in local)
    assert not any(words in said for words in asking)
    assert attention.counts(now=clock.now) == dict.fromkeys(BUTTONS, 1)
    assert attention.of_kind(attention.Kind(kind), now=clock.now).count() == 1


@pytest.mark.parametrize("press", ASKING)
def test_a_page_that_was_open_before_asks_nobody_and_changes_nothing(press, elsewhere, desk, sandbox):
    """E9, H11: that another account does not know an invoice says nothing of it."""
    about = ASKING[press]()
    asked, before = len(sandbox.requests.all()), rows_as_they_are()
    # Only a price asks for which membership; the others read no field.
    fields = {"membership": about.membership_id}
    answer = desk.post(reverse(f"{LIST}_{press}", args=[about.pk]), fields, follow=True)
    assert NOTE in text(answer.content.decode())
    assert (len(sandbox.requests.all()), rows_as_they_are()) == (asked, before)
    assert not ModelLogEntry.objects.filter(action__startswith="lms_memberships.").exists()


def test_the_page_that_claims_and_the_page_that_gives_back_ask_nobody(elsewhere, desk, sandbox):
    """E9: neither for the address, nor for what is left."""
    asked = len(sandbox.requests.all())
    stranger = desk.get(reverse(f"{LIST}_stranger", args=[Stranger.objects.get().pk]), follow=True)
    assert NOTE in text(stranger.content.decode())
    refund = desk.get(reverse("lms_memberships_refund", args=[Invoice.objects.get().pk]))
    assert "another Stripe account" in text(refund.content.decode())
    assert len(sandbox.requests.all()) == asked


def test_what_needs_no_stripe_is_done(elsewhere, desk, sandbox, clock):
    """X8, X24: each is off the list, with its line in the history; pressed twice it is once done."""
    asked = len(sandbox.requests.all())
    for press, row in (
        ("double_left", Subscription.objects.get(stripe_id="sub_second")),
        ("dispute_left", Dispute.objects.get()),
        ("price_left", Subscription.objects.get(flag="unknown_price")),
        ("stranger_left", Stranger.objects.get()),
        ("refund_done", Refund.objects.get()),
        ("invoice_left", Invoice.objects.get()),
    ):
        for _ in range(2):
            desk.post(reverse(f"{LIST}_{press}", args=[row.pk]))
    left = {kind: number for kind, number in attention.counts(now=clock.now).items() if number}
    assert left == {"guests": 1}
    assert ModelLogEntry.objects.filter(action=ATTENTION_SETTLED).count() == 6
    assert len(sandbox.requests.all()) == asked


@pytest.mark.parametrize("kind", ["doubles", "disputes"])
def test_where_it_can_be_asked_nobody_leaves_money_as_it_is(kind, here, desk):
    """G7, X8: something better can be done there."""
    assert "Leave it" not in page(desk, kind)


@pytest.mark.parametrize("press", LAST)
def test_what_another_account_charges_can_be_left(press, elsewhere, desk):
    """G7, X8: there is no other way out of the list."""
    kind, find = LAST[press]
    assert "Leave it" in page(desk, kind)
    answer = desk.post(reverse(f"{LIST}_{press}", args=[find().pk]), follow=True)
    assert "It is off the list." in text(answer.content.decode())
    assert "Nothing of this kind." in page(desk, kind)


@pytest.mark.parametrize("press", LAST)
def test_a_page_that_was_open_before_the_key_came_back_leaves_nothing(press, here, desk, clock, settings):
    """G7, X8: nor does whoever presses while no account is connected."""
    kind, find = LAST[press]
    url = reverse(f"{LIST}_{press}", args=[find().pk])
    assert "it can be resolved here" in text(desk.post(url, follow=True).content.decode())
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    assert "No Stripe account is connected" in text(desk.post(url, follow=True).content.decode())
    assert attention.counts(now=clock.now)[kind] == 1
    assert not ModelLogEntry.objects.filter(action=ATTENTION_SETTLED).exists()


@pytest.mark.parametrize("press", LAST)
def test_who_may_not_give_back_leaves_nothing(press, elsewhere, client_for, clock):
    """P24, X8: the same right as for each other way out; for a double, to end it as well."""
    kind, find = LAST[press]
    rights = ("view_subscription", "link_subscription", *(["refund_invoice"] if kind == "doubles" else []))
    looker = client_for(allow(UserFactory(username="looker"), *rights))
    assert "Leave it" not in page(looker, kind)
    looker.post(reverse(f"{LIST}_{press}", args=[find().pk]))
    assert attention.counts(now=clock.now)[kind] == 1


def test_a_merge_makes_news_of_a_double_that_was_left(here, student, clock):
    """K11, X8: now the person pays for yet another one."""
    second = Subscription.objects.get(stripe_id="sub_second")
    settled = Subscription.objects.filter(pk=second.pk)
    settled.update(account="acct_before", left_alone_at=clock.now)
    assert attention.counts(now=clock.now)["doubles"] == 0
    other = holds(UserFactory(), second.membership, stripe_id="sub_other").user
    wish = deeds.Wish(by=UserFactory(), reason="one person", key=uuid.uuid4())
    merging.merge(student.pk, other.pk, wish=wish, now=clock.now)
    assert settled.get().left_alone_at is None
    assert attention.counts(now=clock.now)["doubles"] > 0


def test_a_price_that_was_left_hides_no_double(here, desk, clock):
    """G12, X8: an unknown price and a double are two things to look at."""
    odd = Subscription.objects.get(flag="unknown_price")
    first = Subscription.objects.get(stripe_id="sub_first")
    Subscription.objects.filter(pk=odd.pk).update(user=first.user_id, account="acct_before")
    assert attention.counts(now=clock.now)["doubles"] == 2
    desk.post(reverse(f"{LIST}_price_left", args=[odd.pk]))
    desk.post(reverse(f"{LIST}_double_left", args=[odd.pk]))
    counted = attention.counts(now=clock.now)
    assert (counted["prices"], counted["doubles"]) == (0, 2)


def test_the_job_gives_nothing_back_in_another_account(elsewhere, sandbox, clock):
    """E9, X13: what that account does not know it has not refused. It waits, and is counted by the light "promises"."""
    Refund.objects.update(state="asked", stripe_id="", token="7f1c1d5e-4c43-4d27-9d5b-0a7f7a8e2c12")
    asked = len(sandbox.requests.all())
    assert JOBS["money_back"].do(clock.now) == 0
    assert (Refund.objects.get().state, len(sandbox.requests.all())) == ("asked", asked)


def test_one_beside_another_accounts_is_not_undone_by_a_click(here, desk, clock, sandbox):
    """X8, G14: nobody here knows that the first still goes on. It is listed, for somebody to say which of them ends."""
    Subscription.objects.filter(stripe_id="sub_first").update(account="acct_before")
    second = Subscription.objects.get(stripe_id="sub_second")
    said = page(desk, "doubles")
    assert "Charged beside another one" in said
    assert "Cancel and refund the second" not in said
    answer = desk.post(reverse(f"{LIST}_double", args=[second.pk]), follow=True)
    assert "does not pay for this membership twice" in text(answer.content.decode())
    second.refresh_from_db()
    assert second.revoked_at is None
    assert attention.counts(now=clock.now)["doubles"] == 1


def test_while_no_account_is_known_nothing_is_said_of_accounts(here, desk, settings):
    """U2: the site has no key. Whoever presses is told so."""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    said = page(desk, "invoices")
    assert NOTE not in said
    answer = desk.post(reverse(f"{LIST}_invoice", args=[Invoice.objects.get().pk]), follow=True)
    assert "No Stripe account is connected" in text(answer.content.decode())
    assert Invoice.objects.get().doubt == "sums"


def test_whoever_asks_from_within_is_refused_too(elsewhere, gateway):
    """E9: the guard stands where Stripe is asked, not only in the page."""
    with pytest.raises(deeds.InOtherAccount):
        settling_attention.read_invoice_again(Invoice.objects.get(), gateway=gateway, now=our_clock.now())
    old = Invoice.objects.get()
    assert old.doubt == "sums"
    assert not old.is_of(gateway)
    assert old.is_of(Connection(old.account, old.livemode))
