"""Payment intents, setup intents and charges, to read; refunds, to make."""

from __future__ import annotations

from ..errors import ApiError, invalid, missing_parameter
from ..fields import merge_metadata
from ..paging import Listing, matching, within
from ..rendering import list_of, render
from ..store import Object
from ..work import Work


def retrieve_intent(unit: Work, intent_id: str, params: Object) -> Object:
    return unit.get("payment_intent", intent_id)


def list_intents(unit: Work, params: Object) -> Listing:
    return _list(unit, "payment_intent", params)


def retrieve_setup(unit: Work, intent_id: str, params: Object) -> Object:
    return unit.get("setup_intent", intent_id)


def list_setups(unit: Work, params: Object) -> Listing:
    return _list(unit, "setup_intent", params)


def retrieve_charge(unit: Work, charge_id: str, params: Object) -> Object:
    return unit.get("charge", charge_id)


def list_charges(unit: Work, params: Object) -> Listing:
    return _list(unit, "charge", params)


def retrieve_refund(unit: Work, refund_id: str, params: Object) -> Object:
    return unit.get("refund", refund_id)


def list_refunds(unit: Work, params: Object) -> Listing:
    return _list(unit, "refund", params)


def _list(unit: Work, kind: str, params: Object) -> Listing:
    names = ("customer", "payment_intent", "charge", "payment_method")
    return unit.listing(
        kind,
        lambda each: (
            matching(params, **{name: each.get(name) for name in names})
            and within(params.get("created"), each["created"])
        ),
    )


# ------------------------------------------------------------------ refunds
def create_refund(unit: Work, params: Object) -> Object:
    charge = _charge(unit, params)
    if not charge["paid"]:
        raise invalid(f"Charge {charge['id']} was not paid and cannot be refunded.")
    if _is_disputed(unit, charge):
        raise ApiError(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if "refund_application_fee" in params and charge["application_fee_amount"] is None:
        raise invalid("You can only refund an application fee where one was charged.", "refund_application_fee")
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = params.get("amount", left)
    if amount < 1:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).", "amount")
    return _refund(unit, charge, amount, params)


def _refund(unit: Work, charge: Object, amount: int, params: Object) -> Object:
    refund = unit.new("refund", "re_", amount=amount, charge=charge["id"], currency=charge["currency"])
    refund |= {
        "customer": charge["customer"],
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "destination_details": _destination(charge),
    }
    merge_metadata(params, refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    unit.announce("refund.created", refund)
    unit.announce("charge.refunded", charge, previous={"amount_refunded": charge["amount_refunded"] - amount})
    return refund


def _is_disputed(unit: Work, charge: Object) -> bool:
    """Its money is with the bank, or was given back by it."""
    found = unit.all("dispute", lambda each: each["charge"] == charge["id"])
    return any(not each["is_charge_refundable"] and each["status"] != "won" for each in found)


def _destination(charge: Object) -> Object:
    kind = charge["payment_method_details"]["type"]
    if kind != "card":
        return {"type": kind}
    return {
        "type": "card",
        "card": {"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"},
    }


def _charge(unit: Work, params: Object) -> Object:
    if "charge" in params:
        return unit.named("charge", params["charge"], param="charge")
    if "payment_intent" not in params:
        raise missing_parameter("payment_intent")
    intent = unit.named("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise ApiError(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return unit.get("charge", intent["latest_charge"])


def fail_refund(unit: Work, refund: Object) -> None:
    """Days later the bank says that it could not give the money back: the seller has it again."""
    if refund["status"] != "succeeded":
        raise invalid(f"Refund {refund['id']} is {refund['status']} and cannot fail.")
    charge = unit.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    unit.announce_change("refund.updated", refund)
    unit.announce("refund.failed", refund)


def update_refund(unit: Work, refund_id: str, params: Object) -> Object:
    refund = unit.get("refund", refund_id)
    merge_metadata(params, refund)
    unit.announce_change("refund.updated", refund)
    return refund


def refunds_of(unit: Work, charge: Object) -> Object:
    found = unit.all("refund", lambda each: each["charge"] == charge["id"])
    return list_of([render(each) for each in found], url=f"/v1/charges/{charge['id']}/refunds")
