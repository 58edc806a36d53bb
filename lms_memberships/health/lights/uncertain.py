"""Is there an e-mail of which nobody knows whether it arrived?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, ok, warning

LOOK = Repair(
    gettext_lazy("Look at the mail service"),
    gettext_lazy("Its log says which arrived. They are not sent again by themselves: better one too few than two."),
)


def judge(evidence: Evidence) -> Finding:
    count = evidence.uncertain_emails
    if not count:
        return ok(_("Of every e-mail it is known whether it was taken."))
    text = ngettext(
        "%(count)s e-mail was handed over, and the answer was lost.",
        "%(count)s e-mails were handed over, and the answers were lost.",
        count,
    )
    return warning(text % {"count": count}, LOOK)


LIGHT = Light("uncertain", gettext_lazy("Uncertain e-mails"), Group.MAIL, judge)
