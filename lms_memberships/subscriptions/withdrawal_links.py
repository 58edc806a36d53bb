"""Which link in a guest's mail withdraws from what they bought? Signed, for this one purpose: no account is needed (X14).

A link of its own, and not the one that claims: that one is replaced whenever another is asked for, and this one has to
lead to the confirmation afterwards as well.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.urls import reverse

from .. import conf
from ..memberships.addresses import public_url
from . import guest_withdrawing
from .guest_models import GuestPurchase

SALT = "lms_memberships.guest_withdrawal"
#: So long after the last day a link still says what was declared by it.
SHOWN_FOR = timedelta(days=90)
#: Longer than any link of ours.
LONGEST_TOKEN = 200


def link_of(purchase: GuestPurchase, *, now: datetime) -> str:
    """The full address. Empty where there is nothing to withdraw from any more."""
    if not guest_withdrawing.can_withdraw(purchase, now=now):
        return ""
    return public_url(reverse("lms_memberships:withdraw_guest", args=[token_of(purchase)]))


def token_of(purchase: GuestPurchase) -> str:
    """It names the purchase, and nothing of the person."""
    return signing.dumps(str(purchase.uuid), salt=SALT)


def find(token: str) -> GuestPurchase | None:
    """The purchase, whatever has become of it. None for everything that is no such link, or is one of long ago."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        name = UUID(signing.loads(token, salt=SALT, max_age=timedelta(days=conf.WITHDRAWAL_DAYS) + SHOWN_FOR))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
    return GuestPurchase.objects.filter(uuid=name).exclude(paid_at=None).select_related("membership").first()
