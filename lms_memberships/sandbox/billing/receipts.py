"""Which invoice is written for what is sold once? For the books: only when it is paid."""

from __future__ import annotations

from ..store import Object
from ..work import Work
from . import discounts, invoices, lines, taxes


def write(unit: Work, session: Object, customer: Object | None, payment: Object | None) -> None:
    creation = session["invoice_creation"]
    if not creation["enabled"] or customer is None:
        return
    data = creation["invoice_data"]
    sold = [lines.for_sale(unit, each, currency=session["currency"]) for each in session["_items"]]
    invoice = invoices.draft(
        unit,
        customer,
        sold,
        billing_reason="manual",
        currency=session["currency"],
        description=data["description"],
        footer=data["footer"],
        metadata=dict(data["metadata"] or {}),
        period_start=unit.now,
        period_end=unit.now,
    )
    if session["automatic_tax"]["enabled"]:
        invoice["automatic_tax"] = taxes.for_invoice()
    kept = discounts.redeem(unit, session["_coupons"], customer=customer["id"], checkout_session=session["id"])
    lines.total_up(unit, invoice, kept)
    unit.announce("invoice.created", invoice)
    invoices.finalize(unit, invoice, paid_with=payment)
    session["invoice"] = invoice["id"]
