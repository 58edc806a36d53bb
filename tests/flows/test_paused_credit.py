"""What becomes of what a pause has credited, when the paused one is cancelled? It stays theirs, and is said (X14)."""

import pytest
from django.core import mail

from lms_memberships.emails import switches
from lms_memberships.models import Deed
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import cancel_links
from tests import hosted
from tests.flows.desk import helper, read
from tests.flows.desk import press as press_at_desk
from tests.flows.steps import buy, text
from tests.flows.test_pausing import address, at_stripe, browser, held, invoices, press

__all__ = ["browser", "held"]
pytestmark = pytest.mark.django_db


def balance(sandbox) -> int:
    return -sandbox.store.all("customer", account=sandbox.account_id)[0]["balance"]


def promised(page: str) -> str:
    """The amount that the page names."""
    return page.partition(" was credited to you when it was paused")[0].rpartition(" ")[2]


@pytest.mark.parametrize("way", ["account", "link", "staff", "staff_now"])
def test_who_cancels_a_paused_one_keeps_what_was_credited(
    way, held, browser, student, client, client_for, sandbox, clock, postman
):
    """X14, P11: said before with its amount, on the balance afterwards, and said again on the page and in the mail."""
    switches.switch_all_on()
    postman.deliver()
    link = hosted.path_of(cancel_links.link_of(held))
    clock.advance(days=10)
    press(browser, held, "pause")
    waiting = -sum(each["amount"] for each in sandbox.store.all("invoiceitem", account=sandbox.account_id))
    credit = f"€{waiting / 100:.2f}"
    assert balance(sandbox) == 0
    assert waiting > 0
    mail.outbox.clear()
    if way in {"account", "link"}:
        reader, address_ = {"account": (browser, address(held, "cancel")), "link": (client, link)}[way]
        assert promised(text(reader.get(address_).content.decode())) == credit
        assert at_stripe(sandbox)["status"] == "paused", "looking changes nothing"
        answer = text(reader.post(address_, follow=True).content.decode())
        assert f"{credit} is on your balance here now" in answer
    else:
        desk, what = client_for(helper()), {"staff": "cancel", "staff_now": "end"}[way]
        assert "What its pause has credited to them goes to their balance" in read(desk, what, student, held.pk)
        said = press_at_desk(desk, what, student, held.pk)
        assert "ancelled" in said or "has ended" in said
    postman.deliver()
    held.refresh_from_db()
    assert held.status == "canceled"
    assert balance(sandbox) == waiting, "H7: on the balance, where Stripe takes it off what is billed next"
    assert len(invoices(sandbox)) == 2
    told = [each.body for each in mail.outbox if each.to == [student.email] and "is cancelled" in each.subject]
    assert all(f"{credit} was credited to you for time that you paid" in body for body in told)
    assert len(told) == 1


def test_what_staff_close_keeps_what_its_pause_has_credited(
    held, browser, student, client_for, sandbox, clock, postman
):
    """X14, P24: closed, and the credit is theirs as where staff end it; whoever presses is told so before."""
    clock.advance(days=10)
    press(browser, held, "pause")
    [item] = sandbox.store.all("invoiceitem", account=sandbox.account_id)
    desk = client_for(helper())
    assert "What its pause has credited to them goes to their balance" in read(desk, "revoke", student, held.pk)
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=503, count=99))
    assert "tried again by itself" in press_at_desk(desk, "revoke", student, held.pk)
    assert balance(sandbox) == 0
    sandbox.faults.clear()
    for _again in range(2):
        clock.daily()
        postman.deliver()
    held.refresh_from_db()
    assert (held.status, held.revoked_at is None, Deed.objects.get().settled_at is None) == ("canceled", False, False)
    assert balance(sandbox) == -item["amount"]


def test_paused_a_moment_before_staff_close_it_keeps_its_credit(
    held, browser, student, client_for, gateway, sandbox, clock
):
    """X14, P24: no news of that pause has come here yet."""
    clock.advance(days=10)
    gateway.pause(held.stripe_id, key="by hand")
    held.refresh_from_db()
    assert held.status == "active"
    press_at_desk(client_for(helper()), "revoke", student, held.pk)
    held.refresh_from_db()
    assert (held.status, held.revoked_at is None) == ("canceled", False)
    assert balance(sandbox) > 0


def test_nothing_is_promised_or_charged_where_nothing_was_put_aside(held, browser, gateway, sandbox, clock, postman):
    """X14: a pause without a credit, made in Stripe's dashboard; and one after which something is owed."""
    gateway.client.v1.subscriptions.pause(held.stripe_id, {"type": "subscription"})
    postman.deliver()
    held.refresh_from_db()
    assert held.status == "paused"
    shown = text(browser.get(address(held, "cancel")).content.decode())
    assert "it ends at once" in shown
    assert "credited" not in shown
    assert "balance" not in press(browser, held, "cancel")
    assert (balance(sandbox), len(invoices(sandbox))) == (0, 1)


def test_who_buys_anew_beside_a_paused_one_keeps_what_waits_there(held, browser, membership, sandbox, clock, postman):
    """C6, X14: negative control: what is put aside belongs to that one alone, and the new invoice takes none of it."""
    clock.advance(days=10)
    press(browser, held, "pause")
    [item] = sandbox.store.all("invoiceitem", account=sandbox.account_id)
    buy(browser, membership)
    postman.deliver()
    assert invoices(sandbox)[0]["amount_paid"] == 1900
    assert promised(text(browser.get(address(held, "cancel")).content.decode())) == f"€{-item['amount'] / 100:.2f}"
    press(browser, held, "cancel")
    assert balance(sandbox) == -item["amount"]


def test_stripe_says_nothing_and_no_amount_is_named(held, browser, sandbox, clock):
    """X14, D1: the promise stands without a sum; and the end waits until Stripe can say what it keeps."""
    clock.advance(days=10)
    press(browser, held, "pause")
    sandbox.faults.plan(Fault("status", "POST /v1/invoices/create_preview", status=500, count=8))
    assert "How much it is cannot be said just now" in text(browser.get(address(held, "cancel")).content.decode())
    press(browser, held, "cancel")
    sandbox.faults.clear()
    clock.daily()
    assert at_stripe(sandbox)["status"] == "canceled"
    assert balance(sandbox) > 0


def test_who_withdraws_from_a_paused_one_has_the_money_back_and_no_credit(
    held, browser, sandbox, clock, postman, settings
):
    """X14, G23: in full and once, whether it was cancelled before or not."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    postman.deliver()
    clock.advance(days=3)
    press(browser, held, "pause")
    press(browser, held, "cancel")
    postman.deliver()
    assert balance(sandbox) > 0
    press(browser, held, "withdraw")
    postman.deliver()
    [refund] = sandbox.store.all("refund", account=sandbox.account_id)
    assert (refund["amount"], balance(sandbox)) == (1900, 0)
