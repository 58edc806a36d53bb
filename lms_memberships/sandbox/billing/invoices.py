"""The life of an invoice: draft, open, paid or void."""

from __future__ import annotations

from ..errors import ApiError, invalid
from ..payments import intents, methods
from ..payments.cards import NEEDS_PERSON, Decline, Presence
from ..rendering import list_of
from ..store import Object
from ..work import Work, new_id
from . import balances, lines, retries, standing, taxes

HOUR = 3600
DAY = 24 * HOUR


def draft(unit: Work, customer: Object, invoice_lines: list[Object], **fields: object) -> Object:
    """``fields`` are the invoice's own: currency, billing_reason, period_start and so on."""
    invoice = unit.new("invoice", "in_", customer=customer["id"], **fields)
    account = unit.get("account", unit.account)
    invoice |= {
        "account_country": account["country"],
        "account_name": account["settings"]["dashboard"]["display_name"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "lines": list_of(invoice_lines, url=f"/v1/invoices/{invoice['id']}/lines"),
    }
    return invoice


def draft_for(
    unit: Work, subscription: Object, invoice_lines: list[Object], *, reason: str, start: int, end: int
) -> Object:
    """An invoice of a subscription, with what was waiting to be billed."""
    customer = unit.get("customer", subscription["customer"])
    invoice = draft(
        unit,
        customer,
        _waiting(unit, subscription) + invoice_lines,
        auto_advance=True,
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        currency=subscription["currency"],
        description=subscription["description"],
        period_start=start,
        period_end=end,
    )
    invoice["parent"] = {
        "type": "subscription_details",
        "quote_details": None,
        "subscription_details": {
            "subscription": subscription["id"],
            "metadata": dict(subscription["metadata"]),
        },
    }
    for item in unit.all("invoiceitem", lambda each: each["invoice"] is None and _is_of(each, subscription)):
        item["invoice"] = invoice["id"]
    if subscription["automatic_tax"]["enabled"]:
        invoice["automatic_tax"] = taxes.for_invoice()
    if invoice["collection_method"] == "send_invoice":
        invoice["due_date"] = unit.now + subscription["days_until_due"] * DAY
    lines.total_up(unit, invoice, subscription["discounts"])
    subscription["latest_invoice"] = invoice["id"]
    customer["currency"] = customer["currency"] or invoice["currency"]
    unit.announce("invoice.created", invoice)
    return invoice


def subscription_id(invoice: Object) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def _is_of(item: Object, subscription: Object) -> bool:
    return bool(item["parent"]) and item["parent"]["subscription_details"]["subscription"] == subscription["id"]


def _waiting(unit: Work, subscription: Object) -> list[Object]:
    items = unit.all("invoiceitem", lambda each: each["invoice"] is None and _is_of(each, subscription))
    return [each["_line"] | {"id": new_id("il_")} for each in reversed(items)]


def add_waiting(unit: Work, subscription: Object, invoice_lines: list[Object]) -> None:
    """Prorations that wait for the next invoice."""
    for each in invoice_lines:
        unit.new(
            "invoiceitem",
            "ii_",
            amount=each["amount"],
            net_amount=each["amount"],
            currency=each["currency"],
            customer=subscription["customer"],
            description=each["description"],
            discountable=False,
            period=each["period"],
            pricing=each["pricing"],
            proration=True,
            quantity=each["quantity"],
            parent={
                "type": "subscription_details",
                "subscription_details": {"subscription": subscription["id"], "subscription_item": _item_of(each)},
            },
            _line=each,
        )


def _item_of(line: Object) -> str:
    return line["parent"]["subscription_item_details"]["subscription_item"]


# ------------------------------------------------------------------ finalising
def finalize(unit: Work, invoice: Object, *, paid_with: Object | None = None) -> None:
    """Nothing can be changed any more. Paid at once when it costs nothing or the money was taken before: a checkout."""
    _use_balance(unit, invoice, paid_with)
    _number(unit, invoice)
    if paid_with is not None:
        _link(unit, invoice, paid_with)
        invoice["attempt_count"] = 1
    elif invoice["amount_due"] > 0:
        _open_payment(unit, invoice)
    unit.announce("invoice.finalized", invoice)
    if paid_with is not None and paid_with["status"] == "processing":
        invoice["attempted"] = True
    elif invoice["amount_due"] == 0 or paid_with is not None:
        mark_paid(unit, invoice)


def _use_balance(unit: Work, invoice: Object, paid_with: Object | None) -> None:
    customer = unit.get("customer", invoice["customer"])
    lines.settle_balance(unit, invoice)
    if paid_with is not None:
        # The page took the rest of it: so much of the balance is used, and none by a page that leaves it alone.
        left = invoice["starting_balance"] + invoice["total"] - paid_with["amount"]
        invoice |= {"amount_due": paid_with["amount"], "_ending_balance": left}
    invoice["ending_balance"] = invoice["_ending_balance"]
    balances.use(unit, customer, invoice)


def _number(unit: Work, invoice: Object) -> None:
    customer = unit.get("customer", invoice["customer"])
    number = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = number + 1
    public = f"{unit.sandbox.public_url}/i/{invoice['id']}"
    invoice |= {
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{number:04d}",
        "effective_at": unit.now,
        "automatically_finalizes_at": None,
        "hosted_invoice_url": public,
        "invoice_pdf": f"{public}/pdf",
    }
    invoice["status_transitions"]["finalized_at"] = unit.now


def _open_payment(unit: Work, invoice: Object) -> None:
    intent = intents.create_payment(
        unit,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=invoice["description"] or "Subscription update",
    )
    intent["setup_future_usage"] = "off_session" if subscription_id(invoice) else None
    _link(unit, invoice, intent)


def _link(unit: Work, invoice: Object, intent: Object) -> None:
    payment = unit.new(
        "invoice_payment",
        "inpay_",
        invoice=invoice["id"],
        amount_requested=intent["amount"],
        currency=intent["currency"],
        is_default=True,
    )
    payment["payment"] = {"type": "payment_intent", "payment_intent": intent["id"]}
    invoice["_payment_intent"] = intent["id"]


# ------------------------------------------------------------------ paying
def pay(unit: Work, invoice: Object, method: Object | None, presence: Presence) -> Decline | None:
    """None when it is paid, or will be if the bank pays the debit.

    A present person whom the bank wants to see gets ``NEEDS_PERSON`` and a page.
    """
    _refuse_under_way(unit, invoice)
    invoice["attempted"] = True
    intent = unit.get("payment_intent", invoice["_payment_intent"])
    if method is None:
        note_failure(unit, invoice)
        return Decline(
            "invoice_no_payment_method", "This customer has no attached payment source or default payment method."
        )
    verdict = intents.confirm(unit, intent, method, presence)
    if verdict == "succeeded":
        mark_paid(unit, invoice)
        return None
    if verdict == "authenticate":
        note_failure(unit, invoice)
        unit.announce("invoice.payment_action_required", invoice)
        return NEEDS_PERSON
    if verdict == "processing":
        invoice["next_payment_attempt"] = None
        unit.announce_change("invoice.updated", invoice)
        standing.while_under_way(unit, invoice)
        return None
    note_failure(unit, invoice)
    return verdict


def is_under_way(unit: Work, invoice: Object) -> bool:
    """A debit was sent, and the bank has not answered."""
    intent = unit.find("payment_intent", invoice.get("_payment_intent"))
    return intent is not None and intent["status"] == "processing"


def attempt(unit: Work, invoice: Object, presence: Presence = "absent") -> Decline | None:
    """An automatic try with the card on file."""
    subscription = unit.find("subscription", subscription_id(invoice))
    invoice["attempt_count"] += 1
    method = methods.default_for(unit, subscription) if subscription else None
    return pay(unit, invoice, method, presence)


def note_failure(unit: Work, invoice: Object) -> None:
    retries.plan(unit, invoice)
    unit.announce_change("invoice.updated", invoice)
    unit.announce("invoice.payment_failed", invoice)
    standing.after_failure(unit, invoice)


def mark_paid(unit: Work, invoice: Object) -> None:
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "next_payment_attempt": None,
        "auto_advance": False,
    }
    invoice["status_transitions"]["paid_at"] = unit.now
    for payment in unit.all("invoice_payment", lambda each: each["invoice"] == invoice["id"]):
        payment |= {"status": "paid", "amount_paid": payment["amount_requested"]}
        payment["status_transitions"]["paid_at"] = unit.now
        unit.announce("invoice_payment.paid", payment)
    unit.announce("invoice.paid", invoice)
    unit.announce("invoice.payment_succeeded", invoice)
    standing.after_payment(unit, invoice)


def void(unit: Work, invoice: Object) -> None:
    if invoice["status"] not in ("open", "uncollectible"):
        raise _wrong_state(invoice, "voided")
    _refuse_under_way(unit, invoice)
    if any(each["status"] == "paid" for each in _payments(unit, invoice)):
        # Paid in part: Stripe's page on partial payments.
        raise invalid("You cannot void an invoice that has paid payments.", code="invoice_not_editable")
    _close(unit, invoice, "void", "voided_at")
    balances.give_back(unit, invoice)
    unit.announce("invoice.voided", invoice)
    standing.after_voiding(unit, invoice)


def give_up(unit: Work, invoice: Object, *, reason: str = "user_forgiven") -> None:
    if invoice["status"] != "open":
        raise _wrong_state(invoice, "marked uncollectible")
    _refuse_under_way(unit, invoice)
    _close(unit, invoice, "uncollectible", "marked_uncollectible_at")
    invoice["status_details"] = {"uncollectible": {"reason": reason}}
    unit.announce("invoice.marked_uncollectible", invoice)


def _close(unit: Work, invoice: Object, status: str, moment: str) -> None:
    invoice |= {"status": status, "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"][moment] = unit.now
    intent = unit.find("payment_intent", invoice.get("_payment_intent"))
    if intent is not None:
        intents.cancel(unit, intent, reason="void_invoice")
    for payment in _payments(unit, invoice):
        if payment["status"] == "open":
            payment["status"] = "canceled"
            payment["status_transitions"]["canceled_at"] = unit.now


def _payments(unit: Work, invoice: Object) -> list[Object]:
    return unit.all("invoice_payment", lambda each: each["invoice"] == invoice["id"])


def _refuse_under_way(unit: Work, invoice: Object) -> None:
    if is_under_way(unit, invoice):
        raise invalid("A payment for this invoice is already processing.", code="payment_intent_unexpected_state")


def _wrong_state(invoice: Object, verb: str) -> ApiError:
    return invalid(f"This invoice is {invoice['status']} and cannot be {verb}.", code="invoice_not_editable")
