"""Do guests come for what they have paid for, and can they buy at all where they should?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ... import conf
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, ok, warning

SWITCH_ON = Repair(
    gettext_lazy("Switch the e-mail on"),
    gettext_lazy("Settings → E-mail settings, “Bought without an account: the link”. It is the only way in."),
)
LOOK = Repair(
    gettext_lazy("Look at them"),
    gettext_lazy("Reports → Bought without an account: send the link again, or cancel and refund them there."),
)


def judge(evidence: Evidence) -> Finding:
    if conf.GUEST_CHECKOUT and not evidence.is_guest_mail_on:
        return warning(
            _("Visitors may buy without an account, and cannot: the e-mail with their link is off."), SWITCH_ON
        )
    count = evidence.unclaimed
    if count:
        text = ngettext(
            "%(count)s purchase without an account has waited for more than a week.",
            "%(count)s purchases without an account have waited for more than a week.",
            count,
        )
        return warning(text % {"count": count}, LOOK)
    if not conf.GUEST_CHECKOUT:
        return ok(_("Nothing is sold without an account."))
    return ok(_("Whatever was bought without an account has been claimed within a week."))


LIGHT = Light("guests", gettext_lazy("Bought without an account"), Group.MAIL, judge)
