"""What do reminders say of a renewal, a card, or a payment that is missing? From the mail's own row, and what is true."""

from datetime import datetime, timedelta

from ..money import Money, format_money
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
    }


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
