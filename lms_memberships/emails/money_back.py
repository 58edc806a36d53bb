"""Which mails follow money that went back, or that a bank took back, and what do they name (G7, G9)?"""

from django.utils import timezone

from .. import clock, events
from ..money import format_money
from ..payments.customers import identity_of
from ..payments.refunds import DisputeStatus
from ..subscriptions import tombstones
from ..subscriptions.models import Subscription
from ..subscriptions.money_back_models import Dispute, Refund
from . import drop_reasons, switches, truth
from .catalogue import CATALOGUE, Audience, EmailKind, kinds_after
from .models import Email
from .readers import Recipient, of_admins, of_student


def about_refund(fact: events.RefundFact) -> None:
    """Owe the mails about money that went back, or did not after all."""
    refund = Refund.objects.select_related("subscription__user", "membership").get(pk=fact.refund_id)
    _owe(fact, refund, {"refund": refund.pk})


def about_dispute(fact: events.DisputeFact) -> None:
    """Owe the mails about a dispute."""
    dispute = Dispute.objects.select_related("subscription__user", "membership").get(pk=fact.dispute_id)
    said = {"dispute": dispute.pk, "status": dispute.status, "is_closed": _is_suspended(dispute.subscription)}
    _owe(fact, dispute, said)


def named(email: Email) -> dict[str, object]:
    """What the templates of these mails may name. Raises ValueError for one that is about something that is gone."""
    row = truth.refund_of(email) or truth.dispute_of(email)
    if row is None:
        msg = f"E-mail {email.pk} is about something that is gone"
        raise ValueError(msg)
    said = email.context or {}
    due_by = getattr(row, "due_by", None)
    return {
        "amount": format_money(row.money, email.language),
        "payment": row.payment_intent_id,
        "is_refused": getattr(row, "state", "") == Refund.State.REFUSED,
        "is_part": bool(said.get("is_part")),
        "is_inquiry": said.get("status") == DisputeStatus.INQUIRY,
        "is_won": said.get("status") == DisputeStatus.WON,
        "is_closed": bool(said.get("is_closed")),
        "due_by": due_by and timezone.localtime(due_by),
    }


def _owe(fact: events.Fact, row: Refund | Dispute, said: dict[str, object]) -> None:
    if row.membership is None or (row.subscription is not None and tombstones.is_forgotten(row.subscription.user)):
        # Nobody is written to about somebody who is no more (K7).
        return
    on = switches.on_for(row.membership_id)
    now = clock.wall_time()
    # Facts are told without the time, and only news is worth a mail.
    today = clock.now()  # noqa: TID251
    moment = min(events.moment_of(fact) or today, today)
    why_not = drop_reasons.TOO_OLD if truth.is_too_old(moment, today) else ""
    subscription = row.subscription
    said = {"title": row.membership.title, "is_part": _is_part(row), **said}
    rows = [
        Email(
            key=f"{kind}:{fact.key}:{identity_of(reader.email)}"[:255],
            kind=kind.value,
            recipient=reader.email,
            language=reader.language,
            user_id=subscription.user_id if subscription is not None else None,
            membership_id=row.membership_id,
            subscription=subscription,
            invoice_id=row.invoice_id,
            context=said,
            happened_at=moment,
            state=Email.State.DROPPED if why_not else Email.State.OWED,
            failure=why_not,
            owed_at=now,
            next_try_at=now,
        )
        for kind in kinds_after(type(fact))
        if on[kind]
        for reader in _readers(kind, subscription)
    ]
    Email.objects.bulk_create(rows, ignore_conflicts=True)


def _readers(kind: EmailKind, subscription: Subscription | None) -> list[Recipient]:
    if CATALOGUE[kind].audience is Audience.ADMINS:
        return list(of_admins())
    return [] if subscription is None else list(of_student(subscription))


def _is_part(row: Refund | Dispute) -> bool:
    return row.invoice is not None and row.amount < row.invoice.amount_paid


def _is_suspended(subscription: Subscription | None) -> bool:
    return subscription is not None and subscription.suspended_at is not None
