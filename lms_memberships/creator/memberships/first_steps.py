"""What has an owner to do who sells nothing yet? Four steps above the list, each with where it is done (V5, V6)."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import PermissionsMixin
from django.urls import reverse
from django.utils.translation import gettext as _

from ...emails import switches
from ...memberships.models import Membership
from ...payments import connect
from ...subscriptions.models import Subscription

STRIPE, EMAILS = "lms_memberships_stripe_settings", "lms_memberships_email_settings"
SHARE = "lms_memberships_share"
MAY_CREATE = "lms_memberships.add_membership"


@dataclass(frozen=True)
class Step:
    """One line: what, why, whether it is done, and where; no address for who may not do it, or not yet."""

    label: str
    words: str
    is_done: bool
    url: str = ""
    url_label: str = ""


def first_steps(user: PermissionsMixin, *, now: datetime, add_url: str) -> list[Step]:
    """None for who creates nothing, and none any more once somebody has joined: then the way is known.

    ``now`` is wall time, by which the connection is judged.
    """
    if not user.has_perm(MAY_CREATE) or Subscription.objects.exists():
        return []
    state = connect.state(now=now)
    on_sale = Membership.objects.on_sale(connect.current()).order_by("pk").first()
    return [
        _stripe(user, is_working=state.is_working),
        _membership(on_sale, add_url if state.is_working else ""),
        _emails(user),
        _share(on_sale),
    ]


def _stripe(user: PermissionsMixin, *, is_working: bool) -> Step:
    may = user.has_perm("lms_memberships.connect_account")
    return Step(
        _("Connect Stripe"),
        _("Stripe takes the payments and pays you out. Card numbers never reach this site.")
        if may or is_working
        else _("Ask somebody who may connect the Stripe account."),
        is_working,
        reverse(STRIPE) if may else "",
        _("Stripe settings"),
    )


def _membership(on_sale: Membership | None, add_url: str) -> Step:
    return Step(
        _("Create the first membership"),
        _("Say what it is and what it costs, choose what is in it, and publish it."),
        on_sale is not None,
        add_url,
        _("Create a new membership"),
    )


def _emails(user: PermissionsMixin) -> Step:
    may = user.has_perm("lms_memberships.change_emailswitch")
    return Step(
        _("Switch on the e-mails"),
        _("Students hear of their purchase, their trial and their payments.")
        if may
        else _("Ask somebody who may change the e-mail settings."),
        any(switches.on_for(None).values()),
        reverse(EMAILS) if may else "",
        _("E-mail settings"),
    )


def _share(on_sale: Membership | None) -> Step:
    return Step(
        _("Share the link"),
        _("By mail, on your own website, or as an invitation. These steps go when the first student has joined."),
        False,  # noqa: FBT003 - done when nobody sees it any more
        reverse(SHARE, args=[on_sale.pk]) if on_sale is not None else "",
        _("Share"),
    )
