"""Do Stripe's own sums of an invoice add up, as we understand them? If not, somebody is told (H5)."""

import logging

from .. import clock, signs
from ..payments.gateway import InvoiceSnapshot

logger = logging.getLogger(__name__)

#: Seen when the fields of an invoice mean something else than this version believes: a new API, a new kind of tax.
SIGN = "invoice.does_not_add_up"
#: How the invoice itself says it.
DOUBT = "sums"
#: How it says that somebody has looked, and leaves it so.
LEFT = "left"


def alarm(snapshot: InvoiceSnapshot) -> None:
    """Nothing is corrected: what people see is Stripe's total, whatever it consists of."""
    logger.error("The sums of Stripe's %s do not add up to its total", snapshot.id)
    signs.note(SIGN, now=clock.wall_time(), details={"invoice": snapshot.id})
