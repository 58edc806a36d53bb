"""What is said after publishing? That it is done, and that the e-mails are still off, with one button for all (U29)."""

from django.contrib.auth.models import PermissionsMixin
from django.template.loader import render_to_string
from django.urls import reverse

from ..memberships.models import Membership
from .checklist import EMAILS_URL_NAME, are_emails_on

ALL_ON_URL_NAME = "lms_memberships_emails_all_on"
MAY_SWITCH = "lms_memberships.change_emailswitch"


def after_publishing(message: str, membership: Membership, *, user: PermissionsMixin) -> str:
    """The message with its buttons, for those who may press them. Nothing is reminded of when every e-mail is on."""
    context = {
        "message": message,
        "public_url": membership.get_absolute_url(),
        "emails_are_on": are_emails_on(membership),
        "may_switch": user.has_perm(MAY_SWITCH),
        "all_on_url": reverse(ALL_ON_URL_NAME),
        "settings_url": reverse(EMAILS_URL_NAME),
    }
    return render_to_string("lms_memberships/wizard/published_message.html", context)
