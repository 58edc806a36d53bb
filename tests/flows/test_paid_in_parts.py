"""Paid by several payments, or partly past Stripe: who is told what to do, and does what Stripe gives back add up (X13, X14)?"""

import pytest
from django.urls import reverse

from lms_memberships.models import Invoice, Membership, Refund, Subscription, Withdrawal
from lms_memberships.money import Money
from lms_memberships.subscriptions import attention, giving_back, invoice_sums, refunds, settling_attention
from lms_memberships.subscriptions.payments_made import of_invoice
from tests.factories import UserFactory, allow
from tests.flows.backwards import bought, compared, in_two_payments, past_stripe
from tests.flows.refunding import at_stripe, page_of
from tests.flows.steps import text
from tests.flows.test_withdrawing_money import drain, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]

BY_HAND = "cannot be given back from here"


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def desk(client_for):
    allowed = ("refund_invoice", "view_invoice")
    return client_for(allow(UserFactory(username="refunder"), *allowed))


@pytest.fixture
def held(browser, membership: Membership, postman) -> Subscription:
    return bought(browser, membership, postman)


def read_again(gateway, clock) -> Invoice:
    settling_attention.read_invoice_again(Invoice.objects.get(), gateway=gateway, now=clock.now)
    return Invoice.objects.get()


def given_back() -> Money:
    [totals] = invoice_sums.per_currency(Invoice.objects.all())
    return totals.credited


PARTS = {
    "two payments": in_two_payments,
    "partly past Stripe": lambda sandbox: in_two_payments(sandbox, second_at_stripe=False),
    "past Stripe": past_stripe,
}


@pytest.mark.parametrize("way", PARTS)
def test_no_refund_is_offered_that_cannot_work(desk, held, sandbox, gateway, clock, way):
    """X13: whoever opens it is told what to do instead; a press of an old form does nothing."""
    lists = [reverse("lms_memberships_invoices_list")]
    assert page_of(held) in desk.get(lists[0]).content.decode()
    PARTS[way](sandbox)
    read_again(gateway, clock)
    assert page_of(held) not in desk.get(lists[0]).content.decode()
    shown = desk.get(page_of(held)).content.decode()
    assert BY_HAND in text(shown)
    assert "<form method" not in shown.partition("nice-padding")[2]
    assert "could not be asked" not in shown
    typed = {"amount": "19.00", "effect": "keep", "seen": "1900", "token": "7f1c1d5e-4c43-4d27-9d5b-0a7f7a8e2c11"}
    assert BY_HAND in text(desk.post(page_of(held), typed | {"press": "1"}, follow=True).content.decode())
    assert (at_stripe(sandbox), Refund.objects.count()) == ([], 0)


def test_control_what_one_payment_has_paid_is_offered(desk, held, gateway, clock):
    """X13, negative control."""
    read_again(gateway, clock)
    shown = text(desk.get(page_of(held)).content.decode())
    assert "€19.00 can be given back" in shown
    assert BY_HAND not in shown


def test_a_copy_of_before_is_looked_at_before_the_press(desk, held, sandbox, gateway):
    """X13: our row still names one payment; Stripe knows of both."""
    in_two_payments(sandbox)
    invoice = Invoice.objects.get()
    with pytest.raises(giving_back.PaidInParts):
        giving_back.preview(of_invoice(invoice), Money(500, "eur"), left=Money(1900, "eur"), gateway=gateway)


def test_what_stripe_gives_back_of_each_payment_is_added(desk, held, sandbox, gateway, clock, postman, settings):
    """X13, G9: two refunds in the dashboard are all of it, and close what the site wants closed."""
    settings.LMS_MEMBERSHIPS_ON_FULL_REFUND = "close"
    charges = in_two_payments(sandbox)
    for number, (charge, sum_so_far, is_open) in enumerate(zip(charges, (1000, 1900), (True, False), strict=True)):
        sandbox.actions.refund_charge(charge)
        postman.deliver()
        assert given_back() == Money(sum_so_far, "eur")
        assert refunds.given_back_of(Invoice.objects.get()) == sum_so_far
        held.refresh_from_db()
        assert held.is_live(clock.now) is is_open, number
    assert set(Refund.objects.values_list("invoice", "state")) == {(held.invoices.get().pk, "succeeded")}
    shown = text(desk.get(page_of(held)).content.decode())
    assert {"€10.00", "€9.00"} <= set(shown.split())


def test_what_was_given_back_unheard_is_found_at_night(held, sandbox, gateway, clock):
    """X13, R1: neither payment stands in a row of ours; Stripe says whose they are."""
    charges = in_two_payments(sandbox)
    read_again(gateway, clock)
    for charge in charges:
        sandbox.actions.refund_charge(charge)
    compared()
    assert given_back() == Money(1900, "eur")


@pytest.mark.parametrize("way", ["two payments", "partly past Stripe"])
def test_a_withdrawal_from_it_finishes_and_a_person_is_told(browser, held, desk, sandbox, way):
    """X14: nothing goes back by itself, it is over, and stands among what needs attention until it is given back."""
    PARTS[way](sandbox)
    assert "is given back by hand" in withdraw(browser, held)
    drain()
    assert Withdrawal.objects.get().done_at is not None
    held.refresh_from_db()
    assert (held.status, at_stripe(sandbox)) == ("canceled", [])
    noted = Refund.objects.get()
    assert (noted.subscription, noted.amount, noted.state, noted.failure) == (held, 1900, "failed", "paid_in_parts")
    listed = desk.get(reverse("lms_memberships_attention"), {"kind": "refunds"}).content.decode()
    assert "Paid in several payments, or partly past Stripe" in text(listed)
    assert "Give it back again" not in listed
    withdraw(browser, held)
    assert Refund.objects.count() == 1


def test_given_back_in_the_dashboard_it_leaves_the_list(browser, held, clock, sandbox, postman):
    """X8, X14"""
    charges = in_two_payments(sandbox)
    withdraw(browser, held)
    drain()
    for charge, left in zip(charges, (1, 0), strict=True):
        sandbox.actions.refund_charge(charge)
        postman.deliver()
        assert attention.counts(now=clock.now)["refunds"] == left
    assert given_back() == Money(1900, "eur")


def test_what_went_back_before_the_withdrawal_is_not_asked_for(browser, held, clock, sandbox, postman):
    """X14: one of two was refunded in the dashboard; the other is left."""
    charges = in_two_payments(sandbox)
    sandbox.actions.refund_charge(charges[0])
    postman.deliver()
    withdraw(browser, held)
    drain()
    assert Refund.objects.to_be_looked_at().get().amount == 900
