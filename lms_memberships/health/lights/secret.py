"""Do Stripe's calls prove themselves with a secret that we have (A9, S2, S4)?"""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning
from .endpoint import NEW

#: As ``webhooks.seen`` and ``webhooks.refusals`` note it.
SECRET = "webhook.secret."  # noqa: S105 - a name
INVALID = "webhook.invalid"
#: How long Stripe may have news for us without one getting through.
SILENCE = timedelta(hours=1)
#: How long two secrets may stand side by side. Stripe itself keeps a replaced one for a day at most.
ROTATION = timedelta(days=7)

SET_SECRET = Repair(
    gettext_lazy("Set the secret"),
    gettext_lazy("Copy the endpoint's signing secret (whsec_…) into LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS."),
)
REMOVE_OLD = Repair(
    gettext_lazy("Remove the old secret"),
    gettext_lazy("Take it out of LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS and restart the site."),
)
REMOVE_OLD_ENDPOINT = Repair(
    gettext_lazy("Remove the old endpoint"),
    gettext_lazy(
        "Delete or roll the endpoint that signs with the old secret; then take the secret out of the settings."
    ),
)


def judge(evidence: Evidence) -> Finding:
    if not evidence.secrets:
        return fault(_("No signing secret is set: every call of Stripe's is refused."), SET_SECRET, NEW)
    uses = evidence.under(SECRET)
    last = max((sign.seen_at for sign in uses.values() if sign.seen_at), default=None)
    silence = _silence(evidence, last)
    if silence is not None:
        return silence
    rotation = _rotation(evidence)
    if rotation is not None:
        return rotation
    if last is None:
        return unknown(_("A secret is set. Stripe has not called with it yet."))
    return ok(_("The last proven call came %(age)s ago.") % {"age": age(last, evidence.now)})


def _silence(evidence: Evidence, last: datetime | None) -> Finding | None:
    """Red after an hour without a valid call while Stripe has some to make."""
    look = evidence.look
    if look is None or not look.undelivered or look.undelivered_since is None:
        return None
    has_waited = look.asked_at - look.undelivered_since > SILENCE
    if not has_waited or (last is not None and evidence.now - last <= SILENCE):
        return None
    refused = evidence.seen_at(INVALID)
    if refused is not None and (last is None or refused > last):
        text = _("Stripe has %(count)s events for this site, and its calls are refused: the secret is not theirs.")
    else:
        text = _("Stripe has %(count)s events for this site, and no valid call has come for an hour.")
    return fault(text % {"count": look.undelivered}, NEW, SET_SECRET)


def _rotation(evidence: Evidence) -> Finding | None:
    """Several secrets are for the days of a change; each one more is one more that can leak."""
    if len(evidence.secrets) < 2:
        return None
    uses = evidence.under(SECRET)
    known = {name: uses[name] for name in evidence.secrets if name in uses}
    used = [sign for sign in known.values() if sign.seen_at and evidence.now - sign.seen_at <= ROTATION]
    if not any(evidence.now - _since(sign.details, evidence.now) > ROTATION for sign in used):
        return None
    if len(used) < len(evidence.secrets):
        return warning(_("One of the secrets has not been used for a week."), REMOVE_OLD)
    if all(evidence.now - _since(sign.details, evidence.now) > ROTATION for sign in used):
        return warning(_("Two secrets have been in use for more than a week."), REMOVE_OLD_ENDPOINT)
    return None


def _since(details: dict[str, object], now: datetime) -> datetime:
    try:
        return datetime.fromisoformat(str(details.get("since")))
    except ValueError:
        return now


LIGHT = Light(
    "secret",
    gettext_lazy("Signing secret"),
    Group.WEBHOOKS,
    judge,
    causes=("site", "key", "stripe", "clock", "endpoint"),
)
