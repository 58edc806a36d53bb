"""Is it all in one mode: the key, the memberships that run, the calls that come?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...payments.connect import livemode_of
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning

#: As ``webhooks.seen`` notes it.
OTHER_MODE = "webhook.other_mode"
RECENT = timedelta(days=1)

USE_LIVE_KEY = Repair(
    gettext_lazy("Use the live key"),
    gettext_lazy("Put the live key (rk_live_…) into LMS_MEMBERSHIPS_STRIPE_SECRET_KEY and restart the site."),
)
REMOVE_ENDPOINT = Repair(
    gettext_lazy("Remove the endpoint of the other mode"),
    gettext_lazy("In Stripe's dashboard switch to the other mode and delete the endpoint with this site's address."),
)


def judge(evidence: Evidence) -> Finding:
    if not evidence.key:
        return unknown(_("Without a key there is no mode."))
    is_live = livemode_of(evidence.key)
    if evidence.running_in_other_mode and not is_live:
        count = evidence.running_in_other_mode
        text = ngettext(
            "%(count)s membership bought with real money runs, and the key is a test key: renewals are not followed.",
            "%(count)s memberships bought with real money run, and the key is a test key: renewals are not followed.",
            count,
        )
        return fault(text % {"count": count}, USE_LIVE_KEY)
    if evidence.is_recent(OTHER_MODE, RECENT):
        return warning(
            _("Calls of the other mode came in within a day. They are refused any effect, but should not come."),
            REMOVE_ENDPOINT,
        )
    return ok(_("Live: real money.") if is_live else _("Test: no real money."))


LIGHT = Light("mode", gettext_lazy("Mode"), Group.STRIPE, judge, causes=("key",))
