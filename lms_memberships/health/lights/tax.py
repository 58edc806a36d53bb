"""Can Stripe reckon tax, where the site wants it to (X16)?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ... import conf
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown

SETTINGS_URL = "https://dashboard.stripe.com/settings/tax"
REGISTRATIONS_URL = "https://dashboard.stripe.com/tax/registrations"

SET_UP = Repair(gettext_lazy("Finish Stripe Tax's settings"), SETTINGS_URL)
REGISTER = Repair(gettext_lazy("Add where you are registered for tax"), REGISTRATIONS_URL)


def judge(evidence: Evidence) -> Finding:
    if not conf.STRIPE_TAX:
        return ok(_("Stripe reckons no tax: LMS_MEMBERSHIPS_STRIPE_TAX is off."))
    look = evidence.look
    if look is None or look.tax is None or look.tax_countries is None:
        return unknown(_("Stripe was not asked yet how tax is set up."))
    if not look.tax.is_active:
        missing = ", ".join(look.tax.missing) or "–"
        return fault(
            _("Stripe Tax is not active, so nobody can buy. It still asks for: %(missing)s.") % {"missing": missing},
            SET_UP,
        )
    if not look.tax_countries:
        # Stripe says nothing about it: it simply collects none (guide §3).
        return fault(_("There is no registration at Stripe: no tax is collected from anybody."), REGISTER)
    countries = ", ".join(look.tax_countries)
    return ok(_("Stripe reckons tax, and collects it in: %(countries)s.") % {"countries": countries})


LIGHT = Light("tax", gettext_lazy("Tax"), Group.STRIPE, judge, causes=("site", "key", "stripe", "account"))
