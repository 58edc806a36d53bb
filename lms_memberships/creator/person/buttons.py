"""What can be done for this person, by whoever looks? A link to each page that asks once; in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ...payments.gateway import SubscriptionStatus
from ...subscriptions.models import Subscription
from ...subscriptions.queries import BILLED
from ...subscriptions.revoking import can_revoke
from ...subscriptions.told import OVER
from . import names

May = Callable[[str], bool]


@dataclass(frozen=True)
class Button:
    label: str | Promise
    url: str
    is_serious: bool = False


@dataclass(frozen=True)
class Offer:
    """When the button is there."""

    what: str
    label: str | Promise
    needs: str
    fits: Callable[[Subscription, datetime], bool]
    is_serious: bool = False


def _is_billed(row: Subscription) -> bool:
    return row.is_recurring and bool(row.stripe_id) and row.status in BILLED and row.revoked_at is None


def _can_end_now(row: Subscription, now: datetime) -> bool:
    return row.is_recurring and bool(row.stripe_id) and row.status not in OVER and row.revoked_at is None


OFFERS = (
    Offer(
        "trial",
        _("Extend the trial"),
        names.EXTEND,
        lambda row, now: _is_billed(row) and row.status == SubscriptionStatus.TRIALING,
    ),
    Offer(
        "take_back",
        _("End this access"),
        names.GIVE,
        lambda row, now: row.origin == Subscription.Origin.GIVEN and row.is_live(now),
        is_serious=True,
    ),
    Offer(
        "cancel",
        _("Cancel at the period's end"),
        names.END,
        lambda row, now: _is_billed(row) and row.cancel_at is None and row.paid_up_at is None,
    ),
    Offer(
        "keep",
        _("Take the cancellation back"),
        names.END,
        # Nobody is charged on for what a dispute has closed.
        lambda row, now: _is_billed(row) and row.cancel_at is not None and row.suspended_at is None,
    ),
    Offer("end", _("Cancel at once"), names.END, _can_end_now, is_serious=True),
    Offer("revoke", _("Revoke access"), names.END, can_revoke, is_serious=True),
)


def buttons_of(row: Subscription, may: May, *, now: datetime) -> list[Button]:
    """Of one subscription."""
    return [
        Button(offer.label, reverse(names.name(offer.what), args=[row.user_id, row.pk]), offer.is_serious)
        for offer in OFFERS
        if may(offer.needs) and offer.fits(row, now)
    ]


#: Of the person: what it is, and who may.
OF_PERSON = (
    ("why", _("Why can or can't they open this?"), names.SEE),
    ("give", _("Give access"), names.GIVE),
    ("link", _("Link a subscription"), names.LINK),
    ("merge", _("Merge with another account"), names.MERGE),
)


def buttons_of_person(pk: int, may: May) -> list[Button]:
    found = [Button(label, reverse(names.name(what), args=[pk])) for what, label, needs in OF_PERSON if may(needs)]
    if may(names.GIVE_CODES):
        # A code is chosen first, and then for whom.
        found.append(Button(_("Apply a promotion code"), reverse("lms_memberships_promotions_list")))
    return found
