"""What goes back: refunds that fail, credit notes and their preview, disputes."""

import pytest
import stripe

from tests.sandbox.shop import Shop


@pytest.fixture
def charge(shop: Shop) -> stripe.Charge:
    shop.buy(shop.price(1900))
    return shop.api.charges.list().data[0]


@pytest.fixture
def invoice(shop: Shop, charge: stripe.Charge) -> stripe.Invoice:
    return shop.api.invoices.list().data[0]


def test_a_credit_note_gives_back_a_part_and_is_kept_with_the_invoice(shop: Shop, invoice: stripe.Invoice):
    asked = {"invoice": invoice.id, "amount": 500, "refund_amount": 500}
    seen = shop.api.credit_notes.preview(asked)
    assert (seen.total, seen.type) == (500, "post_payment")
    assert list(shop.api.refunds.list().data) == [], "a preview gives nothing back"
    note = shop.api.credit_notes.create(asked | {"metadata": {"lmsm_refund": "1"}, "reason": "order_change"})
    assert note.refunds[0].amount_refunded == 500
    assert shop.api.refunds.retrieve(note.refunds[0].refund).amount == 500
    assert shop.api.invoices.retrieve(invoice.id).post_payment_credit_notes_amount == 500
    assert [each.id for each in shop.api.credit_notes.list({"invoice": invoice.id}).data] == [note.id]
    assert {"credit_note.created", "refund.created", "charge.refunded"} <= set(shop.told())


def test_a_credit_note_never_exceeds_what_was_paid(shop: Shop, invoice: stripe.Invoice):
    shop.api.credit_notes.create({"invoice": invoice.id, "amount": 1000, "refund_amount": 1000})
    with pytest.raises(stripe.InvalidRequestError, match="exceeds"):
        shop.api.credit_notes.create({"invoice": invoice.id, "amount": 901, "refund_amount": 901})
    with pytest.raises(stripe.InvalidRequestError, match="must equal"):
        shop.api.credit_notes.create({"invoice": invoice.id, "amount": 500, "refund_amount": 400})


def test_a_credit_note_has_its_share_of_the_tax(shop: Shop):
    shop.sandbox.actions.set_taxes(rates={"FR": "20"})
    price = shop.price(1200, tax_behavior="inclusive")
    shop.buy(price, automatic_tax={"enabled": True}, billing_address_collection="required")
    invoice = shop.api.invoices.list().data[0]
    note = shop.api.credit_notes.preview({"invoice": invoice.id, "amount": 600, "refund_amount": 600})
    assert [each.amount for each in note.total_taxes] == [each.amount // 2 for each in invoice.total_taxes]


def test_a_refund_can_fail_days_later(shop: Shop, charge: stripe.Charge):
    refund = shop.api.refunds.create({"charge": charge.id})
    shop.sandbox.actions.fail_refund(refund.id)
    failed = shop.api.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert shop.api.charges.retrieve(charge.id).amount_refunded == 0
    assert [each for each in shop.told() if each.startswith("refund.")] == [
        "refund.created",
        "refund.updated",
        "refund.failed",
    ]
    assert shop.api.refunds.create({"charge": charge.id}).status == "succeeded"


@pytest.mark.parametrize(
    ("status", "last"), [("won", "charge.dispute.funds_reinstated"), ("lost", "charge.dispute.closed")]
)
def test_a_dispute_is_opened_and_decided(shop: Shop, charge: stripe.Charge, status: str, last: str):
    opened = shop.sandbox.actions.open_dispute(charge.id)
    found = shop.api.disputes.list({"payment_intent": charge.payment_intent}).data[0]
    assert (found.id, found.status, found.amount) == (opened["id"], "needs_response", 1900)
    assert "customer" not in found, "a dispute does not say whose it is"
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        shop.api.refunds.create({"charge": charge.id})
    shop.sandbox.actions.change_dispute(found.id, "under_review")
    shop.sandbox.actions.change_dispute(found.id, status)
    assert shop.api.disputes.retrieve(found.id).status == status
    told = [each for each in shop.told() if each.startswith("charge.dispute")]
    assert told[:3] == ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated"]
    assert told[-1] == last


def test_a_dispute_can_be_accepted(shop: Shop, charge: stripe.Charge):
    opened = shop.sandbox.actions.open_dispute(charge.id)
    assert shop.api.disputes.close(opened["id"]).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        shop.api.disputes.close(opened["id"])


def test_fees_go_back_only_where_one_was_taken(shop: Shop, charge: stripe.Charge):
    with pytest.raises(stripe.InvalidRequestError, match="application fee"):
        shop.api.refunds.create({"charge": charge.id, "refund_application_fee": True})


def test_a_void_invoice_gives_back_what_it_took_from_the_balance(shop: Shop):
    """Stripe, since 2019-12-03. Each move is an entry of the customer's ledger, and an uncollectible one keeps it."""
    price, customer = shop.price(1900), shop.customer()
    moves = shop.api.customers.balance_transactions
    entry = moves.create(customer.id, {"amount": -500, "currency": "eur", "metadata": {"lmsm_invoice": "in_1"}})
    assert (entry.ending_balance, entry.type, entry.metadata.lmsm_invoice) == (-500, "adjustment", "in_1")
    asked = {"customer": customer.id, "items": [{"price": price.id}], "payment_behavior": "default_incomplete"}
    made = shop.api.subscriptions.create(asked)
    invoice = shop.api.invoices.retrieve(made.latest_invoice)
    assert (invoice.status, invoice.amount_due) == ("open", 1400)
    assert shop.api.customers.retrieve(customer.id).balance == 0
    shop.api.invoices.void_invoice(invoice.id)
    assert shop.api.customers.retrieve(customer.id).balance == -500
    found = moves.list(customer.id).data
    assert [each.type for each in found] == ["unapplied_from_invoice", "applied_to_invoice", "adjustment"]
    assert [each.amount for each in moves.list(customer.id, {"invoice": invoice.id}).data] == [-500, 500]
    other = shop.api.subscriptions.create(asked)
    shop.api.invoices.mark_uncollectible(other.latest_invoice)
    assert shop.api.customers.retrieve(customer.id).balance == 0


def test_the_balance_is_kept_in_one_currency(shop: Shop):
    customer = shop.customer()
    moves = shop.api.customers.balance_transactions
    moves.create(customer.id, {"amount": -500, "currency": "eur"})
    with pytest.raises(stripe.InvalidRequestError, match="eur alone"):
        moves.create(customer.id, {"amount": -500, "currency": "usd"})
    shop.api.customers.update(customer.id, {"balance": -200})
    assert [each.amount for each in moves.list(customer.id).data] == [300, -500]
