"""Does a purchase hold whose first invoice a credit at Stripe pays, partly or wholly? (X9, X14)

The credit is what a pause has left to somebody who cancelled it; the page of their next purchase takes it off.
"""

import pytest
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.models import Intent, Invoice, Membership, Refund, Subscription
from lms_memberships.subscriptions import paying_back, taking_credit
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows import refunding
from tests.flows.backwards import compared
from tests.flows.invitations import invite
from tests.flows.steps import press_join, text
from tests.flows.test_paused_credit import balance
from tests.flows.test_pausing import browser, held, press
from tests.webhooks_rig import Postman

__all__ = ["browser", "held"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]

#: What the second membership costs: more than the credit, and less.
PARTLY, WHOLLY = 1900, 900


@pytest.fixture
def credit(held, browser, sandbox, clock, postman) -> int:
    """What a pause after ten days of thirty has left on their balance, in cents."""
    clock.advance(days=10)
    press(browser, held, "pause")
    press(browser, held, "cancel")
    postman.deliver()
    assert WHOLLY < balance(sandbox) < PARTLY
    return balance(sandbox)


@pytest.fixture
def sold(gateway, live_session):
    def sell(amount: int, **columns: object) -> Membership:
        wanted = MembershipFactory(title="Second pass", price_amount=amount, **columns)
        return publish(put_into(wanted, live_session), gateway=gateway)

    return sell


def paid_with(browser, membership: Membership, postman: Postman) -> Subscription:
    """Bought on Stripe's page, come back, all news of it arrived, and compared with Stripe."""
    _status, location, body = hosted.pay(press_join(browser, membership))
    assert location, body
    done = text(browser.get(hosted.path_of(location)).content.decode())
    assert "We are still waiting" not in done
    postman.deliver()
    compared()
    return Subscription.objects.get(membership=membership)


def euros(cents: int) -> str:
    return f"€{cents / 100:.2f}"


def charges(sandbox) -> list[int]:
    return [each["amount"] for each in sandbox.store.all("charge", account=sandbox.account_id)]


@pytest.mark.parametrize("price", [PARTLY, WHOLLY])
def test_the_credit_pays_of_the_first_invoice_and_everything_after_it_holds(
    price, credit, sold, browser, student, live_session, sandbox, clock, postman
):
    """X9, G1: open at once, one subscription, in the list of invoices, and the rest of the credit for what follows."""
    membership, due = sold(price), max(price - credit, 0)
    page = hosted.get(press_join(browser, membership))
    assert "Applied balance" in page
    assert f"Due today {euros(due)}" in text(page)
    assert balance(sandbox) == credit, "a page that is only open uses nothing"
    bought = paid_with(browser, membership, postman)
    assert (bought.status, bought.has_card, bought.is_open_told) == ("active", True, True)
    assert decide(student, live_session, now=clock.now).allowed
    invoice = bought.invoices.get()
    assert (invoice.status, invoice.total, invoice.amount_paid, invoice.doubt) == ("paid", price, due, "")
    assert bool(invoice.payment_intent_id) is bool(due)
    assert charges(sandbox) == ([due] if due else []) + [1900]
    assert balance(sandbox) == max(credit - price, 0)
    listed = text(browser.get(reverse("lms_memberships:invoices")).content.decode())
    assert f"Second pass {euros(price)} Paid" in listed
    clock.advance(days=32)
    postman.deliver()
    assert bought.invoices.order_by("created_at").last().amount_paid == price - max(credit - price, 0)
    assert balance(sandbox) == 0


@pytest.mark.parametrize("price", [PARTLY, WHOLLY])
def test_who_withdraws_has_the_money_back_and_not_the_credit(
    price, credit, sold, browser, student, live_session, sandbox, clock, postman
):
    """X14: what an invoice took off a balance was no payment; where no money was paid, the page says so."""
    bought, due = paid_with(browser, sold(price), postman), max(price - credit, 0)
    left = balance(sandbox)
    shown = text(browser.get(reverse("lms_memberships:withdraw", args=[bought.pk])).content.decode())
    assert (f"Paid {euros(due)}" in shown) is bool(due)
    said = press(browser, bought, "withdraw")
    assert ("all that you paid goes back" if due else "You had paid nothing for it") in said
    postman.deliver()
    clock.daily()
    bought.refresh_from_db()
    assert (bought.status, decide(student, live_session, now=clock.now).allowed) == ("canceled", False)
    assert [each["amount"] for each in sandbox.store.all("refund", account=sandbox.account_id)] == [due] * bool(due)
    assert balance(sandbox) == left
    assert not Intent.objects.filter(purpose=taking_credit.PURPOSE).exists()
    assert Intent.objects.filter(purpose=paying_back.REFUND).count() == bool(due)


def test_what_was_paid_can_be_refunded_and_no_more(
    credit, sold, browser, student, client_for, live_session, clock, postman
):
    """X13, G9: all that came in is given back, which is a full refund."""
    bought = paid_with(browser, sold(PARTLY), postman)
    desk = client_for(allow(UserFactory(username="refunder"), "refund_invoice"))
    url, rest = refunding.page_of(bought), PARTLY - credit
    assert f"{euros(rest)} can be given back" in text(desk.get(url).content.decode())
    too_much = refunding.form(desk, url, amount=f"{(rest + 1) / 100:.2f}", effect="close")
    refunding.press(desk, url, too_much)
    assert not Refund.objects.exists()
    refunding.press(desk, url, refunding.form(desk, url, amount=f"{rest / 100:.2f}", effect="close"))
    postman.deliver()
    assert Refund.objects.get().amount == rest
    assert not decide(student, live_session, now=clock.now).allowed


def test_what_only_the_credit_paid_has_nothing_to_refund(credit, sold, browser, client_for, postman):
    """X13: negative control."""
    bought = paid_with(browser, sold(WHOLLY), postman)
    desk = client_for(allow(UserFactory(username="refunder"), "refund_invoice"))
    assert not bought.invoices.get().can_be_refunded
    answer = desk.get(refunding.page_of(bought), follow=True)
    assert "can be given back" not in text(answer.content.decode())


def pages(browser, membership: Membership) -> dict[str, str]:
    """What is said before Stripe's page, wherever a purchase begins."""
    addresses = {
        "detail": membership.get_absolute_url(),
        "confirm": reverse("lms_memberships:buy", args=[membership.slug]),
        "invitation": invite(membership)[1],
    }
    return {name: text(browser.get(url).content.decode()) for name, url in addresses.items()}


def test_the_pages_before_say_the_credit_beside_what_is_paid_today(credit, sold, browser, client, sandbox):
    """X9: with its amount, as our copies of the invoices have it, and nothing is asked of Stripe for that."""
    membership = sold(PARTLY)
    asked = len(sandbox.requests.all())
    for page in pages(browser, membership).values():
        assert f"You pay {euros(PARTLY)} today" in page
        assert f"Less your credit of {euros(credit)}, which Stripe's page takes off" in page
    assert len(sandbox.requests.all()) == asked
    assert "credit" not in text(client.get(membership.get_absolute_url()).content.decode()), "a stranger has none"


def test_once_used_or_of_another_kind_no_amount_is_named(credit, sold, browser, sandbox, postman):
    """X9: used up by a first invoice; spent in part, then wholly; and what is paid once takes nothing off."""
    first = sold(WHOLLY)
    paid_with(browser, first, postman)
    third = sold(PARTLY, slug="third")
    assert f"Less your credit of {euros(credit - WHOLLY)}," in pages(browser, third)["detail"]
    paid_with(browser, third, postman)
    fourth = pages(browser, sold(PARTLY, slug="fourth"))
    assert not any("redit" in page for page in fourth.values()), "whoever has none reads of none"
    once = pages(browser, sold(PARTLY, slug="once", interval="one_time"))
    assert not any("redit" in page for page in once.values())


def test_in_a_trial_it_is_taken_off_the_first_payment(credit, sold, browser):
    """X9, X12: nothing is paid today that it could be taken off."""
    said = pages(browser, sold(PARTLY, trial_days=14))["detail"]
    assert f"Your credit of {euros(credit)} is taken off the first payment." in said


def test_what_we_have_taken_off_ourselves_is_not_promised(held, credit, sold, browser, sandbox, clock, postman):
    """X9, X14: whoever withdraws from the paused one after its end has the money, and no credit."""
    press(browser, held, "withdraw")
    postman.deliver()
    assert balance(sandbox) == 0
    said = pages(browser, sold(PARTLY))["detail"]
    assert "Less your credit" not in said
    assert "If you have a credit here" in said
    assert Invoice.objects.filter(total__lt=0).exists(), "our copy of the invoice alone would promise it"


def test_who_has_paid_nothing_yet_hears_of_no_credit(sold, browser):
    """X9: negative control."""
    assert not any("redit" in page for page in pages(browser, sold(PARTLY)).values())
