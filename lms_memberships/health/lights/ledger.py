"""Do our invoices add up to Stripe's (H11)? The last comparison says so."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...subscriptions.ledger import SIGN
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok

LOOK = Repair(
    gettext_lazy("Look at what differs"),
    gettext_lazy("The page Marketing → Invoices names the invoices, and compares again when you ask it to."),
)


def judge(evidence: Evidence) -> Finding:
    sign = evidence.signs.get(SIGN)
    if sign is None or "until" not in sign.details:
        # Whether comparisons are made at all is the matter of another light.
        return ok(_("The invoices were not compared with Stripe's yet: it is done once a day."))
    if sign.details["differences"] or sign.details["extra"] or sign.details["unread"]:
        return fault(_("The invoices here do not add up to Stripe's."), LOOK)
    return ok(_("The invoices of the last days add up to Stripe's, to the cent."))


LIGHT = Light("ledger", gettext_lazy("Invoices agree with Stripe"), Group.STRIPE, judge)
