"""Is Stripe's billing portal set up as it has to be (P15, P17)?"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...memberships import portal_settings
from ...payments.portal import PortalSnapshot
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, unknown, warning

MEND = Repair(
    gettext_lazy("Set the portal up as it has to be"),
    gettext_lazy("What was changed at Stripe is changed back. Settings → Stripe → Customer portal shows both."),
    "mend-portal",
)
NAME_THEM = Repair(
    gettext_lazy("Name the terms and the privacy notice"),
    gettext_lazy("Ask whoever runs the site to set them, at public https addresses; then set the portal up again."),
)
LOOK = Repair(
    gettext_lazy("Look at the other configuration in Stripe"), "https://dashboard.stripe.com/settings/billing/portal"
)


def judge(evidence: Evidence) -> Finding:
    row, account = evidence.portal, evidence.account
    if account is not None and account.livemode and portal_settings.address_problems():
        return _without_addresses(evidence)
    if row is None:
        return ok(_("It is set up as soon as the first student needs it."))
    found = evidence.look.portals if evidence.look is not None else None
    if found is None:
        return unknown(_("Stripe was not asked how the portal is set up."))
    ours = next((each for each in found if each.id == row.stripe_id), None)
    if ours is None:
        return fault(_("The portal's configuration was switched off at Stripe, or is gone."), MEND)
    return _compared(ours, found, livemode=row.livemode)


def _compared(ours: PortalSnapshot, found: list[PortalSnapshot], *, livemode: bool) -> Finding:
    different = portal_settings.differences(portal_settings.wanted(livemode=livemode), ours.settings)
    if ours.settings.switches:
        return fault(
            _(
                "“Update subscriptions” was switched on at Stripe: students can change to any price there, past this "
                "site's rules. What they change is followed all the same."
            ),
            MEND,
        )
    if different:
        names = ", ".join(str(each.label) for each in different)
        return fault(_("The portal is not set up as it has to be: %(names)s.") % {"names": names}, MEND)
    others = portal_settings.others_that_switch(found, ours.id)
    if others:
        text = _(
            "Another configuration at Stripe lets people change prices: %(ids)s. This site never sends them there."
        )
        return warning(text % {"ids": ", ".join(others)}, LOOK)
    return ok(_("The portal is set up as it has to be."))


def _without_addresses(evidence: Evidence) -> Finding:
    named = ", ".join(each.setting for each in portal_settings.address_problems())
    say = fault if evidence.has_subscriptions else warning
    return say(
        _("The portal has to show the site's own terms, and cannot: look at %(names)s.") % {"names": named}, NAME_THEM
    )


LIGHT = Light(
    "portal", gettext_lazy("Customer portal"), Group.STRIPE, judge, causes=("site", "key", "stripe", "account")
)
