"""Does our metadata on somebody else's price open anything? No; and who had access keeps it, and is flagged (S9, K10)."""

from dataclasses import replace

import pytest

from lms_memberships.models import Checkout, Price, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.subscriptions import copies, lifecycle, settling
from tests.factories import MembershipFactory
from tests.subscriptions import said
from tests.subscriptions.test_lifecycle import session

pytestmark = pytest.mark.django_db

CHEAP = {"price_id": "price_cheap", "money": Money(50, "eur")}


@pytest.fixture
def reconcile(nobody_answers):
    def run(snapshot) -> Subscription | None:
        return lifecycle.reconcile(snapshot, gateway=nobody_answers, now=said.NOW)

    return run


def test_half_a_euro_with_our_metadata_opens_nothing(checkout, reconcile, names):
    """S9: recorded, flagged, told to nobody; the real purchase is still to come, and nothing stands in its way."""
    row = reconcile(said.subscription(checkout, **CHEAP))
    assert (row.flag, row.access_until, row.opened_at, row.price) == ("unknown_price", None, None, None)
    assert names() == []
    checkout.refresh_from_db()
    assert (checkout.state, checkout.subscription) == ("open", None)
    assert not Subscription.objects.held(said.NOW).exists()
    real = reconcile(said.subscription(checkout, "sub_real"))
    assert real.is_live(said.NOW)
    assert not real.must_be_undone


def test_the_price_of_another_membership_is_foreign_too(checkout, reconcile, student):
    """S9"""
    other = said.attempt(student, MembershipFactory(price_amount=50))
    row = reconcile(said.subscription(checkout, price_id=other.price.stripe_id))
    assert (row.flag, row.is_live(said.NOW)) == ("unknown_price", False)


def test_an_older_price_of_the_membership_itself_is_its_own(checkout, reconcile, pass_):
    """S9, the other side"""
    Price.objects.create(
        membership=pass_,
        account=said.ACCOUNT,
        amount=900,
        currency="eur",
        interval="month",
        stripe_id="price_old",
        confirmed_at=said.NOW,
        created_at=said.NOW,
    )
    row = reconcile(said.subscription(checkout, price_id="price_old", money=Money(900, "eur")))
    assert (row.flag, row.is_live(said.NOW)) == ("", True)


def test_control_any_known_price_would_open_it(checkout, reconcile, student, monkeypatch):
    """S9, negative control: the look among all prices of the account lets the cheap one in."""
    other = said.attempt(student, MembershipFactory(price_amount=50))
    monkeypatch.setattr(copies, "_price", lambda row, snapshot: Price.objects.get(stripe_id=snapshot.price_id))
    assert reconcile(said.subscription(checkout, price_id=other.price.stripe_id)).is_live(said.NOW)


def test_a_running_one_whose_price_becomes_unknown_keeps_its_access_and_is_flagged(checkout, reconcile):
    """S9: the dashboard may change a price; who pays is not locked out, and somebody looks at it."""
    before = reconcile(said.subscription(checkout))
    after = reconcile(said.subscription(checkout, **CHEAP))
    assert (after.flag, after.access_until) == ("unknown_price", before.access_until)
    assert reconcile(said.subscription(checkout)).flag == ""


def test_a_payment_link_with_our_reference_buys_nothing(checkout, nobody_answers):
    """S9: a Payment Link takes any reference from its address; our metadata only we can write."""
    foreign = session(checkout, id="cs_link", metadata={})
    assert settling.settle(foreign, gateway=nobody_answers, now=said.NOW) is None
    assert lifecycle.reconcile_purchase(foreign, gateway=nobody_answers, now=said.NOW) is None
    copied = replace(foreign, metadata={"lmsm_attempt": str(checkout.uuid)})
    assert settling.settle(copied, gateway=nobody_answers, now=said.NOW) is None, "another session than ours"
    assert not Subscription.objects.exists()
    assert Checkout.objects.get().state == "open"


MALFORMED = [
    "",
    " ",
    "0",
    "-1",
    "1 OR 1=1",
    "None",
    "x" * 600,
    "00000000-0000-0000-0000-000000000000",
    "é\u202e",
    "1.5",
]


@pytest.mark.parametrize("value", MALFORMED)
def test_malformed_metadata_belongs_to_nobody(checkout, reconcile, value, caplog, student):
    """K10: never guessed from the user's number beside it; noted in the log."""
    broken = said.subscription(None, metadata={"lmsm_attempt": value, "lmsm_user": str(student.pk)})
    with caplog.at_level("INFO"):
        assert reconcile(broken) is None
    assert "sub_1 is not one of ours" in caplog.text
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("keeps", [False, True])
def test_unpaid_closes_unless_the_site_wants_otherwise(checkout, reconcile, settings, keeps):
    """G3: both settings."""
    settings.LMS_MEMBERSHIPS_UNPAID_KEEPS_ACCESS = keeps
    reconcile(said.subscription(checkout))
    row = reconcile(said.subscription(checkout, status=SubscriptionStatus.UNPAID))
    assert row.is_live(said.NOW) is keeps
