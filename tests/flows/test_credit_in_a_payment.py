"""What becomes of a pause's credit that is part of a payment to go on, when that is called off? It stays theirs, once (X14)."""

from contextlib import suppress

import pytest
from django.core import mail
from django.core.management import CommandError

from lms_memberships.emails import switches
from lms_memberships.models import Subscription
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import cancel_links
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.backwards import paid_in_part
from tests.flows.desk import helper, read
from tests.flows.desk import press as press_at_desk
from tests.flows.steps import buy, text
from tests.flows.test_paused_credit import balance, promised
from tests.flows.test_pausing import CARD, address, at_stripe, browser, held, invoices, press
from tests.flows.test_withdrawing_money import rest_is_over

__all__ = ["browser", "held"]
pytestmark = pytest.mark.django_db


def goes_on_unpaid(held, browser, sandbox, clock) -> int:
    """Paused after ten days; Continue was pressed, and the bank refused. Returns what the pause had credited."""
    clock.advance(days=10)
    press(browser, held, "pause")
    [item] = sandbox.store.all("invoiceitem", account=sandbox.account_id)
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number="4000000000000341", **CARD)
    browser.post(address(held, "continue"))
    assert (invoices(sandbox)[0]["status"], at_stripe(sandbox)["status"]) == ("open", "paused")
    return -item["amount"]


def entries(sandbox) -> list[int]:
    """What moved the balance, the newest first."""
    return [each["amount"] for each in sandbox.store.all("customer_balance_transaction", account=sandbox.account_id)]


@pytest.mark.parametrize("way", ["account", "link", "staff", "staff_now"])
def test_who_cancels_while_the_payment_to_go_on_waits_keeps_the_credit(
    way, held, browser, student, client, client_for, sandbox, clock, postman
):
    """X14, P11: said before with its amount; the payment is called off, and what it took off is on the balance, once."""
    switches.switch_all_on()
    postman.deliver()
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    held.refresh_from_db()
    link = hosted.path_of(cancel_links.link_of(held))
    words = f"€{credit / 100:.2f}"
    mail.outbox.clear()
    if way in {"account", "link"}:
        reader, address_ = {"account": (browser, address(held, "cancel")), "link": (client, link)}[way]
        shown = text(reader.get(address_).content.decode())
        assert promised(shown) == words
        assert "that payment is called off" in shown
        assert "is lost" not in shown
        assert (invoices(sandbox)[0]["status"], balance(sandbox)) == ("open", 0), "looking changes nothing"
        assert f"{words} is on your balance here now" in text(reader.post(address_, follow=True).content.decode())
    else:
        desk, what = client_for(helper()), {"staff": "cancel", "staff_now": "end"}[way]
        assert "A payment to continue that waits for them is called off" in read(desk, what, student, held.pk)
        press_at_desk(desk, what, student, held.pk)
    postman.deliver()
    clock.daily()
    held.refresh_from_db()
    assert held.status == "canceled"
    assert [each["status"] for each in invoices(sandbox)] == ["void", "paid"]
    assert (balance(sandbox), entries(sandbox)) == (credit, [-credit])
    told = [each.body for each in mail.outbox if each.to == [student.email] and "is cancelled" in each.subject]
    assert all(f"{words} was credited to you for time that you paid" in body for body in told)
    assert len(told) == 1


def test_what_staff_close_while_the_payment_to_go_on_waits_keeps_the_credit(
    held, browser, student, client_for, sandbox, clock, postman
):
    """X14, P24: that payment is void, and what it took off is on the balance, once."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    press_at_desk(client_for(helper()), "revoke", student, held.pk)
    postman.deliver()
    clock.daily()
    held.refresh_from_db()
    assert (held.status, held.revoked_at is None) == ("canceled", False)
    assert [each["status"] for each in invoices(sandbox)] == ["void", "paid"]
    assert (balance(sandbox), entries(sandbox)) == (credit, [-credit])


def test_what_is_paid_in_part_is_written_off_and_ends(held, browser, student, sandbox, clock, postman):
    """X14, G20: Stripe voids that no more. Ended all the same, and the credit in it is theirs, once."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    paid_in_part(sandbox, 200)
    press(browser, held, "cancel")
    postman.deliver()
    clock.daily()
    assert (invoices(sandbox)[0]["status"], at_stripe(sandbox)["status"]) == ("uncollectible", "canceled")
    assert (balance(sandbox), entries(sandbox)) == (credit, [-credit])


@pytest.mark.parametrize("lost", ["POST /v1/invoices/*/void", "POST /v1/customers/*/balance_transactions"])
def test_an_answer_that_got_lost_puts_it_on_the_balance_once(lost, held, browser, sandbox, clock, postman):
    """X14, D1, D4: negative control: whatever is repeated, and however often the news of it comes."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    sandbox.faults.plan(Fault("commit_then_drop", lost, count=4))
    press(browser, held, "cancel")
    sandbox.faults.clear()
    for _ in range(2):
        clock.daily()
        postman.deliver()
    assert at_stripe(sandbox)["status"] == "canceled"
    assert (balance(sandbox), entries(sandbox)) == (credit, [-credit])


def test_a_payment_to_go_on_that_somebody_else_calls_off_loses_nothing(held, browser, gateway, sandbox, clock, postman):
    """X14: voided in Stripe's dashboard. Of whoever goes on after that, the balance pays first, and once."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    gateway.client.v1.invoices.void_invoice(invoices(sandbox)[0]["id"])
    postman.deliver()
    assert (balance(sandbox), at_stripe(sandbox)["status"]) == (credit, "paused")
    shown = text(browser.get(address(held, "continue")).content.decode())
    assert f"you pay €{(1900 - credit) / 100:.2f} now" in shown
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number="4242424242424242", **CARD)
    assert "goes on" in press(browser, held, "continue")
    assert (balance(sandbox), invoices(sandbox)[0]["amount_paid"]) == (0, 1900 - credit)
    postman.deliver()
    assert entries(sandbox) == [credit, -credit]


def test_gone_on_with_before_that_news_came(held, browser, gateway, sandbox, clock, postman):
    """X14: the credit is looked for before a new invoice is made."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    gateway.client.v1.invoices.void_invoice(invoices(sandbox)[0]["id"])
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number="4242424242424242", **CARD)
    press(browser, held, "continue")
    postman.deliver()
    assert (balance(sandbox), invoices(sandbox)[0]["amount_paid"]) == (0, 1900 - credit)
    assert entries(sandbox) == [credit, -credit]


def test_who_cancels_after_two_tries_to_go_on_has_it_once(held, browser, gateway, sandbox, clock, postman):
    """X14, H7: the second invoice took it off the balance, where Stripe puts it back: nothing of ours is added."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    gateway.client.v1.invoices.void_invoice(invoices(sandbox)[0]["id"])
    postman.deliver()
    browser.post(address(held, "continue"))
    assert (balance(sandbox), invoices(sandbox)[0]["status"]) == (0, "open")
    press(browser, held, "cancel")
    postman.deliver()
    assert at_stripe(sandbox)["status"] == "canceled"
    assert (balance(sandbox), entries(sandbox)) == (credit, [-credit, credit, -credit])


def test_what_stripe_puts_aside_again_is_not_added(held, browser, gateway, sandbox, clock, postman):
    """X14: negative control: should Stripe let a void invoice go of its items, they are kept as they always were."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    gateway.client.v1.invoices.void_invoice(invoices(sandbox)[0]["id"])
    [item] = sandbox.store.all("invoiceitem", account=sandbox.account_id)
    sandbox.store.commit({(sandbox.account_id, "invoiceitem", item["id"]): item | {"invoice": None}})
    postman.deliver()
    assert balance(sandbox) == 0
    press(browser, held, "cancel")
    postman.deliver()
    assert (at_stripe(sandbox)["status"], balance(sandbox), entries(sandbox)) == ("canceled", credit, [-credit])


def test_a_payment_to_go_on_that_is_on_its_way_is_waited_for(held, browser, sandbox, clock, postman):
    """X14: negative control: it may be paid yet, and a credit beside it would be money twice."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    [invoice, _] = invoices(sandbox)
    intent = sandbox.store.one("payment_intent", invoice["_payment_intent"], account=sandbox.account_id)
    under_way = intent | {"status": "processing", "_answered_at": sandbox.now() + 864000}
    sandbox.store.commit({(sandbox.account_id, "payment_intent", intent["id"]): under_way})
    assert "not confirmed by the payment service yet" in press(browser, held, "cancel")
    with pytest.raises(CommandError):
        clock.daily()
    assert (at_stripe(sandbox)["status"], balance(sandbox), entries(sandbox)) == ("paused", 0, [])
    sandbox.store.commit({(sandbox.account_id, "payment_intent", intent["id"]): intent})
    rest_is_over()
    clock.daily()
    assert (at_stripe(sandbox)["status"], balance(sandbox), entries(sandbox)) == ("canceled", credit, [-credit])


def test_who_withdraws_while_the_payment_to_go_on_waits_has_the_money_back_and_no_credit(
    held, browser, sandbox, clock, postman, settings
):
    """X14, G23: negative control: all that was paid goes back, so that nothing is put on the balance."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    postman.deliver()
    goes_on_unpaid(held, browser, sandbox, clock)
    press(browser, held, "withdraw")
    postman.deliver()
    clock.daily()
    [refund] = sandbox.store.all("refund", account=sandbox.account_id)
    assert (refund["amount"], balance(sandbox), entries(sandbox)) == (1900, 0, [])


def test_who_withdraws_after_that_end_has_the_money_back_and_no_credit(
    held, browser, sandbox, clock, postman, settings
):
    """X14, G23: negative control: what the end has put on the balance is taken off it again."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    postman.deliver()
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    press(browser, held, "cancel")
    postman.deliver()
    assert balance(sandbox) == credit
    press(browser, held, "withdraw")
    postman.deliver()
    [refund] = sandbox.store.all("refund", account=sandbox.account_id)
    assert (refund["amount"], balance(sandbox)) == (1900, 0)


def test_the_tax_of_what_was_not_used_goes_to_the_balance_too(
    browser, gateway, live_session, sandbox, clock, postman, settings
):
    """X14, X16: added on top of the price, it was paid too: named before the press, and kept in full."""
    settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
    settings.LMS_MEMBERSHIPS_TAX_BEHAVIOR = "exclusive"
    sandbox.actions.set_taxes(rates={"FR": "20"})
    taxed = publish(put_into(MembershipFactory(may_pause=True), live_session), gateway=gateway)
    buy(browser, taxed)
    postman.deliver()
    row = Subscription.objects.get()
    net = goes_on_unpaid(row, browser, sandbox, clock)
    lines = invoices(sandbox)[0]["lines"]["data"]
    [taken] = [each for each in lines if each["amount"] == -net]
    credit = net - taken["taxes"][0]["amount"]
    assert credit > net
    assert promised(text(browser.get(address(row, "cancel")).content.decode())) == f"€{credit / 100:.2f}"
    press(browser, row, "cancel")
    assert (balance(sandbox), entries(sandbox)) == (credit, [-credit])


def test_who_buys_anew_beside_a_payment_that_waits_pays_with_the_credit(
    held, browser, membership, sandbox, clock, postman
):
    """C6, X14: that payment is called off, and what it took off is on the balance, before anything else is paid; once."""
    credit = goes_on_unpaid(held, browser, sandbox, clock)
    buy(browser, membership)
    postman.deliver()
    new, called_off, *_before = invoices(sandbox)
    assert called_off["status"] == "void"
    assert (new["status"], new["total"], new["amount_paid"]) == ("paid", 1900, 1900 - credit)
    assert entries(sandbox) == [credit, -credit]
    assert balance(sandbox) == 0
    press(browser, held, "cancel")
    postman.deliver()
    assert (entries(sandbox), balance(sandbox)) == ([credit, -credit], 0)


def test_whoever_has_declared_a_withdrawal_is_credited_nothing(
    held, browser, gateway, sandbox, clock, postman, settings
):
    """X14, G23: negative control: Stripe has not ended it yet, and the payment to go on is voided in its dashboard."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    postman.deliver()
    goes_on_unpaid(held, browser, sandbox, clock)
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=400, count=9))
    press(browser, held, "withdraw")
    assert at_stripe(sandbox)["status"] == "paused"
    gateway.client.v1.invoices.void_invoice(invoices(sandbox)[0]["id"])
    with suppress(CommandError):
        # The end is refused again, which the run says.
        postman.deliver()
    assert (at_stripe(sandbox)["status"], entries(sandbox)) == ("paused", [])
    sandbox.faults.clear()
    rest_is_over()
    postman.deliver()
    [refund] = sandbox.store.all("refund", account=sandbox.account_id)
    assert (refund["amount"], balance(sandbox)) == (1900, 0)
