"""How is the money of a gift given back? Only while nobody has redeemed it: of the two, exactly one comes first (X15)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import events, killpoints
from ..errors import Refusal
from ..payments import intents
from ..payments.gateway import Gateway, RequestRefused
from ..payments.refunds import DisputeStatus
from ..retrying import retried
from . import deeds, disputed, one_by_one, people
from .gift_models import REFUNDED_LATE, Gift

PURPOSE = "refund_gift"
State = Gift.State


class AlreadyRedeemed(Refusal):
    message = _("This gift was redeemed: the membership is in use, so its money is not given back here.")


class NothingToRefund(Refusal):
    message = _("There is nothing to give back for this gift.")


class RefusedJustNow(Refusal):
    message = _("The gift is closed. Stripe has just refused to give its money back: it is asked again by itself.")


def refund(gift: Gift, *, gateway: Gateway, now: datetime) -> None:
    """Nobody can redeem it from the first line on; the money follows, now or as soon as Stripe answers.

    Raises AlreadyRedeemed, NothingToRefund, IsDisputed, BilledElsewhere, RefusedJustNow, or what Stripe answers: then it
    waits, closed, for the next try.
    """
    deeds.put_off_elsewhere(gift, gateway)
    close(gift.pk, now=now)
    killpoints.reach("gift.closed")
    if not carry_out(gift, gateway=gateway, now=now):
        raise RefusedJustNow


@retried
def close(gift_id: int, *, now: datetime) -> None:
    """The decision, under the gift's lock, before Stripe is asked: who redeems it comes before this or not at all."""
    with transaction.atomic():
        row = locked(gift_id)
        if row.state == State.REDEEMED:
            raise AlreadyRedeemed
        if row.state not in Gift.REFUNDABLE:
            raise NothingToRefund
        disputed.refuse_refund(row.payment_intent_id)
        row.state, row.refunding_at = State.REFUNDING, row.refunding_at or now
        row.save(update_fields=["state", "refunding_at"])


def carry_out(gift: Gift, *, gateway: Gateway, now: datetime) -> bool:
    """Give all of it back, once. One that Stripe's dashboard, or the bank, has given back already is given back.

    False: it waits for the bank to decide, or Stripe has refused it a moment ago.
    """
    deeds.put_off_elsewhere(gift, gateway)
    payment_id = Gift.objects.values_list("payment_intent_id", flat=True).get(pk=gift.pk)
    if payment_id and not _is_returned(gift, payment_id, gateway):
        return False
    killpoints.reach("gift.refunded")
    _note(gift.pk, now=now)
    return True


def carry_out_due(gifts: Iterable[Gift], *, gateway: Gateway, now: datetime) -> int:
    """Refunds that Stripe could not make yet. One that fails does not stop the others."""
    return one_by_one.each(gifts, lambda gift: carry_out(gift, gateway=gateway, now=now))


def follow(payment_id: str, *, gateway: Gateway, now: datetime) -> bool:
    """Given back in Stripe's dashboard: one that nobody has redeemed is closed; of another a creator is told."""
    gift = Gift.objects.at(gateway).filter(payment_intent_id=payment_id).first() if payment_id else None
    if gift is None:
        return False
    refresh(gift, gateway=gateway, now=now)
    return True


def refresh(gift: Gift, *, gateway: Gateway, now: datetime) -> None:
    """As Stripe has its payment now: asked before it is redeemed, and whenever all is compared with Stripe."""
    # A part of it changes nothing: the gift goes on.
    if gift.payment_intent_id and _is_all_back(gift, gift.payment_intent_id, gateway):
        _note(gift.pk, now=now)


def locked(gift_id: int) -> Gift:
    """For writing. The last lock but the membership's: whoever also locks people and subscriptions does so before."""
    return Gift.objects.select_for_update(of=("self",)).select_related("membership").get(pk=gift_id)


def _is_returned(gift: Gift, payment_id: str, gateway: Gateway) -> bool:
    dispute = disputed.keeping(payment_id, gateway=gateway)
    if dispute is not None:
        # Stripe refunds nothing that is disputed. Won, it goes back from here; lost, they have it from the bank.
        return dispute.status == DisputeStatus.LOST
    if intents.was_just_refused(PURPOSE, payment_id, gateway):
        return _is_all_back(gift, payment_id, gateway)
    try:
        _give_back(gift, payment_id, gateway)
    except RequestRefused:
        if not _is_all_back(gift, payment_id, gateway):
            raise
    return True


def _give_back(gift: Gift, payment_id: str, gateway: Gateway) -> None:
    metadata = {people.GIFT_KEY: str(gift.uuid), "lmsm_reason": gift.problem or "gift_returned"}
    intents.carry_out(
        purpose=PURPOSE,
        subject=payment_id,
        parameters={"payment": payment_id},
        gateway=gateway,
        call=lambda key: gateway.refund_payment(payment_id, key=key, metadata=metadata),
        result_id=str,
        find=lambda: gateway.find_refund(payment_id) if _is_all_back(gift, payment_id, gateway) else None,
    )


def _is_all_back(gift: Gift, payment_id: str, gateway: Gateway) -> bool:
    given = gateway.refunded(payment_id)
    return given is not None and given.minor >= gift.amount


@retried
def _note(gift_id: int, *, now: datetime) -> None:
    with transaction.atomic():
        row = locked(gift_id)
        if row.state == State.REDEEMED:
            row.problem, row.refunded_at = REFUNDED_LATE, row.refunded_at or now
            row.save(update_fields=["problem", "refunded_at"])
        elif row.state in Gift.REFUNDABLE:
            row.state, row.refunded_at = State.REFUNDED, now
            row.save(update_fields=["state", "refunded_at"])
            events.publish(events.GiftReturned(gift_id=row.pk))
