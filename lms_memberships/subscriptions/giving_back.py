"""How does somebody give money back from here? Decided once under a lock, then asked of Stripe as often as it takes (X13).

Of two who press at the same moment one gives back, and the other is told; and never more than what is left.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from .. import events, killpoints
from ..errors import Refusal
from ..history import PAYMENT_REFUNDED
from ..money import Money, format_money, to_stripe_amount
from ..payments import intents
from ..payments.gateway import Gateway, GatewayFailure, InvoiceSnapshot
from ..payments.models import Intent
from ..payments.refunds import BackRequest, CreditPreview
from ..retrying import retried
from . import disputed, people, refunds
from .deeds import SentAlready, refuse_elsewhere
from .models import Invoice
from .money_back_models import Refund
from .payments_made import Payment

PURPOSE = "give_back"
State = Refund.State


class NothingLeft(Refusal):
    message = _("All of this payment has been given back.")


class TooMuch(Refusal):
    message = _("This is more than what is left of the payment.")


class PaidInParts(Refusal):
    """Stripe gives back one payment, and a person knows in which way the rest came."""

    message = _(
        "This was paid in several payments, or past Stripe, and cannot be given back from here. Give back what was paid "
        "at Stripe in Stripe's dashboard, payment by payment: that arrives here by itself. Give back what came in "
        "another way in that way."
    )


class NotAnAmount(Refusal):
    message = _("Enter how much is to be given back: more than nothing.")


class ChangedMeanwhile(Refusal):
    """Somebody else has given back meanwhile, here or in Stripe's dashboard."""

    message = _("Something of this payment was given back meanwhile. Nothing was done now: please look again.")


@dataclass(frozen=True)
class Asked:
    """What somebody wants. ``seen`` is what was left when they looked; ``token`` is their form's."""

    money: Money
    seen: Money
    token: uuid.UUID
    effect: str = ""
    reason: str = ""
    author: AbstractBaseUser | None = None


def left_of(payment: Payment, *, gateway: Gateway) -> Money:
    """What was paid and not given back, as Stripe has it now. Reads, and writes nothing.

    Raises InOtherAccount, PaidInParts, IsDisputed.
    """
    refuse_elsewhere(payment.invoice or payment.subscription, gateway)
    if not payment.payment_intent_id:
        raise PaidInParts
    disputed.refuse_refund(payment.payment_intent_id)
    paid = payment.paid(gateway=gateway)
    found = gateway.refunds_of(payment.payment_intent_id)
    given = sum(each.money.minor for each in found if each.has_effect)
    waiting = Refund.objects.at(gateway).unanswered().filter(payment_intent_id=payment.payment_intent_id)
    given += sum(waiting.values_list("amount", flat=True))
    return Money(max(0, paid.minor - given), paid.currency)


def preview(payment: Payment, money: Money, *, left: Money, gateway: Gateway) -> CreditPreview | None:
    """What Stripe would write on the credit note. None: the payment has no invoice, or one that cannot be credited so far.

    Raises what the press would raise.
    """
    _refuse(payment.payment_intent_id, left, seen=left, money=money)
    if payment.invoice is None:
        return None
    found = gateway.read_invoice(payment.invoice.stripe_id)
    if found.payment_intent_id != payment.payment_intent_id:
        # Our copy is older than the others of its payments.
        raise PaidInParts
    if not _can_be_credited(found, money):
        return None
    return gateway.preview_credit(BackRequest(payment.payment_intent_id, found.id, money, {}))


def give_back(payment: Payment, asked: Asked, *, gateway: Gateway, now: datetime) -> Refund:
    """Once for each form. Raises a Refusal, or what Stripe answers: then it waits, and is tried again until it is made."""
    to_stripe_amount(asked.money)
    refuse_elsewhere(payment.invoice or payment.subscription, gateway)
    known = Refund.objects.at(gateway).filter(token=asked.token).first()
    if known is None:
        for snapshot in gateway.refunds_of(payment.payment_intent_id):
            refunds.record(snapshot, gateway=gateway, now=now)
        known = _decide(payment, payment.paid(gateway=gateway), asked, gateway=gateway, now=now)
    _refuse_another(known, payment, asked)
    killpoints.reach("give_back.decided")
    return carry_out(known, gateway=gateway, now=now)


def carry_out(refund: Refund, *, gateway: Gateway, now: datetime) -> Refund:
    """Have Stripe make it. What is made, by whomever, is not made again. Raises InOtherAccount."""
    refuse_elsewhere(refund, gateway)
    _choose_way(refund, gateway)
    if refund.state != State.ASKED:
        return refund
    request, sought = _asked_of_stripe(refund), refunds.sought(refund)
    try:
        refund_id = intents.carry_out(
            purpose=PURPOSE,
            subject=str(refund.token),
            parameters={
                "payment": request.payment_intent_id,
                "invoice": request.invoice_id,
                "amount": request.money.minor,
                "currency": request.money.currency,
                "token": str(refund.token),
            },
            gateway=gateway,
            call=lambda key: _make(request, gateway, key),
            result_id=str,
            find=lambda: gateway.find_given_back(sought),
        )
    except GatewayFailure as failure:
        if isinstance(failure, intents.NOT_TRIED) or failure.is_ambiguous:
            raise
        # Another process may have made it at this moment: a refusal is for good, so it is looked for once more.
        found = gateway.find_given_back(sought)
        if found is None:
            _note_refusal(refund.pk, str(failure.message))
            raise
        refund_id = found
    killpoints.reach("give_back.made")
    refunds.record(gateway.read_refund(refund_id), gateway=gateway, now=now, of=refund)
    refund.refresh_from_db()
    return refund


def find_made(intent: Intent, gateway: Gateway) -> str | None:
    """For whoever resolves lost answers."""
    said = intent.parameters
    metadata = {refunds.REFUND_KEY: str(said["token"])}
    money = Money(int(str(said["amount"])), str(said["currency"]))
    return gateway.find_given_back(BackRequest(str(said["payment"]), str(said["invoice"]), money, metadata))


@retried
def _decide(payment: Payment, paid: Money, asked: Asked, *, gateway: Gateway, now: datetime) -> Refund:
    """The decision, under the lock: what is left, and who was first."""
    with transaction.atomic():
        _lock(payment)
        known = Refund.objects.at(gateway).filter(token=asked.token).first()
        if known is not None:
            return known
        payment_id = payment.payment_intent_id
        given = refunds.given_back(payment_id, payment.invoice, account=gateway.account_id, livemode=gateway.livemode)
        _refuse(payment_id, Money(paid.minor - given, paid.currency), seen=asked.seen, money=asked.money)
        refund = Refund.objects.create(
            account=gateway.account_id,
            livemode=gateway.livemode,
            payment_intent_id=payment_id,
            invoice=payment.invoice,
            subscription=payment.subscription,
            membership_id=payment.membership_id,
            amount=asked.money.minor,
            currency=asked.money.currency,
            effect=asked.effect,
            reason=asked.reason,
            author_id=asked.author.pk if asked.author is not None else None,
            token=asked.token,
            created_at=now,
        )
        _write_history(refund, payment, asked)
    return refund


def _refuse_another(known: Refund, payment: Payment, asked: Asked) -> None:
    """Raise SentAlready: a form is one refund. Without an effect it says nothing about access, which may have ended since."""
    is_same = (known.payment_intent_id, known.money) == (payment.payment_intent_id, asked.money)
    if not is_same or (asked.effect and asked.effect != known.effect):
        raise SentAlready


def _write_history(refund: Refund, payment: Payment, asked: Asked) -> None:
    """With the decision: who dies right after it has left the line, and who presses again adds none (X24)."""
    owner = payment.subscription or payment.invoice
    if refund.membership is not None and owner is not None:
        amount = format_money(asked.money, get_language() or "en")
        data = {"amount": amount, "student": owner.user.get_username(), "refund": refund.pk}
        if payment.subscription is not None:
            # Whose line it is: by this the name is found when somebody is to be forgotten (K8).
            data["subscription"] = payment.subscription.stripe_id
        log(instance=refund.membership, action=PAYMENT_REFUNDED, user=asked.author, data=data)


def _lock(payment: Payment) -> None:
    """The person's, as for all that they hold; the invoice's, for those that are nobody's."""
    if payment.subscription is not None:
        people.lock_person(payment.subscription.user_id)
    if payment.invoice is not None:
        list(Invoice.objects.select_for_update().filter(pk=payment.invoice.pk).values_list("pk"))


def _refuse(payment_id: str, left: Money, *, seen: Money, money: Money) -> None:
    disputed.refuse_refund(payment_id)
    if left.minor <= 0:
        raise NothingLeft
    if seen != left:
        raise ChangedMeanwhile
    if money.minor <= 0:
        raise NotAnAmount
    if left < money:
        raise TooMuch


def _choose_way(refund: Refund, gateway: Gateway) -> None:
    """By a credit note or without: once, before Stripe is asked, and for good.

    Asked again, its own note would be in the way: the invoice has been credited, and another refund would be made.
    """
    if refund.state == State.ASKED and refund.has_note is None:
        has_note = bool(_invoice_id(refund.invoice, refund.money, gateway))
        Refund.objects.filter(pk=refund.pk, has_note=None).update(has_note=has_note)
    # Of two that chose at once the first holds.
    refund.refresh_from_db()


def _asked_of_stripe(refund: Refund) -> BackRequest:
    sought = refunds.sought(refund)
    return sought if refund.has_note else replace(sought, invoice_id="")


def _invoice_id(invoice: Invoice | None, money: Money, gateway: Gateway) -> str:
    """The invoice that a credit note is written for. Empty: none; or it was credited before, and that money came back."""
    if invoice is None:
        return ""
    return invoice.stripe_id if _can_be_credited(gateway.read_invoice(invoice.stripe_id), money) else ""


def _can_be_credited(found: InvoiceSnapshot, money: Money) -> bool:
    credited = found.credited.minor if found.credited is not None else 0
    return found.amount_paid.minor - credited >= money.minor


def _make(request: BackRequest, gateway: Gateway, key: str) -> str:
    if request.invoice_id:
        return gateway.credit(request, key=key)
    return gateway.refund_part(request, key=key)


@retried
def _note_refusal(pk: int, why: str) -> None:
    with transaction.atomic():
        waiting = Refund.objects.filter(pk=pk, state=State.ASKED)
        if waiting.update(state=State.REFUSED, failure=why[:100]):
            events.publish(events.RefundFailed(refund_id=pk))
