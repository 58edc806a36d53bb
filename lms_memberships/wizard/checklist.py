"""Is everything round the membership ready for students? Stripe, e-mails, terms; each with the way to mend it (X18)."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from .. import clock, conf
from ..emails import switches
from ..memberships.models import Membership
from ..payments import connect

EMAILS_URL_NAME = "lms_memberships_email_settings"
STRIPE_URL_NAME = "lms_memberships_stripe_settings"


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
    return [_stripe(), _emails(membership), _terms()]


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
