"""Does a light say that somebody waits for an end, or for their money? (G24, X13, X14, P24)"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from lms_memberships.models import Deed, Departure, Gift, Refund, Subscription, Withdrawal
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory, allow
from tests.flows.giving import at_desk, offer, pay
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(well, membership, student, client_for) -> Subscription:
    buy(client_for(student), membership)
    return Subscription.objects.select_related("membership").get()


def cancelled(held: Subscription, then: datetime) -> None:
    Departure.objects.create(subscription=held, asked_at=then)


def withdrawn(held: Subscription, then: datetime) -> None:
    title = held.membership.title
    Withdrawal.objects.create(
        subscription=held, membership=held.membership, title=title, contract_at=then, declared_at=then
    )


def revoked(held: Subscription, then: datetime) -> None:
    Deed.objects.create(
        key=uuid.uuid4(), kind=Deed.Kind.REVOKED, user=held.user, subscription=held, reason="Fraud", done_at=then
    )


def given_back(held: Subscription, then: datetime) -> None:
    Refund.objects.create(
        account=held.account, payment_intent_id="pi_1", subscription=held, amount=500, currency="eur", created_at=then
    )


def gift_given_back(held: Subscription, then: datetime) -> None:
    gift_of(held, then)


def gift_of(held: Subscription, then: datetime | None) -> Gift:
    """Somebody's, who was told that its money goes back."""
    number = Gift.objects.count()
    return Gift.objects.create(
        giver=held.user, membership=held.membership, price_id="price_gift", months=3, amount=4900, currency="eur",
        recipient_email="kim@school.test", deliver_on=timezone.localdate(), state=Gift.State.REFUNDING,
        token_hash=f"{number:064}", account=held.account, created_at=timezone.now() - timedelta(days=30),
        paid_at=timezone.now() - timedelta(days=29), refunding_at=then, payment_intent_id=f"pi_gift_{number}",
    )  # fmt: skip


#: What was promised; how old it may be before the light is red; and what it says.
PROMISES: dict[str, tuple[Callable[[Subscription, datetime], None], timedelta, str]] = {
    "cancelled": (cancelled, timedelta(days=2), "1 cancellation that Stripe has not confirmed"),
    "withdrawn": (withdrawn, timedelta(days=16), "1 withdrawal whose money has not gone back"),
    "revoked": (revoked, timedelta(days=2), "1 membership that was revoked and is not ended at Stripe"),
    "gift": (gift_given_back, timedelta(days=2), "1 gift whose money has not gone back"),
    "given back": (given_back, timedelta(days=2), "1 refund that Stripe has not made"),
}


@pytest.mark.parametrize("name", PROMISES)
@pytest.mark.parametrize(
    ("share", "red", "warnings"), [(0, set(), set()), (0.9, set(), {"promises"}), (1.1, {"promises"}, set())]
)
def test_what_stripe_does_not_do_shines_after_a_while(name, share, red, warnings, well, held):
    """G24, X13, X14, P24: after a while a warning, and red once somebody is harmed by it."""
    promise, late, words = PROMISES[name]
    promise(held, timezone.now() - share * late)
    well.judge()
    assert (well.red, well.warnings & {"promises"}, well.consequences) == (red, warnings, {})
    assert words in well.sentence("promises")


def test_all_kinds_are_said_and_counted(well, held):
    """The oldest of each, in one sentence each."""
    for promise, _late, _words in PROMISES.values():
        promise(held, timezone.now() - timedelta(days=1))
    given_back(held, timezone.now() - timedelta(days=3))
    well.judge()
    assert well.red == {"promises"}
    said = well.sentence("promises").replace("\xa0", " ")
    assert "2 refunds that Stripe has not made, the oldest for 3 days" in said
    assert all(words in said for _promise, _late, words in list(PROMISES.values())[:4])


def test_a_gift_that_was_withdrawn_from_is_said_once(well, held):
    """X14, X15: as the withdrawal, which has the law's time; one from before its moment was noted counts from its payment."""
    gift = gift_of(held, timezone.now() - timedelta(days=3))
    withdrawn(held, timezone.now() - timedelta(days=3))
    Withdrawal.objects.update(subscription=None, gift=gift)
    well.judge()
    assert "promises" in well.warnings
    assert "1 withdrawal" in well.sentence("promises")
    assert "gift" not in well.sentence("promises")
    gift_of(held, None)
    well.judge()
    assert well.red == {"promises"}
    assert "1 gift whose money has not gone back for 4\xa0weeks" in well.sentence("promises")


def test_a_gift_that_stripe_does_not_give_back_shines_until_it_does(
    well, gateway, membership, student, client_for, sandbox
):
    """X15: the creator pressed, Stripe refused; the moment of pressing counts, and the job mends it."""
    gift = pay(client_for(student), offer(membership, gateway), delivery="hand", recipient_email="")
    sandbox.faults.plan(Fault("status", "POST /v1/refunds", status=403, count=0))
    at_desk(client_for(allow(UserFactory(), "view_gift", "change_gift", "refund_gift")), "refund", gift)
    gift.refresh_from_db()
    assert gift.state == Gift.State.REFUNDING
    assert gift.refunding_at is not None
    Gift.objects.update(refunding_at=gift.refunding_at - timedelta(hours=7))
    well.judge()
    assert "promises" in well.warnings
    assert "1 gift whose money" in well.sentence("promises")
    sandbox.faults.clear()
    call_command("memberships_drain", verbosity=0)
    gift.refresh_from_db()
    assert gift.state == Gift.State.REFUNDED
    well.judge()
    assert "promises" not in well.warnings | well.red


def test_what_stripe_refuses_shines_until_it_is_done(well, held, student, client_for, sandbox, settings):
    """X14: declared by a person, refused by Stripe, waited for, and done by the job once Stripe does it."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=403, count=0))
    answer = client_for(student).post(f"/memberships/account/{held.pk}/withdraw/")
    assert "has not confirmed it yet" in answer.content.decode()
    Withdrawal.objects.update(declared_at=timezone.now() - timedelta(hours=7))
    well.judge()
    assert "promises" in well.warnings
    sandbox.faults.clear()
    call_command("memberships_drain", verbosity=0)
    assert Withdrawal.objects.get().done_at is not None
    well.judge()
    assert "promises" not in well.warnings | well.red
