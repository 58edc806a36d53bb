"""Does a comparison with Stripe find what differs, leave alone what is not ours, and go on where it broke off?"""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from lms_memberships.models import Checkout, Invoice, Subscription, SyncRun
from lms_memberships.payments import connect
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.payments.lists import Page
from lms_memberships.payments.stripe_gateway import wrap_http_client
from lms_memberships.payments.stripe_gateway.listing import ListingCalls
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import sync_sweep, syncing
from lms_memberships.subscriptions.sync_course import Plan
from lms_memberships.subscriptions.sync_writing import Hands
from tests.faults import crowd, traffic
from tests.faults.crowd import Nobody
from tests.faults.traffic import everything, requests, sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def school(sandbox, clock, gateway, live_session) -> traffic.School:
    return traffic.open_school(sandbox, clock, gateway, live_session)


@pytest.fixture
def bought(school, postman) -> Subscription:
    stripe_id = school.pay("first", school.monthly)
    postman.deliver()
    return Subscription.objects.get(stripe_id=stripe_id)


def compare_all(now, watcher=None, *, page_size: int = 100) -> SyncRun:
    gateway = connect.get_background_gateway()
    plan = Plan(None, "subscriptions", page_size=page_size)
    return syncing.synchronise(plan, gateway=gateway, now=now, watcher=watcher or Nobody())


# ------------------------------------------------------------------ what it says


def test_what_was_repaired_is_said_in_words_and_names_nobody(school, bought, clock):
    """A4, S42: ids and numbers of people; no address, no name."""
    assert sync()[0] == 0
    school.sandbox.actions.cancel_subscription_now(bought.stripe_id)
    code, said = sync()
    assert code == 2
    (line,) = [each for each in said if each.startswith("Subscription")]
    assert line.startswith(
        f"Subscription {bought.stripe_id} of user {bought.user_id}: status active → canceled, access"
    )
    assert "@" not in "".join(said)
    assert bought.user.username not in "".join(said)
    assert SyncRun.objects.latest("pk").repairs == [line]


def test_a_machine_reads_the_same(school, bought):
    """A4"""
    out = StringIO()
    call_command("memberships_sync", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {
        "ok": True,
        "state": "done",
        "since": None,
        "phase": "tidy",
        "seen": 2,
        "repaired": 0,
        "failed": 0,
        "repairs": [],
    }


def test_without_a_connection_it_fails_and_says_why(db, settings):
    """A4"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    code, said = sync()
    assert (code, said) == (1, ["No Stripe account is connected."])


def test_a_missing_invoice_comes_back(school, bought, clock, postman):
    """H11"""
    clock.advance(days=65)
    postman.deliver()
    assert Invoice.objects.count() == 3
    Invoice.objects.order_by("pk")[1].delete()
    assert sync("--all")[0] == 2
    assert school.complaints() == []
    assert sync("--all")[0] == 0


# ------------------------------------------------------------------ whose it is


def test_another_products_customers_become_nothing_here(school, bought):
    """L9: 100 subscriptions of somebody else's in the same account; they are listed, and never read."""
    others = crowd.strangers(school.sandbox, bought, 100)
    school.sandbox.requests.clear()
    assert sync("--all")[0] == 0
    assert [Subscription.objects.count(), Invoice.objects.count(), Checkout.objects.count()] == [1, 1, 1]
    read = requests(school.sandbox)
    assert not [path for path in read if any(path.endswith(f"/{stripe_id}") for stripe_id in others.ids)]


def test_another_products_events_are_not_followed(school, bought, gateway):
    """L9"""
    assert sync()[0] == 0
    product = gateway.client.v1.products.create({"name": "Something else"})
    recurring = {"interval": "month"}
    price = gateway.client.v1.prices.create(
        {"product": product.id, "currency": "eur", "unit_amount": 500, "recurring": recurring}
    )
    session = gateway.client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "https://other.test/",
            "cancel_url": "https://other.test/",
        }
    )
    card = {"card_number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    school.sandbox.actions.pay_checkout(session.id, email="x@other.test", name="X", **card)
    foreign = gateway.read_checkout(session.id).subscription_id
    school.sandbox.requests.clear()
    assert sync()[0] == 0
    assert Subscription.objects.count() == 1
    assert f"/v1/subscriptions/{foreign}" not in requests(school.sandbox)


def test_control_without_the_filter_foreign_ones_are_read(school, bought, monkeypatch):
    """L9, negative control: each is tried, and only the person behind it cannot be found."""
    crowd.strangers(school.sandbox, bought, 5)
    monkeypatch.setattr(Hands, "bears_our_name", lambda self, metadata: True)
    watcher = Nobody()
    run = compare_all(school.clock.now, watcher)
    assert run.seen == 2 + 5


def test_rows_of_another_account_are_left_alone(school, bought):
    """L2, L3: the same ids in another account, and in live mode."""
    for number, fields in enumerate([{"account": "acct_other"}, {"livemode": True}]):
        other = Subscription.objects.get(pk=bought.pk)
        other.pk, other.stripe_id = None, f"sub_of_another_{number}"
        for name, value in fields.items():
            setattr(other, name, value)
        other.save()
    known = everything()
    assert sync("--all")[0] == 0
    assert everything() == known


# ------------------------------------------------------------------ what is gone


def test_what_stripe_does_not_know_any_more_is_over(school, bought):
    """D11"""
    crowd.gather(school.sandbox, bought, 1).forget("sub_crowd0")
    assert sync("--all")[0] == 2
    gone = Subscription.objects.get(stripe_id="sub_crowd0")
    assert (gone.status, gone.is_live(school.clock.now)) == ("canceled", False)
    assert sync("--all")[0] == 0


def test_an_account_that_has_forgotten_everything_ends_nobody(school, bought, gateway, monkeypatch):
    """D11: in live mode, too many at once are an account that is wrong, not subscriptions that are over."""
    them = crowd.gather(school.sandbox, bought, 20)
    for stripe_id in them.ids:
        them.forget(stripe_id)
    known = everything()["Subscription"]
    run = Plan(None, "unlisted")
    gateway.livemode = True
    for model in (Subscription, Invoice, Checkout):
        model.objects.update(livemode=True)
    with pytest.raises(sync_sweep.TooManyGone, match="20 of 21"):
        syncing.synchronise(run, gateway=gateway, now=school.clock.now, watcher=Nobody())
    Subscription.objects.update(livemode=False)
    assert everything()["Subscription"] == known


# ------------------------------------------------------------------ parts of lists


class FailsAtPage(Nobody):
    """Has Stripe fail when so many pages were done."""

    def __init__(self, sandbox, page: int) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.left = page - 1

    def moved(self, run: SyncRun) -> None:
        self.left -= 1
        if self.left == 0:
            self.sandbox.faults.plan(Fault("status", path="/v1/subscriptions", count=50, status=503))


def test_a_list_of_many_pages_goes_on_after_a_failure(school, bought):
    """D13: 250 objects, ten a page, Stripe fails on page 7: the next run begins there."""
    them = crowd.gather(school.sandbox, bought, 249)
    for stripe_id in them.ids[::10]:
        them.change(stripe_id, status="canceled", ended_at=int(school.clock.now.timestamp()))
    with pytest.raises(GatewayUnreachable):
        compare_all(school.clock.now, FailsAtPage(school.sandbox, 7), page_size=10)
    run = SyncRun.objects.get()
    assert (run.phase, run.seen, run.finished_at, run.leased_until) == ("subscriptions", 60, None, None)
    assert "GatewayUnreachable" in run.failure
    school.sandbox.faults.clear()
    school.sandbox.requests.clear()
    run = compare_all(school.clock.now, page_size=10)
    assert requests(school.sandbox, path="subscriptions").count("/v1/subscriptions") == 25 - 6
    assert (run.repaired, run.failed) == (25, 0)
    assert school.complaints() == []


def test_control_of_the_first_page_alone_most_is_not_seen(school, bought, monkeypatch):
    """D13, negative control"""
    crowd.gather(school.sandbox, bought, 30)
    whole = ListingCalls._page

    def first_page(*args: object, **kwargs: object) -> Page:
        page = whole(*args, **kwargs)
        return Page(page.items, "", page.unread)

    monkeypatch.setattr(ListingCalls, "_page", first_page)
    monkeypatch.setitem(syncing.PHASES, "unlisted", (lambda hands: None, "checkouts"))
    assert compare_all(school.clock.now, page_size=10).seen == 10 + 10


def test_one_that_cannot_be_understood_does_not_hide_the_others(school, bought):
    """A7, D13: a status of tomorrow fails by name; the rest is compared, and the next run tries again."""
    them = crowd.gather(school.sandbox, bought, 3)
    them.change("sub_crowd1", status="hibernating")
    them.change("sub_crowd2", status="canceled", ended_at=int(school.clock.now.timestamp()))
    # Stripe's description of today does not know the word.
    wrap_http_client(None)
    code, said = sync("--all")
    assert code == 1
    assert Subscription.objects.get(stripe_id="sub_crowd2").status == "canceled"
    assert Subscription.objects.get(stripe_id="sub_crowd1").status == "active"
    them.change("sub_crowd1", status="active")
    assert sync("--all")[0] == 0
