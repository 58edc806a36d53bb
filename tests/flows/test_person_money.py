"""Are the sums and days on a person's pages what Stripe really takes, and when it ends? (X20, P25, H7, G20)"""

from datetime import timedelta

import pytest
from django.urls import reverse

from lms_memberships.creator.person.dates import day
from lms_memberships.models import Invoice, Price, PriceMove, PriceMoveEntry, Subscription, TierChange
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.desk import helper, press, read, url
from tests.flows.steps import buy, text
from tests.flows.test_person import at_stripe, hosted_failure

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_for):
    return client_for(helper())


@pytest.fixture
def held(client_for, student, membership, postman) -> Subscription:
    """Bought: 19 euros a month."""
    buy(client_for(student), membership)
    postman.deliver()
    return Subscription.objects.get(membership=membership)


@pytest.fixture
def trial(client_for, student, live_session, gateway, postman) -> Subscription:
    """On trial for seven days, with a card."""
    tried = publish(put_into(MembershipFactory(title="Tried", trial_days=7), live_session), gateway=gateway)
    buy(client_for(student), tried)
    postman.deliver()
    return Subscription.objects.get(membership=tried)


# ------------------------------------------------------------------ when it ends


def test_the_day_on_which_it_ends_is_the_periods_and_not_that_of_an_old_trial(desk, student, trial, clock, postman):
    """P25: Stripe keeps the end of the trial for good."""
    assert day(trial.trial_end) in read(desk, "cancel", student, trial.pk)
    clock.advance(days=9)
    postman.deliver()
    trial.refresh_from_db()
    assert trial.status == "active"
    assert trial.trial_end < clock.now < trial.period_end
    shown = read(desk, "cancel", student, trial.pk)
    assert f"It ends on {day(trial.period_end)}" in shown
    press(desk, "cancel", student, trial.pk)
    trial.refresh_from_db()
    assert trial.cancel_at == trial.period_end


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused"])
def test_without_paid_time_it_says_that_it_ends_now(desk, student, held, status, sandbox):
    """P25: said before, and so it is done."""
    Subscription.objects.filter(pk=held.pk).update(status=status)
    shown = read(desk, "cancel", student, held.pk)
    assert "it ends now" in shown
    assert "stays open until then" not in shown
    press(desk, "cancel", student, held.pk)
    assert at_stripe(sandbox, held.stripe_id)["status"] == "canceled"


# ------------------------------------------------------------------ what came in


def happened(desk, student) -> str:
    return read(desk, "", student).partition("What happened")[2].partition("Invoices")[0]


def test_only_money_that_came_in_is_called_paid(desk, student, held):
    """H7: ten euros of the balance are no payment, and neither is an invoice of nothing or less."""
    paid = Invoice.objects.get()
    Invoice.objects.filter(pk=paid.pk).update(amount_paid=900, amount_due=900)
    assert "€9.00 paid" in happened(desk, student)
    for total in (0, -500):
        Invoice.objects.filter(pk=paid.pk).update(total=total, amount_paid=0, amount_due=0)
        shown = happened(desk, student)
        assert "invoice of" in shown
        assert " paid" not in shown, total


def test_the_list_of_invoices_says_what_was_paid_and_what_went_back(desk, student, held):
    """X20, W27"""
    Invoice.objects.update(amount_paid=900, refunded=900)
    row = read(desk, "", student).partition("Given back")[2].partition("At Stripe")[0]
    assert "€19.00 €9.00 €9.00 Paid" in row


def test_a_draft_has_no_page_to_lead_to(desk, student, held):
    """W27: Stripe has neither page nor file of it."""
    addresses = [url(what, student, held.invoices.get().pk) for what in ("invoice", "invoice_pdf")]
    page = desk.get(url("", student)).content.decode()
    assert all(address in page for address in addresses)
    Invoice.objects.update(status="draft")
    page = desk.get(url("", student)).content.decode()
    assert "Draft" in page
    assert not any(address in page for address in addresses)


def test_of_what_was_paid_in_part_the_rest_is_open(desk, student, held, sandbox, clock, postman):
    """G20"""
    hosted_failure(held, sandbox, clock, postman)
    assert "Not paid €19.00" in read(desk, "end", student, held.pk)
    Invoice.objects.filter(status="open").update(amount_paid=700)
    assert "Not paid €12.00" in read(desk, "end", student, held.pk)


# ------------------------------------------------------------------ what will be taken


def account(client_for, student) -> str:
    return text(client_for(student).get(reverse("lms_memberships:account")).content.decode())


def test_a_price_is_said_with_its_tax_and_what_is_taken_off_on_both_pages(desk, client_for, student, held, settings):
    """X20, X16, P7: only Stripe knows how much it takes off, and what tax it adds; students and staff read the same."""
    press(desk, "cancel", student, held.pk)
    assert "the next payment of €19.00 per month is due" in read(desk, "keep", student, held.pk)
    settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
    assert "€19.00 per month incl. tax is due" in read(desk, "keep", student, held.pk), "the tax is part of it"
    held.price.tax_behavior = "exclusive"
    held.price.save()
    assert "€19.00 per month plus tax is due" in read(desk, "keep", student, held.pk)
    press(desk, "keep", student, held.pk)
    assert "Next payment: €19.00 per month plus tax on" in read(desk, "", student)
    assert ": €19.00 per month plus tax." in account(client_for, student), (
        "as that price was made, not as the site is set"
    )
    Subscription.objects.update(is_reduced=True)
    assert "€19.00 per month plus tax, less a discount or credit on" in read(desk, "", student)
    assert ": €19.00 per month plus tax, less your discount or credit." in account(client_for, student)


@pytest.mark.parametrize("kind", ["move", "change"])
def test_a_price_that_is_told_or_planned_is_the_next_one(kind, desk, client_for, student, held, now):
    """X20, X11, G15: from its day on, on both pages, for whom something is taken off too; before it, the old one."""
    held.price.pk, held.price.amount, held.price.stripe_id = None, 2500, "price_new"
    held.price.save()
    old, new = Price.objects.order_by("pk")
    if kind == "move":
        move = PriceMove.objects.create(
            membership=held.membership, old_price=old, new_price=new, move_at=now, created_at=now,
            account=held.account, livemode=held.livemode,
        )  # fmt: skip
        PriceMoveEntry.objects.create(
            move=move, subscription=held, state="told", applies_from=held.period_end, next_try_at=now
        )
    else:
        TierChange.objects.create(
            subscription=held, user=student, membership=held.membership, price=new, when="period_end",
            state="planned", created_at=now, due_at=held.period_end,
        )  # fmt: skip
    Subscription.objects.update(is_reduced=True)
    assert "Next payment: €25.00 per month, less a discount or credit on" in read(desk, "", student)
    assert "€25.00 per month, less your discount or credit." in account(client_for, student)
    PriceMoveEntry.objects.update(applies_from=held.period_end + timedelta(days=1))
    TierChange.objects.update(due_at=held.period_end + timedelta(days=1))
    assert "Next payment: €19.00 per month, less a discount or credit on" in read(desk, "", student)


def test_of_a_cancelled_trial_nothing_is_due(desk, student, trial, clock):
    """X20, P25: extended, it ends later, and nothing is charged then either."""
    shown = read(desk, "trial", student, trial.pk)
    assert "€19.00 per month is due" in shown
    assert "They are reminded" in shown
    press(desk, "cancel", student, trial.pk)
    shown = read(desk, "trial", student, trial.pk)
    assert "Nothing is charged by extending it" in shown
    assert "is due" not in shown
    assert "They are reminded" not in shown
