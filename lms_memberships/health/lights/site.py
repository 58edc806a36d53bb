"""Is this the site that the database belongs to, or a copy of it (E9)?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

MOVED = Repair(
    gettext_lazy("This is the same site: it moved"),
    gettext_lazy("From now on the database belongs to this address, and everything that waited is sent."),
    "moved",
)
COPY = Repair(
    gettext_lazy("This is a copy: keep it quiet"),
    gettext_lazy("Nothing leaves this copy: no call to Stripe, no mail. The alarm is switched off."),
    "copy",
)


def judge(evidence: Evidence) -> Finding:
    place = evidence.premises
    if place.is_quiet:
        return warning(_("This is a quiet copy of %(home)s: it sends nothing.") % {"home": place.home}, MOVED)
    if place.is_frozen:
        return fault(
            _(
                "The database belongs to %(home)s, but this site is %(here)s. Until somebody says which it is, "
                "nothing is sent: no call to Stripe, no mail."
            )
            % {"home": place.home, "here": place.here},
            MOVED,
            COPY,
        )
    if not place.home:
        return ok(_("The database was not used for real money or real mails yet."))
    if place.home != place.here:
        return ok(_("A copy of %(home)s for development: test key, no mails.") % {"home": place.home})
    return ok(_("The database belongs to this site, %(home)s.") % {"home": place.home})


LIGHT = Light("site", gettext_lazy("Same site"), Group.SITE, judge)
