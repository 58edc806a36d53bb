"""Does anybody wait longer for what they were promised than Stripe needs: an end, or their money (G24, X13, X14)?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from ...subscriptions.promised import Promise
from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

SLOW = timedelta(hours=6)
LATE = timedelta(days=2)
#: A debit takes up to fourteen days, and only what has come can be given back.
LATE_DEBIT = timedelta(days=16)

#: What waits, and how long it may before somebody is harmed.
KINDS = {
    Promise.CANCELLATION: (
        ngettext_lazy(
            "%(count)s cancellation that Stripe has not confirmed for %(age)s.",
            "%(count)s cancellations that Stripe has not confirmed, the oldest for %(age)s.",
            "count",
        ),
        LATE,
    ),
    Promise.WITHDRAWAL: (
        ngettext_lazy(
            "%(count)s withdrawal whose money has not gone back for %(age)s.",
            "%(count)s withdrawals whose money has not gone back, the oldest for %(age)s.",
            "count",
        ),
        LATE_DEBIT,
    ),
    Promise.REVOCATION: (
        ngettext_lazy(
            "%(count)s membership that was revoked and is not ended at Stripe, for %(age)s.",
            "%(count)s memberships that were revoked and are not ended at Stripe, the oldest for %(age)s.",
            "count",
        ),
        LATE,
    ),
    Promise.REFUND: (
        ngettext_lazy(
            "%(count)s refund that Stripe has not made for %(age)s.",
            "%(count)s refunds that Stripe has not made, the oldest for %(age)s.",
            "count",
        ),
        LATE,
    ),
    Promise.GIFT: (
        ngettext_lazy(
            "%(count)s gift whose money has not gone back for %(age)s.",
            "%(count)s gifts whose money has not gone back, the oldest for %(age)s.",
            "count",
        ),
        LATE,
    ),
}
DO_IT = Repair(
    gettext_lazy("Do it in Stripe"),
    gettext_lazy(
        "The log says what Stripe answers. Connect the account in which they are billed, or end them and give the money "
        "back in Stripe’s dashboard. Then run “manage.py memberships_drain”."
    ),
)


def judge(evidence: Evidence) -> Finding:
    if not evidence.promises:
        return ok(_("Stripe has confirmed all that was cancelled, withdrawn from, revoked and given back."))
    waited = {kind: evidence.now - waiting.oldest_at for kind, waiting in evidence.promises.items()}
    text = " ".join(
        str(KINDS[kind][0] % {"count": waiting.count, "age": age(waiting.oldest_at, evidence.now)})
        for kind, waiting in evidence.promises.items()
    )
    if any(span > KINDS[kind][1] for kind, span in waited.items()):
        return fault(text, DO_IT)
    return warning(text, DO_IT) if max(waited.values()) > SLOW else ok(text)


LIGHT = Light(
    "promises", gettext_lazy("Ends and refunds"), Group.WORK, judge, causes=("site", "worker", "key", "stripe")
)
