"""Does Stripe know one address of this site, the right one, switched on, for all events (A12)?"""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...payments.endpoints import EndpointSnapshot
from ...payments.webhook_events import WANTED
from .. import address, endpoints
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

NEW = Repair(
    gettext_lazy("Make a new endpoint"),
    gettext_lazy(
        "Registers this site's address at Stripe, with the right version and events, and shows its secret once. "
        "What is there goes on until the new one works."
    ),
    "new-endpoint",
)
ENABLE = Repair(
    gettext_lazy("Switch the endpoint on"), gettext_lazy("Stripe calls this site again."), "enable-endpoint"
)
CHOOSE = Repair(
    gettext_lazy("Add the missing events"), gettext_lazy("Stripe tells of them from now on."), "choose-events"
)
RETIRE = Repair(
    gettext_lazy("Switch the old endpoints off"),
    gettext_lazy("Only the newest one, whose secret was seen to work, goes on."),
    "retire-endpoints",
)
MOUNT = Repair(
    gettext_lazy("Mount the addresses"),
    gettext_lazy("Include lms_memberships.urls in the site's URLs, before Wagtail's."),
)


def judge(evidence: Evidence) -> Finding:
    if not evidence.webhook_url:
        return fault(_("The site has no address that Stripe could call."), MOUNT)
    found = evidence.look.endpoints if evidence.look is not None else None
    if found is None:
        return unknown(_("Stripe was not asked where it calls."))
    ours = endpoints.ours(found, evidence.webhook_url)
    enabled = [each for each in ours if each.is_enabled]
    if (urlsplit(evidence.webhook_url).hostname or "") in LOOPBACK and not enabled:
        return warning(_("Stripe cannot reach this machine by itself. For trials use the sandbox or “stripe listen”."))
    if len(enabled) > 1:
        return _doubled(evidence, enabled)
    if enabled:
        return _single(enabled[0])
    if ours:
        return fault(_("The endpoint at Stripe is switched off: no payment is heard of."), ENABLE)
    return _none(found, evidence.webhook_url)


def _single(endpoint: EndpointSnapshot) -> Finding:
    missing = sorted(set(WANTED) - set(endpoint.events)) if "*" not in endpoint.events else []
    if missing:
        return fault(_("The endpoint does not tell of: %(events)s.") % {"events": ", ".join(missing)}, CHOOSE)
    return ok(_("Stripe calls %(url)s.") % {"url": endpoint.url})


def _doubled(evidence: Evidence, enabled: list[EndpointSnapshot]) -> Finding:
    stage = endpoints.stage_of(enabled, evidence.signs, evidence.secrets)
    if stage == "waits_for_secret":
        return warning(
            _("A new endpoint was made, and its secret is not in the settings yet."),
            Repair(
                _("Put the secret into the settings"),
                _("First in LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS, before the old one; then restart the site."),
            ),
        )
    if stage == "waits_for_call":
        return warning(_("The new endpoint's secret is set. Once Stripe has called with it, switch the old one off."))
    if stage == "can_retire":
        return warning(_("The new endpoint works. The old one is not needed any more."), RETIRE)
    addresses = ", ".join(sorted(each.url for each in enabled))
    return fault(
        _("%(count)s endpoints lead to this site, and each event comes as often: %(addresses)s.")
        % {"count": len(enabled), "addresses": addresses},
        NEW,
        Repair(
            _("Or choose by hand"),
            _("In Stripe's dashboard, keep the endpoint whose signing secret is in the settings; delete the others."),
        ),
    )


def _none(found: list[EndpointSnapshot], url: str) -> Finding:
    strays = sorted(each.url for each in found if address.has_our_path(each.url, url))
    if strays:
        return fault(
            _("Stripe calls %(theirs)s, and this site is at %(ours)s.") % {"theirs": ", ".join(strays), "ours": url},
            NEW,
        )
    return fault(_("Stripe does not know this site's address: no payment is heard of."), NEW)


LIGHT = Light("endpoint", gettext_lazy("Endpoint at Stripe"), Group.WEBHOOKS, judge, causes=("site", "key", "stripe"))
