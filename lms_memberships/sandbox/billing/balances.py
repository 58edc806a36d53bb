"""What moves a customer's credit balance, and which entry of its ledger says why?"""

from __future__ import annotations

from ..store import Object
from ..work import Work

ADJUSTMENT = "adjustment"
APPLIED = "applied_to_invoice"
CREDIT_NOTE = "credit_note"
UNAPPLIED = "unapplied_from_invoice"


def move(unit: Work, customer: Object, amount: int, kind: str, **about: object) -> Object:
    """A negative ``amount`` is a credit. ``about``: currency, and the invoice or what else the entry names."""
    customer["balance"] += amount
    entry = unit.new(
        "customer_balance_transaction",
        "cbtxn_",
        amount=amount,
        customer=customer["id"],
        ending_balance=customer["balance"],
        type=kind,
    )
    entry |= about
    unit.announce_change("customer.updated", customer)
    return entry


def use(unit: Work, customer: Object, invoice: Object) -> None:
    """Finalised: a credit pays of it first, and what is too much becomes one."""
    taken = invoice["ending_balance"] - customer["balance"]
    if taken:
        move(unit, customer, taken, APPLIED, invoice=invoice["id"], currency=invoice["currency"])


def give_back(unit: Work, invoice: Object) -> None:
    """Void: what its finalising took off the balance goes back there (Stripe, since 2019-12-03). Its items do not."""
    customer = unit.find("customer", invoice["customer"])
    if customer is None or invoice["ending_balance"] is None:
        return
    taken = invoice["ending_balance"] - invoice["starting_balance"]
    if taken:
        move(unit, customer, -taken, UNAPPLIED, invoice=invoice["id"], currency=invoice["currency"])
