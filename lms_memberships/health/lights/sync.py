"""Was everything compared with Stripe lately, and did it go well?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

#: It runs each night where the site is set up as the documentation says; a week without means that it does not.
OLD_AFTER = timedelta(days=7)

RUN = Repair(
    gettext_lazy("Compare with Stripe"),
    gettext_lazy("Run “manage.py memberships_sync”. It repairs what differs and says what it repaired."),
)


def judge(evidence: Evidence) -> Finding:
    run = evidence.sync
    if run is None:
        if evidence.has_subscriptions:
            return warning(_("The memberships were never compared with Stripe."), RUN)
        return ok(_("There is nothing to compare with Stripe yet."))
    if run.failure:
        return fault(_("The last comparison failed: %(reason)s") % {"reason": run.failure[:200]}, RUN)
    moment = run.finished_at or run.started_at
    ago = age(moment, evidence.now)
    if evidence.now - moment > OLD_AFTER:
        return warning(_("The last comparison was %(age)s ago.") % {"age": ago}, RUN)
    if run.failed:
        return warning(_("The last comparison left out %(count)s that failed.") % {"count": run.failed}, RUN)
    if run.finished_at is None:
        return ok(_("A comparison is under way since %(age)s.") % {"age": ago})
    text = _("Compared %(age)s ago: %(seen)s looked at, %(repaired)s repaired.")
    return ok(text % {"age": ago, "seen": run.seen, "repaired": run.repaired})


LIGHT = Light("sync", gettext_lazy("Comparison with Stripe"), Group.STRIPE, judge, causes=("site", "key", "stripe"))
