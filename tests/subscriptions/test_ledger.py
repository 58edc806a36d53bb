"""Do our invoices add up to Stripe's, and is it seen when they do not (H11, H5)?"""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from lms_memberships.creator.person.dates import minute
from lms_memberships.health import verdict
from lms_memberships.models import Invoice, Price
from lms_memberships.subscriptions import ledger
from tests.factories import UserFactory, allow
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

PAGE = reverse("lms_memberships_invoices_list")
COMPARE = reverse("lms_memberships_invoices_compare")


@pytest.fixture
def bookkeeper(client_for):
    return client_for(allow(UserFactory(username="bookkeeper"), "view_invoice"))


@pytest.fixture
def billed(client_for, membership, postman, clock):
    """Three people have paid, and the news of it has come."""
    for number in range(3):
        buy(client_for(UserFactory(username=f"buyer{number}")), membership)
    postman.deliver()
    clock.advance(hours=2)
    return list(Invoice.objects.order_by("pk"))


def compare(gateway, clock) -> ledger.Comparison:
    return ledger.compare(gateway=gateway, now=clock.now)


def light(now) -> str:
    [found] = [each for each in verdict.judge(now=now).lights if each.light.name == "ledger"]
    return str(found.finding.state)


def test_what_agrees_is_said_to_agree(billed, gateway, clock, bookkeeper, now):
    """H11"""
    found = compare(gateway, clock)
    assert (found.compared, found.agrees, found.missing, found.extra) == (3, True, [], [])
    assert "The 3 invoices made between" in text(bookkeeper.get(PAGE).content.decode())


def test_what_was_made_in_the_first_second_is_on_both_sides(billed, gateway):
    """H11: Stripe's moments are whole seconds, and ours have fractions."""
    first = billed[0].created_at
    found = ledger.compare(gateway=gateway, now=first + ledger.SPAN + timedelta(seconds=0.5))
    assert (found.missing, found.extra, found.agrees) == ([], [], True)
    assert found.compared == 3


def test_it_is_said_which_invoices_were_compared_and_when(
    billed, gateway, clock, bookkeeper, client_for, membership, postman
):
    """H11: the list below holds younger ones, of which nothing was looked at yet."""
    before = clock.now
    made_at = compare(gateway, clock).made_at
    assert before <= made_at <= clock.now
    buy(client_for(UserFactory()), membership)
    postman.deliver()
    since, until = (minute(made_at - span) for span in (ledger.SPAN, ledger.NEWS_TAKES))
    said = (
        f"The 3 invoices made between {since} and {until} add up to the same as at Stripe, to the cent. "
        f"Compared at {minute(made_at)}"
    )
    assert said in text(bookkeeper.get(PAGE).content.decode())
    clock.advance(minutes=30)
    again = text(bookkeeper.post(COMPARE, follow=True).content.decode())
    assert "The 3 invoices made between" in again, "the fourth is half an hour old"
    assert f"Compared at {minute(ledger.last().made_at)}" in again
    assert ledger.last().made_at > made_at
    clock.advance(minutes=31)
    assert "The 4 invoices made between" in text(bookkeeper.post(COMPARE, follow=True).content.decode())


def test_with_nothing_to_compare_it_says_so(gateway, clock, bookkeeper):
    """H11: nothing adds up to nothing, which tells nobody anything."""
    compare(gateway, clock)
    page = text(bookkeeper.get(PAGE).content.decode())
    assert "No invoice was made between" in page
    assert "add up to the same" not in page


def test_one_missing_and_one_doubled_are_found(billed, gateway, clock, bookkeeper):
    """H11: the missing one is added; the doubled one is shown with what it makes of the sums."""
    gone, twice = billed[0], billed[1]
    missing = gone.stripe_id
    gone.delete()
    twice.pk, twice.stripe_id, twice.number = None, "in_double", "DOUBLE"
    twice.save(force_insert=True)
    found = compare(gateway, clock)
    assert (found.missing, found.extra, found.agrees) == ([missing], ["in_double"], False)
    assert Invoice.objects.filter(stripe_id=missing).exists()
    [difference] = found.differences
    assert (difference.ours.minor, difference.stripes.minor, difference.amount.minor) == (7600, 5700, 1900)
    page = text(bookkeeper.get(PAGE).content.decode())
    for words in ("in_double", missing, "Here: €76.00. At Stripe: €57.00. Difference: €19.00."):
        assert words in page
    Invoice.objects.filter(stripe_id="in_double").delete()
    assert "add up to the same" in text(bookkeeper.post(COMPARE, follow=True).content.decode())


def test_without_the_comparison_nobody_would_know(billed, bookkeeper):
    """H11, negative control: the page alone does not see a doubled invoice."""
    twice = billed[1]
    twice.pk, twice.stripe_id = None, "in_double"
    twice.save(force_insert=True)
    assert "differ" not in text(bookkeeper.get(PAGE).content.decode())


def test_what_changed_unheard_is_read_again(billed, gateway, clock):
    """H11"""
    Invoice.objects.filter(pk=billed[0].pk).update(
        amount_paid=0, status="open", read_started_at=clock.now - timedelta(days=9)
    )
    found = compare(gateway, clock)
    assert (found.mended, found.agrees) == ([billed[0].stripe_id], True)
    billed[0].refresh_from_db()
    assert (billed[0].status, billed[0].amount_paid) == ("paid", 1900)


@pytest.mark.parametrize("missed", ["credited", "tax_added", "tax_included", "payment_intent_id"])
def test_what_else_differs_is_noticed_and_read_again(billed, gateway, clock, missed):
    """H11, G9, X16: a credit note, a tax or a payment of which no news came."""
    stripes = getattr(billed[0], missed)
    wrong = "pi_another" if missed == "payment_intent_id" else 700
    Invoice.objects.filter(pk=billed[0].pk).update(**{missed: wrong}, read_started_at=clock.now - timedelta(days=9))
    found = compare(gateway, clock)
    assert (found.mended, found.agrees) == ([billed[0].stripe_id], True)
    billed[0].refresh_from_db()
    assert getattr(billed[0], missed) == stripes
    assert compare(gateway, clock).mended == []


def test_what_is_nobodys_here_is_left_alone(billed, gateway, clock):
    """L9: another product of the same account bills too."""
    customer = gateway.client.v1.customers.create({"email": "other@shop.test"})
    made = gateway.client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": Price.objects.get().stripe_id}],
            "payment_behavior": "default_incomplete",
        }
    )
    other = made.latest_invoice
    clock.advance(hours=2)
    assert compare(gateway, clock).agrees
    assert not Invoice.objects.filter(stripe_id=other).exists()


def test_it_is_done_every_day_and_the_health_page_says_what_came_of_it(billed, clock):
    """H11"""
    from lms_memberships import clock as our_clock

    assert ledger.last() is None
    assert light(our_clock.wall_time()) == "ok"
    clock.daily()
    assert ledger.last().agrees
    assert light(our_clock.wall_time()) == "ok"
    twice = billed[1]
    twice.pk, twice.stripe_id = None, "in_double"
    twice.save(force_insert=True)
    call_command("memberships_daily", verbosity=0)
    assert light(our_clock.wall_time()) == "fault"
