"""Does whoever fails to pay have their days of grace, whenever it fails, and do the mails say what is so?"""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction

from lms_memberships.access import decide
from lms_memberships.creator.person import words
from lms_memberships.emails import switches
from lms_memberships.emails.rendering import message_for
from lms_memberships.models import Email, Subscription
from lms_memberships.subscriptions import giving
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.faults.crowd import put
from tests.flows.steps import buy, press_join
from tests.flows.test_failing import Member

pytestmark = pytest.mark.django_db

CLOSED = "Access is closed because your payment of €19.00 failed. It opens again once you pay."
OPEN = "You keep access until"


@pytest.fixture
def joined(membership, student, client_for, clock, postman, sandbox) -> Member:
    """Their card pays once, and never again."""
    member = Member(client_for(student), clock, postman, sandbox)
    buy(member.browser, membership, card=hosted.FAILS_LATER_CARD)
    postman.deliver()
    return member


def failures() -> list[str]:
    """What the mails about a missing payment say, HTML and all; those that have left since the last look."""
    found = [each for each in mail.outbox if "failed" in each.subject or "missing" in each.subject]
    mail.outbox.clear()
    return [" ".join(f"{each.body} {each.alternatives[0][0]}".split()) for each in found]


def change_quantity(gateway, row: Subscription) -> None:
    """In Stripe's dashboard: more of it, billed at once, and the card is refused."""
    item = gateway.read_subscription(row.stripe_id).item_id
    change = {"items": [{"id": item, "quantity": 3}], "proration_behavior": "always_invoice"}
    gateway.client.v1.subscriptions.update(row.stripe_id, change)


def test_a_change_that_is_not_paid_closes_nothing_that_is(joined, student, live_session, gateway):
    """G2: paid until day 31; on day 20 something more is billed and refused. Open for a week from then on, no longer."""
    joined.pass_by(days=20)
    change_quantity(gateway, joined.row)
    joined.pass_by(hours=1)
    assert joined.row.status == "past_due"
    until = joined.row.access_until
    assert until - joined.clock.now > timedelta(days=6, hours=20)
    assert f"failed. {OPEN}" in joined.read()
    for _days in range(2):
        joined.pass_by(days=3)
        joined.clock.daily()
        assert decide(student, live_session, now=joined.clock.now).allowed
    joined.pass_by(days=2)
    assert not decide(student, live_session, now=joined.clock.now).allowed
    assert joined.row.access_until == until, "tries of Stripe's, and ours, have moved nothing"


def test_a_change_that_is_not_paid_after_a_cancellation_leaves_the_days_of_grace(
    joined, student, live_session, gateway, client_for
):
    """G2, P7: cancelled on day 10, changed and refused on day 20: a week as for everybody; and both pages say so."""
    joined.pass_by(days=10)
    joined.press("cancel", joined.row.pk)
    joined.pass_by(days=10)
    change_quantity(gateway, joined.row)
    joined.pass_by(hours=1)
    row, now = joined.row, joined.clock.now
    assert row.status == "past_due"
    assert row.cancel_at > row.access_until > now + timedelta(days=6, hours=20)
    page = joined.read()
    assert f"failed. {OPEN}" in page
    assert "Nothing more is charged" not in page
    assert words.situation_of(row, now) == "failing"
    joined.pass_by(days=8)
    assert not decide(student, live_session, now=joined.clock.now).allowed


def test_it_lasts_no_longer_than_the_end_that_is_set(joined, student, live_session, gateway):
    """G2: changed and refused three days before the end: open for those three."""
    joined.press("cancel", joined.row.pk)
    joined.pass_by(days=28)
    change_quantity(gateway, joined.row)
    joined.pass_by(hours=1)
    assert joined.row.access_until == joined.row.cancel_at
    assert decide(student, live_session, now=joined.clock.now).allowed
    joined.pass_by(days=3)
    assert not decide(student, live_session, now=joined.clock.now).allowed


def test_the_nightly_comparison_comes_to_the_same(joined, gateway):
    """G2, A16: with the webhook lost, and with it; a second comparison repairs nothing."""
    joined.pass_by(days=20)
    change_quantity(gateway, joined.row)
    joined.clock.advance(hours=20)
    with pytest.raises(CommandError, match="were not as at Stripe"):
        call_command("memberships_sync", "--all", verbosity=0)
    (since, until) = joined.row.unpaid_since, joined.row.access_until
    assert until > joined.clock.now
    joined.postman.deliver()
    call_command("memberships_sync", "--all", verbosity=0)
    assert (joined.row.unpaid_since, joined.row.access_until) == (since, until)


def test_a_debit_that_the_bank_refuses_late(student, client_for, gateway, live_session, postman, clock, sandbox):
    """G2, G10, X17: three days of grace, and refused on the sixth day: open until the ninth, with a reminder before."""
    switches.switch_all_on()
    sandbox.actions.set_retries(days=[40], then="past_due")
    book = publish(put_into(MembershipFactory(title="Book", grace_days=3), live_session), gateway=gateway)
    member = Member(client_for(student), clock, postman, sandbox)
    hosted.pay_by_debit(press_join(member.browser, book), iban=hosted.PAYING_ACCOUNT)
    postman.deliver()
    member.pass_by(days=6)
    spoil_the_account(sandbox)
    member.pass_by(days=27)
    while member.row.status == "active":
        assert decide(student, live_session, now=clock.now).allowed
        member.pass_by(days=1)
        clock.daily()
    assert member.row.access_until - clock.now > timedelta(days=2)
    (failed,) = failures()
    assert OPEN in failed
    member.pass_by(days=2, hours=3)
    clock.daily()
    assert len(failures()) == 1, "one reminder, on the last day"
    member.pass_by(days=1)
    assert not decide(student, live_session, now=clock.now).allowed


def spoil_the_account(sandbox) -> None:
    for method in sandbox.store.all("payment_method", account=sandbox.account_id):
        empty = {
            key: hosted.FAILING_ACCOUNT if value == hosted.PAYING_ACCOUNT else value for key, value in method.items()
        }
        put(sandbox, empty)


def test_a_failure_after_the_days_of_grace_says_that_it_is_closed(joined):
    """F2, X17: Stripe tries for two weeks, and grace is one."""
    switches.switch_all_on()
    mail.outbox.clear()
    joined.pass_by(days=31, hours=3)
    joined.clock.daily()
    said = []
    for _day in range(14):
        is_open = joined.row.is_live(joined.clock.now)
        said += [(is_open, each) for each in failures()]
        joined.pass_by(days=1)
        joined.clock.daily()
    assert {is_open for is_open, _each in said} == {True, False}
    for is_open, each in said:
        assert (OPEN in each, each.count(CLOSED)) == ((True, 0) if is_open else (False, 2))


def test_what_it_says_where_paying_is_not_all_that_is_needed(joined, student, membership):
    """G19, G20, X2: the bank asks; an end is set; or it is open in another way. Neither sentence, where neither is so."""
    switches.switch_all_on()
    joined.pass_by(days=31, hours=3)
    joined.pass_by(days=8)
    email = Email.objects.filter(kind="payment_failed").latest("pk")
    email.invoice.needs_person = True
    assert "Access is closed: your bank wants you to confirm your payment of €19.00 first." in body_of(email, joined)
    email.invoice.needs_person = False
    assert CLOSED in body_of(email, joined)
    email.subscription.cancel_at = joined.clock.now
    assert "ccess" not in body_of(email, joined)
    email.subscription.cancel_at = None
    now = joined.clock.now
    with transaction.atomic():
        giving.give(student, membership, until=now + timedelta(days=9), language="en", now=now)
    assert "ccess" not in body_of(email, joined)


def body_of(email: Email, member: Member) -> str:
    return message_for(email, now=member.clock.now).body
