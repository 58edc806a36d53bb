"""Which payments came in, what of each was given back, and who went to their bank? With the buttons for both."""

from __future__ import annotations

from ..errors import ApiError
from ..http import Response
from ..languages import format_moment
from ..resources.disputes import OVER
from ..store import Object
from .desk import Desk, badge, money, words
from .listing import Cell, Table, paged_table

HEADS = ("Payment", "Customer", "Amount", "Given back", "State", "Date (UTC)")
#: What a bank may decide, as the buttons say it.
DECISIONS = (("under_review", "Under review"), ("won", "Won by the seller"), ("lost", "Lost by the seller"))


def listing(desk: Desk) -> Response:
    return desk.page(
        "payments.html",
        title="Payments",
        section="payments",
        table=paged_table(
            desk.request,
            desk.all("charge"),
            lambda each: _row(desk, each),
            caption="Payments",
            heads=HEADS,
            empty="No payments yet.",
        ),
    )


def show(desk: Desk, charge_id: str) -> Response | None:
    charge = desk.one("charge", charge_id)
    if charge is None:
        return None
    found = [each for each in desk.all("dispute") if each["charge"] == charge_id]
    left = charge["amount"] - charge["amount_refunded"] if charge["paid"] else 0
    return desk.page(
        "payment.html",
        title=f"{money(charge['amount'], charge['currency'])}, {format_moment(charge['created'])}",
        section="payments",
        charge=charge,
        state=_state(charge),
        badge=badge(charge["status"]),
        left=left,
        left_words=money(left, charge["currency"]),
        refunds=_refund_table(desk, charge),
        failable=[each for each in desk.all("refund") if each["charge"] == charge_id and each["status"] == "succeeded"],
        disputes=_dispute_table(found),
        running=[each for each in found if each["status"] not in OVER],
        may_be_disputed=charge["paid"] and not charge["disputed"],
        decisions=DECISIONS,
    )


def refund(desk: Desk, charge_id: str) -> Response:
    typed = desk.request.form.get("amount", "").strip()
    if typed and not (typed.isascii() and typed.isdigit()):
        raise ApiError("An amount is a number of the smallest unit, such as cents.")
    desk.sandbox.actions.refund_charge(charge_id, amount=int(typed) if typed else None)
    return desk.back(f"payments/{charge_id}", note="given-back")


def fail(desk: Desk, refund_id: str) -> Response:
    failed = desk.sandbox.actions.fail_refund(refund_id)
    return desk.back(f"payments/{failed['charge']}", note="refund-failed")


def dispute(desk: Desk, charge_id: str) -> Response:
    desk.sandbox.actions.open_dispute(charge_id)
    return desk.back(f"payments/{charge_id}", note="disputed")


def decide(desk: Desk, dispute_id: str) -> Response:
    status = desk.request.form.get("status", "")
    if status not in dict(DECISIONS):
        raise ApiError("Choose how it was decided.")
    decided = desk.sandbox.actions.change_dispute(dispute_id, status)
    return desk.back(f"payments/{decided['charge']}", note="decided")


def _row(desk: Desk, charge: Object) -> list[Cell]:
    customer = desk.one("customer", charge["customer"]) or {}
    return [
        Cell(charge["id"], url=f"/_sandbox/payments/{charge['id']}", kind="id"),
        Cell(customer.get("email") or charge["customer"] or "–"),
        Cell(money(charge["amount"], charge["currency"]), kind="number"),
        Cell(money(charge["amount_refunded"], charge["currency"]), kind="number"),
        Cell(_state(charge), badge=badge(charge["status"])),
        Cell(format_moment(charge["created"])),
    ]


def _state(charge: Object) -> str:
    return "Disputed" if charge["disputed"] else words(charge["status"])


def _refund_table(desk: Desk, charge: Object) -> Table:
    rows = [
        [
            Cell(each["id"], kind="id"),
            Cell(format_moment(each["created"])),
            Cell(money(each["amount"], each["currency"]), kind="number"),
            Cell(words(each["status"]), badge=badge(each["status"])),
        ]
        for each in desk.all("refund")
        if each["charge"] == charge["id"]
    ]
    return Table("Refunds", ("Refund", "Date (UTC)", "Amount", "State"), rows, "Nothing was given back.")


def _dispute_table(found: list[Object]) -> Table:
    rows = [
        [
            Cell(each["id"], kind="id"),
            Cell(format_moment(each["created"])),
            Cell(words(each["reason"])),
            Cell(words(each["status"]), badge=badge(each["status"])),
        ]
        for each in found
    ]
    return Table("Disputes", ("Dispute", "Date (UTC)", "Reason", "State"), rows, "Nobody has disputed it.")
