"""Does Stripe answer?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning

NOT_ANSWERED = frozenset({"unreachable", "busy", "refused"})
#: An older answer says nothing about today.
ANSWER_IS_OLD_AFTER = timedelta(days=2)

WAIT = Repair(
    gettext_lazy("Ask again"),
    gettext_lazy(
        "See status.stripe.com, and whether the server may open connections to api.stripe.com. Nothing is lost "
        "meanwhile: what waits is sent later."
    ),
)


def judge(evidence: Evidence) -> Finding:
    look = evidence.look
    if look is None:
        return unknown(_("Stripe was not asked yet with this key."))
    if look.problem in NOT_ANSWERED:
        return fault(_("Stripe did not answer as expected: %(reason)s") % {"reason": look.message}, WAIT)
    ago = age(look.asked_at, evidence.now)
    if evidence.now - look.asked_at > ANSWER_IS_OLD_AFTER:
        return warning(
            _("Stripe was last asked %(age)s ago. The nightly job asks it, too.") % {"age": ago},
            Repair(_("Ask Stripe now"), _("Press the button on this page, or run memberships_doctor each night.")),
        )
    if look.problem:
        return unknown(_("Stripe was not asked: %(reason)s") % {"reason": look.message})
    return ok(_("Stripe answered %(age)s ago.") % {"age": ago})


LIGHT = Light("stripe", gettext_lazy("Stripe answers"), Group.STRIPE, judge, causes=("site", "key"))
