"""Does nobody go on with a paused membership whose payment their bank takes back, and pay for what stays closed? (X14, G7)"""

import pytest
from django.urls import reverse

from lms_memberships.models import Membership, Subscription
from lms_memberships.subscriptions import cancel_links, lifecycle, pausing
from tests import hosted
from tests.flows import desk as desk_steps
from tests.flows.backwards import bought, charge_of
from tests.flows.steps import text
from tests.flows.test_paused_credit import balance
from tests.flows.test_pausing import CARD, invoices

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


@pytest.fixture
def paused(browser, membership, postman, clock) -> Subscription:
    Membership.objects.update(may_pause=True)
    row = bought(browser, membership, postman)
    clock.advance(days=10)
    browser.post(reverse("lms_memberships:pause", args=[row.pk]))
    postman.deliver()
    row.refresh_from_db()
    assert row.status == "paused"
    return row


def go_on(browser, row: Subscription) -> str:
    answer = browser.post(reverse("lms_memberships:continue", args=[row.pk]), follow=True)
    return text(answer.content.decode())


def is_offered(browser, row: Subscription) -> bool:
    page = browser.get(reverse("lms_memberships:account")).content.decode()
    return reverse("lms_memberships:continue", args=[row.pk]) in page


def bills(sandbox) -> int:
    return len(sandbox.store.all("invoice", account=sandbox.account_id))


def test_what_is_disputed_does_not_go_on(paused, browser, sandbox, postman):
    """G7, X14: neither offered nor charged; the credit of that payment would be theirs twice."""
    assert is_offered(browser, paused)
    dispute = sandbox.actions.open_dispute(charge_of(sandbox, paused))
    postman.deliver()
    before = bills(sandbox)
    assert not is_offered(browser, paused)
    assert "disputed at the bank" in go_on(browser, paused)
    assert bills(sandbox) == before
    paused.refresh_from_db()
    assert paused.status == "paused"
    sandbox.actions.change_dispute(dispute["id"], "won")
    postman.deliver()
    assert is_offered(browser, paused), "decided in the seller's favour"
    assert "Good to have you back" in go_on(browser, paused)


@pytest.mark.parametrize("meanwhile", ["suspend", "keep", "refund"])
@pytest.mark.parametrize("way", ["link", "end", "revoke"])
def test_what_the_bank_may_take_back_is_not_credited_too(
    meanwhile, way, paused, browser, client_for, student, sandbox, postman, clock, settings, gateway
):
    """G7, G9, X14: said before the press; whatever the bank decides, nobody has the same money twice."""
    clock.advance(days=1)
    if meanwhile == "refund":
        gateway.client.v1.refunds.create({"charge": charge_of(sandbox, paused)})
    else:
        settings.LMS_MEMBERSHIPS_ON_DISPUTE = meanwhile
        sandbox.actions.open_dispute(charge_of(sandbox, paused))
    postman.deliver()
    if way == "link":
        link = hosted.path_of(cancel_links.link_of(paused))
        assert "when it was paused is not kept" in text(browser.get(link).content.decode())
        browser.post(link)
    else:
        desk = client_for(desk_steps.helper())
        assert "nothing that its pause has credited to them is kept" in desk_steps.read(desk, way, student, paused.pk)
        desk_steps.press(desk, way, student, paused.pk)
    postman.deliver()
    clock.daily()
    paused.refresh_from_db()
    assert (paused.status, balance(sandbox)) == ("canceled", 0)


def test_a_part_given_back_takes_no_credit(paused, browser, gateway, sandbox, postman, clock):
    """G9, X14: somebody chose to give that back beside it."""
    gateway.client.v1.refunds.create({"charge": charge_of(sandbox, paused), "amount": 500})
    postman.deliver()
    browser.post(reverse("lms_memberships:cancel", args=[paused.pk]))
    assert balance(sandbox) > 0


def test_control_undisputed_the_same_is_credited(paused, browser, sandbox, postman, clock):
    """G7, X14, negative control: what is asserted above is not always so."""
    clock.advance(days=1)
    browser.post(reverse("lms_memberships:cancel", args=[paused.pk]))
    assert balance(sandbox) > 0


def test_a_payment_to_go_on_that_is_void_while_the_bank_decides_is_credited_once_it_is_won(
    paused, browser, gateway, sandbox, postman, clock
):
    """G7, X14: until then nothing is put on the balance; going on looks for it again."""
    charge = charge_of(sandbox, paused)
    sandbox.actions.change_default_card(paused.customer_id, card_number=hosted.FAILS_LATER_CARD, **CARD)
    browser.post(reverse("lms_memberships:continue", args=[paused.pk]))
    [to_pay, *_] = invoices(sandbox)
    assert to_pay["status"] == "open"
    dispute = sandbox.actions.open_dispute(charge)
    postman.deliver()
    gateway.client.v1.invoices.void_invoice(to_pay["id"])
    postman.deliver()
    assert balance(sandbox) == 0
    sandbox.actions.change_dispute(dispute["id"], "won")
    sandbox.actions.change_default_card(paused.customer_id, card_number="4242424242424242", **CARD)
    postman.deliver()
    assert "Good to have you back" in go_on(browser, paused)
    assert invoices(sandbox)[0]["amount_paid"] < 1900


def test_what_staff_have_closed_is_not_paused(browser, membership, postman, now):
    """X14: revoked, and Stripe has not confirmed its end: no time is left that could be credited."""
    Membership.objects.update(may_pause=True)
    row = bought(browser, membership, postman)
    address = reverse("lms_memberships:pause", args=[row.pk])
    assert address in browser.get(reverse("lms_memberships:account")).content.decode()
    lifecycle.rewrite(row.pk, lambda row: lifecycle.close(row, now), now=now)
    assert address not in browser.get(reverse("lms_memberships:account")).content.decode()
    assert "can be paused" in text(browser.post(address, follow=True).content.decode())
    row.refresh_from_db()
    assert row.status == "active"


def test_what_staff_have_closed_does_not_go_on(paused, browser, sandbox, now):
    """X14: revoked, and Stripe has not confirmed its end yet."""
    lifecycle.rewrite(paused.pk, lambda row: lifecycle.close(row, now), now=now)
    before = bills(sandbox)
    assert not is_offered(browser, paused)
    assert "closed by the seller" in go_on(browser, paused)
    assert bills(sandbox) == before


def test_control_without_the_look_it_is_charged(paused, browser, sandbox, postman, monkeypatch):
    """G7, negative control."""
    sandbox.actions.open_dispute(charge_of(sandbox, paused))
    postman.deliver()
    before = bills(sandbox)
    monkeypatch.setattr(pausing, "_refuse_taken_back", lambda subscription: None)
    go_on(browser, paused)
    assert bills(sandbox) > before
