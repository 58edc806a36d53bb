"""Do both Stripe and this site send receipts (F13)? Stripe's API does not say, so the owner does."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, ok, unknown, warning

SIGN = "health.receipts"

BY_STRIPE = Repair(
    gettext_lazy("Stripe sends receipts"),
    gettext_lazy("Says what stands in Stripe's dashboard under Settings → Customer emails → Successful payments."),
    "receipts-by-stripe",
)
NOT_BY_STRIPE = Repair(
    gettext_lazy("Stripe sends none"),
    gettext_lazy("Says that “Successful payments” is off under Settings → Customer emails in Stripe's dashboard."),
    "receipts-not-by-stripe",
)


def judge(evidence: Evidence) -> Finding:
    sign = evidence.signs.get(SIGN)
    if sign is None:
        return unknown(_("Nobody has said yet whether Stripe sends receipts, too."), BY_STRIPE, NOT_BY_STRIPE)
    is_sent_by_stripe = sign.details.get("by_stripe") is True
    if is_sent_by_stripe and evidence.is_receipt_on:
        return warning(
            _("Students get two receipts for each payment: Stripe's and this site's “payment succeeded”."),
            NOT_BY_STRIPE,
            Repair(_("Or switch ours off"), _("Under Settings → E-mail settings.")),
        )
    if is_sent_by_stripe:
        return ok(_("Stripe sends receipts; this site does not."), NOT_BY_STRIPE)
    text = _("This site sends receipts; Stripe does not.") if evidence.is_receipt_on else _("Nobody sends receipts.")
    return ok(text, BY_STRIPE)


LIGHT = Light("receipts", gettext_lazy("Receipts"), Group.MAIL, judge)
