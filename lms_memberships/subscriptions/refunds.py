"""What came of money that went back? One row for each refund, whoever made it, and what a full one closes (G9, X13).

Webhooks, the comparison with Stripe and our own button all read the refund and call the same function.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from .. import conf, events
from ..money import Money
from ..payments.gateway import Gateway
from ..payments.refunds import BackRequest, RefundSnapshot
from ..retrying import retried
from . import ending_at_stripe, lifecycle, people, settling, unreturnable
from .models import Invoice, Subscription
from .money_back_models import Refund
from .payments_made import Payment, find
from .queries import SubscriptionQuerySet
from .told import OVER

logger = logging.getLogger(__name__)

#: On what we give back: the form that asked for it.
REFUND_KEY = "lmsm_refund"
END = "end_refunded"
State = Refund.State
#: Stripe's word → ours. One that waits for somebody, or a word of tomorrow, is on its way.
STATES = {"succeeded": State.SUCCEEDED, "failed": State.FAILED, "canceled": State.CANCELED}


def record(snapshot: RefundSnapshot, *, gateway: Gateway, now: datetime, of: Refund | None = None) -> Refund | None:
    """Write what was read, tell what is new, and close what the site wants closed. None: not one of ours.

    ``of`` is the row that asked for it, for whoever knows.
    """
    payment = find(snapshot.payment_intent_id, gateway=gateway, now=now)
    if payment is None:
        logger.info("Stripe's %s gave back what is not ours", snapshot.id)
        return None
    paid = payment.paid(gateway=gateway) if payment.subscription is not None else None
    of = of or _asked_for(snapshot, gateway)
    refund = _write(snapshot, payment, paid, of, gateway=gateway, now=now)
    _look_for_its_note(refund, gateway)
    if payment.subscription is not None:
        end_revoked(payment.subscription.pk, gateway=gateway, now=now)
    return refund


def given_back(payment_intent_id: str, invoice: Invoice | None, *, account: str, livemode: bool) -> int:
    """How much of a payment, or of all the payments of its invoice, went back, is on its way, or was asked for. Minor units."""
    rows = Refund.objects.effective().filter(account=account, livemode=livemode).about(payment_intent_id, invoice)
    return rows.aggregate(sum=Sum("amount"))["sum"] or 0


def given_back_of(invoice: Invoice) -> int:
    """The same of an invoice, by however many payments it was paid."""
    return given_back(invoice.payment_intent_id, invoice, account=invoice.account, livemode=invoice.livemode)


def wanted_effect(refund: Refund) -> str:
    """What this one does to access when it makes a payment's refunds full: chosen by hand, or the site's setting."""
    return refund.effect or str(conf.ON_FULL_REFUND)


def closes_access(payment: Payment, now: datetime) -> bool:
    """Whether giving all of this payment back is about what is open now: decided from the purchase's own row (G8)."""
    subscription = payment.subscription
    if subscription is None or subscription.duplicate_of_id is not None or subscription.has_no_place:
        return False
    if not subscription.is_recurring:
        return True
    invoice = payment.invoice
    paid = subscription.invoices.filter(status="paid", amount_paid__gt=0)
    if subscription.paid_up_at is not None:
        # Bought by all its instalments: only when the others went back too is it not.
        others = paid.exclude(pk=invoice.pk) if invoice is not None else paid
        return all(_is_full(each) for each in others.order_by("pk"))
    if invoice is None or (invoice.period_end is not None and invoice.period_end <= now):
        # What it has paid for is over: another payment keeps it open.
        return False
    return not paid.filter(created_at__gt=invoice.created_at).exists()


def end_revoked(subscription_id: int, *, gateway: Gateway, now: datetime) -> None:
    """Closed here, it ends at Stripe as well: nobody pays on for what is closed. Again and again until Stripe has done it."""
    subscription = revoked().filter(pk=subscription_id).first()
    if subscription is None or not subscription.is_at(gateway, subscription.stripe_id):
        return
    ending_at_stripe.end_now(subscription.stripe_id, purpose=END, gateway=gateway)
    settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)


def sought(refund: Refund) -> BackRequest:
    """How Stripe is asked whether it was made: by what the refund carries, or its credit note on the invoice."""
    invoice_id = refund.invoice.stripe_id if refund.invoice is not None else ""
    return BackRequest(refund.payment_intent_id, invoice_id, refund.money, {REFUND_KEY: str(refund.token)})


def revoked() -> SubscriptionQuerySet:
    """Closed by a refund, and still running at Stripe. What staff have closed is ended by ``revoking``."""
    running = Subscription.objects.filter(is_revoked_by_refund=True, is_recurring=True).exclude(stripe_id="")
    return running.exclude(status__in=OVER).order_by("pk")


def _asked_for(snapshot: RefundSnapshot, gateway: Gateway) -> Refund | None:
    """The row that has it made, as far as Stripe tells. None: it has its id already, or was made elsewhere.

    A credit note keeps what we wrote on it to itself: of the rows with that amount, the one whose note led to it.
    """
    mine = Refund.objects.at(gateway)
    if mine.filter(stripe_id=snapshot.id).exists():
        return None
    # What Stripe refused may have been made all the same, by another process.
    asked = mine.filter(
        payment_intent_id=snapshot.payment_intent_id, stripe_id="", state__in=[State.ASKED, State.REFUSED]
    )
    token = snapshot.metadata.get(REFUND_KEY)
    if token:
        return asked.filter(token=token).first()
    rows = asked.filter(amount=snapshot.money.minor).exclude(invoice=None).select_related("invoice").order_by("pk")
    return next((row for row in rows if gateway.find_given_back(sought(row)) == snapshot.id), None)


def _look_for_its_note(refund: Refund, gateway: Gateway) -> None:
    """Of one that came to nothing and was made in Stripe's dashboard: its credit note gave nothing back."""
    if refund.has_effect or refund.has_note is not None or refund.invoice is None:
        return
    has_note = refund.stripe_id in gateway.refunds_by_notes(refund.invoice.stripe_id)
    Refund.objects.filter(pk=refund.pk, has_note=None).update(has_note=has_note)


@retried
def _write(
    snapshot: RefundSnapshot,
    payment: Payment,
    paid: Money | None,
    of: Refund | None,
    *,
    gateway: Gateway,
    now: datetime,
) -> Refund:
    with transaction.atomic():
        if payment.subscription is not None:
            # Before the rows: whoever closes access takes the same lock first.
            people.lock_person(payment.subscription.user_id)
        refund = _row(snapshot, payment, of, gateway)
        if refund.read_started_at is not None and snapshot.read_started_at < refund.read_started_at:
            # The fence, as for subscriptions (B2).
            return refund
        before = refund.state if refund.read_started_at is not None else ""
        _copy(snapshot, refund)
        refund.save()
        if payment.invoice is not None:
            back = _back(refund, payment)
            Invoice.objects.filter(pk=payment.invoice.pk).update(refunded=back)
            unreturnable.settle(payment.invoice, back, now=now)
        news = refund.has_effect and before not in Refund.EFFECTIVE
        if news and paid is not None and _is_news_of_all(refund, payment, paid, now):
            lifecycle.rewrite(payment.subscription.pk, lambda row: _revoke(row, now), now=now)  # type: ignore[union-attr]
        if news:
            _settle_what_failed(refund, now)
        _tell(refund, payment, before, is_news=news)
    return refund


def _row(snapshot: RefundSnapshot, payment: Payment, of: Refund | None, gateway: Gateway) -> Refund:
    """What was asked for here and has no id yet; or of that id; or a new one, made elsewhere."""
    mine = Refund.objects.at(gateway).select_for_update()
    known = mine.filter(stripe_id=snapshot.id).first()
    asked = mine.filter(pk=of.pk, stripe_id="").first() if of is not None else None
    if asked is not None and (known is None or known.token is None):
        if known is not None:
            # Heard of before Stripe could say whose it is: there is one row, which knows what it is to close.
            known.delete()
        return asked
    return known or Refund(
        account=gateway.account_id,
        livemode=gateway.livemode,
        payment_intent_id=payment.payment_intent_id,
        invoice=payment.invoice,
        subscription=payment.subscription,
        membership_id=payment.membership_id,
    )


def _copy(snapshot: RefundSnapshot, refund: Refund) -> None:
    refund.stripe_id = snapshot.id
    refund.amount, refund.currency = snapshot.money.minor, snapshot.money.currency
    refund.state = STATES.get(snapshot.status, State.PENDING)
    refund.failure = snapshot.failure_reason[:100]
    refund.created_at = snapshot.created_at
    refund.read_started_at = snapshot.read_started_at


def _is_news_of_all(refund: Refund, payment: Payment, paid: Money, now: datetime) -> bool:
    """This one makes it full: one in whole, or the last of several parts (G9); and the site wants that to close it."""
    is_all = 0 < paid.minor <= _back(refund, payment)
    return is_all and wanted_effect(refund) == Refund.Effect.CLOSE and closes_access(payment, now)


def _back(refund: Refund, payment: Payment) -> int:
    return given_back(payment.payment_intent_id, payment.invoice, account=refund.account, livemode=refund.livemode)


def _settle_what_failed(refund: Refund, now: datetime) -> None:
    """Given back after all, by a later one: the next helper must not give it back once more (X8). The oldest first."""
    left = refund.amount
    alike = Refund.objects.to_be_looked_at().filter(
        account=refund.account, livemode=refund.livemode, payment_intent_id=refund.payment_intent_id, pk__lt=refund.pk
    )
    for failed in alike.exclude(payment_intent_id="").order_by("pk"):
        if failed.amount <= left:
            left -= failed.amount
            Refund.objects.filter(pk=failed.pk).update(dealt_with_at=now)


def _revoke(subscription: Subscription, now: datetime) -> None:
    if subscription.revoked_at is None:
        lifecycle.close_by_refund(subscription, now)


def _is_full(invoice: Invoice) -> bool:
    return given_back_of(invoice) >= invoice.amount_paid


def _tell(refund: Refund, payment: Payment, before: str, *, is_news: bool) -> None:
    subscription = payment.subscription
    # Purchases that are undone by us, gifts and what guests bought have mails of their own.
    is_own = subscription is not None and subscription.duplicate_of_id is None and not subscription.has_no_place
    if is_news and is_own:
        events.publish(events.RefundMade(refund_id=refund.pk), at={events.RefundMade: refund.created_at})
    if refund.state == State.FAILED and before != State.FAILED:
        events.publish(events.RefundFailed(refund_id=refund.pk))
