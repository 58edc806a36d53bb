"""What does a mail name? What was true when it was owed, written into its row: not what is true when it leaves (F11).

Titles, amounts and dates. Nothing about the person, whose name and address may have to be forgotten: the name is read
when the mail leaves.
"""

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..memberships.models import Membership
from ..money import Money
from ..subscriptions.models import Invoice, Subscription
from .catalogue import EmailKind
from .models import Email

#: Of the subscription, as they are and as texts.
PLAIN = ("amount", "currency", "interval", "has_card", "is_reduced")
MOMENTS = ("access_until", "trial_end", "cancel_at", "period_end", "unpaid_since", "card_expires_at")


def taken(
    kind: EmailKind, subscription: Subscription, membership: Membership, invoice: Invoice | None, *, now: datetime
) -> dict[str, Any]:
    """What the mail will name, for its row."""
    said: dict[str, Any] = {name: getattr(subscription, name) for name in PLAIN}
    for name in MOMENTS:
        moment = getattr(subscription, name)
        said[name] = moment and moment.isoformat()
    money = _billed(kind, invoice)
    return {
        **said,
        "title": membership.title,
        "is_trial": _is_trial(subscription, now),
        "billed": None if money is None else [money.minor, money.currency],
    }


@dataclass(frozen=True)
class AsItWas:
    """The mail's subscription and membership, dressed as they were. Never saved."""

    subscription: Subscription
    membership: Membership
    amount: Money | None
    said: dict[str, Any]

    def is_trial(self, now: datetime) -> bool:
        return bool(self.said["is_trial"]) if "is_trial" in self.said else _is_trial(self.subscription, now)


def as_it_was(email: Email) -> AsItWas:
    """For the templates. A row that was owed before there were snapshots names what is true now."""
    said = email.context or {}
    subscription, membership = copy.copy(email.subscription), copy.copy(email.membership)
    if subscription is None or membership is None:
        msg = f"E-mail {email.pk} is about something that is gone"
        raise ValueError(msg)
    for name in PLAIN:
        setattr(subscription, name, said.get(name, getattr(subscription, name)))
    for name in MOMENTS:
        if name in said:
            setattr(subscription, name, said[name] and datetime.fromisoformat(said[name]))
    membership.title = said.get("title", membership.title)
    amount = Money(*said["billed"]) if said.get("billed") else _billed(EmailKind(email.kind), email.invoice)
    return AsItWas(subscription, membership, amount, said)


def _is_trial(subscription: Subscription, now: datetime) -> bool:
    return subscription.trial_end is not None and subscription.trial_end > now


def _billed(kind: EmailKind, invoice: Invoice | None) -> Money | None:
    if invoice is None:
        return None
    return invoice.total_money if kind == EmailKind.PAYMENT_SUCCEEDED else invoice.due_money
