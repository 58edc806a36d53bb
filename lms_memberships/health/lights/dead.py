"""Was something given up after all its tries?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok

RETRY = Repair(
    gettext_lazy("Try all of them again"),
    gettext_lazy("They are due at once, as if they were new. What failed stands in the log and in the rows."),
    "retry-dead",
)


def judge(evidence: Evidence) -> Finding:
    kinds = (
        (evidence.events.dead, _("events of Stripe's")),
        (evidence.deliveries.dead, _("items to hand out")),
        (evidence.emails.dead, _("e-mails of this week")),
    )
    given_up = ", ".join(f"{count} {what}" for count, what in kinds if count)
    if given_up:
        return fault(_("Given up after many tries: %(what)s.") % {"what": given_up}, RETRY)
    return ok(_("Nothing was given up."))


LIGHT = Light("dead", gettext_lazy("Given up"), Group.WORK, judge)
