"""How is what needs attention resolved? One click each: idempotent, and never a guess of ours (X8, G12, G14)."""

import uuid
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from .. import conf
from ..errors import Refusal
from ..history import DOUBLE_RESOLVED
from ..memberships.intervals import interval_of
from ..memberships.models import Membership, Price
from ..money import Money
from ..payments.connect import Connection, NotConnected
from ..payments.gateway import Gateway, NotFound, SubscriptionSnapshot
from ..payments.models import StripeObject
from ..retrying import retried
from . import attention, billing, disputes, giving_back, lifecycle, people, refunds, settling, unreturnable
from .deeds import refuse_elsewhere
from .models import Invoice, Subscription
from .money_back_models import Dispute, Refund
from .payments_made import of_invoice
from .queries import UNKNOWN_PRICE
from .sums import DOUBT, LEFT

#: Ours, for tokens that are the same in every run: of two that resolve one double, both give back the same refunds.
DOUBLE = uuid.UUID("7f1c1d5e-4c43-4d27-9d5b-0a7f7a8e2c11")
#: What may be wrong with our copy of an invoice.
SUMS, ABSENT = DOUBT, "absent"
ELSEWHERE = _(
    "It belongs to another Stripe account or mode than what is connected now, which cannot be asked about it. Connect "
    "that again, or see to it in Stripe's dashboard."
)


class NoDouble(Refusal):
    message = _("This person does not pay for this membership twice any more.")


class NotAllBack(Refusal):
    """Stripe refused to give some of it back, or a bank did not take it."""

    message = _("The second is cancelled, but not all that was paid for it went back. See the failed refunds.")


class PriceTaken(Refusal):
    message = _(
        "That membership has another price with this amount, currency and interval. "
        "Move the subscription to that price in Stripe: then it is known by itself."
    )


class NothingUnknown(Refusal):
    message = _("Its price is known by now.")


class BoughtAsAnother(Refusal):
    """Our metadata on a cheap price of something else buys nothing (S9): also where a person says whose price it is."""

    message = _(
        "It has opened nothing yet, and a price of a different membership than it was bought as does not open it. Move it "
        "in Stripe to a price of the membership that it was bought as, or leave it as it is."
    )


class CanBeAsked(Refusal):
    """What is left so is money that nobody looks after any more: only while nothing else can be done."""

    message = _("It belongs to the Stripe account that is connected, so that it can be resolved here.")


def money_of(second: Subscription) -> Money:
    """What was paid for the second of two, and did not go back."""
    invoices = _returnable(second)
    currency = invoices[0].currency if invoices else second.currency
    # What costs nothing has no currency.
    return Money(sum(_left(each) for each in invoices), currency or str(conf.DEFAULT_CURRENCY))


def undo_second(second: Subscription, *, author: AbstractBaseUser, gateway: Gateway, now: datetime) -> None:
    """Cancel it and give back all that was paid for it. Decided at once; what Stripe cannot do now is done daily.

    The first one stays as it is, and with it access. Raises NoDouble, NotAllBack, InOtherAccount, or what Stripe answers.
    """
    refuse_elsewhere(second, gateway, ELSEWHERE)
    _decide(second.pk, author, gateway=gateway, now=now)
    for refund in Refund.objects.unanswered().filter(subscription_id=second.pk).select_related("invoice"):
        giving_back.carry_out(refund, gateway=gateway, now=now)
    refunds.end_revoked(second.pk, gateway=gateway, now=now)
    for invoice in _paid(second).filter(payment_intent_id=""):
        unreturnable.note(second, gateway.read_invoice(invoice.stripe_id), gateway=gateway, now=now)
    if any(_left(invoice) > 0 for invoice in _paid(second)):
        raise NotAllBack


def choose_price(
    subscription: Subscription, membership: Membership, *, gateway: Gateway, now: datetime
) -> Subscription:
    """Its price at Stripe is one of this membership's: noted, never offered, and the subscription read again (G12).

    Raises BoughtAsAnother of what has opened nothing yet, NothingUnknown, PriceTaken, InOtherAccount.
    """
    refuse_elsewhere(subscription, gateway, ELSEWHERE)
    if subscription.opened_at is None and membership.pk != subscription.membership_id:
        raise BoughtAsAnother
    snapshot = gateway.read_subscription(subscription.stripe_id)
    _note_price(snapshot, subscription, membership, gateway=gateway, now=now)
    return settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now) or subscription


def leave(subscription_id: int, *, now: datetime) -> bool:
    """It stays as it is, and opens nothing new. False: there was nothing to leave."""
    rows = Subscription.objects.filter(pk=subscription_id, left_alone_at=None)
    return bool(rows.update(left_alone_at=now))


def leave_invoice(invoice_id: int) -> bool:
    """Somebody has looked, and it stays as it is: the same doubt is not raised again. False: there was none."""
    rows = Invoice.objects.filter(pk=invoice_id).exclude(doubt__in=["", LEFT])
    return bool(rows.update(doubt=LEFT))


def leave_double(double: Subscription, *, at: Connection | None, now: datetime) -> bool:
    """Another account charges it, and somebody has looked; read again from there, it is news again. False: there was
    nothing to leave. Raises CanBeAsked, or NotConnected.
    """
    _refuse_here(double, at)
    # An unknown price is left for itself: the same mark would hide both.
    rows = attention.paid_twice(now).filter(pk=double.pk, left_alone_at=None).exclude(flag=UNKNOWN_PRICE)
    return bool(rows.update(left_alone_at=now))


def leave_dispute(dispute: Dispute, *, at: Connection | None, now: datetime) -> bool:
    """The same of a dispute: that takes the place of Stripe's word, until Stripe says another."""
    _refuse_here(dispute, at)
    return bool(attention.disputes(now).filter(pk=dispute.pk).update(said=LEFT))


def read_invoice_again(invoice: Invoice, *, gateway: Gateway, now: datetime) -> str:
    """What is still doubtful about it: empty, ``SUMS``, ``ABSENT``, or ``LEFT``. Raises InOtherAccount."""
    # That another account does not know it says nothing of it.
    refuse_elsewhere(invoice, gateway, ELSEWHERE)
    try:
        snapshot = gateway.read_invoice(invoice.stripe_id)
    except NotFound:
        Invoice.objects.filter(pk=invoice.pk).exclude(doubt=LEFT).update(doubt=ABSENT)
    else:
        billing.record_invoice(snapshot, gateway=gateway, now=now)
    return Invoice.objects.values_list("doubt", flat=True).get(pk=invoice.pk)


def read_dispute_again(dispute: Dispute, *, gateway: Gateway, now: datetime) -> None:
    """Somebody has just answered the bank. Raises InOtherAccount."""
    refuse_elsewhere(dispute, gateway, ELSEWHERE)
    disputes.record(gateway.read_dispute(dispute.stripe_id), gateway=gateway, now=now)
    dispute.refresh_from_db()


def _refuse_here(row: StripeObject, at: Connection | None) -> None:
    if at is None:
        raise NotConnected
    if row.is_of(at):
        raise CanBeAsked


@retried
def _decide(pk: int, author: AbstractBaseUser, *, gateway: Gateway, now: datetime) -> None:
    with transaction.atomic():
        user_id = Subscription.objects.values_list("user_id", flat=True).get(pk=pk)
        people.lock_person(user_id)
        doubles = attention.doubles(now).filter(pk=pk, account=gateway.account_id, livemode=gateway.livemode)
        second = doubles.select_related("user", "membership").first()
        if second is None:
            if _is_decided(pk):
                # Pressed twice: what was decided is carried out.
                return
            raise NoDouble
        for invoice in _returnable(second):
            _ask_for(invoice, author, now)
        lifecycle.rewrite(pk, lambda row: lifecycle.close_by_refund(row, now), now=now)
        # With the decision: if Stripe fails now, the job finishes it, and writes no line (X24).
        data = {"student": second.user.get_username(), "subscription": second.stripe_id}
        log(instance=second.membership, action=DOUBLE_RESOLVED, user=author, data=data)


def _is_decided(pk: int) -> bool:
    """Closed here as the second of two. What staff have closed, or a refund of theirs or in Stripe, was never that."""
    if not Subscription.objects.filter(pk=pk, is_revoked_by_refund=True, revoked_at__isnull=False).exists():
        return False
    # What a person has to give back by hand was noted, not made.
    made = list(
        Refund.objects.filter(subscription_id=pk)
        .exclude(failure__in=unreturnable.WORDS)
        .select_related("invoice")
        .order_by("pk")
    )
    # Where nothing was paid nothing goes back, and nothing else closes it like this.
    return not made or any(each.invoice and each.token == _token(each.invoice, each.amount) for each in made)


def _token(invoice: Invoice, amount: int) -> uuid.UUID:
    return uuid.uuid5(DOUBLE, f"{invoice.account}:{invoice.livemode}:{invoice.stripe_id}:{amount}")


def _ask_for(invoice: Invoice, author: AbstractBaseUser, now: datetime) -> None:
    left, payment = _left(invoice), of_invoice(invoice)
    if left <= 0:
        return
    Refund.objects.get_or_create(
        token=_token(invoice, left),
        defaults={
            "account": invoice.account,
            "livemode": invoice.livemode,
            "payment_intent_id": payment.payment_intent_id,
            "invoice": invoice,
            "subscription_id": invoice.subscription_id,
            "membership_id": invoice.membership_id,
            "amount": left,
            "currency": invoice.currency,
            "effect": Refund.Effect.KEEP,
            "author_id": author.pk,
            "created_at": now,
        },
    )


def _paid(second: Subscription) -> QuerySet[Invoice]:
    return second.invoices.filter(status="paid", amount_paid__gt=0).order_by("pk")


def _returnable(second: Subscription) -> list[Invoice]:
    return list(_paid(second).exclude(payment_intent_id=""))


def _left(invoice: Invoice) -> int:
    return max(0, invoice.amount_paid - refunds.given_back_of(invoice))


def _note_price(
    snapshot: SubscriptionSnapshot,
    subscription: Subscription,
    membership: Membership,
    *,
    gateway: Gateway,
    now: datetime,
) -> None:
    at = {"account": gateway.account_id, "livemode": gateway.livemode}
    known = Price.objects.filter(**at, stripe_id=snapshot.price_id).first()
    if known is not None:
        if known.membership_id != membership.pk:
            raise NothingUnknown if subscription.opened_at is not None else BoughtAsAnother
        return
    try:
        with transaction.atomic():
            Price.objects.create(
                **at,
                membership=membership,
                amount=snapshot.money.minor // max(1, snapshot.quantity),
                currency=snapshot.money.currency,
                interval=interval_of(snapshot.interval, snapshot.interval_count),
                product_id=snapshot.product_id,
                stripe_id=snapshot.price_id,
                is_adopted=True,
                confirmed_at=now,
                created_at=now,
            )
    except IntegrityError as error:
        raise PriceTaken from error
