"""Is there a write at Stripe of which it is still open whether it was made?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok

SETTLE = Repair(
    gettext_lazy("Look what came of them"),
    gettext_lazy("Run “manage.py memberships_drain”: it asks Stripe for each. Then see the log."),
)


def judge(evidence: Evidence) -> Finding:
    count = evidence.open_intents
    if not count:
        return ok(_("Of everything that was asked of Stripe it is known what came of it."))
    text = ngettext(
        "Of %(count)s write at Stripe it is not known whether it was made, for more than an hour.",
        "Of %(count)s writes at Stripe it is not known whether they were made, for more than an hour.",
        count,
    )
    return fault(text % {"count": count}, SETTLE)


LIGHT = Light(
    "intents", gettext_lazy("Open writes at Stripe"), Group.STRIPE, judge, causes=("site", "worker", "key", "stripe")
)
