"""Does somebody wait to be forgotten, longer than Stripe needs to confirm (K6)?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

SLOW, LATE = timedelta(hours=6), timedelta(days=2)

END = Repair(
    gettext_lazy("End what is still billed"),
    gettext_lazy(
        "Connect the Stripe account in which it is billed, or cancel the subscriptions there. "
        "Then run “manage.py memberships_drain”."
    ),
)


def judge(evidence: Evidence) -> Finding:
    waiting = evidence.erasures
    if waiting.oldest_due_at is None:
        return ok(_("Nobody waits to be forgotten."))
    text = _("%(count)s accounts wait to be deleted, the oldest for %(age)s. %(why)s") % {
        "count": waiting.due,
        "age": age(waiting.oldest_due_at, evidence.now),
        "why": evidence.erasure_failure,
    }
    waited = evidence.now - waiting.oldest_due_at
    if waited > LATE:
        return fault(text.strip(), END)
    return warning(text.strip(), END) if waited > SLOW else ok(text.strip())


LIGHT = Light(
    "erasures", gettext_lazy("Accounts to delete"), Group.WORK, judge, causes=("site", "worker", "key", "stripe")
)
