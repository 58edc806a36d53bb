"""Credit notes: what is taken off an invoice that was paid, and how that money goes back."""

from __future__ import annotations

from ..billing import balances
from ..errors import invalid
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..rendering import list_of
from ..store import Object
from ..work import Work, new_id
from . import payments

GIVEN_AS = ("refund_amount", "credit_amount", "out_of_band_amount")


def create(unit: Work, params: Object) -> Object:
    note = _write(unit, params)
    unit.announce("credit_note.created", note)
    return note


def preview(unit: Work, params: Object) -> Object:
    """What it would be. Nothing is made."""
    with unit.trying_out():
        return _write(unit, params)


def retrieve(unit: Work, note_id: str, params: Object) -> Object:
    return unit.get("credit_note", note_id)


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "credit_note",
        lambda each: (
            matching(params, customer=each["customer"], invoice=each["invoice"])
            and within(params.get("created"), each["created"])
        ),
    )


def _write(unit: Work, params: Object) -> Object:
    invoice = unit.named("invoice", params["invoice"], param="invoice")
    if invoice["status"] != "paid":
        raise invalid("Here credit notes are only made for invoices that are paid.", "invoice")
    amount = params.get("amount", sum(params.get(name, 0) for name in GIVEN_AS))
    _check(invoice, amount, params)
    note = unit.new("credit_note", "cn_", currency=invoice["currency"], customer=invoice["customer"])
    note |= {"invoice": invoice["id"], "amount": amount, "total": amount, "post_payment_amount": amount}
    note |= _taxes(invoice, amount)
    note["number"] = f"{invoice['number']}-CN-{_count(unit, invoice):02d}"
    note["pdf"] = f"{unit.sandbox.public_url}/i/{invoice['id']}/pdf"
    note["effective_at"] = unit.now
    note["lines"] = list_of([_line(note)], url=f"/v1/credit_notes/{note['id']}/lines")
    copy(params, note, ("memo", "reason", "out_of_band_amount"))
    merge_metadata(params, note)
    if params.get("refund_amount"):
        note["refunds"] = [_refund(unit, invoice, params["refund_amount"])]
    if params.get("credit_amount"):
        _credit(unit, invoice, params["credit_amount"])
    invoice["post_payment_credit_notes_amount"] += amount
    unit.announce_change("invoice.updated", invoice)
    return note


def _check(invoice: Object, amount: int, params: Object) -> None:
    left = invoice["amount_paid"] - invoice["post_payment_credit_notes_amount"]
    if amount < 1:
        raise invalid("The credit note amount must be greater than zero.", "amount")
    if amount > left:
        raise invalid(f"The credit note amount ({amount}) exceeds what is left to credit ({left}).", "amount")
    given = sum(params.get(name, 0) for name in GIVEN_AS)
    if given != amount:
        raise invalid(
            f"The sum of credit amount, refund amount and out of band amount ({given}) must equal the post payment "
            f"credit note amount ({amount})."
        )


def _refund(unit: Work, invoice: Object, amount: int) -> Object:
    refund = payments.create_refund(unit, {"payment_intent": invoice["_payment_intent"], "amount": amount})
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}


def _credit(unit: Work, invoice: Object, amount: int) -> None:
    customer = unit.get("customer", invoice["customer"])
    balances.move(unit, customer, -amount, balances.CREDIT_NOTE, invoice=invoice["id"], currency=invoice["currency"])


def _taxes(invoice: Object, amount: int) -> Object:
    """The same share of each tax."""
    shares = [each | {"amount": _share(each["amount"], amount, invoice["total"])} for each in invoice["total_taxes"]]
    added = sum(each["amount"] for each in shares if each["tax_behavior"] == "exclusive")
    for each in shares:
        each["taxable_amount"] = amount - added
    return {
        "total_taxes": shares,
        "subtotal": amount - added,
        "subtotal_excluding_tax": amount - sum(each["amount"] for each in shares),
        "total_excluding_tax": amount - sum(each["amount"] for each in shares),
    }


def _share(tax: int, amount: int, total: int) -> int:
    return (2 * tax * amount + total) // (2 * total)


def _line(note: Object) -> Object:
    return {
        "amount": note["subtotal"],
        "description": "Credit",
        "discount_amount": 0,
        "discount_amounts": [],
        "id": new_id("cnli_"),
        "livemode": False,
        "metadata": {},
        "object": "credit_note_line_item",
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [dict(each) for each in note["total_taxes"]],
        "type": "custom_line_item",
        "unit_amount": note["subtotal"],
        "unit_amount_decimal": None,
    }


def _count(unit: Work, invoice: Object) -> int:
    return len(unit.all("credit_note", lambda each: each["invoice"] == invoice["id"]))
