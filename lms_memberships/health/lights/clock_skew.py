"""Is this server's clock right (I8)? Ahead it refuses every call of Stripe's; behind it believes old ones."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning

MOST_SECONDS = 30
#: As ``webhooks.refusals`` notes it.
OUT_OF_TIME = "webhook.out_of_time"
RECENT = timedelta(hours=1)

SET_CLOCK = Repair(
    gettext_lazy("Set the clock"),
    gettext_lazy("Have the server's clock follow a time server (NTP), for instance: timedatectl set-ntp true."),
)


def judge(evidence: Evidence) -> Finding:
    look = evidence.look
    skew = look.skew_seconds if look is not None else None
    if skew is not None and abs(skew) > MOST_SECONDS:
        text = (
            _("The clock is %(seconds)s seconds ahead.") if skew > 0 else _("The clock is %(seconds)s seconds behind.")
        )
        return fault(text % {"seconds": round(abs(skew))}, SET_CLOCK)
    if evidence.is_recent(OUT_OF_TIME, RECENT):
        return warning(
            _("Well-signed calls came in that are dated more than five minutes off: replayed, or late."), SET_CLOCK
        )
    if skew is None:
        return unknown(_("Stripe was not asked what time it is."))
    return ok(_("The clock agrees with Stripe's, to within %(seconds)s s.") % {"seconds": max(1, round(abs(skew)))})


LIGHT = Light("clock", gettext_lazy("Clock"), Group.WEBHOOKS, judge, causes=("site", "key", "stripe"))
