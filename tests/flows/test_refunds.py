"""Money goes back in Stripe's dashboard: what is written here, what closes, and who hears of it?"""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.clock import wall_time
from lms_memberships.emails import switches
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Email, Membership, Refund, Subscription
from lms_memberships.payments.gateway import GatewayFailure
from lms_memberships.payments.models import Intent
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import refunds
from lms_memberships.subscriptions.invoice_sums import with_what_went_back
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.backwards import bought, charge_of, compared
from tests.flows.steps import text
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


@pytest.fixture
def once(gateway, live_session) -> Membership:
    return publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)


@pytest.fixture
def closing(settings):
    settings.LMS_MEMBERSHIPS_ON_FULL_REFUND = "close"


def mails(kind: str) -> int:
    return Email.objects.filter(kind=kind).count()


def test_a_full_refund_keeps_access_unless_the_site_wants_otherwise(browser, membership, sandbox, postman, clock):
    """X13, G9: the default; the row says what went back, and that it was not made here."""
    held = bought(browser, membership, postman)
    sandbox.actions.refund_charge(charge_of(sandbox, held))
    postman.deliver()
    refund = Refund.objects.get()
    assert (refund.state, refund.money, refund.is_ours) == ("succeeded", held.money, False)
    assert (refund.subscription, refund.invoice) == (held, held.invoices.get())
    held.refresh_from_db()
    assert held.is_live(clock.now)
    assert held.status == "active"


def test_a_full_refund_closes_at_once_and_stops_the_renewal(
    browser, student, membership, live_session, sandbox, postman, clock, closing
):
    """X13, G9: full, with the setting: closed here at once, over at Stripe."""
    switches.switch_all_on()
    held = bought(browser, membership, postman)
    sandbox.actions.refund_charge(charge_of(sandbox, held))
    postman.deliver()
    held.refresh_from_db()
    assert not held.is_live(clock.now)
    assert held.status == "canceled"
    assert not decide(student, live_session, now=clock.now).allowed
    assert (mails("access_lost"), mails("payment_refunded"), mails("cancelled")) == (1, 1, 0)
    page = text(browser.get(reverse("lms_memberships:account")).content.decode())
    assert "Your payment was given back, and access is closed." in page
    assert "The school has closed it" not in page


def test_a_part_never_closes_anything_and_three_parts_are_all(browser, membership, sandbox, postman, clock, closing):
    """G9: three partial refunds; only the last, which makes them full, closes."""
    switches.switch_all_on()
    held = bought(browser, membership, postman)
    charge = charge_of(sandbox, held)
    for amount, is_open in ((500, True), (500, True), (900, False)):
        sandbox.actions.refund_charge(charge, amount=amount)
        postman.deliver()
        held.refresh_from_db()
        assert held.is_live(clock.now) is is_open
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [500, 500, 900]
    # Stripe's dashboard wrote no credit note: sums and reports know of it by its refunds.
    bill = with_what_went_back(held.invoices).get()
    assert (bill.credited, bill.refunded, bill.given_back) == (0, 1900, 1900)
    assert mails("payment_refunded") == 3
    assert mails("access_lost") == 1


def test_one_refund_in_several_events_is_one_row_and_one_mail(browser, membership, sandbox, postman):
    """G9: created, updated, and created once more."""
    switches.switch_all_on()
    held = bought(browser, membership, postman)
    sandbox.actions.refund_charge(charge_of(sandbox, held), amount=500)
    told = [each for each in postman.deliver() if each["type"] == "refund.created"]
    again = told[0] | {"id": "evt_again", "type": "refund.updated"}
    assert post_event(again).status_code == 200
    assert post_event(told[0] | {"id": "evt_twice"}).status_code == 200
    call_command("memberships_drain", verbosity=0)
    assert Refund.objects.count() == 1
    assert mails("payment_refunded") == 1


def test_what_was_paid_once_is_closed_by_its_own_refund(browser, once, sandbox, postman, clock, closing):
    """G8, G9: a purchase has no subscription at Stripe: nothing to end there, and it can be bought again."""
    held = bought(browser, once, postman)
    sandbox.actions.refund_charge(charge_of(sandbox, held))
    postman.deliver()
    held.refresh_from_db()
    assert not held.is_live(clock.now)
    assert not held.is_held(clock.now)


def test_what_it_has_become_since_does_not_matter(browser, membership, sandbox, postman, clock, closing):
    """G8: sold by the month, the membership is sold once by now; the refund still ends what renews."""
    held = bought(browser, membership, postman)
    Membership.objects.filter(pk=membership.pk).update(interval="one_time")
    sandbox.actions.refund_charge(charge_of(sandbox, held))
    postman.deliver()
    held.refresh_from_db()
    assert (held.is_live(clock.now), held.status) == (False, "canceled")


def test_an_old_month_that_is_given_back_closes_nothing(browser, membership, sandbox, postman, clock, closing):
    """G9: what it paid for is over; the present month is paid."""
    held = bought(browser, membership, postman)
    clock.advance(days=32)
    postman.deliver()
    assert held.invoices.filter(status="paid").count() == 2
    sandbox.actions.refund_charge(charge_of(sandbox, held, 1))
    postman.deliver()
    held.refresh_from_db()
    assert held.is_live(clock.now)
    assert Refund.objects.count() == 1


def test_a_refund_that_fails_later_is_told_to_the_admins_once(browser, membership, sandbox, postman, settings):
    """G9: the money is with the seller again."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    held = bought(browser, membership, postman)
    made = sandbox.actions.refund_charge(charge_of(sandbox, held))
    postman.deliver()
    sandbox.actions.fail_refund(made["id"])
    postman.deliver()
    refund = Refund.objects.get()
    assert (refund.state, refund.failure) == ("failed", "expired_or_canceled_card")
    assert mails("admin_refund_failed") == 1
    assert refunds.given_back_of(held.invoices.get()) == 0


def test_what_was_missed_is_found_by_the_comparison(browser, membership, sandbox, postman, clock, closing):
    """G9: no webhook arrived; the nightly comparison writes the same row."""
    held = bought(browser, membership, postman)
    made = sandbox.actions.refund_charge(charge_of(sandbox, held))
    compared()
    assert Refund.objects.get().stripe_id == made["id"]
    held.refresh_from_db()
    assert held.status == "canceled"
    compared()
    assert Refund.objects.count() == 1


def test_what_is_nobodys_here_is_left_alone(gateway, sandbox, postman):
    """L9: another shop of the same account gives back."""
    product = gateway.client.v1.products.create({"name": "Mug"})
    price = gateway.client.v1.prices.create({"product": product.id, "currency": "eur", "unit_amount": 900})
    session = gateway.client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "https://shop.test/ok",
        }
    )
    sandbox.actions.pay_checkout(
        session.id, email="a@b.test", name="A", card_number="4242424242424242", exp_month=12, exp_year=2034, cvc="123"
    )
    charge = sandbox.store.all("charge", account=sandbox.account_id)[0]["id"]
    sandbox.actions.refund_charge(charge)
    postman.deliver()
    compared()
    assert not Refund.objects.exists()


def test_the_end_at_stripe_is_tried_until_it_works(browser, membership, sandbox, postman, clock, closing, monkeypatch):
    """G9, G24: closed at once; Stripe was down, and is asked again by the daily job."""
    held = bought(browser, membership, postman)
    _closed_by_a_refund(held, clock)
    assert [row.pk for row in refunds.revoked()] == [held.pk]
    clock.daily()
    held.refresh_from_db()
    assert held.status == "canceled"


def test_a_refund_that_stripe_does_not_make_keeps_nobody_billed_for_what_is_closed(
    browser, client_for, membership, sandbox, postman, clock
):
    """G9, G24: the job of the day does what it can, and says what it could not."""
    stuck = bought(client_for(UserFactory()), membership, postman)
    held = bought(browser, membership, postman)
    _closed_by_a_refund(held, clock)
    invoice = stuck.invoices.get()
    asked = Refund.objects.create(
        account=stuck.account,
        livemode=stuck.livemode,
        payment_intent_id=invoice.payment_intent_id,
        invoice=invoice,
        subscription=stuck,
        membership=membership,
        amount=invoice.amount_paid,
        currency=invoice.currency,
        created_at=clock.now,
    )
    sandbox.faults.plan(Fault("status", "POST /v1/credit_notes", status=500, count=0))
    with pytest.raises(GatewayFailure):
        JOBS["money_back"].do(clock.now)
    asked.refresh_from_db()
    held.refresh_from_db()
    assert (asked.state, held.status) == ("asked", "canceled")
    sandbox.faults.clear()
    Intent.objects.filter(purpose="give_back").update(sent_at=wall_time() - timedelta(days=3))
    JOBS["money_back"].do(clock.now)
    asked.refresh_from_db()
    assert asked.state == "succeeded"


def test_what_staff_have_closed_is_ended_by_one_job_alone(browser, membership, postman, clock):
    """P24, G9: by that of revocations, which voids what is open too."""
    held = bought(browser, membership, postman)
    Subscription.objects.filter(pk=held.pk).update(revoked_at=clock.now)
    assert not refunds.revoked().exists()


def _closed_by_a_refund(held: Subscription, clock) -> None:
    """As far as it is written down here."""
    before = clock.now - timedelta(hours=1)
    rows = Subscription.objects.filter(pk=held.pk)
    rows.update(revoked_at=clock.now, is_revoked_by_refund=True, access_until=before)
