"""Are owed e-mails sent in time?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, fault, ok, warning
from .backlog import WORK

SLOW, LATE = timedelta(minutes=5), timedelta(minutes=15)


def judge(evidence: Evidence) -> Finding:
    emails = evidence.emails
    if emails.oldest_due_at is None:
        return ok(_("No e-mail waits."))
    waited = evidence.now - emails.oldest_due_at
    text = _("%(count)s e-mails wait, the oldest for %(age)s.") % {
        "count": emails.due,
        "age": age(emails.oldest_due_at, evidence.now),
    }
    if waited > LATE:
        return fault(text, WORK)
    return warning(text, WORK) if waited > SLOW else ok(text)


LIGHT = Light("outbox", gettext_lazy("E-mails that wait"), Group.MAIL, judge, causes=("site", "worker", "mail"))
