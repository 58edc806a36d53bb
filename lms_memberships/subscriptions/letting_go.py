"""How does nobody pay an invoice any more that is still open? Voided at Stripe, once; or written off, once."""

from ..payments import intents
from ..payments.gateway import Gateway, InvoiceSnapshot, RequestRefused
from ..payments.models import Intent

LET_GO, WRITE_OFF = "void_invoice", "write_off_invoice"


def let_go(invoice: InvoiceSnapshot, *, gateway: Gateway) -> bool:
    """Nobody is to pay it any more. False: somebody is paying it just now."""
    if intents.was_just_refused(LET_GO, invoice.id, gateway):
        return _find_let_go(invoice.id, gateway) is not None

    def void(key: str) -> str:
        gateway.void_invoice(invoice.id, key=key)
        return invoice.id

    try:
        intents.carry_out(
            purpose=LET_GO,
            subject=invoice.id,
            parameters={"invoice": invoice.id},
            gateway=gateway,
            call=void,
            result_id=str,
            find=lambda: _find_let_go(invoice.id, gateway),
        )
    except RequestRefused:
        return _find_let_go(invoice.id, gateway) is not None
    return True


def write_off(invoice: InvoiceSnapshot, *, gateway: Gateway) -> bool:
    """Of what is paid in part Stripe asks for no rest any more; what was paid can still be given back.

    False: Stripe has just refused it. Raises RequestRefused.
    """
    if intents.was_just_refused(WRITE_OFF, invoice.id, gateway):
        return _find_let_go(invoice.id, gateway) is not None

    def write(key: str) -> str:
        gateway.write_off_invoice(invoice.id, key=key)
        return invoice.id

    intents.carry_out(
        purpose=WRITE_OFF,
        subject=invoice.id,
        parameters={"invoice": invoice.id},
        gateway=gateway,
        call=write,
        result_id=str,
        find=lambda: _find_let_go(invoice.id, gateway),
    )
    return True


def find_let_go(intent: Intent, gateway: Gateway) -> str | None:
    return _find_let_go(str(intent.parameters["invoice"]), gateway)


def _find_let_go(invoice_id: str, gateway: Gateway) -> str | None:
    return invoice_id if gateway.read_invoice(invoice_id).status in {"void", "uncollectible"} else None
