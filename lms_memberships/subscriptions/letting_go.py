"""How does nobody pay an invoice any more that is still open? Voided at Stripe, once; or written off, once."""

from typing import Protocol

from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, RequestRefused
from ..payments.models import Intent

LET_GO, WRITE_OFF = "void_invoice", "write_off_invoice"


class Write(Protocol):
    """Of the gateway: one request about one invoice."""

    def __call__(self, invoice_id: str, *, key: str) -> object: ...


def let_go(invoice: InvoiceSnapshot, *, gateway: Gateway) -> bool:
    """Nobody is to pay it any more. False: somebody is paying it just now."""
    try:
        return _close(LET_GO, invoice.id, gateway.void_invoice, gateway)
    except RequestRefused:
        return _find_let_go(invoice.id, gateway) is not None


def write_off(invoice: InvoiceSnapshot, *, gateway: Gateway) -> bool:
    """Of what is paid in part Stripe asks for no rest any more; what was paid can still be given back.

    False: Stripe has just refused it. Raises RequestRefused.
    """
    return _close(WRITE_OFF, invoice.id, gateway.write_off_invoice, gateway)


def _close(purpose: str, invoice_id: str, write: Write, gateway: Gateway) -> bool:
    if intents.was_just_refused(purpose, invoice_id, gateway):
        return _find_let_go(invoice_id, gateway) is not None

    def call(key: str) -> str:
        write(invoice_id, key=key)
        return invoice_id

    intents.carry_out(
        purpose=purpose,
        subject=invoice_id,
        parameters={"invoice": invoice_id},
        gateway=gateway,
        call=call,
        result_id=str,
        find=lambda: _find_let_go(invoice_id, gateway),
    )
    return True


def find_let_go(intent: Intent, gateway: Gateway) -> str | None:
    return _find_let_go(str(intent.parameters["invoice"]), gateway)


def _find_let_go(invoice_id: str, gateway: Gateway) -> str | None:
    return invoice_id if gateway.read_invoice(invoice_id).status in {"void", "uncollectible"} else None
