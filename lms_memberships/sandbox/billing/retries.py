"""When a failed renewal is tried again, and what happens when no try is left."""

from __future__ import annotations

from ..store import Object
from ..work import Work

DAY = 24 * 3600
# Days after the failure before. Set in Stripe's dashboard, here with Actions.set_retries().
DEFAULT_DAYS = (3, 5, 7)
DEFAULT_END = "cancel"


def settings(unit: Work) -> Object:
    account = unit.get("account", unit.account)
    return account.get("_retries") or {"days": list(DEFAULT_DAYS), "then": DEFAULT_END}


def plan(unit: Work, invoice: Object) -> None:
    """Only what is collected automatically and for an existing subscription is tried again."""
    days = settings(unit)["days"]
    done = invoice["attempt_count"]
    is_tried_again = (
        invoice["auto_advance"]
        and invoice["collection_method"] == "charge_automatically"
        and invoice["billing_reason"] != "subscription_create"
        and 1 <= done <= len(days)
    )
    if invoice["next_payment_attempt"] and invoice["next_payment_attempt"] > unit.now:
        return
    invoice["next_payment_attempt"] = unit.now + days[done - 1] * DAY if is_tried_again else None
