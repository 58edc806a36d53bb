"""Which link in a mail cancels one subscription without a sign-in? Signed, for this one purpose, and not for long."""

from datetime import datetime, timedelta

from django.core import signing
from django.urls import reverse

from ..memberships.addresses import public_url
from . import changes
from .models import Subscription

SALT = "lms_memberships.cancel_link"
#: A mail is read within weeks, or its link is an old one: the next mail brings another.
LIVES = timedelta(days=90)
#: Of what ended at once, it is said so long that it has.
SAID_FOR = timedelta(days=1)
#: Longer than any link of ours.
LONGEST_TOKEN = 200


def link_of(subscription: Subscription) -> str:
    """The full address. Empty where there is nothing to cancel."""
    if changes.is_ending(subscription) or not changes.is_cancellable(subscription):
        return ""
    return public_url(reverse("lms_memberships:cancel_link", args=[token_of(subscription)]))


def token_of(subscription: Subscription) -> str:
    """It names the subscription, its turn and its period, and nothing of the person."""
    return signing.dumps([subscription.pk, subscription.turn, _period(subscription)], salt=SALT)


def find(token: str, *, now: datetime) -> Subscription | None:
    """The subscription that it cancels, or that it has cancelled already. None for everything else.

    Each cancellation and each return to it takes a turn, so that a link that was used once is good for nothing when
    somebody has come back; a renewal begins another period, whose mail brings another link.
    """
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        pk, turn, period = signing.loads(token, salt=SALT, max_age=LIVES)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    found = Subscription.objects.filter(pk=pk).not_foreign().select_related("membership", "price").first()
    if found is None or period != _period(found):
        return None
    if changes.is_ending(found):
        # Pressed again, or cancelled on another way since: it is what was asked for (G18).
        is_known = found.is_live(now) or (found.ended_at is not None and found.ended_at > now - SAID_FOR)
        return found if found.turn > turn and is_known else None
    return found if _is_unused(found, turn) else None


def _is_unused(found: Subscription, turn: int) -> bool:
    """Nothing else that was told since, a reminder or a failed payment, uses it up."""
    last = found.turn if found.cancel_turn is None else found.cancel_turn
    return bool(last <= turn <= found.turn)


def _period(subscription: Subscription) -> int:
    return int(subscription.period_end.timestamp()) if subscription.period_end else 0
