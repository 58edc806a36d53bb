"""Do the sums of Stripe's invoices add up to their totals, as we read them (H5)?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...subscriptions.sums import SIGN
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok

RECENT = timedelta(days=30)
LOOK = Repair(
    gettext_lazy("Compare the invoice in Stripe's dashboard"),
    gettext_lazy("People see Stripe's total. If its parts are ones that this version does not know, tell its makers."),
)


def judge(evidence: Evidence) -> Finding:
    if evidence.is_recent(SIGN, RECENT):
        invoice = str(evidence.signs[SIGN].details.get("invoice", "?"))
        return fault(
            _("The parts of invoice %(invoice)s do not add up to its total, as this site reads them.")
            % {"invoice": invoice},
            LOOK,
        )
    return ok(_("The parts of every invoice add up to its total."))


LIGHT = Light("sums", gettext_lazy("Invoices add up"), Group.STRIPE, judge)
