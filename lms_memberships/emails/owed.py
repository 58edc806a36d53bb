"""Which e-mails does a fact cause? Rows in the outbox, in the fact's own transaction, once per fact and person."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from .. import clock, events
from ..payments.customers import email_of, identity_of
from ..subscriptions import collecting, tombstones
from ..subscriptions.gift_models import Gift
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.models import Invoice, Subscription
from ..subscriptions.price_move_models import PriceMoveEntry
from ..subscriptions.waiting_models import WaitingEntry
from ..subscriptions.withdrawal_models import Withdrawal
from . import drop_reasons, price_changes, snapshots, switches, truth, withdrawals
from .catalogue import CATALOGUE, Audience, EmailKind, kinds_after
from .models import Email
from .readers import Recipient, of_admins, of_student

#: Of failed payments, a student is told at most once in so long, however often Stripe tries (F7).
DAY = timedelta(days=1)
OF_A_FAILURE = (EmailKind.PAYMENT_FAILED, EmailKind.PAYMENT_MISSING)


def about_subscription(fact: events.SubscriptionFact) -> None:
    """Owe the mails that follow a fact about a subscription."""
    pk = fact.subscription_id
    rows = Subscription.objects.select_related("user", "membership")
    _owe(fact, events.once((Subscription, pk), lambda: rows.get(pk=pk)), None)


def about_invoice(fact: events.PaymentFact) -> None:
    """Owe the mails that follow a fact about an invoice."""
    rows = Invoice.objects.select_related("subscription__user", "subscription__membership")
    invoice = rows.get(pk=fact.invoice_id)
    subscription = invoice.subscription
    if subscription is None or (isinstance(fact, events.PaymentFailed) and subscription.opened_at is None):
        # While nothing has begun, whoever pays is looking at the payment page, and is told there (F8).
        return
    _owe(fact, subscription, invoice)


def about_a_missing_payment(fact: events.PaymentMissing) -> None:
    """Owe the reminder, about the invoice that is open now."""
    subscription = Subscription.objects.select_related("user", "membership").get(pk=fact.subscription_id)
    _owe(fact, subscription, collecting.open_invoice_of(subscription))


def about_a_renewal(fact: events.RenewalSoon) -> None:
    """Owe the reminder, with the amount that Stripe has reckoned, if it has."""
    subscription = Subscription.objects.select_related("user", "membership").get(pk=fact.subscription_id)
    _owe(fact, subscription, None, said={"renewal": fact.amount})


def about_a_place(fact: events.PlaceOffered) -> None:
    """Owe the mail to somebody who waited. They hold nothing yet: it is about the membership alone."""
    entry = WaitingEntry.objects.select_related("user", "membership").get(pk=fact.entry_id)
    recipient = email_of(entry.user)
    if tombstones.is_forgotten(entry.user) or not recipient or entry.held_until is None:
        return
    on = switches.on_for(entry.membership_id)
    now = clock.wall_time()
    rows = [
        Email(
            key=f"{kind}:{fact.key}:{recipient}"[:255],
            kind=kind.value,
            recipient=recipient,
            language=entry.language or settings.LANGUAGE_CODE,
            user_id=entry.user_id,
            membership_id=entry.membership_id,
            context={"title": entry.membership.title, "held_until": entry.held_until.isoformat()},
            happened_at=entry.told_at,
            owed_at=now,
            next_try_at=now,
        )
        for kind in kinds_after(type(fact))
        if on[kind]
    ]
    Email.objects.bulk_create(rows, ignore_conflicts=True)


def about_a_price_change(fact: events.PriceWillChange) -> None:
    """Owe the notice to a member. What it promises stands in its row: another price change is another mail."""
    rows = PriceMoveEntry.objects.select_related("subscription__user", "subscription__membership", "move__new_price")
    entry = rows.get(pk=fact.entry_id)
    _owe(fact, entry.subscription, None, said=price_changes.said(entry))


def about_a_guest(fact: events.GuestFact) -> None:
    """Owe the mail about what was bought without an account, to the mailbox that Stripe has. It is nobody's user."""
    purchase = GuestPurchase.objects.select_related("membership").get(pk=fact.purchase_id)
    if not purchase.email:
        return
    # One mail says that they have withdrawn, and that the money goes back.
    why_not = drop_reasons.WITHDRAWN if purchase.return_reason == GuestPurchase.Reason.WITHDRAWN else ""
    on = switches.on_for(purchase.membership_id)
    now = clock.wall_time()
    rows = [
        Email(
            key=f"{kind}:{fact.key}"[:255],
            kind=kind.value,
            recipient=purchase.email,
            language=purchase.language or settings.LANGUAGE_CODE,
            membership_id=purchase.membership_id,
            context={"title": purchase.membership.title, "guest": purchase.pk, "link": purchase.link},
            # Learnt late, it is still the only way to what they have paid for: no news grows old here.
            happened_at=None,
            state=Email.State.DROPPED if why_not else Email.State.OWED,
            failure=why_not,
            owed_at=now,
            next_try_at=now,
        )
        for kind in kinds_after(type(fact))
        # Whatever was switched off since: without the link nobody comes to what is paid for.
        if on[kind] or kind is EmailKind.GUEST_CLAIM
    ]
    Email.objects.bulk_create(rows, ignore_conflicts=True)


def about_a_withdrawal(fact: events.ContractWithdrawn) -> None:
    """Owe the confirmation of what was received, to whoever declared it."""
    row = withdrawals.row_of(Withdrawal.objects.get(pk=fact.withdrawal_id), fact.key)
    Email.objects.bulk_create([row] if row else [], ignore_conflicts=True)


def about_gift(fact: events.GiftFact) -> None:
    """Owe the mails about a gift: to whoever gave it, and the gift itself to whoever it is for (X15)."""
    gift = Gift.objects.select_related("giver", "membership").get(pk=fact.gift_id)
    to_giver = "" if tombstones.is_forgotten(gift.giver) else email_of(gift.giver)
    on = switches.on_for(gift.membership_id)
    now = clock.wall_time()
    rows = []
    for kind in kinds_after(type(fact)):
        recipient = gift.recipient_email if CATALOGUE[kind].audience is Audience.RECIPIENT else to_giver
        if not recipient or not on[kind]:
            continue
        row = Email(
            key=f"{kind}:{fact.key}:{identity_of(recipient)}"[:255],
            kind=kind.value,
            recipient=recipient,
            language=gift.language or settings.LANGUAGE_CODE,
            user_id=gift.giver_id,
            membership_id=gift.membership_id,
            # Of the gift only its number: names, words and its link are read when the mail leaves.
            context={"title": gift.membership.title, "gift": gift.pk},
            owed_at=now,
            next_try_at=now,
        )
        rows.append(row)
    Email.objects.bulk_create(rows, ignore_conflicts=True)


def _owe(
    fact: events.Fact, subscription: Subscription, invoice: Invoice | None, *, said: dict[str, object] | None = None
) -> None:
    if tombstones.is_forgotten(subscription.user):
        # Nobody is written to about somebody who is no more, neither they nor others (K7).
        return
    membership_id = subscription.membership_id
    on = events.once((switches, membership_id), lambda: switches.on_for(membership_id))
    # Facts are told without the time, and only news is worth a mail.
    now = clock.now()  # noqa: TID251
    moment = min(events.moment_of(fact) or now, now)
    why_not = _why_not(fact, subscription, moment, now)
    rows = [
        _row(fact, kind, recipient, subscription, invoice, moment, why_not)
        for kind in kinds_after(type(fact))
        if on[kind]
        for recipient in _one_each(RECIPIENTS[CATALOGUE[kind].audience](subscription))
    ]
    for row in rows:
        row.context |= said or {}
    # The unique key makes a fact that is told twice owe its mails once (F4).
    Email.objects.bulk_create(rows, ignore_conflicts=True)


def _why_not(fact: events.Fact, subscription: Subscription, moment: datetime, now: datetime) -> str:
    """The row is written all the same: an admin sees what was not sent, and why."""
    if truth.is_too_old(moment, now):
        return drop_reasons.TOO_OLD
    if isinstance(fact, events.PaymentFailed | events.PaymentMissing) and _was_told_of_a_failure(subscription, now):
        return drop_reasons.ONE_A_DAY
    return ""


def _was_told_of_a_failure(subscription: Subscription, now: datetime) -> bool:
    told = Email.objects.filter(subscription=subscription, kind__in=OF_A_FAILURE, happened_at__gt=now - DAY)
    return told.exclude(state=Email.State.DROPPED).exists()


def _row(  # noqa: PLR0913 - a row has many columns
    fact: events.Fact,
    kind: EmailKind,
    recipient: Recipient,
    subscription: Subscription,
    invoice: Invoice | None,
    moment: datetime,
    why_not: str,
) -> Email:
    # Wall time: this orders deliveries and leases, and has nothing to do with the domain's day.
    now = clock.wall_time()
    return Email(
        key=f"{kind}:{fact.key}:{identity_of(recipient.email)}"[:255],
        kind=kind.value,
        recipient=recipient.email,
        language=recipient.language,
        user_id=subscription.user_id,
        membership_id=subscription.membership_id,
        subscription=subscription,
        invoice=invoice,
        context=snapshots.taken(kind, subscription, subscription.membership, invoice, now=moment),
        happened_at=moment,
        state=Email.State.DROPPED if why_not else Email.State.OWED,
        failure=why_not,
        owed_at=now,
        next_try_at=now,
    )


def _one_each(recipients: Iterable[Recipient]) -> list[Recipient]:
    """Two spellings of an address, or two accounts with one, are one reader (K5): written to as the first has it."""
    first: dict[str, Recipient] = {}
    for recipient in recipients:
        first.setdefault(identity_of(recipient.email), recipient)
    return list(first.values())


RECIPIENTS = {Audience.STUDENT: of_student, Audience.ADMINS: lambda subscription: of_admins()}
