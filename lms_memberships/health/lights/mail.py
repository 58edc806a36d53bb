"""Do mails leave this machine at all?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...payments.premises import is_homebound
from ...signs import EVERY
from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning

#: The outbox notes both.
SENT, FAILED = "mail.sent", "mail.failed"

SET_BACKEND = Repair(
    gettext_lazy("Choose a mail service"),
    gettext_lazy("Set EMAIL_BACKEND to a service's backend, such as one of anymail's, and restart the site."),
)
SEE_LOG = Repair(
    gettext_lazy("See why"),
    gettext_lazy("The log has the mail service's answer. What failed is tried again by itself."),
)


def judge(evidence: Evidence) -> Finding:
    if is_homebound(evidence.mail_backend):
        text = _("E-mails do not leave this machine: EMAIL_BACKEND is %(backend)s.") % {
            "backend": evidence.mail_backend
        }
        return warning(text, SET_BACKEND) if evidence.is_debug else fault(text, SET_BACKEND)
    sent, failed = evidence.seen_at(SENT), evidence.seen_at(FAILED)
    if failed is not None and (sent is None or failed - sent > EVERY):
        return fault(_("The last e-mail failed, %(age)s ago.") % {"age": age(failed, evidence.now)}, SEE_LOG)
    if sent is None:
        return unknown(_("No e-mail was sent yet."))
    return ok(_("The last e-mail left %(age)s ago.") % {"age": age(sent, evidence.now)})


LIGHT = Light("mail", gettext_lazy("E-mails leave"), Group.MAIL, judge)
