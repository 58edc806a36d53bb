"""Does a light say that somebody waits for an end, or for their money? (G24, X13, X14, P24)"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from lms_memberships.models import Deed, Departure, Refund, Subscription, Withdrawal
from lms_memberships.sandbox.faults import Fault
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


#: What was promised; how old it may be before the light is red; and what it says.
PROMISES: dict[str, tuple[Callable[[Subscription, datetime], None], timedelta, str]] = {
    "cancelled": (cancelled, timedelta(days=2), "1 cancellation that Stripe has not confirmed"),
    "withdrawn": (withdrawn, timedelta(days=16), "1 withdrawal whose money has not gone back"),
    "revoked": (revoked, timedelta(days=2), "1 membership that was revoked and is not ended at Stripe"),
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
    assert all(words in said for _promise, _late, words in list(PROMISES.values())[:3])


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
