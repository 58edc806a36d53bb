"""Is what Stripe told us worked off in time?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

SLOW, LATE = timedelta(minutes=5), timedelta(minutes=15)

WORK = Repair(
    gettext_lazy("Work it off"), gettext_lazy("Run “manage.py memberships_drain”, and see what it logs about failures.")
)


def judge(evidence: Evidence) -> Finding:
    kinds = (evidence.events, evidence.deliveries, evidence.announcements)
    due = sum(kind.due for kind in kinds)
    oldest = min((kind.oldest_due_at for kind in kinds if kind.oldest_due_at is not None), default=None)
    if oldest is None:
        return ok(_("Nothing waits."))
    waited = evidence.now - oldest
    text = _("%(count)s pieces of work wait, the oldest for %(age)s.") % {
        "count": due,
        "age": age(oldest, evidence.now),
    }
    if waited > LATE:
        return fault(text, WORK)
    return warning(text, WORK) if waited > SLOW else ok(text)


LIGHT = Light("backlog", gettext_lazy("Work that waits"), Group.WORK, judge, causes=("site", "worker", "key", "stripe"))
