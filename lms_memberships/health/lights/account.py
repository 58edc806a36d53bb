"""Can the account take money?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown

ANSWER = Repair(
    gettext_lazy("Give Stripe what it asks for"),
    gettext_lazy("Answer in Stripe's dashboard; Settings → Stripe lists the questions. Then ask Stripe again."),
)


def judge(evidence: Evidence) -> Finding:
    account = evidence.account
    if account is None or not account.stripe_id:
        return unknown(_("The account was not read yet with this key."))
    if account.charges_enabled:
        return ok(_("%(account)s can charge.") % {"account": account})
    reason = account.disabled_reason or ", ".join(account.requirements_due) or "–"
    return fault(_("%(account)s cannot charge: %(reason)s.") % {"account": account, "reason": reason}, ANSWER)


LIGHT = Light("account", gettext_lazy("Account can charge"), Group.STRIPE, judge, causes=("site", "key", "stripe"))
