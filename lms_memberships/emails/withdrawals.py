"""What does the confirmation of a withdrawal name? All that was received, as its row says it: nothing of it changes."""

from typing import Any

from django.conf import settings

from .. import clock
from ..money import format_money
from ..payments.customers import email_of
from ..subscriptions import tombstones
from ..subscriptions.withdrawal_models import Withdrawal
from .catalogue import EmailKind
from .models import Email


def of(email: Email) -> Withdrawal | None:
    """The declaration that the mail is about."""
    number = (email.context or {}).get("withdrawal")
    rows = Withdrawal.objects.select_related("membership", "subscription__user", "gift__giver", "guest")
    return None if number is None else rows.filter(pk=number).first()


def person_of(withdrawal: Withdrawal) -> Any:
    """Who declared it. A guest is nobody yet."""
    if withdrawal.subscription is not None:
        return withdrawal.subscription.user
    return withdrawal.gift.giver if withdrawal.gift is not None else None


def recipient_of(withdrawal: Withdrawal) -> str:
    """Where they get the confirmation: a guest in the mailbox that bought."""
    if withdrawal.guest is not None:
        return withdrawal.guest.email
    person = person_of(withdrawal)
    return "" if person is None or tombstones.is_forgotten(person) else email_of(person)


def row_of(withdrawal: Withdrawal, key: str) -> Email | None:
    """The mail that is owed for it. It is owed whatever is switched off: the law asks for it."""
    person, recipient = person_of(withdrawal), recipient_of(withdrawal)
    if not recipient:
        return None
    now = clock.wall_time()
    return Email(
        key=f"{EmailKind.WITHDRAWN}:{key}"[:255],
        kind=EmailKind.WITHDRAWN.value,
        recipient=recipient,
        language=withdrawal.language or settings.LANGUAGE_CODE,
        user_id=None if person is None else person.pk,
        membership_id=withdrawal.membership_id,
        subscription=withdrawal.subscription,
        context={"title": withdrawal.title, "withdrawal": withdrawal.pk},
        # Sent however late: what was received has to be confirmed.
        happened_at=None,
        owed_at=now,
        next_try_at=now,
    )


def named(withdrawal: Withdrawal, language: str) -> dict[str, object]:
    """For the templates."""
    return {
        "withdrawal": withdrawal,
        "paid": format_money(withdrawal.money, language) if withdrawal.amount else "",
        "is_gift": withdrawal.gift_id is not None,
        # Without an account there is no page to lead to.
        "is_for_student": withdrawal.guest_id is None,
    }


def is_about(subscription_id: int) -> bool:
    """Whether somebody has withdrawn from it: one mail says all of that."""
    return Withdrawal.objects.filter(subscription_id=subscription_id).exists()
