"""Which invoices were written, in a table for the pages of a customer and a subscription?"""

from __future__ import annotations

from ..languages import format_moment
from ..store import Object
from .desk import Desk, badge, money, words
from .listing import Cell, Table, paged_table

HEADS = ("Invoice", "Created (UTC)", "Why", "Total", "State")


def invoice_table(desk: Desk, invoices: list[Object], *, name: str) -> Table:
    return paged_table(desk.request, invoices, _row, caption="Invoices", heads=HEADS, empty="No invoices.", name=name)


def subscription_of(invoice: Object) -> str | None:
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return details.get("subscription")


def last_charge(desk: Desk, invoices: list[Object]) -> Object | None:
    """The newest successful charge for any of these invoices that is not wholly refunded."""
    wanted = {invoice["id"] for invoice in invoices}
    paid_by = [each["payment"] for each in desk.all("invoice_payment") if each["invoice"] in wanted]
    intents = {payment.get("payment_intent") for payment in paid_by} - {None}
    for charge in desk.all("charge"):
        if charge["payment_intent"] in intents and charge["status"] == "succeeded" and not charge["refunded"]:
            return charge
    return None


def _row(invoice: Object) -> list[Cell]:
    return [
        Cell(invoice["number"] or "Draft", url=f"/i/{invoice['id']}"),
        Cell(format_moment(invoice["created"])),
        Cell(words(invoice.get("billing_reason") or "manual")),
        Cell(money(invoice["total"], invoice["currency"]), kind="number"),
        Cell(words(invoice["status"]), badge=badge(invoice["status"])),
    ]
