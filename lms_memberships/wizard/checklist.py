"""Is everything round the membership ready for students? Stripe, e-mails, terms, portal; each with what mends it (X18)."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from .. import clock, conf
from ..emails import switches
from ..health import stripe_look
from ..health.lights import tax
from ..memberships import portal_settings
from ..memberships.models import Membership
from ..payments import connect

EMAILS_URL_NAME = "lms_memberships_email_settings"
STRIPE_URL_NAME = "lms_memberships_stripe_settings"
PORTAL_URL_NAME = "lms_memberships_portal_settings"


@dataclass(frozen=True)
class Check:
    """One line of the list: what, how it stands in words, and where to mend it."""

    label: str
    is_met: bool
    explanation: str = ""
    url: str = ""
    url_label: str = ""


def checks(membership: Membership) -> list[Check]:
    """All of them, in the order in which they stop a sale."""
    return [_stripe(), *_tax(), _emails(membership), _terms(), _portal()]


def are_emails_on(membership: Membership) -> bool:
    """Whether every message is switched on for this membership."""
    return all(switches.on_for(membership.pk).values())


def _stripe() -> Check:
    state = connect.state(now=clock.wall_time())
    label = _("Stripe is connected and can take payments")
    if state.is_working:
        return Check(label, is_met=True)
    return Check(
        label,
        is_met=False,
        explanation=str(state.problem),
        url=reverse(STRIPE_URL_NAME),
        url_label=_("Stripe settings"),
    )


def _tax() -> list[Check]:
    """Only where the site wants tax to be reckoned (X16). From the last look at Stripe, as the health page has it."""
    if not conf.STRIPE_TAX:
        return []
    look = stripe_look.last()
    is_active = look is not None and look.tax is not None and look.tax.is_active
    is_registered = look is not None and bool(look.tax_countries)
    return [
        Check(
            _("Stripe Tax is set up"),
            is_met=is_active,
            explanation="" if is_active else _("Until then nobody can buy: Stripe cannot reckon the tax."),
            url="" if is_active else tax.SETTINGS_URL,
            url_label=_("Tax settings in Stripe"),
        ),
        Check(
            _("A tax registration is active at Stripe"),
            is_met=is_registered,
            explanation="" if is_registered else _("Without one no tax is collected, and nothing says so."),
            url="" if is_registered else tax.REGISTRATIONS_URL,
            url_label=_("Registrations in Stripe"),
        ),
    ]


def _emails(membership: Membership) -> Check:
    label = _("E-mails to students are switched on")
    if are_emails_on(membership):
        return Check(label, is_met=True)
    explanation = _("Some messages are off: students would not hear of their purchase, trial or payments.")
    return Check(
        label, is_met=False, explanation=explanation, url=reverse(EMAILS_URL_NAME), url_label=_("E-mail settings")
    )


def _terms() -> Check:
    label = _("The terms of sale are linked before every purchase")
    if conf.TERMS_URL:
        return Check(label, is_met=True, url=conf.TERMS_URL, url_label=_("Read the terms"))
    explanation = _("Ask whoever runs the site to set LMS_MEMBERSHIPS_TERMS_URL.")
    return Check(
        label, is_met=False, explanation=explanation, url=reverse(STRIPE_URL_NAME), url_label=_("Payment settings")
    )


def _portal() -> Check:
    """From what is stored and the last look at Stripe, as the health page has it (P15)."""
    label = _("Students can change their card in Stripe's portal")
    problem = _portal_problem()
    if not problem:
        return Check(label, is_met=True)
    return Check(label, is_met=False, explanation=problem, url=reverse(PORTAL_URL_NAME), url_label=_("Customer portal"))


def _portal_problem() -> str:
    account = connect.current()
    if account is None:
        return _("It is set up once Stripe is connected.")
    if account.livemode and portal_settings.address_problems():
        return _("It has to show the site's own terms and privacy notice, at public https addresses.")
    row = portal_settings.stored(account.account_id, livemode=account.livemode)
    look = stripe_look.last()
    if row is None or look is None or look.portals is None:
        # The first student who needs it has it set up.
        return ""
    should_be = portal_settings.wanted(livemode=account.livemode)
    found = next((each for each in look.portals if each.id == row.stripe_id), None)
    if found is None or portal_settings.differences(should_be, found.settings):
        return _("At Stripe it is not set up as it has to be.")
    return ""
