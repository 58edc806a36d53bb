"""Invoices: read, changed while a draft, paid and closed by the API."""

from __future__ import annotations

from ..billing import cycle, invoices, previews
from ..errors import CardError, invalid
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..payments import methods
from ..rendering import list_of, render
from ..store import Object
from ..work import Work


def retrieve(unit: Work, invoice_id: str, params: Object) -> Object:
    return unit.get("invoice", invoice_id)


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "invoice",
        lambda each: (
            matching(
                params,
                customer=each["customer"],
                status=each["status"],
                collection_method=each["collection_method"],
                subscription=invoices.subscription_id(each),
            )
            and within(params.get("created"), each["created"])
            and within(params.get("due_date"), each["due_date"])
        ),
    )


def list_lines(unit: Work, invoice_id: str, params: Object) -> list[Object]:
    return unit.get("invoice", invoice_id)["lines"]["data"]


def update(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    frozen = [name for name in ("description", "footer", "custom_fields") if name in params]
    if frozen and invoice["status"] != "draft":
        raise invalid(f"Finalized invoices can't be updated in this way: {', '.join(frozen)}", frozen[0])
    copy(params, invoice, ("auto_advance", "description", "footer", "custom_fields"))
    if params.get("auto_advance") is False:
        invoice["automatically_finalizes_at"] = None
    elif params.get("auto_advance") and invoice["status"] == "draft":
        invoice["automatically_finalizes_at"] = invoice["automatically_finalizes_at"] or unit.now + invoices.HOUR
    merge_metadata(params, invoice)
    unit.announce_change("invoice.updated", invoice)
    return invoice


def finalize(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    copy(params, invoice, ("auto_advance",))
    if invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        cycle.finalize(unit, invoice)
    else:
        invoices.finalize(unit, invoice)
    return invoice


def pay(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    if invoice["status"] == "draft":
        invoices.finalize(unit, invoice)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"This invoice is {invoice['status']} and cannot be paid.", code="invoice_not_editable")
    method = _method(unit, invoice, params)
    decline = invoices.pay(unit, invoice, method, "absent")
    if decline is not None:
        intent = unit.get("payment_intent", invoice["_payment_intent"])
        raise CardError(
            decline.message, code=decline.code, decline_code=decline.decline_code, payment_intent=render(intent)
        )
    return invoice


def _method(unit: Work, invoice: Object, params: Object) -> Object | None:
    if "payment_method" in params:
        return methods.resolve(unit, params["payment_method"], param="payment_method")
    subscription = unit.find("subscription", invoices.subscription_id(invoice))
    if subscription is not None:
        return methods.default_for(unit, subscription)
    customer = unit.get("customer", invoice["customer"])
    return unit.find("payment_method", customer["invoice_settings"]["default_payment_method"])


def void(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    invoices.void(unit, invoice)
    return invoice


def mark_uncollectible(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    invoices.give_up(unit, invoice)
    return invoice


def send(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    if invoice["status"] == "draft":
        invoices.finalize(unit, invoice)
    unit.announce("invoice.sent", invoice)
    return invoice


def delete(unit: Work, invoice_id: str, params: Object) -> Object:
    invoice = unit.get("invoice", invoice_id)
    if invoice["status"] != "draft" or invoices.subscription_id(invoice):
        raise invalid("You can only delete draft invoices that are not of a subscription.")
    unit.announce("invoice.deleted", invoice)
    unit.forget(invoice)
    return {"id": invoice_id, "object": "invoice", "deleted": True}


def create_preview(unit: Work, params: Object) -> Object:
    return previews.preview(unit, params)


# ------------------------------------------------------------------ payments and items
def list_payments(unit: Work, params: Object) -> Listing:
    wanted = params.get("payment", {}).get("payment_intent")
    return unit.listing(
        "invoice_payment",
        lambda each: (
            matching(params, invoice=each["invoice"], status=each["status"])
            and within(params.get("created"), each["created"])
            and (wanted is None or each["payment"].get("payment_intent") == wanted)
        ),
    )


def retrieve_payment(unit: Work, payment_id: str, params: Object) -> Object:
    return unit.get("invoice_payment", payment_id)


def list_items(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "invoiceitem",
        lambda each: (
            matching(params, customer=each["customer"], invoice=each["invoice"], pending=each["invoice"] is None)
            and within(params.get("created"), each["date"])
        ),
    )


def payments_of(unit: Work, invoice: Object) -> Object:
    found = unit.all("invoice_payment", lambda each: each["invoice"] == invoice["id"])
    return list_of([render(each) for each in found], url="/v1/invoice_payments")


def secret_of(unit: Work, invoice: Object) -> Object | None:
    kept = unit.find("invoice", invoice["id"])
    intent = unit.find("payment_intent", kept.get("_payment_intent")) if kept else None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None
