"""Is there a Stripe key, is it one, does Stripe take it, and may it do what we do with it?"""

import re
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown

#: ``sk_`` or, better, ``rk_``; then the mode, then something.
KEY_FORMAT: Final = re.compile(r"(sk|rk)_(test|live)_\w+")

SET_KEY = Repair(
    gettext_lazy("Set the key"),
    gettext_lazy("Put a restricted key (rk_…) into LMS_MEMBERSHIPS_STRIPE_SECRET_KEY and restart the site."),
)
REPLACE_KEY = Repair(
    gettext_lazy("Replace the key"),
    gettext_lazy("Make a key in Stripe's dashboard, put it into LMS_MEMBERSHIPS_STRIPE_SECRET_KEY, restart the site."),
)
GRANT = Repair(
    gettext_lazy("Give the permission"),
    gettext_lazy("In Stripe's dashboard under Developers → API keys, edit the key and add what it lacks."),
)


def judge(evidence: Evidence) -> Finding:
    if not evidence.key:
        return fault(_("There is no Stripe key: nothing can be sold."), SET_KEY)
    if not KEY_FORMAT.fullmatch(evidence.key):
        return fault(_("What is set as the Stripe key is no secret or restricted key of Stripe's."), SET_KEY)
    look = evidence.look
    if look is None:
        return unknown(_("There is a key. Stripe was not asked about it yet."))
    if look.problem == "rejected":
        return fault(_("Stripe does not accept the key: it is wrong, or it was revoked."), REPLACE_KEY)
    if look.problem == "expired":
        return fault(_("The key has expired."), REPLACE_KEY)
    if look.lacking:
        lacking = ", ".join(dict.fromkeys(look.lacking))
        return fault(_("The key lacks permissions: %(lacking)s.") % {"lacking": lacking}, GRANT)
    if look.problem:
        return unknown(_("Stripe could not be asked whether it accepts the key."))
    return ok(_("Stripe accepts the key."))


LIGHT = Light("key", gettext_lazy("Key"), Group.STRIPE, judge, causes=("site", "stripe"))
