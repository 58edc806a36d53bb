"""What do reminders say of a renewal, a card, or a payment that is missing? From the mail's own row, and what is true."""

from datetime import datetime, timedelta
from typing import Any

from ..money import Money, format_money
from ..subscriptions.models import Subscription
from .models import Email


def named(email: Email, currency: str, *, now: datetime) -> dict[str, object]:
    """For the templates. ``renewal_amount`` is empty where Stripe did not reckon it: then the price is named as such."""
    said = email.context or {}
    amount, expires_at = said.get("renewal"), _moment(said.get("card_expires_at"))
    return {
        "renewal_amount": "" if amount is None else format_money(Money(int(amount), currency), email.language),
        # The last day on which it is good: the month is what stands on the card.
        "card_until": expires_at and expires_at - timedelta(days=1),
        "card_is_over": expires_at is not None and expires_at <= now,
        # Asked for by the bank after the mail was owed, perhaps: this is about what helps now.
        "needs_person": email.invoice is not None and email.invoice.needs_person,
        **_access(email, said, now),
    }


def _access(email: Email, said: dict[str, Any], now: datetime) -> dict[str, object]:
    """Whether it is still open, and whether it is closed and opens with this payment: neither is said if neither is so."""
    subscription = email.subscription
    if subscription is None or subscription.access_until is None:
        return {"is_open": False, "is_locked": False}
    until = _moment(said.get("access_until")) or subscription.access_until
    is_live = subscription.is_live(now)
    # With an end that is planned, or money that was taken back, paying changes nothing about access (G20).
    opens_again = subscription.cancel_at is None and subscription.taken_back_at is None and not subscription.flag
    return {
        "is_open": is_live and until > now,
        "is_locked": not is_live and opens_again and not _has_another(subscription, now),
    }


def _has_another(subscription: Subscription, now: datetime) -> bool:
    """Another way to the same membership (X2)."""
    ways = Subscription.objects.filter(user_id=subscription.user_id, membership_id=subscription.membership_id)
    return any(way.is_live(now) for way in ways)


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
