"""Do Stripe's calls come in the API version that we read?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...payments.stripe_gateway.client import API_VERSION
from .. import endpoints
from ..evidence import Evidence
from ..words import Finding, Group, Light, fault, ok, unknown
from .endpoint import NEW

#: As ``webhooks.seen`` notes it.
OTHER_VERSION = "webhook.other_version"
RECENT = timedelta(days=1)


def judge(evidence: Evidence) -> Finding:
    found = evidence.look.endpoints if evidence.look is not None else None
    wrong = {
        each.api_version
        for each in endpoints.ours(found or [], evidence.webhook_url)
        # Without a version of its own it has the account's: the calls themselves tell which that is.
        if each.is_enabled and each.api_version not in {"", API_VERSION}
    }
    if evidence.is_recent(OTHER_VERSION, RECENT):
        wrong.add(str(evidence.signs[OTHER_VERSION].details.get("version", "?")))
    if wrong:
        return fault(
            _("Calls come in version %(theirs)s, and this site reads %(ours)s.")
            % {"theirs": ", ".join(sorted(wrong)), "ours": API_VERSION},
            NEW,
        )
    if found is None:
        return unknown(_("Stripe was not asked in which version it calls."))
    return ok(_("Version %(version)s, as this site reads it.") % {"version": API_VERSION})


LIGHT = Light("version", gettext_lazy("API version"), Group.WEBHOOKS, judge, causes=("site", "key", "stripe"))
