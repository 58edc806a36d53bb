"""Disputes: a bank takes a payment back for whoever paid. To read; opened and decided by the bank."""

from __future__ import annotations

from ..errors import ApiError, invalid
from ..paging import Listing, matching, within
from ..store import Object
from ..work import Work

WEEK = 7 * 24 * 3600
#: Nothing comes after these.
OVER = ("won", "lost", "warning_closed", "prevented")


def retrieve(unit: Work, dispute_id: str, params: Object) -> Object:
    return unit.get("dispute", dispute_id)


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "dispute",
        lambda each: (
            matching(params, charge=each["charge"], payment_intent=each["payment_intent"])
            and within(params.get("created"), each["created"])
        ),
    )


def accept(unit: Work, dispute_id: str, params: Object) -> Object:
    """The seller does not defend it."""
    dispute = unit.get("dispute", dispute_id)
    close(unit, dispute, "lost")
    return dispute


# ------------------------------------------------------------------ what the bank does
def open_for(unit: Work, charge: Object, *, status: str, reason: str) -> Object:
    if not charge["paid"]:
        raise invalid(f"Charge {charge['id']} was not paid.")
    if charge["disputed"]:
        raise ApiError(f"Charge {charge['id']} is disputed already.", code="charge_disputed")
    dispute = unit.new("dispute", "du_", amount=charge["amount"], currency=charge["currency"], status=status)
    dispute |= {"charge": charge["id"], "payment_intent": charge["payment_intent"], "reason": reason}
    dispute["is_charge_refundable"] = status.startswith("warning_")
    dispute["evidence_details"]["due_by"] = unit.now + WEEK
    charge["disputed"] = True
    unit.announce("charge.dispute.created", dispute)
    if not status.startswith("warning_"):
        unit.announce("charge.dispute.funds_withdrawn", dispute)
    return dispute


def change(unit: Work, dispute: Object, status: str) -> None:
    """To another status that is not the end."""
    dispute["status"] = status
    unit.announce_change("charge.dispute.updated", dispute)


def close(unit: Work, dispute: Object, status: str) -> None:
    if dispute["status"] in OVER:
        raise invalid("This dispute is already closed.")
    was_warning = dispute["status"].startswith("warning_")
    dispute["status"] = status
    unit.announce("charge.dispute.closed", dispute)
    if status == "won" and not was_warning:
        unit.announce("charge.dispute.funds_reinstated", dispute)
