"""Which e-mails does a fact cause? Rows in the outbox, in the fact's own transaction, once per fact and person."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models

from .. import clock, conf, events
from ..subscriptions.models import Invoice, Subscription
from . import switches
from .catalogue import CATALOGUE, Audience, EmailKind, kinds_after
from .models import Email


@dataclass(frozen=True)
class Recipient:
    """Somebody to write to, in which language."""

    email: str
    language: str


def about_subscription(fact: events.SubscriptionFact) -> None:
    """Owe the mails that follow a fact about a subscription."""
    subscription = Subscription.objects.select_related("user").get(pk=fact.subscription_id)
    _owe(fact, subscription, None)


def about_invoice(fact: events.PaymentFact) -> None:
    """Owe the mails that follow a fact about an invoice."""
    invoice = Invoice.objects.select_related("subscription__user").get(pk=fact.invoice_id)
    if invoice.subscription is not None:
        _owe(fact, invoice.subscription, invoice)


def _owe(fact: events.Fact, subscription: Subscription, invoice: Invoice | None) -> None:
    on = switches.on_for(subscription.membership_id)
    rows = [
        _row(fact, kind, recipient, subscription, invoice)
        for kind in kinds_after(type(fact))
        if on[kind]
        for recipient in RECIPIENTS[CATALOGUE[kind].audience](subscription)
    ]
    # The unique key makes a fact that is told twice owe its mails once (F4).
    Email.objects.bulk_create(rows, ignore_conflicts=True)


def _row(
    fact: events.Fact,
    kind: EmailKind,
    recipient: Recipient,
    subscription: Subscription,
    invoice: Invoice | None,
) -> Email:
    # Wall time: this orders deliveries and leases, and has nothing to do with the domain's day.
    now = clock.wall_time()
    return Email(
        key=f"{kind}:{fact.key}:{recipient.email}"[:255],
        kind=kind.value,
        recipient=recipient.email,
        language=recipient.language,
        user_id=subscription.user_id,
        membership_id=subscription.membership_id,
        subscription=subscription,
        invoice=invoice,
        owed_at=now,
        next_try_at=now,
    )


def _student(subscription: Subscription) -> Iterator[Recipient]:
    if subscription.user.email:
        yield Recipient(subscription.user.email, subscription.language or settings.LANGUAGE_CODE)


def _admins(subscription: Subscription) -> Iterator[Recipient]:
    if conf.ADMIN_EMAILS:
        return (Recipient(email, settings.LANGUAGE_CODE) for email in conf.ADMIN_EMAILS)
    return (Recipient(user.email, _admin_language(user)) for user in _publishers() if user.email)


def _publishers() -> models.QuerySet:
    users = get_user_model()._default_manager.with_perm(
        "lms_memberships.publish_membership", backend="django.contrib.auth.backends.ModelBackend"
    )
    return users.select_related("wagtail_userprofile").order_by("pk")


def _admin_language(user: models.Model) -> str:
    profile = getattr(user, "wagtail_userprofile", None)
    return (profile and profile.preferred_language) or settings.LANGUAGE_CODE


RECIPIENTS = {Audience.STUDENT: _student, Audience.ADMINS: _admins}
